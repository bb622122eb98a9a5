"""`inventory up`: the whole service on one machine."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from inventory.devruntime import probes
from inventory.devruntime.child_spec import ChildSpec, ChildStartError, StopRequestedError
from inventory.devruntime.databases.stores import Store, pick_mongodb, pick_redis
from inventory.devruntime.lock import DataDirLock
from inventory.devruntime.platform_file import platform_file
from inventory.devruntime.plugin_processes import PluginProcesses
from inventory.devruntime.ports import LOOPBACK
from inventory.devruntime.running import RunningFile
from inventory.devruntime.supervisor import Supervisor
from inventory.devruntime.typed import typed_grpcurl, typed_inventory
from inventory.devruntime.up_ports import Ports, choose_ports
from inventory.observe.page_owner import PageOwner
from inventory.process.addresses import host_port, reachable
from inventory.settings import Settings
from inventory.settings.installation import store_mark

EXIT_STOPPED = 0
EXIT_FAILED = 1

DEFAULT_DOMAIN_ID = "domain-local"
"""Domain of requests without one, unless the settings name another."""

STOP_MARGIN_SECONDS = 5.0
"""How long a process may take to stop, in addition to its own drain time, s."""

Demo = Callable[[str], None]
"""Called once everything is healthy, in a separate thread, with the gRPC endpoint (``host:port``)."""


def _default_command() -> tuple[str, ...]:
    return (sys.executable, "-m", "inventory")


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """The options of `inventory up`.

    Attributes:
        data_dir: folder of the embedded databases, their logs and the platform file; kept between runs.
        settings: the settings in force; port 0 means any free one.
        mongo_port: port of the embedded MongoDB; absent: the usual one, or one near it; 0: any free one.
        redis_port: port of the embedded Redis; likewise.
        plugin_port: port of the local plugin; likewise, but the usual one is the platform file's.
        console: used for all output, so that log lines do not disturb what a demo draws.
        demo: the first-run demonstration; None: there is none.
        command: the command that starts a process of this service, without the process's name.
    """

    data_dir: Path
    settings: Settings
    mongo_port: int | None = None
    redis_port: int | None = None
    plugin_port: int | None = None
    console: Console = field(default_factory=Console)
    demo: Demo | None = None
    command: Sequence[str] = field(default_factory=_default_command)


@dataclass(frozen=True, kw_only=True)
class _Startup:
    """Everything that will run, checked before the first process starts."""

    mongodb: Store
    redis: Store
    storeless: tuple[ChildSpec, ...]
    processes: tuple[ChildSpec, ...]
    endpoint: str
    rows: tuple[tuple[str, str], ...]
    replaced: tuple[str, ...]
    settings: Mapping[str, str]


def run_up(options: UpOptions) -> int:
    """Start everything, print what runs where, and supervise it until a signal or a failure.

    Call it from the main thread.

    Returns:
        0 after a clean stop, 1 if something could not be started or died too often.

    Raises:
        SettingsError: the data folder is in use, a port is taken, or a database is missing.
    """
    with DataDirLock(options.data_dir), RunningFile(options.data_dir) as running:
        plan = _plan(options)
        emit = _printer(options.console)
        supervisor = Supervisor(emit=emit)
        plugins = PluginProcesses(
            Path(plan.settings["static_file"]),
            options.data_dir,
            emit=emit,
            on_start=supervisor.guard_group,
            on_end=supervisor.release_group,
        )
        with supervisor.handling_signals():
            try:
                stores = (store.child for store in (plan.mongodb, plan.redis) if store.child)
                await_stores = supervisor.begin(*stores)
                await_storeless = supervisor.begin(*plan.storeless)
                await_stores()
                supervisor.start(*plan.processes)
                await_storeless()
                running.write(plan.settings, endpoint=plan.endpoint)
                _welcome(options, plan)
                if options.demo is not None:
                    _in_background(options.demo, plan.endpoint, options.console)
                return supervisor.watch(plugins.tend)
            except ChildStartError as error:
                options.console.print(str(error), style="bold red", markup=False, highlight=False)
                return EXIT_FAILED
            except StopRequestedError:
                return EXIT_STOPPED
            finally:
                options.console.print("Stopping …", highlight=False)
                plugins.stop()
                supervisor.stop()


def as_environment(settings: Settings, **overrides: str) -> dict[str, str]:
    """Return this process's environment with every configured setting, from any source, as ``INVENTORY_*``."""
    environment = dict(os.environ)
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if value is not None:
            environment[f"INVENTORY_{name.upper()}"] = _as_text(value)
    environment.update({f"INVENTORY_{name.upper()}": value for name, value in overrides.items()})
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool | tuple | list | dict):
        return json.dumps(value)
    return str(value)


