"""Structured logging: one line per event, each with the transaction_id, never with secrets."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from inventory.observe import log_exceptions, log_stream

_SECRET_KEYS = frozenset({"token", "secret", "secret_data", "password", "authorization", "access_token", "options"})


def _drop_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask what must never be logged, whatever a caller passes."""
    for key in event.keys() & _SECRET_KEYS:
        event[key] = "***"
    return event


_Line = Callable[[str, dict[str, Any]], None]

_line: _Line | None = None
"""Writes an info line directly, if that gives the same result as structlog."""


def setup(*, level: str, form: str, process: str) -> None:
    """Configure the logging of this process; called once at its start.

    Args:
        level: a level name of :mod:`logging`.
        form: ``json`` for machines, ``text`` for people.
        process: the kind of process, included in every line.
    """
    global _line
    stream = log_stream.stream()
    numeric = logging.getLevelNamesMapping()[level.upper()]
    _line = _json_line(process, stream) if form == "json" and numeric <= logging.INFO else None

    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("process", process)
        return event

    shared: list[Any] = [
        add_process,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _drop_secrets,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=log_exceptions.print_exception)
    )
    # Only JSON needs the traceback rendered beforehand; the console renderer does it itself.
    tail: list[Any] = [log_exceptions.render_exception, renderer] if form == "json" else [renderer]
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    logging.basicConfig(level=max(numeric, logging.WARNING), handlers=[handler], force=True)
    if isinstance(stream, log_stream.LineStream):
        stream.notice = _notice(process, form)
        sys.excepthook = _process_failed
        threading.excepthook = _thread_failed


def _notice(process: str, form: str) -> Callable[[int], str]:
    def line(count: int) -> str:
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event = {"event": "log_lines_dropped", "lines": count, "process": process}
        line = {**event, "level": "warning", "timestamp": moment}
        return (json.dumps(line) if form == "json" else f"{moment} [warning] log_lines_dropped lines={count}") + "\n"

    return line


def _process_failed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log the exception that ends the process, as one line that quotes no data."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        get_logger(__name__).critical("process_failed", exc_info=error)


def _thread_failed(arguments: threading.ExceptHookArgs) -> None:
    """Log what ended a thread."""
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        thread = arguments.thread.name if arguments.thread else ""
        get_logger(__name__).error("thread_failed", thread=thread, exc_info=arguments.exc_value)


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of the module ``name``."""
    logger: FilteringBoundLogger = structlog.get_logger(logger_name=name)
    return logger


def frequent(name: str, event: str, **values: str | float) -> None:
    """Log like ``get_logger(name).info``, for lines of every call: structlog's chain costs a seventh of a get.

    Args:
        name: the module's name.
        values: plain values, none of them secret.
    """
    if _line is None:
        get_logger(name).info(event, **values)
    else:
        _line(event, {"logger_name": name, **values})


def _json_line(process: str, stream: TextIO) -> _Line:
    write = structlog.WriteLogger(stream).msg
    encode = json.JSONEncoder(default=str).encode

    def line(event: str, values: dict[str, Any]) -> None:
        bound = structlog.contextvars.get_contextvars()
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        write(encode({**values, "event": event, "process": process, **bound, "level": "info", "timestamp": moment}))

    return line


def bind(**values: str) -> None:
    """Include ``values`` (transaction_id, job_task_id, …) in every further line of this thread or context."""
    structlog.contextvars.bind_contextvars(**values)


def unbind(*names: str) -> None:
    """Stop including ``names``."""
    structlog.contextvars.unbind_contextvars(*names)
