"""Failures as clients see them: status, text, details, and nothing internal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from pymongo.database import Database

from inventory.api.app import Server
from inventory.api.interceptors.authentication import Caller, NoAuthentication
from inventory.api.interceptors.authorization import NoAuthorization
from inventory.api.method_handler import Gate
from inventory.domain.principal import Principal
from inventory.domain.rate_limit import RateLimit
from tests.integration.api.conftest import DOMAIN, PACKAGE, Client, FakeContainer, collector
from tests.manual_clock import ManualClock

Store = Database[dict[str, Any]]
GET = {"collector_id": "collector-000000000000"}


def failure(client: Client, method: str, request: dict[str, Any], **options: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        client.call(method, request, **options)
    return caught.value


def test_a_missing_field_is_named_in_text_and_details(client: Client) -> None:
    error = failure(client, "Collector.get", {})

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "ERROR_REQUIRED_PARAMETER: Required parameter. (key = collector_id)"
    status = rpc_status.from_call(error)
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status.details[0].Unpack(info)
    status.details[1].Unpack(request)
    assert (info.reason, info.domain) == ("ERROR_REQUIRED_PARAMETER", "inventory.spaceone")
    assert request.field_violations[0].field == "collector_id"


def test_a_missing_domain_is_required_unless_there_is_a_default(
    client: Client, container: FakeContainer, start: Callable[..., Server], database: Store
) -> None:
    database["collector"].insert_one(collector())
    error = failure(client, "Collector.get", {**GET, "domain_id": ""})
    assert error.details() == "ERROR_REQUIRED_PARAMETER: Required parameter. (key = domain_id)"

    gate = Gate(NoAuthentication(DOMAIN), NoAuthorization(), RateLimit(0, container.clock))
    other = Client(start(gate=gate))
    assert other.call("Collector.get", {**GET, "domain_id": ""})["domain_id"] == DOMAIN


def test_a_wrong_query_says_what_is_wrong(client: Client) -> None:
    condition = {"k": "name", "v": "abc", "o": "in"}

    error = failure(client, "Collector.list", {"query": {"filter": [condition]}})

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details().startswith("ERROR_OPERATOR_LIST_VALUE_TYPE: ")


def test_bytes_that_are_no_request_are_the_callers_mistake(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.raw(f"{PACKAGE}.Collector", "get")(b"\xff\xff\xff")

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith("ERROR_INVALID_PARAMETER: ")


def test_an_unforeseen_failure_leaks_nothing_but_its_transaction_id(
    client: Client, container: FakeContainer, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(principal: Principal) -> None:
        raise KeyError("password=hunter2")

    container.collector_service.before = break_down

    error = failure(client, "Collector.get", GET, metadata=(("transaction_id", "tnx-abc"),))

    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details() == "ERROR_UNKNOWN: Unexpected error. (transaction_id = tnx-abc)"
    assert "hunter2" not in repr(error.trailing_metadata())


def test_transaction_id_and_deadline_reach_the_use_case(
    client: Client, container: FakeContainer, database: Store
) -> None:
    database["collector"].insert_one(collector())
    seen: list[Principal] = []
    container.collector_service.before = seen.append

    client.call("Collector.get", GET, metadata=(("transaction_id", "tnx-given"),), timeout=100)
    client.call("Collector.get", GET, metadata=(("transaction_id", "x" * 500),), timeout=100)

    assert seen[0].transaction_id == "tnx-given"
    # A client may send up to 3 % more, a value it has sent before.
    assert 65 < seen[0].remaining_seconds() <= 100 * 1.03
    assert seen[1].transaction_id.startswith("tnx-")
    assert len(seen[1].transaction_id) < 50


def test_too_many_calls_at_once_are_refused_in_our_terms_and_health_still_answers(
    start: Callable[..., Server], container: FakeContainer, database: Store
) -> None:
    database["collector"].insert_one(collector())
    release, entered = threading.Event(), threading.Semaphore(0)

    def hold(principal: Principal) -> None:
        entered.release()
        release.wait(60)

    container.collector_service.before = hold
    client = Client(start(max_concurrent_rpcs=2))
    threads = [threading.Thread(target=client.call, args=("Collector.get", GET)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert entered.acquire(timeout=60)
        assert entered.acquire(timeout=60)
        error = failure(client, "Collector.get", GET)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error.details() == "ERROR_LIMIT_EXCEEDED: Limit exceeded. (limit = concurrent requests)"
        assert client.raw("grpc.health.v1.Health", "Check")(b"", timeout=30) == b"\x08\x01"
    finally:
        release.set()
        for thread in threads:
            thread.join(60)


@pytest.mark.parametrize("method", ["spaceone.api.inventory.v1.Collector/list", "grpc.health.v1.Health/Check"])
def test_calls_without_a_message_keep_nobody_waiting(start: Callable[..., Server], method: str) -> None:
    """A handful of calls whose message never comes, from anybody, once stopped a whole server."""
    server = start()
    client = Client(server)
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(90)
        yield from ()

    with grpc.insecure_channel(server.address) as channel:
        stalled = [channel.stream_unary(f"/{method}").future(nothing()) for _ in range(8)]
        try:
            client.call("Collector.list", timeout=60)
            assert client.raw("grpc.health.v1.Health", "Check")(b"", timeout=60) == b"\x08\x01"
            assert not any(call.done() for call in stalled)
        finally:
            over.set()
        assert {call.exception(60).code() for call in stalled} == {grpc.StatusCode.UNIMPLEMENTED}


def test_a_call_whose_message_never_comes_is_ended(start: Callable[..., Server]) -> None:
    server = start()
    server.pool.reception._limit = 0.3
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait(90)
        yield from ()

    with grpc.insecure_channel(server.address) as channel:
        stalled = channel.stream_unary("/spaceone.api.inventory.v1.Collector/list").future(nothing())
        try:
            assert stalled.exception(60).code() is grpc.StatusCode.CANCELLED
        finally:
            over.set()


class AnyUser:
    """Takes the token for the user's name."""

    def authenticate(self, token: str) -> Caller:
        return Caller(DOMAIN, token)


