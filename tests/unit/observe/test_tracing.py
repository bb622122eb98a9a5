"""Tracing: off and free unless it is configured, careful about where it sends, silent about what failed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextvars import Context
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from inventory.errors import NotFoundError, SettingsError
from inventory.observe import tracing
from inventory.observe.traceparent import trace_id, valid
from inventory.settings import Settings, load

TRACE, SPAN = "ab" * 16, "cd" * 8
CALLER = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Where the spans of the test go."""
    exporter = InMemorySpanExporter()
    tracing.start(SimpleSpanProcessor(exporter), "test")
    yield exporter
    tracing.shutdown()


def by_name(exporter: InMemorySpanExporter) -> dict[str, Any]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_without_an_endpoint_nothing_is_needed_and_nothing_happens() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None; "
        "from inventory.observe import tracing; from inventory.settings import Settings; "
        "import inventory.api.server, inventory.worker, inventory.scheduler, inventory.gateway; "
        "tracing.setup(Settings(), 'server'); "
        "tracing.served('x', '').__enter__(); tracing.failed('ERROR'); tracing.Call('y').end(); "
        "assert tracing.metadata() == () and tracing.current() == ''"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:4317", "http://127.0.0.1:4317", "grpc://127.0.0.1", "grpc://h:99999", "grpc://a b:1"]
)
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="must be grpc://"):
        load(tracing_endpoint=endpoint)


def test_plain_text_goes_to_this_machine_only_unless_allowed() -> None:
    with pytest.raises(SettingsError, match="without TLS only a loopback address"):
        tracing.check(Settings(tracing_endpoint="grpc://10.0.0.7:4317"))

    assert tracing.check(Settings(tracing_endpoint="grpc://localhost:4317")) == (False, "localhost:4317")
    assert tracing.check(Settings(tracing_endpoint="grpc://[::1]:4317")) == (False, "[::1]:4317")
    assert tracing.check(Settings(tracing_endpoint="grpc+ssl://10.0.0.7:4317")) == (True, "10.0.0.7:4317")
    allowed = Settings(tracing_endpoint="grpc://10.0.0.7:4317", tracing_allow_plaintext_remote=True)
    assert tracing.check(allowed) == (False, "10.0.0.7:4317")


def test_a_callers_trace_goes_on(spans: InMemorySpanExporter) -> None:
    with tracing.served("outer", CALLER), tracing.span("inner", count=3):
        told = dict(tracing.metadata())

    found = by_name(spans)
    inner, outer = found["inner"], found["outer"]
    assert f"{outer.context.trace_id:032x}" == f"{inner.context.trace_id:032x}" == TRACE
    assert f"{outer.parent.span_id:016x}" == SPAN
    assert inner.parent.span_id == outer.context.span_id
    assert inner.attributes == {"count": 3}
    assert told == {"traceparent": f"00-{TRACE}-{inner.context.span_id:016x}-01"}


@pytest.mark.parametrize(
    "traceparent", ["", "00", CALLER.upper(), CALLER[:-1], f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01"]
)
def test_what_is_no_traceparent_begins_a_trace_of_its_own(traceparent: str, spans: InMemorySpanExporter) -> None:
    with tracing.served("outer", traceparent):
        pass

    assert by_name(spans)["outer"].parent is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (CALLER, CALLER),
        (f"01-{TRACE}-{SPAN}-01", CALLER),
        (f"fe-{TRACE}-{SPAN}-ff", CALLER),
        (f"cc-{TRACE}-{SPAN}-02-what-the-future-will-be", f"00-{TRACE}-{SPAN}-00"),
        (f"cc-{TRACE}-{SPAN}-01-", CALLER),
        (f"cc-{TRACE}-{SPAN}-01.more", ""),
        (f"ff-{TRACE}-{SPAN}-01", ""),
        (f"00-{TRACE}-{SPAN}-01-more", ""),
        (f"01-{TRACE}-{SPAN}", ""),
        (f"01-{'0' * 32}-{SPAN}-01", ""),
        (f"{CALLER}\n", ""),
    ],
)
def test_later_versions_of_traceparent_are_read_by_what_version_00_knows(sent: str, read: str) -> None:
    assert valid(sent) == read
    assert trace_id(valid(sent)) == (TRACE if read else "")


def test_without_tracing_a_callers_trace_is_kept_elsewhere_and_left_out_of_what_is_done_for_others() -> None:
    with tracing.served("outer", CALLER):
        kept = tracing.kept()
        with tracing.detached():
            assert tracing.current() == ""

    def elsewhere() -> str:
        with kept:
            return tracing.current()

    assert Context().run(elsewhere) == CALLER


def test_several_traceparents_are_none() -> None:
    assert valid(CALLER, CALLER) == valid() == ""


def test_a_later_version_is_continued(spans: InMemorySpanExporter) -> None:
    with tracing.served("outer", f"01-{TRACE}-{SPAN}-01-more"):
        pass

    assert f"{by_name(spans)['outer'].parent.span_id:016x}" == SPAN


def test_a_caller_who_samples_nothing_is_heard(spans: InMemorySpanExporter) -> None:
    with tracing.served("outer", f"00-{TRACE}-{SPAN}-00"):
        assert tracing.current().endswith("-00")

    assert not spans.get_finished_spans()


def test_a_failure_is_told_by_its_code_and_never_by_its_words(spans: InMemorySpanExporter) -> None:
    with pytest.raises(NotFoundError), tracing.span("ours"):
        raise NotFoundError(key="secret_id", value="s3cr3t")
    with pytest.raises(ValueError, match="s3cr3t"), tracing.span("theirs"):
        raise ValueError("s3cr3t")

    found = by_name(spans)
    assert found["ours"].status.description == "ERROR_NOT_FOUND"
    assert found["theirs"].status.description == "ValueError"
    assert not any("s3cr3t" in span.to_json() for span in found.values())


def test_a_call_may_end_later_and_counts_its_first_end(spans: InMemorySpanExporter) -> None:
    with tracing.span("outer"):
        call = tracing.Call("plugin.collect")
        told = dict(call.metadata)
    call.end("UNAVAILABLE")
    call.end()

    found = by_name(spans)
    assert found["plugin.collect"].parent.span_id == found["outer"].context.span_id
    assert found["plugin.collect"].status.description == "UNAVAILABLE"
    assert f"{found['plugin.collect'].context.span_id:016x}" in told["traceparent"]


def test_what_is_done_for_others_lies_outside(spans: InMemorySpanExporter) -> None:
    with tracing.span("outer"):
        kept = tracing.kept()
        with tracing.detached():
            assert tracing.metadata() == ()
            with kept, tracing.span("again"):
                pass

    found = by_name(spans)
    assert found["again"].parent.span_id == found["outer"].context.span_id
