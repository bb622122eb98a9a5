"""Traces (OpenTelemetry), if ``tracing_endpoint`` is set; otherwise all functions here do nothing, at no cost.

OpenTelemetry is imported only then, and comes with the extra ``tracing``. Spans contain names, counts and ids, never a
request, a secret or the text of an error. Only W3C's ``traceparent`` is sent to other services.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from inventory.errors import InventoryError, SettingsError
from inventory.observe.logs import get_logger
from inventory.observe.traceparent import TRACEPARENT, valid
from inventory.process.addresses import parse_endpoint
from inventory.process.channels import NO_PROXY
from inventory.process.loopback import is_loopback
from inventory.process.tls import ClientTlsSettings, TlsFiles

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, SpanKind, Tracer

AttributeValue: TypeAlias = str | int | bool | float

_EXPORT_SECONDS: Final = 5
"""How long one export may take, s; what cannot be exported is dropped."""

_log = get_logger(__name__)
_provider: TracerProvider | None = None
_tracer: Tracer | None = None
_passed: Final[ContextVar[str]] = ContextVar("traceparent", default="")
"""The caller's traceparent, passed on unchanged if tracing is off here."""
_NOTHING: Final[AbstractContextManager[Any]] = nullcontext()


class TracingSettings(ClientTlsSettings, Protocol):
    """The settings of tracing, and those of TLS to its endpoint."""

    @property
    def tracing_endpoint(self) -> str: ...
    @property
    def tracing_sample_ratio(self) -> float: ...
    @property
    def tracing_allow_plaintext_remote(self) -> bool: ...


def setup(settings: TracingSettings, process: str) -> None:
    """Start tracing if configured; called once per process, before its threads start.

    Raises:
        SettingsError: the endpoint is invalid, or remote without TLS, or the extra ``tracing`` is not installed.
    """
    if not settings.tracing_endpoint:
        return
    secure, target = check(settings)
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        raise SettingsError(
            "tracing_endpoint (INVENTORY_TRACING_ENDPOINT): needs the extra: pip install 'inventory[tracing]'"
        ) from exc
    exporter = OTLPSpanExporter(
        endpoint=target,
        insecure=not secure,
        credentials=TlsFiles.of(settings).credentials() if secure else None,
        timeout=_EXPORT_SECONDS,
        # Typed as text, but grpc expects a number.
        channel_options=(NO_PROXY,),  # type: ignore[arg-type]
    )
    start(BatchSpanProcessor(exporter), process, ratio=settings.tracing_sample_ratio)
    _log.info("tracing", endpoint=settings.tracing_endpoint, ratio=settings.tracing_sample_ratio)


def start(processor: SpanProcessor, process: str, *, ratio: float = 1.0) -> None:
    """Start tracing to ``processor``.

    Args:
        processor: receives the spans.
        ratio: share of the traces started here that are sampled.
    """
    global _provider, _tracer
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    resource = Resource.create({"service.name": f"inventory-{process}", "service.namespace": "inventory"})
    _provider = TracerProvider(resource=resource, sampler=ParentBasedTraceIdRatio(ratio))
    _provider.add_span_processor(processor)
    _tracer = _provider.get_tracer("inventory")


def shutdown() -> None:
    """Export remaining spans and stop tracing. Safe to call at any time."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        provider.shutdown()


def span(name: str, **attributes: AttributeValue) -> AbstractContextManager[Any]:
    """Trace the block as a child of the current span; a failure is recorded by its code."""
    return _NOTHING if _tracer is None else _span(_tracer, name, "", attributes)


def served(name: str, traceparent: str, **attributes: AttributeValue) -> AbstractContextManager[Any]:
    """Trace the block as the answer to a call, continuing its ``traceparent``; empty: a new trace."""
    if _tracer is None:
        return _passing(traceparent) if traceparent else _NOTHING
    return _span(_tracer, name, "SERVER", attributes, _remote(traceparent))


def consumed(name: str, traceparent: str, **attributes: AttributeValue) -> AbstractContextManager[Any]:
    """Trace the block as the handling of a message; see ``served``."""
    if _tracer is None:
        return _passing(traceparent) if traceparent else _NOTHING
    return _span(_tracer, name, "CONSUMER", attributes, _remote(traceparent))


def failed(code: str) -> None:
    """Mark the current span as failed, with the code of its failure."""
    if _tracer is not None:
        from opentelemetry import trace

        _fail(trace.get_current_span(), code)


def detached() -> AbstractContextManager[Any]:
    """Trace nothing within the block as part of the current span: it acts for others."""
    return _passing("") if _tracer is None else _attached(_remote(""))


def kept() -> AbstractContextManager[Any]:
    """Return a context with which a block that runs elsewhere becomes part of the current span."""
    if _tracer is None:
        return _passing(_passed.get())
    from opentelemetry.context import get_current

    return _attached(get_current())


def current() -> str:
    """Return the ``traceparent`` of the current span; without tracing, the caller's own, if it sent one."""
    if _tracer is None:
        return _passed.get()
    from opentelemetry import trace

    return _traceparent(trace.get_current_span())


