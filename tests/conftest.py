"""Fixtures that all suites share: a real mongod and redis-server, started once per session on free loopback ports."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
import structlog
from pymongo import MongoClient
from pymongo.database import Database

from inventory.devruntime.databases.mongod import EmbeddedMongod
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from tests import secrecy
from tests.manual_clock import ManualClock
from tests.ports import free_port

DATABASE = "test_inventory"

# How long a machine takes says nothing about the code: the first text of all makes a table of all characters.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    max_examples=400 if os.environ.get("INVENTORY_TEST_PROFILE") == "deep" else 40,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")

CLOCK_START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
"""A Monday noon: where every ManualClock of the `clock` fixture begins."""


_leaks: list[str] = []
"""Secrets in errors that were answered since the last test ended."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that passed, but printed, logged or answered a secret."""
    report = yield
    if report.when == "teardown" and report.passed:
        shown = [f"{name}: {place}" for name, text in report.sections for place in secrecy.secrets_in(text)]
        if shown or _leaks:
            report.outcome = "failed"
            report.longrepr = "\n".join(["a secret was shown", *shown, *_leaks])
    if report.when == "teardown":
        _leaks.clear()
    return report


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_leaks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """See :mod:`tests.secrecy`."""
    from inventory.api import status

    answer = status.answer

    def watched(error: Exception, **arguments: Any) -> Any:
        made = answer(error, **arguments)  # type: ignore[arg-type]
        _leaks.extend(f"error: {place}" for place in secrecy.secrets_in(f"{made.details} {made.metadata}"))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(status, "answer", watched)
        yield
    found = [*secrecy.secrets_in_files(tmp_path_factory.getbasetemp()), *secrecy.secrets_in_metrics()]
    assert not found, "\n".join(found)


@pytest.fixture(autouse=True)
def logging_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test sets up for logging ends with it: loggers of modules are not tied to its stream for ever."""
    configure, configured, before = structlog.configure, structlog.is_configured(), structlog.get_config()

    def without_cache(**options: Any) -> None:
        configure(**{**options, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", without_cache)
    yield
    if configured:
        configure(**before)
    else:
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def ipv6() -> None:
    """What a test uses that listens on ``::1``: it is skipped where the machine has none."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no ::1 here")


MEMORY_FOLDER = Path("/dev/shm")
MEMORY_WANTED_BYTES = 4 * 1024**3


@pytest.fixture(scope="session")
def mongod_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for mongod: in memory where there is plenty, since making indexes is bound by the disk."""
    if MEMORY_FOLDER.is_dir() and shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_WANTED_BYTES:
        with tempfile.TemporaryDirectory(prefix="inventory-tests-", dir=MEMORY_FOLDER) as folder:
            yield Path(folder)
    else:
        yield tmp_path_factory.mktemp("mongod")


@pytest.fixture(scope="session")
def mongod(mongod_folder: Path) -> Iterator[EmbeddedMongod]:
    """The session's mongod, a one-node replica set that is primary."""
    folder = mongod_folder
    with (
        EmbeddedMongod(folder / "data", free_port(), folder / "mongod.log") as server,
        MongoClient[dict[str, Any]](server.uri) as client,
    ):
        secrecy.keep_oplog(client)
        yield server
        found = list(secrecy.secrets_in_oplog(client))
    assert not found, "\n".join(found)


@pytest.fixture(scope="session")
def mongo_uri(mongod: EmbeddedMongod) -> str:
    """The session's MongoDB, as a connection string without a database."""
    return mongod.uri


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The session's Redis, as a URL; its database 0 is empty at the start."""
    folder = tmp_path_factory.mktemp("redis")
    with EmbeddedRedis(folder / "data", free_port(), folder / "redis.log") as server:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("auto-aof-rewrite-percentage", 0)  # keeps all it was ever told, for tests.secrecy
        yield server.url


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    """A client of the session's MongoDB that reads times as aware UTC."""
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        yield client


@pytest.fixture(scope="session")
def indexed_collections(mongo_uri: str) -> frozenset[str]:
    """The collections of the session's one database, made with all their indexes.

    One for all tests: mongod keeps a file open for every collection and index, also of databases just dropped, and
    a database for each test would run into the limit of open files.
    """
    # Imported here, so that suites without a database do not load the documents.
    from inventory.model import connection
    from inventory.model.indexes import build_indexes

    connection.disconnect()
    db = connection.connect(uri=mongo_uri, database=DATABASE, timeout_seconds=60)
    build_indexes(db)
    names = frozenset(db.list_collection_names())
    connection.disconnect()
    return names


@pytest.fixture
def database(mongo_uri: str, indexed_collections: frozenset[str]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database with all indexes, mongoengine's default connection pointing at it."""
    from inventory.model import connection
    from inventory.model.indexes import build_indexes

    connection.disconnect()
    db = connection.connect(uri=mongo_uri, database=DATABASE, timeout_seconds=60)
    for name in db.list_collection_names():
        if name in indexed_collections:
            db[name].delete_many({})
        else:
            db.drop_collection(name)
    build_indexes(db)
    yield db
    connection.disconnect()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at :data:`CLOCK_START` until the test moves it."""
    return ManualClock(CLOCK_START)
