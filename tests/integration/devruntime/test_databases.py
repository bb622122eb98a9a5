"""The embedded MongoDB and Redis, for real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from pymongo import MongoClient

from inventory.devruntime.databases.mongod import EmbeddedMongod
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from inventory.errors import SettingsError
from tests.ports import free_port


def test_mongod_keeps_its_data_and_stays_writable_when_its_port_changes_and_logs_no_values(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "mongod.log"
    with EmbeddedMongod(data, free_port(), log) as first, MongoClient[dict[str, Any]](first.uri) as client:
        client.shop.items.insert_one({"name": "kept"})

    with EmbeddedMongod(data, free_port(), log) as second, MongoClient[dict[str, Any]](second.uri) as client:
        assert second.port != first.port
        assert [item["name"] for item in client.shop.items.find()] == ["kept"]
        client.shop.items.insert_one({"name": "new"})
        slow = {"$where": "sleep(150) || true", "name": "very-secret-name"}
        client.shop.items.update_one({"$or": [slow, {"name": "new"}]}, {"$set": {"password": "very-secret-value"}})
        list(client.shop.items.find({"$where": "sleep(150) || 'very-secret-code'"}))

    assert "very-secret" not in log.read_text()


def test_mongod_has_transactions(mongo_client: MongoClient[dict[str, Any]]) -> None:
    things = mongo_client.transactions.things
    things.insert_one({"a": 0})
    with mongo_client.start_session() as session, session.start_transaction():
        things.insert_one({"a": 1}, session=session)
        session.abort_transaction()

    assert [thing["a"] for thing in things.find()] == [0]


def test_mongod_listens_on_loopback_only(mongod: EmbeddedMongod) -> None:
    listening = {c.laddr.ip for c in psutil.Process(mongod.pid).net_connections() if c.status == psutil.CONN_LISTEN}

    assert listening == {"127.0.0.1"}


def test_mongod_leaves_no_process_when_stopped(tmp_path: Path) -> None:
    server = EmbeddedMongod(tmp_path / "data", free_port(), tmp_path / "log")
    server.start()
    pid = server.pid
    server.stop()

    assert pid is not None
    assert not psutil.pid_exists(pid)
    server.stop()


def test_mongod_says_which_port_is_taken(mongod: EmbeddedMongod, tmp_path: Path) -> None:
    second = EmbeddedMongod(tmp_path / "data", mongod.port, tmp_path / "log")

    with pytest.raises(SettingsError, match=rf"Port {mongod.port} .*taken.*MongoDB"):
        second.start()


def test_mongod_that_ends_at_once_shows_the_errors_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "storage.bson").write_bytes(b"not bson")

    with pytest.raises(SettingsError, match=r"exit code .*its log[\s\S]*BSON"):
        EmbeddedMongod(tmp_path / "data", free_port(), tmp_path / "log").start()


def test_redis_keeps_what_it_was_told_when_restarted_on_another_port(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "data", free_port(), tmp_path / "log") as first:
        redis.Redis.from_url(first.url).set("bell", "enqueued")

    with EmbeddedRedis(tmp_path / "data", free_port(), tmp_path / "log") as second:
        assert redis.Redis.from_url(second.url).get("bell") == b"enqueued"


def test_redis_says_which_port_is_taken(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "a", free_port(), tmp_path / "log") as first:
        second = EmbeddedRedis(tmp_path / "b", first.port, tmp_path / "log")

        with pytest.raises(SettingsError, match=rf"Port {first.port} .*taken.*Redis"):
            second.start()


def test_redis_leaves_no_process_when_stopped(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path / "data", free_port(), tmp_path / "log")
    server.start()
    pid = server.pid
    server.stop()

    assert pid is not None
    assert not psutil.pid_exists(pid)
