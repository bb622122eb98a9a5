"""What answers in work hold together is bounded, also where clients do not read them."""

from __future__ import annotations

import threading

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from inventory.devruntime.child import wait_until
from inventory.process.memory_budget import SIZE_METADATA, MemoryBudget
from inventory.protobuf import requests
from inventory.stubs.spaceone.api.inventory.v1.cloud_service_pb2 import CloudServiceQuery, CloudServicesInfo
from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import CallFailed, Client
from tests.integration.wire.two_domains import furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

MIB = 1024 * 1024
SMALL_WINDOW = [
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 64 * 1024),
    ("grpc.max_receive_message_length", -1),
]
"""Options of a client that takes little of an answer before it reads."""


@pytest.fixture
def client(wire: Wire, request: pytest.FixtureRequest) -> Client:
    """A client of a domain with 24 cloud services of 200 KB; the server's budget is the second fixture."""
    with FakePlugin(resources=plugin_stream) as plugin:
        made = furnish(wire, Client(wire.serve()), f"memory-{len(request.node.name)}", plugin.endpoint)
    services = wire.database["cloud_service"]
    one = services.find_one({"domain_id": made.domain_id}, {"_id": 0})
    assert one is not None
    del one["match_key"]
    mark = len(request.node.name)
    services.insert_many(
        [
            {
                **one,
                "cloud_service_id": f"cloud-svc-{mark:04x}{number:08x}",
                "data": {"text": "x" * 200_000},
            }
            for number in range(24)
        ]
    )
    return made.client


def test_an_answer_is_held_until_its_client_has_read_it(
    wire: Wire, client: Client, budgets: list[MemoryBudget]
) -> None:
    wire.serve(memory_budget_bytes=64 * MIB)
    (budget,) = budgets
    request = ParseDict({"domain_id": client.domain_id, "query": {}}, CloudServiceQuery()).SerializeToString()
    with grpc.insecure_channel(wire.address_of_newest, SMALL_WINDOW) as channel:
        # As a stream, the answer is not read before it is asked for.
        stream = channel.unary_stream("/spaceone.api.inventory.v1.CloudService/list")(request, timeout=60)
        announced = int(dict(stream.initial_metadata())[SIZE_METADATA])
        assert wait_until(lambda: budget.held_bytes == 2 * announced, timeout_seconds=10), "on its way"
        one = Client(channel, domain_id=client.domain_id).call("CloudService.list", {"query": {"page": {"limit": 1}}})
        assert one["results"], "others are served meanwhile"
        assert wait_until(lambda: budget.held_bytes == 2 * announced, timeout_seconds=10), "nobody has read it"

        (answer,) = stream

    assert len(answer) == announced > 4 * MIB
    assert len(CloudServicesInfo.FromString(answer).results) == 25
    assert wait_until(lambda: budget.held_bytes == 0, timeout_seconds=10)


def test_requests_are_counted_while_they_wait_for_their_turn(
    wire: Wire, budgets: list[MemoryBudget], monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.serve(memory_budget_bytes=16 * MIB, server_threads=1)
    (budget,) = budgets
    go, runs = threading.Event(), threading.Semaphore(0)

    def parse(message_type: type[Message], _data: bytes) -> Message:
        runs.release()
        assert go.wait(30)
        return message_type()

    monkeypatch.setattr(requests, "parse", parse)
    with grpc.insecure_channel(wire.address_of_newest) as channel:
        ask = channel.unary_unary("/spaceone.api.inventory.v1.CloudService/create").future
        first = ask(b"", timeout=30)
        assert runs.acquire(timeout=20)
        queued = [ask(bytes(4 * MIB), timeout=30) for _ in range(4)]
        assert wait_until(lambda: budget.held_bytes == 16 * MIB, timeout_seconds=20)
        one_more = ask(bytes(4 * MIB), timeout=30)
        assert one_more.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "memory" in one_more.details()
        go.set()
        assert all(call.code() is not None for call in [first, *queued])

    assert wait_until(lambda: budget.held_bytes == 0, timeout_seconds=20)


def test_while_others_hold_all_a_large_answer_is_refused_and_a_small_one_is_given(
    wire: Wire, client: Client, budgets: list[MemoryBudget]
) -> None:
    own = Client(wire.serve(memory_budget_bytes=12 * MIB), domain_id=client.domain_id)
    (budget,) = budgets
    budget.take(11 * MIB)

    with pytest.raises(CallFailed) as refused:
        own.call("CloudService.list", {"query": {}})

    assert refused.value.status is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.value.details == (
        "ERROR_LIMIT_EXCEEDED: Limit exceeded. "
        "(limit = memory for answers in work: try again, or ask for smaller pages)"
    )
    assert own.call("CloudService.list", {"query": {"page": {"limit": 1, "start": 1}}})["results"]
    # The server learns after its client that an answer has arrived.
    assert wait_until(lambda: budget.held_bytes == 11 * MIB, timeout_seconds=10)


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[MemoryBudget]:
    """The budgets of the servers that are made."""
    made: list[MemoryBudget] = []

    def make(limit_bytes: int) -> MemoryBudget:
        made.append(MemoryBudget(limit_bytes, wait_seconds=0.1))
        return made[-1]

    monkeypatch.setattr("inventory.api.gate.MemoryBudget", make)
    return made
