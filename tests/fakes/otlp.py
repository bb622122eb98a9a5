"""An OpenTelemetry collector that remembers: a real gRPC server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclass(frozen=True)
class Span:
    """A span that was exported.

    Attributes:
        service: of the process that made it.
        parent: the id of the span above, empty at the top.
        failure: what its status says, where that is an error.
    """

    service: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, Any]
    failure: str
    events: int


class FakeOtlp(trace_service_pb2_grpc.TraceServiceServicer):
    """The collector, on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.raw: list[bytes] = []
        self._changed = threading.Condition()
        self._server = grpc.server(ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self.endpoint = f"grpc://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait(10)

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Take spans."""
        found = [span for resource in request.resource_spans for span in _spans(resource)]
        with self._changed:
            self.spans += found
            self.raw.append(request.SerializeToString())
            self._changed.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def of_trace(self, trace_id: str) -> list[Span]:
        """Return the spans of one trace so far."""
        with self._changed:
            return [span for span in self.spans if span.trace_id == trace_id]

    def wait_for(self, trace_id: str, enough: Callable[[list[Span]], bool], timeout: float = 20.0) -> list[Span]:
        """Return the spans of a trace as soon as they are enough, or the time is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: enough([span for span in self.spans if span.trace_id == trace_id]), timeout=timeout
            )
        return self.of_trace(trace_id)


def _spans(resource: Any) -> list[Span]:
    service = next(each.value.string_value for each in resource.resource.attributes if each.key == "service.name")
    return [
        Span(
            service=service,
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            attributes={each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes},
            failure=span.status.message if span.status.code == 2 else "",
            events=len(span.events),
        )
        for scope in resource.scope_spans
        for span in scope.spans
    ]