def test_a_callers_rate_is_limited_and_no_other_callers(start: Callable[..., Server], clock: ManualClock) -> None:
    client = Client(start(gate=Gate(AnyUser(), NoAuthorization(), RateLimit(2, clock))))

    def calls(user: str, count: int) -> list[str]:
        found = []
        for _ in range(count):
            try:
                client.call("Collector.list", metadata=(("token", user),))
                found.append("OK")
            except grpc.RpcError as error:
                found.append(f"{error.code().name} {error.details()}")
        return found

    refusal = "RESOURCE_EXHAUSTED ERROR_LIMIT_EXCEEDED: Limit exceeded. (limit = requests per second)"
    assert calls("one", 3) == ["OK", "OK", refusal]
    assert calls("two", 1) == ["OK"]
    clock.advance(timedelta(seconds=0.5))
    assert calls("one", 2) == ["OK", refusal]


def test_this_machine_is_not_counted_without_tokens(start: Callable[..., Server], container: FakeContainer) -> None:
    """The gateway and the commands call from here."""
    client = Client(start(gate=Gate(NoAuthentication(DOMAIN), NoAuthorization(), RateLimit(1, container.clock))))

    for _ in range(20):
        client.call("Collector.list")


def test_a_deadline_that_has_passed_is_not_an_internal_error(client: Client) -> None:
    """gRPC counts deadlines in milliseconds: now and then an answer is there before that."""
    started = time.monotonic()
    statuses = set()
    while grpc.StatusCode.DEADLINE_EXCEEDED not in statuses and time.monotonic() - started < 30:
        try:
            client.call("Collector.list", {}, timeout=0.000001)
        except grpc.RpcError as error:
            statuses.add(error.code())

    assert statuses == {grpc.StatusCode.DEADLINE_EXCEEDED}


def test_an_unknown_method_is_unimplemented(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.raw(f"{PACKAGE}.Collector", "destroy")(b"")

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
