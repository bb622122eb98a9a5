"""`inventory doctor`: each thing that can be wrong is named, with what to do, and hides nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import redis
import yaml
from click.testing import CliRunner
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError
from pymongo.write_concern import WriteConcern

from inventory.api.server import Readiness
from inventory.bootstrap import Container
from inventory.bootstrap.doctor import run_checks
from inventory.cli import cli
from inventory.devruntime import child
from inventory.devruntime.databases.mongod import EmbeddedMongod
from inventory.devruntime.lock import DataDirLock
from inventory.devruntime.probes import listening
from inventory.devruntime.running import RunningFile, running_settings
from inventory.doctor import mongodb, pages, platform, redis_queue, work
from inventory.domain.clock import SystemClock
from inventory.domain.finding import Finding, Level
from inventory.errors import ConnectionFailureError, SettingsError
from inventory.migration.migrator import Migrator
from inventory.migration.start import RETRY_SECONDS, await_migrated
from inventory.model import connection
from inventory.observe.health_pages import HealthServer
from inventory.observe.page_owner import PageOwner
from inventory.settings import Settings
from inventory.settings.installation import store_mark
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import Failure, FakePlugin
from tests.ports import free_port

Db = Database[dict[str, Any]]
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=2)
DOMAIN = "domain-1"


def _levels(findings: Any) -> dict[str, Level]:
    return {finding.check: finding.level for finding in findings}


@pytest.fixture
def settings(database: Db, mongo_uri: str, redis_url: str, tmp_path: Path) -> Settings:
    """Settings of a deployment that is well, less its processes."""
    file = tmp_path / "platform.yaml"
    file.write_text("{}")
    file.chmod(0o600)
    return Settings(
        mongo_uri=mongo_uri,  # type: ignore[arg-type]
        mongo_database=database.name,
        redis_url=redis_url,  # type: ignore[arg-type]
        queue_namespace="doctor",
        static_file=file,
        gateway_port=free_port(),
        worker_health_port=free_port(),
        scheduler_health_port=free_port(),
    )


@pytest.fixture
def container(settings: Settings, database: Db) -> Iterator[Container]:
    made = Container(settings)
    vars(made)["database"] = database
    yield made
    made.queue.close()
    made.plugin_connector.close()


def test_what_is_well_is_told_to_be_so(settings: Settings) -> None:
    connection.disconnect()
    before = _levels(run_checks(settings))
    assert before["migrations"] is Level.FAIL
    migrated = Container(settings)
    migrated.migrator.run()
    migrated.close()
    levels = _levels(run_checks(settings))
    assert levels.pop("worker") is levels.pop("scheduler") is levels.pop("gateway") is Level.WARN
    assert levels.pop("plugins") is levels.pop("duties") is Level.SKIP
    assert set(levels.values()) == {Level.OK}
    assert {"mongodb", "replica set", "write concern", "clock", "disk", "indexes", "redis", "queue"} <= levels.keys()


def test_an_index_that_is_missing_or_other_is_named(database: Db) -> None:
    database["region"].drop_index([("domain_id", 1), ("region_id", 1)])
    (finding,) = mongodb.check_indexes(database)
    assert (finding.level, finding.message.endswith("region(domain_id, region_id)")) == (Level.FAIL, True)
    database["region"].create_index([("domain_id", 1), ("region_id", 1)])
    (finding,) = mongodb.check_indexes(database)
    assert "differ from their declaration: region(domain_id, region_id)" in finding.message


@pytest.mark.parametrize(
    ("skew", "level"), [(0, Level.OK), (3, Level.WARN), (-3, Level.WARN), (60, Level.FAIL), (-60, Level.FAIL)]
)
def test_a_clock_that_is_off_is_told(database: Db, skew: int, level: Level) -> None:
    (finding,) = mongodb.check_clock(database, lambda: datetime.now(UTC) + timedelta(seconds=skew))
    assert finding.level is level


@pytest.mark.parametrize(("wanted", "level"), [("majority", Level.OK), (1, Level.WARN), (0, Level.WARN)])
def test_writes_that_one_node_may_lose_are_told(database: Db, wanted: Any, level: Level) -> None:
    other = database.with_options(write_concern=WriteConcern(wanted))
    assert [each.level for each in mongodb.check_write_concern(other)] == [level]


@pytest.mark.parametrize(
    ("hello", "level"),
    [
        ({}, Level.FAIL),
        ({"setName": "rs0", "hosts": ["a"]}, Level.FAIL),
        ({"setName": "rs0", "hosts": ["a", "b", "c"], "primary": "a"}, Level.OK),
        ({"msg": "isdbgrid"}, Level.OK),
    ],
)
def test_only_a_replica_set_with_a_primary_will_do(hello: dict[str, Any], level: Level) -> None:
    assert mongodb._replica_set(hello).level is level


def test_work_that_nobody_does_is_told(database: Db, settings: Settings) -> None:
    database["job"].insert_one(
        {"job_id": "job-1", "domain_id": DOMAIN, "status": "IN_PROGRESS", "created_at": LONG_AGO}
    )
    common = {"domain_id": DOMAIN, "created_at": LONG_AGO, "held": False}
    database["slice"].insert_one({**common, "slice_id": "a", "status": "IN_PROGRESS", "lease_until": LONG_AGO})
    database["schedule"].insert_one(
        {"schedule_id": "s", "domain_id": DOMAIN, "collector_id": "c", "next_fire_at": LONG_AGO}
    )
    database["duty"].insert_one({"name": "sweep", "lease_until": LONG_AGO})
    found = list(work.check_work(database, settings, NOW))
    assert _levels(found) == dict.fromkeys(("jobs", "slices", "schedules", "duties"), Level.FAIL)
    assert all("scheduler" in finding.mend for finding in found)


def test_work_that_waits_for_workers_is_told(database: Db, settings: Settings) -> None:
    waiting = {"slice_id": "a", "domain_id": DOMAIN, "status": "PENDING", "held": False, "created_at": LONG_AGO}
    database["slice"].insert_one(waiting)
    database["duty"].insert_one({"name": "sweep", "lease_until": NOW})
    levels = _levels(work.check_work(database, settings, NOW))
    assert (levels["slices"], levels["duties"]) == (Level.WARN, Level.OK)


def test_a_schedule_of_a_disabled_collector_is_not_late(database: Db, settings: Settings) -> None:
    database["collector"].insert_one({"collector_id": "c", "domain_id": DOMAIN, "state": "DISABLED"})
    database["schedule"].insert_one(
        {"schedule_id": "s", "domain_id": DOMAIN, "collector_id": "c", "next_fire_at": LONG_AGO}
    )
    assert _levels(work.check_work(database, settings, NOW))["schedules"] is Level.OK


def test_a_redis_that_may_evict_is_told(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", "1gb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            (finding,) = redis_queue.check_redis(redis_url)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "0")
    assert finding.level is Level.WARN


def test_stores_that_are_away_are_told_without_their_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongodb, "_CALL_SECONDS", 0.3)
    gone = free_port()
    settings = Settings(
        mongo_uri=f"mongodb://user:pa55word@127.0.0.1:{gone}/",  # type: ignore[arg-type]
        redis_url=f"redis://:pa55word@127.0.0.1:{gone}/0",  # type: ignore[arg-type]
        mongo_timeout_seconds=0.2,
        static_file=tmp_path / "absent.yaml",
        gateway_port=free_port(),
        worker_health_port=free_port(),
        scheduler_health_port=free_port(),
    )
    found = list(run_checks(settings))
    levels = _levels(found)
    assert (levels["mongodb"], levels["redis"], levels["secrets"]) == (Level.FAIL, Level.FAIL, Level.FAIL)
    assert levels["plugins"] is Level.SKIP
    assert "indexes" not in levels
    assert "pa55word" not in str(found)
    with pytest.raises(ConnectionFailureError):
        list(redis_queue.check_redis(settings.redis_url.get_secret_value()))


def test_a_mongodb_that_refuses_the_password_is_told_without_it(settings: Settings, mongo_uri: str) -> None:
    connection.disconnect()
    wrong = mongo_uri.replace("mongodb://", "mongodb://nobody:pa55word@")
    found = list(run_checks(settings.model_copy(update={"mongo_uri": SecretStr(wrong)}), plugins=False))
    (told,) = [finding for finding in found if finding.check == "mongodb"]
    assert told.level is Level.FAIL
    assert "wrong user or password" in told.message
    assert "pa55word" not in str(found)


def test_a_process_that_is_not_ready_says_why(settings: Settings) -> None:
    def broken() -> None:
        raise ConnectionFailureError(service="redis")

    checks, owner = {"redis": broken, "mongodb": list}, PageOwner("worker", store_mark(settings))
    with HealthServer(host="127.0.0.1", port=settings.worker_health_port, checks=checks, owner=owner):
        found = {finding.check: finding for finding in pages.check_processes(settings)}
    assert (found["worker"].level, found["gateway"].level) == (Level.FAIL, Level.WARN)
    assert found["worker"].message.endswith("is not ready: redis ERROR_GRPC_CONNECTION")


# Secrets and plugins


def _platform(settings: Settings, **content: Any) -> Path:
    file = settings.static_file
    assert file is not None
    file.write_text(yaml.safe_dump(content))
    return file


def test_secrets_that_cannot_be_read_or_that_others_may_read_are_told(settings: Settings) -> None:
    file = _platform(
        settings,
        secrets=[
            {"secret_id": "good", "data": {"a": 1}},
            {"secret_id": "unset", "data_env": "NO_SUCH_VARIABLE"},
            {"secret_id": "gone", "data_file": "gone.json"},
        ],
    )
    file.chmod(0o644)
    found = list(platform.check_platform(Container(settings)))
    assert [finding.level for finding in found] == [Level.WARN] * 3
    said = str(found)
    assert "NO_SUCH_VARIABLE is not set" in said
    assert "gone.json" in said
    assert f"chmod 600 {file}" in said


def test_services_that_do_not_listen_are_told() -> None:
    gone = f"grpc://127.0.0.1:{free_port()}"
    settings = Settings(platform="grpc", secret_endpoint=gone, plugin_endpoint=gone, repository_endpoint=gone)
    found = list(platform.check_platform(Container(settings)))
    assert [finding.level for finding in found] == [Level.FAIL] * 4
    assert "has no endpoint" in found[-1].message


# The system token


@pytest.fixture
def identity() -> Iterator[FakePlatform]:
    with FakePlatform({"domains": [DOMAIN]}) as services:
        services.roles = {"worker": "SYSTEM"}
        services.tokens = set()
        yield services


def _token(settings: Settings, services: FakePlatform, token: str) -> Finding:
    """Return what is found of a system token."""
    names = ("identity", "plugin", "repository", "secret")
    change: dict[str, Any] = {f"{name}_endpoint": services.endpoint for name in names}
    change |= {"platform": "grpc", "system_token": SecretStr(token), "static_file": None}
    connection.disconnect()
    found = list(run_checks(settings.model_copy(update=change)))
    assert not token or token not in str(found)
    assert [each.check for each in found].count("system token") == 1
    return next(each for each in found if each.check == "system token")


def _key(services: FakePlatform, user: str = "worker") -> str:
    token = services.api_key("domain-root", user)
    assert services.tokens is not None
    services.tokens.add(token)
    return token


def test_a_system_token_that_identity_and_secret_accept_is_well(settings: Settings, identity: FakePlatform) -> None:
    finding = _token(settings, identity, _key(identity))

    assert (finding.level, finding.mend) == (Level.OK, "")
    assert identity.calls_of("Secret.get_data")[-1].request.domain_id == DOMAIN  # type: ignore[attr-defined]


@pytest.mark.parametrize("token", ["", "two words"])
def test_a_system_token_that_is_none_is_told(settings: Settings, identity: FakePlatform, token: str) -> None:
    finding = _token(settings, identity, token)

    assert finding.level is Level.FAIL
    assert "INVENTORY_SYSTEM_TOKEN" in finding.message
    assert identity.calls_of("Domain.list") == []


def test_a_system_token_that_is_refused_is_told_as_that(settings: Settings, identity: FakePlatform) -> None:
    finding = _token(settings, identity, identity.api_key("domain-root", "worker"))

    assert (finding.level, finding.message) == (Level.FAIL, "the identity service refuses it")
    assert finding.mend.startswith("Renew INVENTORY_SYSTEM_TOKEN")


def test_a_system_token_that_secret_alone_refuses_is_told_as_that(settings: Settings, identity: FakePlatform) -> None:
    token = _key(identity)
    for code, said in (
        (grpc.StatusCode.UNAUTHENTICATED, "the secret service refuses it"),
        (grpc.StatusCode.PERMISSION_DENIED, "the secret service accepts it, but not the calls that workers make"),
    ):
        identity.failures_of["Secret.get_data"] = Failure(code, "ERROR_X: no")
        assert _token(settings, identity, token).message == said


@pytest.mark.parametrize("role_type", ["DOMAIN", "PROJECT"])
def test_a_system_token_without_the_role_is_told_as_that(
    settings: Settings, identity: FakePlatform, mongo_client: MongoClient[dict[str, Any]], role_type: str
) -> None:
    identity.roles = {"worker": role_type}
    finding = _token(settings, identity, _key(identity))
    assert finding.level is Level.FAIL
    assert "role of type SYSTEM" in finding.mend

    stored = {"collector_id": "c", "domain_id": "domain-root", "state": "DISABLED"}
    mongo_client[settings.mongo_database]["collector"].insert_one(stored)
    finding = _token(settings, identity, _key(identity))
    assert finding.message == f"its role has type {role_type}, but must have type SYSTEM"


def test_a_system_token_is_not_tried_where_a_service_is_away(settings: Settings, identity: FakePlatform) -> None:
    identity.stop()

    assert _token(settings, identity, "of-nobody").level is Level.SKIP


def test_a_standalone_mongodb_is_told_once(tmp_path: Path, settings: Settings) -> None:
    class Standalone(EmbeddedMongod):
        def argv(self) -> list[str]:
            words = super().argv()
            at = words.index("--replSet")
            return words[:at] + words[at + 4 :]

        def is_ready(self) -> bool:
            return listening("127.0.0.1", self.port)

    port = free_port()
    connection.disconnect()
    with Standalone(tmp_path / "data", port, tmp_path / "mongod.log"):
        alone = settings.model_copy(update={"mongo_uri": SecretStr(f"mongodb://127.0.0.1:{port}/")})
        found = list(run_checks(alone))
        connection.disconnect()
        # No process works with it either.
        uri = alone.mongo_uri.get_secret_value()
        database = connection.connect(uri=uri, database="inventory", timeout_seconds=5)
        migrator = Migrator(database=database, clock=SystemClock(), owner="nobody")
        with pytest.raises(SettingsError, match=r"INVENTORY_MONGO_URI.*standalone.*--replSet"):
            await_migrated(migrator, apply=True, wait=lambda _: False)
        with pytest.raises(SettingsError, match="standalone"):
            Readiness(database, migrator, apply=True)()
    connection.disconnect()

    (told,) = [each for each in found if each.level is Level.FAIL]
    assert (told.check, "standalone" in told.message) == ("replica set", True)
    assert "indexes" not in _levels(found)


def _knows_its_servers(client: MongoClient[Any]) -> bool:
    """Return whether the driver has learned of each server what it is, or that it is none for it."""
    servers = client.topology_description.server_descriptions().values()
    return all(each.server_type_name != "Unknown" or isinstance(each.error, ConfigurationError) for each in servers)


def test_a_replica_set_that_is_not_initiated_yet_is_waited_for_and_told_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Uninitiated(EmbeddedMongod):
        def is_ready(self) -> bool:
            return listening("127.0.0.1", self.port)

    waits: list[str] = []

    def initiate(seconds: float) -> bool:
        """Stand in for the operator, once the process has begun to wait."""
        if seconds == RETRY_SECONDS:
            waits.append("waited")
            assert child.wait_until(lambda: EmbeddedMongod.is_ready(mongod), timeout_seconds=60)
        return False

    port = free_port()
    connection.disconnect()
    with Uninitiated(tmp_path / "data", port, tmp_path / "mongod.log") as mongod:
        address = f"mongodb://127.0.0.1:{port}/"
        # Only a driver that connects directly, without the name of a set, sends such a server a command.
        for uri, seconds in ((address, 0.6), (mongod.uri, 0.6), (f"{address}?directConnection=true", 20.0)):
            connection.disconnect()
            database = connection.connect(uri=uri, database="inventory", timeout_seconds=30)
            assert child.wait_until(lambda client=database.client: _knows_its_servers(client), timeout_seconds=30)  # type: ignore[misc]
            monkeypatch.setattr(connection, "PING_SECONDS", seconds)
            with pytest.raises(ConnectionFailureError, match=r"not initiated yet: run rs\.initiate"):
                connection.require_transactions(database)
        with pytest.raises(ConnectionFailureError, match="not initiated yet"):
            list(mongodb.check_server(database))
        monkeypatch.undo()
        migrator = Migrator(database=database, clock=SystemClock(), owner="nobody", migrations=())
        assert await_migrated(migrator, apply=True, wait=initiate) == []
    connection.disconnect()

    assert waits == ["waited"]


Plugins = Callable[..., Finding]


@pytest.fixture
def one_plugin(database: Db, settings: Settings, container: Container) -> Plugins:
    """Returns what is found with one collector of a plugin."""

    def look(endpoint: str, *, secrets: bool = True) -> Finding:
        secret = {"secret_id": "s", "provider": "aws", "data": {"key": "very-secret-key"}}
        entry = {"plugin_id": "p", "provider": "aws", "endpoint": endpoint}
        _platform(settings, plugins=[entry], secrets=[secret] if secrets else [])
        info = {"plugin_id": "p", "version": "1.0", "provider": "aws", "options": {}}
        fields = {"collector_id": "c", "domain_id": DOMAIN, "name": "aws", "state": "ENABLED", "plugin_info": info}
        database["collector"].insert_one(fields)
        (finding,) = platform.check_plugins(container)
        return finding

    return look


def test_a_plugin_that_answers_and_accepts_a_secret_is_well(one_plugin: Plugins) -> None:
    with FakePlugin() as plugin:
        assert one_plugin(plugin.endpoint).level is Level.OK


def test_a_plugin_that_is_away_is_told(one_plugin: Plugins) -> None:
    finding = one_plugin(f"grpc://127.0.0.1:{free_port()}")
    assert finding.level is Level.FAIL
    assert "inventory plugin try grpc://127.0.0.1" in finding.mend


def test_a_plugin_that_refuses_the_secret_is_told_without_it(one_plugin: Plugins) -> None:
    with FakePlugin(verify_failure=Failure(details="no: very-secret-key")) as plugin:
        finding = one_plugin(plugin.endpoint)
    assert finding.level is Level.FAIL
    assert "very-secret-key" not in str(finding)


def test_a_collector_without_a_secret_is_told(one_plugin: Plugins) -> None:
    with FakePlugin() as plugin:
        assert one_plugin(plugin.endpoint, secrets=False).level is Level.WARN


# The command


def _doctor(*arguments: str, **env: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(cli, ["doctor", "--json", *arguments], env=env)
    return result.exit_code, {each["check"]: each for each in json.loads(result.stdout)["checks"]}


def test_the_command_fails_where_a_check_does(tmp_path: Path) -> None:
    code, checks = _doctor("--data-dir", str(tmp_path), INVENTORY_PORT=str(free_port()), INVENTORY_WOKER_THREADS="1")
    assert code == 1
    assert checks["server"]["level"] == "fail"
    assert checks["mongodb"]["level"] == "skip"
    assert checks["settings"]["level"] == "warn"
    assert checks["settings"]["mend"] == "Did you mean INVENTORY_WORKER_THREADS?"


def test_a_setting_that_is_wrong_is_all_that_is_told() -> None:
    code, checks = _doctor(INVENTORY_WORKER_THREADS="many")
    assert code == 1
    assert list(checks) == ["settings"]
    assert "worker_threads (INVENTORY_WORKER_THREADS)" in checks["settings"]["message"]


def test_an_up_on_the_same_machine_is_found_by_its_folder(tmp_path: Path) -> None:
    assert running_settings(tmp_path) == {}
    with DataDirLock(tmp_path), RunningFile(tmp_path) as file:
        file.write({"port": "1"}, endpoint="127.0.0.1:1")
        assert running_settings(tmp_path) == {"port": "1"}
        assert (tmp_path / "running.json").stat().st_mode & 0o077 == 0
    assert running_settings(tmp_path) == {}
    (tmp_path / "running.json").write_text('{"pid": ')
    assert running_settings(tmp_path) == {}
