"""One trace from the caller over the gateway, the server, the queue and the worker to the plugin and the writes."""

from __future__ import annotations

import pytest

from inventory.devruntime import child
from tests.fakes.otlp import Span
from tests.integration.observability.conftest import SECRET, Fleet

HTTP = "POST /inventory/v1/collector/collect"
RPC = "/spaceone.api.inventory.v1.Collector/collect"
ABOVE = {
    RPC: HTTP,
    "job.plan": RPC,
    "queue.run_slice": RPC,
    "slice.attempt": "queue.run_slice",
    "plugin.get_tasks": "slice.attempt",
    "plugin.collect": "slice.attempt",
    "ingest.batch": "slice.attempt",
    "mongodb.bulk_write": "ingest.batch",
}
"""Of each span the one above it, by name."""


@pytest.fixture(scope="module")
def trace(fleet: Fleet) -> dict[str, Span]:
    """The spans of the collect, by name; of several the last."""

    def complete(spans: list[Span]) -> bool:
        writes = [span for span in spans if span.attributes.get("collection") == "cloud_service"]
        return len(writes) >= 4 and {HTTP, *ABOVE} <= {span.name for span in spans}

    spans = fleet.otlp.wait_for(fleet.trace_id, complete, timeout=60)
    return {span.name: span for span in spans}


def test_each_span_lies_below_what_caused_it(fleet: Fleet, trace: dict[str, Span]) -> None:
    assert {HTTP, *ABOVE} <= trace.keys()
    assert trace[HTTP].parent == fleet.caller_span
    for name, parent in ABOVE.items():
        assert trace[name].parent == trace[parent].span_id, name


def test_the_spans_come_from_three_processes(trace: dict[str, Span]) -> None:
    assert {span.service for span in trace.values()} == {"inventory-gateway", "inventory-server", "inventory-worker"}


def test_the_plugin_can_continue_the_trace(fleet: Fleet, trace: dict[str, Span]) -> None:
    [call] = fleet.plugin.calls_of("collect")

    assert call.metadata["traceparent"] == f"00-{fleet.trace_id}-{trace['plugin.collect'].span_id}-01"


def test_all_batches_are_there_with_their_sizes(fleet: Fleet, trace: dict[str, Span]) -> None:
    batches = [span for span in fleet.otlp.of_trace(fleet.trace_id) if span.name == "ingest.batch"]

    assert sum(span.attributes["messages"] for span in batches) == 40


def test_a_failure_is_told_by_its_code_alone(fleet: Fleet) -> None:
    name = "/spaceone.api.inventory.v1.Collector/get"

    def failures() -> list[str]:
        return [span.failure for span in fleet.otlp.spans if span.name == name]

    assert child.wait_until(lambda: bool(failures()), timeout_seconds=60)
    assert failures() == ["ERROR_NOT_FOUND"]


def test_no_span_holds_a_secret_or_an_exception(fleet: Fleet, trace: dict[str, Span]) -> None:
    assert not any(SECRET.encode() in raw for raw in fleet.otlp.raw)
    assert not any(span.events for span in fleet.otlp.spans)
