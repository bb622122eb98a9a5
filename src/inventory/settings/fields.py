"""Every setting: its type, unit, default and meaning."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from inventory.settings.address_types import EndpointOrEmpty, ServerOrEmpty
from inventory.settings.types import (
    MIB,
    DatabaseName,
    Days,
    Hours,
    Percent,
    Port,
    PositiveInt,
    Seconds,
    SecondsOrZero,
    WaitSeconds,
)
from inventory.settings.variables import CONFIG_VARIABLE, PREFIX
from inventory.settings.yaml_file import read_yaml

BEATS_PER_LEASE: Final = 3
"""A claim must survive one late and one lost heartbeat."""


class Settings(BaseSettings):
    """All settings, each with its unit, default and meaning."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, allow_inf_nan=False)

    # Stores
    mongo_uri: SecretStr = Field(
        SecretStr(""), description="MongoDB connection string; empty: `inventory up` starts one"
    )
    mongo_database: DatabaseName = Field("inventory", description="name of the MongoDB database")
    mongo_timeout_seconds: WaitSeconds = Field(
        5.0, description="how long a request waits for MongoDB to become reachable, s"
    )
    query_timeout_seconds: WaitSeconds = Field(30.0, description="time limit of one query inside MongoDB, s")
    change_timeout_seconds: Seconds = Field(
        60.0,
        description="deadline of a call that changes something where its caller sets none, s; added where a plugin is "
        "called: plugin_install_timeout_seconds and plugin_init_timeout_seconds",
    )
    max_answer_bytes: PositiveInt = Field(
        64 * MIB,
        description="maximum amount of stored data one list, stat or analyze may read; beyond it the call fails and "
        "asks the client to use smaller pages, bytes",
    )
    memory_budget_bytes: PositiveInt = Field(
        256 * MIB,
        description="memory that concurrent requests and answers may hold together, per server and gateway process; "
        "a call that gets none within two seconds is refused and may be retried, bytes",
    )
    count_reuse_seconds: SecondsOrZero = Field(
        1.0, description="how long a list's total_count of 10,000 or more may be reused, s; 0: always count"
    )
    migrate_at_start: bool = Field(
        True,
        description="server, worker and scheduler run pending migrations; if false, they wait for `inventory migrate`",
    )
    redis_url: SecretStr = Field(SecretStr(""), description="Redis URL; empty: `inventory up` starts one")
    queue_namespace: str = Field("inventory", min_length=1, description="prefix of the queue's keys in Redis")

    # Server
    host: str = Field("127.0.0.1", description="address on which gRPC server, gateway and health pages listen")
    port: Port = Field(50051, description="port of the gRPC server")
    server_processes: PositiveInt = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8), description="gRPC server processes that share the port"
    )
    server_threads: PositiveInt = Field(4, description="quick RPCs that run concurrently, per server process")
    server_heavy_threads: PositiveInt = Field(
        4,
        description="RPCs of unknown cost that run concurrently, besides the quick ones, per server process: stat, "
        "analyze, collect, large requests, and lists with patterns or without a limit or an index; at most half of "
        "them for one caller",
    )
    max_message_bytes: PositiveInt = Field(256 * MIB, description="largest gRPC message exchanged with plugins, bytes")
    max_request_bytes: PositiveInt = Field(
        16 * MIB, description="largest request that server and gateway accept, bytes"
    )
    max_concurrent_rpcs: PositiveInt = Field(
        256, description="RPCs running or waiting per server process; more are refused"
    )
    max_waiting_rpcs: PositiveInt = Field(
        64,
        description="how many of these RPCs may wait for a plugin or its installation, at most half of them for one "
        "caller; more are refused",
    )
    rpc_queue_seconds: Seconds = Field(
        10.0, description="how long an RPC may wait for its turn before it is refused, s"
    )
    rate_limit_per_second: float = Field(
        500.0,
        ge=0,
        description="requests per second, and burst size, allowed to one caller per process; callers are identified by "
        "the token's user or, without authentication, by address (loopback and role SYSTEM are exempt); 0: no limit",
    )
    drain_seconds: WaitSeconds = Field(20.0, description="how long running work may take to finish at shutdown, s")
    connection_age_seconds: WaitSeconds = Field(
        1800.0, description="age at which clients are asked to reconnect, so that they find added servers, s"
    )
    connection_idle_seconds: WaitSeconds = Field(
        330.0,
        description="how long a connection without calls is kept, s; the default exceeds the five minutes that many "
        "clients pause between calls",
    )
    server_max_connections: PositiveInt = Field(
        1000,
        description="connections kept per server process, or fewer if its limit of open files is lower; further ones "
        "are closed at once",
    )
    server_health_port: Port = Field(
        50065,
        description="HTTP port of the server's health and metrics; 0: any free one, also if the default port is taken",
    )
    allow_unauthenticated_remote: bool = Field(
        False, description="with authentication none, allow listening on addresses other than loopback"
    )
    tls_certificate_file: Path | None = Field(None, description="PEM certificate chain of the gRPC server")
    tls_key_file: Path | None = Field(None, description="PEM private key of the gRPC server")
    tls_client_ca_file: Path | None = Field(None, description="PEM CA that must have signed client certificates")

    # Identity of callers
    authentication: Literal["none", "jwt"] = Field("none", description="how callers are authenticated")
    authorization: Literal["none", "identity"] = Field("none", description="what decides which calls are permitted")
    default_domain_id: str = Field("", description="domain of requests without one, with authentication none")
    jwks_file: Path | None = Field(None, description="public keys for jwt; empty: the identity service is asked")
    token_leeway_seconds: SecondsOrZero = Field(30.0, description="clock skew tolerated in tokens, s")
    api_key_reuse_seconds: SecondsOrZero = Field(
        30.0,
        description="how long identity's answer that an API key is enabled is reused; a deleted or disabled key works "
        "for that long, s",
    )
    system_token: SecretStr = Field(SecretStr(""), description="token that workers and schedulers use")

    # Platform
    platform: Literal["static", "grpc"] = Field("static", description="where plugins, secrets and projects come from")
    static_file: Path | None = Field(None, description="YAML file with plugins and secrets, for platform static")
    plugin_endpoint: EndpointOrEmpty = Field("", description="plugin service, grpc://host:port or grpc+ssl://host:port")
    repository_endpoint: EndpointOrEmpty = Field("", description="repository service")
    secret_endpoint: EndpointOrEmpty = Field("", description="secret service")
    identity_endpoint: EndpointOrEmpty = Field("", description="identity service")
    platform_timeout_seconds: Seconds = Field(10.0, description="deadline of one call to a platform service, s")
    plugin_install_timeout_seconds: Seconds = Field(
        600.0,
        description="deadline of a request for a plugin's endpoint; the plugin service answers once the plugin is "
        "installed, s",
    )
    platform_ca_file: Path | None = Field(None, description="PEM CA for grpc+ssl:// endpoints; empty: the system's CAs")
    platform_certificate_file: Path | None = Field(None, description="PEM client certificate for grpc+ssl://")
    platform_key_file: Path | None = Field(None, description="PEM client key for grpc+ssl://")
    plugin_init_timeout_seconds: Seconds = Field(60.0, description="deadline of a plugin's init, verify, get_tasks, s")

    # Jobs
    worker_plugin_installs: PositiveInt = Field(
        64,
        description="plugin installations that one worker process waits for concurrently, besides its threads; "
        "planning that needs another one is retried later",
    )
    worker_threads: PositiveInt = Field(8, description="slices that one worker process collects concurrently")
    worker_processes: PositiveInt = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8), description="processes that `inventory worker` runs"
    )
    worker_health_port: Port = Field(50061, description="HTTP port of the worker's health and metrics; 0: any free one")
    lease_seconds: Seconds = Field(30.0, description="how long a claim lasts without a heartbeat, s")
    heartbeat_seconds: Seconds = Field(2.0, description="how often claims are renewed and cancelations noticed, s")
    max_attempts: PositiveInt = Field(3, description="attempts of a slice before it fails")
    retry_backoff_seconds: WaitSeconds = Field(
        5.0, description="wait before the second attempt, doubled for each further one, s"
    )
    slices_per_collector: PositiveInt = Field(32, description="slices of one collector that run concurrently")
    slices_per_endpoint: PositiveInt = Field(32, description="slices that run concurrently against one plugin endpoint")
    stream_idle_seconds: Seconds = Field(1800.0, description="how long a plugin's stream may stay silent, s")
    job_timeout_seconds: Seconds = Field(7200.0, description="how long a job may take, s")
    job_retention_days: Days = Field(60.0, description="age at which jobs and their tasks are removed, days")
    sweep_seconds: Seconds = Field(2.0, description="period of the sweeper, s")

    # Ingest
    batch_count: PositiveInt = Field(500, description="maximum number of resources in a batch")
    batch_bytes: PositiveInt = Field(8 * MIB, description="maximum encoded size of a batch, bytes")
    batch_seconds: Seconds = Field(2.0, description="how long a batch waits for more resources, s")
    disconnect_threshold: PositiveInt = Field(
        3, description="full collects without a resource after which it is DELETED"
    )
    disconnect_grace_seconds: SecondsOrZero = Field(
        3600.0, description="a resource seen within this time is not counted as disconnected, s"
    )
    resource_max_age_hours: Hours = Field(48.0, description="time without update after which a resource is DELETED, h")
    resource_max_age_hours_by_type: dict[str, Hours] = Field(
        {}, description="the same for single resource types, by provider.group.type, h"
    )
    deleted_retention_days: Days = Field(
        90.0, description="age at which DELETED resources are removed permanently, days"
    )
    housekeeping_excluded_domains: tuple[str, ...] = Field((), description="domains that housekeeping skips")
    housekeeping_seconds: Seconds = Field(3600.0, description="period of housekeeping, s")
    cache_hours: Hours = Field(24.0, description="how long a plugin's FilterCache is kept, h")

    # Guarded deletion
    deletion_guard_percent: Percent = Field(
        30.0, description="deleting more than this share of a secret's or type's resources at once is held, %; 0: never"
    )
    deletion_guard_least: PositiveInt = Field(20, description="fewer resources than this are never held")

    # Dry runs
    dry_run_hours: Hours = Field(24.0, description="how long the report of a dry run is kept, h")
    dry_run_max_changes: PositiveInt = Field(
        10_000, description="resources that a dry run lists of each kind of change; all are counted"
    )
    dry_run_endpoints: tuple[str, ...] = Field(
        (),
        description="plugin endpoints, host:port, that a dry run may be given, with * for any part: secrets are sent "
        "there. With authentication none those on loopback are allowed, too",
    )

    # Scheduler
    tick_seconds: Seconds = Field(1.0, description="how often the scheduler checks for due schedules, s")
    schedule_grace_seconds: SecondsOrZero = Field(
        3600.0, description="how late a missed fire time is still caught up, s"
    )
    schedule_spread_seconds: SecondsOrZero = Field(
        0.0, description="interval over which equal fire times are spread to avoid load peaks, s"
    )
    scheduler_health_port: Port = Field(50062, description="HTTP port of the scheduler's health and metrics")

    # Tests
    clock_offset_seconds: float = Field(
        0.0, ge=-86_400, le=86_400, description="for tests only: how far this machine's clock is assumed to be ahead, s"
    )

    # Gateway
    gateway_port: Port = Field(8080, description="HTTP port of the gateway")
    gateway_timeout_seconds: Seconds = Field(60.0, description="deadline of one HTTP request, s")
    gateway_max_connections: PositiveInt = Field(
        1000,
        description="HTTP connections kept open, or fewer if the process's limit of open files is lower; for each "
        "further one, the connection idle for the longest time is closed",
    )
    gateway_upstream: ServerOrEmpty = Field(
        "",
        description="server the gateway calls, host:port or grpc+ssl://host:port; empty: the settings host and port",
    )

    # Observation
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest level that is logged")
    log_format: Literal["json", "text"] = Field("json", description="json for machines, text for people")
    tracing_endpoint: EndpointOrEmpty = Field(
        "", description="OpenTelemetry collector, grpc://host:port or grpc+ssl://host:port; empty: no traces"
    )
    tracing_sample_ratio: float = Field(
        1.0,
        ge=0,
        le=1,
        description="share of traces started here that are sampled; a caller's own decision is respected",
    )
    tracing_allow_plaintext_remote: bool = Field(
        False, description="allow a tracing_endpoint without TLS on an address other than loopback"
    )

    @field_validator("static_file", "jwks_file", mode="before")
    @classmethod
    def _empty_path_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("redis_url")
    @classmethod
    def _is_redis_url(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")) and value.get_secret_value():
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def _lease_outlasts_heartbeats(self) -> Self:
        # Otherwise workers would take slices from one another that are still being collected.
        if self.lease_seconds < BEATS_PER_LEASE * self.heartbeat_seconds:
            reason = f"lease_seconds (INVENTORY_LEASE_SECONDS): must be at least {BEATS_PER_LEASE} times"
            raise PydanticCustomError("contradiction", "{reason} heartbeat_seconds", {"reason": reason})
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments override the environment, which overrides the file."""
        path = os.environ.get(CONFIG_VARIABLE, "")
        file = (InitSettingsSource(settings_cls, read_yaml(Path(path))),) if path else ()
        return (init_settings, env_settings, *file)