def _plan(options: UpOptions) -> _Startup:
    settings, data_dir = options.settings, options.data_dir
    static_file = platform_file(settings.static_file, data_dir)
    numbers = choose_ports(
        settings,
        static_file,
        plugin_port=options.plugin_port,
        mongo_port=options.mongo_port,
        redis_port=options.redis_port,
    )
    wait = settings.mongo_timeout_seconds
    mongodb = pick_mongodb(
        settings.mongo_uri.get_secret_value(), data_dir=data_dir, port=numbers.mongodb or 0, timeout_seconds=wait
    )
    redis = pick_redis(
        settings.redis_url.get_secret_value(), data_dir=data_dir, port=numbers.redis or 0, timeout_seconds=wait
    )
    environment = as_environment(
        settings,
        mongo_uri=mongodb.address,
        redis_url=redis.address,
        port=str(numbers.server),
        server_health_port=str(numbers.server_health),
        worker_health_port=str(numbers.worker),
        scheduler_health_port=str(numbers.scheduler),
        gateway_port=str(numbers.gateway),
        gateway_upstream="",
        static_file=str(static_file.absolute()),
        default_domain_id=settings.default_domain_id or DEFAULT_DOMAIN_ID,
        log_format=settings.log_format if "log_format" in settings.model_fields_set else "text",
    )
    host = reachable(settings.host)
    scheme = "" if settings.tls_certificate_file is None else "grpc+ssl://"
    endpoint = f"{scheme}{host_port(host, numbers.server)}"
    store = store_mark(settings.model_copy(update={"mongo_uri": SecretStr(mongodb.address)}))
    processes, storeless = _processes(options, numbers, environment, store)
    return _Startup(
        mongodb=mongodb,
        redis=redis,
        storeless=storeless,
        processes=processes,
        endpoint=endpoint,
        rows=(
            ("gRPC API", endpoint),
            ("console", f"http://{host_port(host, numbers.gateway)}/"),
            ("HTTP API", f"http://{host_port(host, numbers.gateway)}/docs"),
            *(
                (name, f"http://{host_port(host, port)}/readyz (health)")
                for name, port in zip(("server", "worker", "scheduler"), numbers.health, strict=True)
            ),
            ("local collector plugin", f"{LOOPBACK}:{numbers.plugin}"),
            (mongodb.name, mongodb.where),
            (redis.name, redis.where),
            ("platform file", str(static_file)),
            ("data", str(data_dir)),
        ),
        replaced=numbers.replaced,
        settings=_findable(environment, mongodb, redis),
    )


def _findable(environment: Mapping[str, str], *stores: Store) -> dict[str, str]:
    """Return the settings with which other commands find this process, without addresses of external stores."""
    addresses = {"MongoDB": "mongo_uri", "Redis": "redis_url"}
    names = ["port", "worker_health_port", "scheduler_health_port", "gateway_port", "static_file", "default_domain_id"]
    names += [addresses[store.name] for store in stores if store.child is not None]
    return {name: environment[f"INVENTORY_{name.upper()}"] for name in names}


def _processes(
    options: UpOptions, numbers: Ports, environment: dict[str, str], store: str
) -> tuple[tuple[ChildSpec, ...], tuple[ChildSpec, ...]]:
    """Return the processes that start once the databases answer, and those that start beside the databases."""
    settings = options.settings
    host = reachable(settings.host)

    def spec(name: str, healthy: Callable[[], bool], *arguments: str, stops_first: bool = False) -> ChildSpec:
        return ChildSpec(
            name=name,
            argv=(*options.command, name, *arguments),
            healthy=healthy,
            env=environment,
            grace_seconds=settings.drain_seconds + STOP_MARGIN_SECONDS,
            stops_first=stops_first,
        )

    def server_is_well() -> bool:
        if settings.tls_certificate_file is not None:
            # No client certificate is available here, so only check whether it listens.
            return probes.listening(host, numbers.server)
        return probes.grpc_serving(host_port(host, numbers.server))

    # With TLS the gateway needs a CA to trust the server; without one it is alive, and its /readyz reports the problem.
    gateway_page = "readyz" if settings.tls_certificate_file is None else "healthz"
    gateway_url = f"http://{host_port(host, numbers.gateway)}/{gateway_page}"
    with_stores = (
        spec("server", server_is_well),
        spec("worker", lambda: probes.process_ready(PageOwner("worker", store), host, numbers.worker)),
        spec("scheduler", lambda: probes.process_ready(PageOwner("scheduler", store), host, numbers.scheduler)),
    )
    without = (
        spec("plugin-local", lambda: probes.listening(LOOPBACK, numbers.plugin), "--port", str(numbers.plugin)),
        # Stopped before the server, which it calls.
        spec("gateway", lambda: probes.http_ready(gateway_url), stops_first=True),
    )
    return with_stores, without


def _printer(console: Console) -> Callable[[str], None]:
    def emit(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    return emit


def _welcome(options: UpOptions, plan: _Startup) -> None:
    table = Table(title="inventory is up", title_justify="left", show_header=False)
    for what, where in plan.rows:
        table.add_row(what, where)
    console = options.console
    for line in plan.replaced:
        console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    console.print(table)
    if options.demo is None:
        console.print("Try next:", highlight=False)
        for command in (
            f"{typed_inventory(plan.endpoint, options.data_dir)} collector list",
            *typed_grpcurl(plan.endpoint, "list"),
        ):
            console.print(f"  {command}", markup=False, highlight=False, soft_wrap=True)
    console.print("Ctrl-C stops everything.", highlight=False)


def _in_background(demo: Demo, endpoint: str, console: Console) -> None:
    def run() -> None:
        try:
            demo(endpoint)
        except Exception:  # noqa: BLE001 (this thread's outermost loop)
            # The demonstration is optional: if it fails, the service stays up.
            console.print_exception()

    threading.Thread(target=run, name="demo", daemon=True).start()