def metadata() -> tuple[tuple[str, str], ...]:
    """Return the metadata with which others continue the current trace; empty if there is none."""
    traceparent = current()
    return ((TRACEPARENT, traceparent),) if traceparent else ()


class Call:
    """A call to another service that starts here and may end in another thread."""

    def __init__(self, name: str, **attributes: AttributeValue) -> None:
        self._span: Span | None = None
        if _tracer is not None:
            self._span = _tracer.start_span(name, kind=_kind("CLIENT"), attributes=attributes)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata with which the other side continues the trace."""
        return metadata() if self._span is None else ((TRACEPARENT, _traceparent(self._span)),)

    def end(self, failure: str = "", **attributes: AttributeValue) -> None:
        """End the span, with the code of a failure; only the first end counts."""
        ended, self._span = self._span, None
        if ended is not None:
            ended.set_attributes(attributes)
            _fail(ended, failure)
            ended.end()


def check(settings: TracingSettings) -> tuple[bool, str]:
    """Return whether to use TLS, and the collector's ``host:port``; raises like ``setup``. For parent processes."""
    if not settings.tracing_endpoint:
        return False, ""
    address = parse_endpoint(settings.tracing_endpoint)
    if address is None:
        raise SettingsError(
            "tracing_endpoint (INVENTORY_TRACING_ENDPOINT): must be grpc://host:port or grpc+ssl://host:port"
        )
    host = address.target.rpartition(":")[0]
    if not address.secure and not is_loopback(host) and not settings.tracing_allow_plaintext_remote:
        raise SettingsError(
            "tracing_endpoint (INVENTORY_TRACING_ENDPOINT): without TLS only a loopback address is allowed, "
            "unless tracing_allow_plaintext_remote is true"
        )
    return address.secure, address.target


def _kind(name: str) -> SpanKind:
    from opentelemetry.trace import SpanKind

    return SpanKind[name or "INTERNAL"]


def _remote(traceparent: str) -> Any:
    """Return the context of the caller's span; an empty one without a caller."""
    from opentelemetry import trace
    from opentelemetry.context import Context

    read = valid(traceparent)
    if not read:
        return Context()
    _, trace_id, span_id, flags = read.split("-")
    caller = trace.SpanContext(int(trace_id, 16), int(span_id, 16), True, trace.TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(trace.NonRecordingSpan(caller), Context())


@contextlib.contextmanager
def _passing(traceparent: str) -> Iterator[None]:
    token = _passed.set(valid(traceparent))
    try:
        yield
    finally:
        _passed.reset(token)


@contextlib.contextmanager
def _attached(context: Any) -> Iterator[None]:
    from opentelemetry.context import attach, detach

    token = attach(context)
    try:
        yield
    finally:
        detach(token)


@contextlib.contextmanager
def _span(
    tracer: Tracer, name: str, kind: str, attributes: dict[str, AttributeValue], context: Any = None
) -> Iterator[Span]:
    # Not recorded by OpenTelemetry itself: exception texts may quote data that others must not see.
    with tracer.start_as_current_span(
        name,
        context,
        kind=_kind(kind),
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as begun:
        try:
            yield begun
        except InventoryError as exc:
            _fail(begun, exc.code)
            raise
        except Exception as exc:
            _fail(begun, type(exc).__name__)
            raise


def _fail(failed: Span, code: str) -> None:
    if code:
        from opentelemetry.trace import Status, StatusCode

        failed.set_status(Status(StatusCode.ERROR, code))


def _traceparent(of: Span) -> str:
    context = of.get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
