"""What answers in work hold together is bounded, also where clients do not read them."""

from __future__ import annotations

import grpc
import pytest

from inventory.devruntime.child import wait_until
from inventory.process import memory_budget
from inventory.process.memory_budget import MemoryBudget
from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import CallFailed, Client
from tests.integration.wire.two_domains import furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

MIB = 1024 * 1024


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
    channel = wire.serve(memory_budget_bytes=12 * MIB)
    (budget,) = budgets
    own = Client(channel, domain_id=client.domain_id)

    answer = own.call("CloudService.list", {"query": {}})

    assert len(answer["results"]) == 25
    assert budget.peak > 4 * MIB  # type: ignore[attr-defined]
    assert wait_until(lambda: budget.held_bytes == 0, timeout_seconds=10)


def test_while_others_hold_all_a_large_answer_is_refused_and_a_small_one_is_given(
    wire: Wire, client: Client, budgets: list[MemoryBudget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_budget, "WAIT_SECONDS", 0.1)
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
    assert budget.held_bytes == 11 * MIB


@pytest.fixture
def budgets(monkeypatch: pytest.MonkeyPatch) -> list[MemoryBudget]:
    """The budgets of the servers that are made."""
    made: list[MemoryBudget] = []

    class Watched(MemoryBudget):
        peak = 0

        def __init__(self, limit_bytes: int) -> None:
            super().__init__(limit_bytes, wait_seconds=0.1)
            made.append(self)

        def take(self, size: int) -> None:
            super().take(size)
            self.peak = max(self.peak, self.held_bytes)

    monkeypatch.setattr("inventory.api.gate.MemoryBudget", Watched)
    return made
