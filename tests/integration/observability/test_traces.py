"""One trace from the caller over the gateway, the server, the queue and the worker to the plugin and the writes."""

from __future__ import annotations

import pytest

from tests.fakes.otlp import Span
from tests.integration.observability.conftest import SECRET, Fleet


@pytest.fixture(scope="module")
def trace(fleet: Fleet) -> dict[str, Span]:
    """The spans of the collect, by name; of several the last."""

    def complete(spans: list[Span]) -> bool:
        writes = [span for span in spans if span.attributes.get("collection") == "cloud_service"]
        ended = {span.name for span in spans}
        return len(writes) >= 4 and {"queue.run_slice", "POST /inventory/v1/collector/collect"} <= ended

    spans = fleet.otlp.wait_for(fleet.trace_id, complete)
    return {span.name: span for span in spans}


def test_each_span_lies_below_what_caused_it(fleet: Fleet, trace: dict[str, Span]) -> None:
    collect = "/spaceone.api.inventory.v1.Collector/collect"
    above = {
        "POST /inventory/v1/collector/collect": fleet.caller_span,
        collect: "POST /inventory/v1/collector/collect",
        "job.plan": collect,
        "queue.run_slice": collect,
        "slice.attempt": "queue.run_slice",
        "plugin.get_tasks": "slice.attempt",
        "plugin.collect": "slice.attempt",
        "ingest.batch": "slice.attempt",
        "mongodb.bulk_write": "ingest.batch",
    }

    assert above.keys() <= trace.keys()
    for name, parent in above.items():
        assert trace[name].parent == (trace[parent].span_id if parent in trace else parent), name


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

    failed = [span for span in fleet.otlp.spans if span.name == name]

    assert [span.failure for span in failed] == ["ERROR_NOT_FOUND"]


def test_no_span_holds_a_secret_or_an_exception(fleet: Fleet, trace: dict[str, Span]) -> None:
    assert not any(SECRET.encode() in raw for raw in fleet.otlp.raw)
    assert not any(span.events for span in fleet.otlp.spans)
