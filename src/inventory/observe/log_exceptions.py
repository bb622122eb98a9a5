"""Tracebacks for the log, without data that libraries quote.

Errors of MongoDB's drivers quote documents, commands and values, which are customers' data; so do errors of libraries
that validate and convert data. For those, a log line holds the type and the code, never the text.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, TextIO, TypeAlias

from structlog.typing import EventDict, WrappedLogger

from inventory.errors import InventoryError, clip

ExcInfo: TypeAlias = (
    "tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None] | BaseException"
)

_QUOTING: Final = frozenset({"pymongo", "bson", "mongoengine", "google", "pydantic", "pydantic_core", "json", "yaml"})
"""Packages whose errors may quote data."""
_MAX_TEXT_BYTES: Final = 500
"""How much of the text of any other error is logged: enough for an identifier or a path, not for a document."""
_MAX_CHAIN: Final = 10

_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"


def text_of(exc: BaseException) -> str:
    """Return the part of an error's text that may be logged."""
    if isinstance(exc, InventoryError):
        return str(exc)
    if type(exc).__module__.partition(".")[0] in _QUOTING or isinstance(exc, UnicodeError):
        code = getattr(exc, "code", None)
        return f"(text withheld, code {code})" if isinstance(code, int) else "(text withheld)"
    return clip(str(exc), _MAX_TEXT_BYTES)


def rendered(exc: BaseException) -> str:
    """Return the traceback of ``exc`` and of its causes, oldest first."""
    return "".join(_parts(exc)).rstrip("\n")


def render_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an event's ``exc_info`` by the text ``exception``: a structlog processor."""
    exc = _exception(event.pop("exc_info", None))
    if exc is not None:
        event["exception"] = rendered(exc)
    return event


def print_exception(stream: TextIO, exc_info: Any) -> None:
    """Write the traceback to ``stream``: an exception formatter of structlog's console renderer."""
    exc = _exception(exc_info)
    if exc is not None:
        stream.write("\n" + rendered(exc))


def _exception(exc_info: object) -> BaseException | None:
    if exc_info is True:
        import sys

        return sys.exc_info()[1]
    if isinstance(exc_info, tuple) and len(exc_info) == 3:
        exc_info = exc_info[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _parts(exc: BaseException) -> Iterator[str]:
    chain: list[tuple[BaseException, str]] = []
    current: BaseException | None = exc
    link = ""
    while current is not None and len(chain) < _MAX_CHAIN and all(current is not seen for seen, _ in chain):
        chain.append((current, link))
        if current.__cause__ is not None:
            current, link = current.__cause__, _CAUSE
        else:
            current, link = (None if current.__suppress_context__ else current.__context__), _CONTEXT
    for each, words in reversed(chain):
        yield from _one(each)
        yield words


def _one(exc: BaseException) -> Iterator[str]:
    if exc.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(exc.__traceback__)
    kind, text = type(exc), text_of(exc)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    yield f"{name}: {text}\n" if text else f"{name}\n"
    if isinstance(exc, BaseExceptionGroup):
        for number, part in enumerate(exc.exceptions, 1):
            yield f"--- part {number} of {len(exc.exceptions)} ---\n"
            yield from _parts(part)
