"""Displays collected text: never as markup, never as an external link, without invisible misleading characters."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from inventory.domain import texts

_BLANKS: Final = frozenset("\n\t")
_SPACE: Final = "Zs"
"""Unicode's category of blanks, of which Python considers only the usual one printable."""

_MOST: Final = 1e6
"""Numbers from here on are written with an exponent: nobody counts their digits."""
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def shown(value: Any, limit: int = 300) -> Markup:
    """Return a text isolated from its surroundings, with its invisible characters made visible.

    Args:
        value: anything; values that are not strings are converted.
        limit: maximum number of characters; longer text is cut and marked.
    """
    text = "" if value is None else written(value)
    cut = len(text) > limit
    part = text[:limit].encode("utf-8", "replace").decode()
    escaped = escape(part) if part.isprintable() else Markup("").join(map(_seen, part))
    more = Markup('<span class="cut" title="{} characters in all">…</span>').format(len(text)) if cut else ""
    return Markup("<bdi>{}{}</bdi>").format(escaped, more)


def written(value: Any) -> str:
    """Return a value as text: a string as it is, anything else as JSON, as the API and the plugin write it."""
    if isinstance(value, str):
        return value
    is_json = value is None or isinstance(value, bool | Mapping | list)
    return json.dumps(value, ensure_ascii=False, default=str) if is_json else str(value)


def coded(value: str, limit: int = 600) -> Markup:
    """Return a text as :func:`shown`, with what stands between backticks as code."""
    parts = value[:limit].split("`")
    if len(parts) % 2 == 0:
        return shown(value, limit)
    made = (Markup("<code>{}</code>").format(shown(each)) if at % 2 else shown(each) for at, each in enumerate(parts))
    return Markup("").join(made)


def _seen(character: str) -> Markup:
    """Return a character; one that is invisible, or changes the writing direction, as its number."""
    if character.isprintable() or character in _BLANKS or unicodedata.category(character) == _SPACE:
        return escape(character)
    return Markup('<span class="unseen" title="an invisible character">U+{}</span>').format(f"{ord(character):04X}")


def bare(value: Any, limit: int = 120) -> str:
    """Return a text for places without markup, such as a title, with invisible characters replaced."""
    text = written(value)
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in cut)


def safe_link(value: Any) -> str:
    """Return a link that is safe to follow, http or https with a host; otherwise an empty string."""
    if not isinstance(value, str) or len(value) > 4096 or not value.isprintable():
        return ""
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return ""
    return value.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


def number(value: Any) -> str:
    """Return a number with thousands separators; anything else unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def counted(value: int, one: str, many: str = "") -> str:
    """Return a number, with thousands separators, and its noun: ``one`` after 1, else ``many`` or ``one`` with an s."""
    return texts.counted(value, one, many, shown=number(value))


def size(count: Any) -> str:
    """Return bytes in the most readable unit; anything that is not a number unchanged."""
    if isinstance(count, bool) or not isinstance(count, int | float):
        return str(count)
    try:
        value = float(count)
    except OverflowError:
        value = math.inf if count > 0 else -math.inf
    for unit in _UNITS:
        if abs(value) < 1024 or unit == _UNITS[-1]:
            if abs(value) >= _MOST:
                return f"{value:.3g} {unit}"
            return f"{value:,.0f} {unit}" if unit == "B" or value >= 100 else f"{value:,.1f} {unit}"
        value /= 1024
    raise AssertionError


def parse_time(text: Any) -> datetime | None:
    """Return the time of an ISO 8601 text, in UTC; None if it is invalid."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: in UTC, its year is before 1 or after 9999
        return None


def time_tag(text: Any, now: datetime) -> Markup:
    """Return a time relative to now, with the time itself in the tooltip."""
    found = parse_time(text)
    if found is None:
        return shown(text) if text else Markup('<span class="none">never</span>')
    seconds = (now - found).total_seconds()
    words = span(round(abs(seconds)))
    phrase = f"{words} ago" if seconds >= 0 else f"in {words}"
    exact = f"{found:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(found.isoformat(), exact, phrase)


def clock_tag(text: Any) -> Markup:
    """Return a time to the second, in UTC."""
    found = parse_time(text)
    if found is None:
        return shown(text) if text else Markup('<span class="none">never</span>')
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(), f"{found:%Y-%m-%d %H:%M:%S}")


def span(seconds: float) -> str:
    """Return a duration in one unit."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "0 s"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:,.0f} days"


def duration(row: Any, now: datetime) -> str:
    """Return how long a job or task ran, or has been running; empty if its times are invalid."""
    began = parse_time(row.get("started_at") or row.get("created_at"))
    if began is None:
        return ""
    ended = parse_time(row.get("finished_at")) or now
    return span(max((ended - began).total_seconds(), 0.0))
