"""Each fault of the network and of the stores does what it says: a fault that does nothing finds nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis.backoff import NoBackoff
from redis.retry import Retry

from inventory.devruntime import child
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from inventory.devruntime.ports import LOOPBACK
from tests.chaos import mongo, stores
from tests.chaos.disturb import await_messages, double_messages, held_messages
from tests.chaos.mongo import ReplicaSet, SingleMongo
from tests.chaos.relay import DELAY_SECONDS, Clients, Kind, Network, Relay
from tests.ports import free_port

TIMEOUT_SECONDS = 0.3
"""How long a call that must hang may take."""
BUSY_MACHINE_SECONDS = 30.0
"""How long a call that must succeed may take."""
LONG_SECONDS = 60.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    folder = tmp_path_factory.mktemp("redis")
    _, program = stores.programs(folder)
    with EmbeddedRedis(folder / "data", free_port(), folder / "redis.log", program=program) as running:
        yield running


@pytest.fixture(scope="module")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SingleMongo]:
    folder = tmp_path_factory.mktemp("mongo")
    program, _ = stores.programs(folder)
    node = SingleMongo(folder, folder, program)
    node.start()
    yield node
    node.stop()


@pytest.fixture
def network() -> Iterator[Network]:
    running = Network()
    yield running
    running.stop()


@pytest.fixture
def direct(server: EmbeddedRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield client


def through(relay: Relay, *, timeout: float = BUSY_MACHINE_SECONDS) -> redis.Redis:
    """Return a client that tries once."""
    return redis.Redis(
        host=LOOPBACK,
        port=relay.port,
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        single_connection_client=True,
    )


def hurry(client: redis.Redis) -> None:
    """Let the next call, which must hang, time out soon; calls before it may take long on a busy machine."""
    assert client.connection is not None
    client.connection.update_current_socket_timeout(TIMEOUT_SECONDS)


def local_port(client: redis.Redis) -> int:
    assert client.connection is not None
    return int(client.connection._sock.getsockname()[1])


def only(client: redis.Redis) -> Clients:
    port = local_port(client)
    return lambda _relay_port: {port}


def test_a_black_hole_lets_a_call_hang_until_its_time_out_and_forwards_nothing(
    network: Network, server: EmbeddedRedis, direct: redis.Redis
) -> None:
    relay = network.relay_to(server.port)
    client = through(relay)
    assert client.ping()
    met = network.disturb(relay, Kind.HOLE, LONG_SECONDS)
    hurry(client)

    begun = time.monotonic()
    with pytest.raises(redis.TimeoutError):
        client.set("lost", 1)

    assert time.monotonic() - begun >= TIMEOUT_SECONDS
    assert child.wait_until(lambda: met.held > 0, timeout_seconds=BUSY_MACHINE_SECONDS)
    assert met.hits == 1
    assert direct.get("lost") is None
    with socket.create_connection((LOOPBACK, relay.port), timeout=BUSY_MACHINE_SECONDS) as late:
        late.sendall(b"PING\r\n")
        late.settimeout(TIMEOUT_SECONDS)
        with pytest.raises(TimeoutError):
            late.recv(1)


@pytest.mark.parametrize("deliver", [True, False])
def test_after_a_black_hole_a_write_given_up_long_ago_is_delivered_or_gone(
    network: Network, server: EmbeddedRedis, direct: redis.Redis, deliver: bool
) -> None:
    relay = network.relay_to(server.port)
    client = through(relay)
    client.ping()
    met = network.disturb(relay, Kind.HOLE, LONG_SECONDS, deliver=deliver)
    hurry(client)
    with pytest.raises(redis.TimeoutError):
        client.set("late", 1)
    client.close()
    assert child.wait_until(lambda: met.held > 0, timeout_seconds=BUSY_MACHINE_SECONDS)

    network.end(relay, met)

    assert through(relay).ping(), "the relay forwards again"
    arrived = child.wait_until(
        lambda: direct.get("late") == b"1", timeout_seconds=BUSY_MACHINE_SECONDS if deliver else TIMEOUT_SECONDS
    )
    assert arrived is deliver


def test_a_cut_resets_open_connections_and_new_ones_until_it_ends(network: Network, server: EmbeddedRedis) -> None:
    relay = network.relay_to(server.port)
    client = through(relay)
    client.ping()
    met = network.disturb(relay, Kind.CUT, LONG_SECONDS)

    for _ in range(2):
        with pytest.raises(redis.ConnectionError) as raised:
            client.ping()
        assert not isinstance(raised.value, redis.TimeoutError)

    network.end(relay, met)
    assert through(relay).ping()


def test_a_disturbance_ends_by_itself_when_its_time_is_over(network: Network, server: EmbeddedRedis) -> None:
    relay = network.relay_to(server.port)

    met = network.disturb(relay, Kind.CUT, TIMEOUT_SECONDS)

    assert child.wait_until(met.over.is_set, timeout_seconds=BUSY_MACHINE_SECONDS)
    assert through(relay).ping()


def test_a_slow_network_delays_each_way_and_trickles(network: Network, server: EmbeddedRedis) -> None:
    relay = network.relay_to(server.port)
    client = through(relay, timeout=LONG_SECONDS)
    client.ping()
    network.disturb(relay, Kind.SLOW, LONG_SECONDS)

    begun = time.monotonic()
    client.echo("x" * 100_000)

    # 25 parts each way, 20 ms apart.
    assert time.monotonic() - begun >= 2 * DELAY_SECONDS + 2 * 24 * 0.02


def test_a_disturbance_meets_only_the_connections_it_is_for(network: Network, server: EmbeddedRedis) -> None:
    relay = network.relay_to(server.port)
    victim, other = through(relay), through(relay)
    victim.ping(), other.ping()
    met = network.disturb(relay, Kind.HOLE, LONG_SECONDS, clients=only(victim))
    hurry(victim)

    with pytest.raises(redis.TimeoutError):
        victim.ping()

    assert other.ping()
    assert met.hits == 1


def test_redis_with_a_full_disk_answers_and_refuses_writes_until_there_is_room(
    server: EmbeddedRedis, direct: redis.Redis
) -> None:
    direct.set("before", 1)
    assert server.pid is not None
    stores.fill_disk(server.pid)

    def refuses() -> bool:
        try:
            direct.set("full", 1)
        except redis.ResponseError as exc:
            return "MISCONF" in str(exc)
        return False

    try:
        assert child.wait_until(refuses, timeout_seconds=BUSY_MACHINE_SECONDS)
        assert direct.get("before") == b"1"
    finally:
        stores.free_disk(server.pid)
    assert child.wait_until(lambda: not refuses(), timeout_seconds=BUSY_MACHINE_SECONDS)


def test_messages_are_doubled_and_emptying_takes_all_of_them(server: EmbeddedRedis, direct: redis.Redis) -> None:
    broker = RedisBroker(url=server.url, namespace="faults")  # type: ignore[no-untyped-call]
    broker.declare_queue("work")
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name="work", actor_name="act", args=("slice-1",), kwargs={}, options={}
    )
    broker.enqueue(message)

    assert double_messages(direct) == 1

    consumer = broker.consume("work", prefetch=5, timeout=1000)  # type: ignore[no-untyped-call]
    first, second = next(consumer), next(consumer)
    assert first.args == second.args == ("slice-1",)
    assert await_messages(direct, 1) == 2
    direct.flushall()
    assert held_messages(direct) == 0


def insert(node: SingleMongo, *, seconds: float = 1.0) -> None:
    """Write, acknowledged within ``seconds``. Raises ``PyMongoError``."""
    with MongoClient[dict[str, Any]](node.uri, timeoutMS=int(seconds * 1000)) as client:
        client["faults"]["written"].insert_one({})


def must_time_out(node: SingleMongo) -> None:
    with pytest.raises(PyMongoError) as raised:
        insert(node)
    assert raised.value.timeout


def can_read(node: SingleMongo) -> bool:
    with MongoClient[dict[str, Any]](node.uri, timeoutMS=int(BUSY_MACHINE_SECONDS * 1000)) as client:
        client["faults"]["written"].find_one()
    return True


def test_a_locked_mongod_reads_and_lets_writes_wait_until_it_is_released(mongod: SingleMongo) -> None:
    insert(mongod, seconds=LONG_SECONDS)

    assert mongod.lock()
    try:
        must_time_out(mongod)
        assert can_read(mongod)
    finally:
        mongod.release()

    insert(mongod, seconds=LONG_SECONDS)


def test_a_hanging_mongod_answers_nothing_until_it_is_released(mongod: SingleMongo) -> None:
    insert(mongod, seconds=LONG_SECONDS)

    assert mongod.hang()
    try:
        must_time_out(mongod)
    finally:
        mongod.release()

    insert(mongod, seconds=LONG_SECONDS)


def test_a_mongod_with_a_full_disk_dies_and_comes_back_with_what_it_has_acknowledged(
    mongod: SingleMongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        client["faults"]["kept"].insert_one({"_id": 1})
    monkeypatch.setattr(mongo, "FULL_SECONDS", BUSY_MACHINE_SECONDS)
    # It dies of the next write.
    over = threading.Event()
    writer = threading.Thread(target=insert_until, args=(mongod, over))
    writer.start()

    died = mongod.fill(0).endswith("died")

    over.set()
    writer.join()
    assert died
    mongod.start()
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        assert client["faults"]["kept"].count_documents({}) == 1


def insert_until(node: SingleMongo, over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(PyMongoError):
            insert(node)


@pytest.mark.deep
def test_nodes_and_clients_of_a_replica_set_meet_through_relays_only(network: Network, tmp_path: Path) -> None:
    relays: list[Relay] = []

    def relayed(port: int) -> int:
        relays.append(network.relay_to(port))
        return relays[-1].port

    nodes = ReplicaSet(tmp_path, tmp_path, relayed=relayed)
    nodes.start()
    try:
        with MongoClient[dict[str, Any]](nodes.uri) as client:
            client.admin.command("ping")
            before = client.primary
            [relay] = [each for each in relays if before and each.port == before[1]]
            network.disturb(relay, Kind.HOLE, LONG_SECONDS)
            assert child.wait_until(lambda: client.primary not in (None, before), timeout_seconds=LONG_SECONDS)
    finally:
        nodes.stop()
