"""Collected text as it is shown: never markup, never a link to elsewhere, nothing invisible that misleads."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_BLANKS: Final = frozenset("\n\t")
_SPACE: Final = "Zs"
"""Unicode's category of blanks; Python calls only the usual one printable."""

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def shown(value: Any, limit: int = 300) -> Markup:
    """Return a text in isolation from its surroundings, its invisible characters made visible.

    Args:
        value: anything; what is no text is written as one.
        limit: characters; what is longer is cut and marked so.
    """
    text = "" if value is None else value if isinstance(value, str) else str(value)
    cut = len(text) > limit
    part = text[:limit].encode("utf-8", "replace").decode()
    escaped = escape(part) if part.isprintable() else Markup("").join(map(_seen, part))
    more = Markup('<span class="cut" title="{} characters in all">…</span>').format(len(text)) if cut else ""
    return Markup("<bdi>{}{}</bdi>").format(escaped, more)


def _seen(character: str) -> Markup:
    """Return a character; one that cannot be seen, or turns the direction of what follows, by its number."""
    if character.isprintable() or character in _BLANKS or unicodedata.category(character) == _SPACE:
        return escape(character)
    return Markup('<span class="unseen" title="an invisible character">U+{}</span>').format(f"{ord(character):04X}")


def bare(value: Any, limit: int = 120) -> str:
    """Return a text for where no markup can be, such as a title: what cannot be seen is replaced."""
    text = str(value)
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in cut)


def safe_link(value: Any) -> str:
    """Return a link that may be followed: http or https with a host; else an empty one."""
    if not isinstance(value, str) or len(value) > 4096 or not value.isprintable():
        return ""
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return ""
    return value.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


def number(value: Any) -> str:
    """Return a number with its thousands apart; what is none as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def size(count: Any) -> str:
    """Return bytes in the unit that reads best; what is no number as it is."""
    if isinstance(count, bool) or not isinstance(count, int | float):
        return str(count)
    value = float(count)
    for unit in _UNITS:
        if abs(value) < 1024 or unit == _UNITS[-1]:
            return f"{value:,.0f} {unit}" if unit == "B" or value >= 100 else f"{value:,.1f} {unit}"
        value /= 1024
    raise AssertionError


def parse_time(text: Any) -> datetime | None:
    """Return the time that an ISO 8601 text names, in UTC; None where it names none."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def time_tag(text: Any, now: datetime) -> Markup:
    """Return a time as how long ago it is, or how soon it will be; the time itself is in the tooltip."""
    found = parse_time(text)
    if found is None:
        return shown(text) if text else Markup('<span class="none">never</span>')
    seconds = (now - found).total_seconds()
    words = span(round(abs(seconds)))
    phrase = f"{words} ago" if seconds >= 0 else f"in {words}"
    exact = f"{found:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(found.isoformat(), exact, phrase)


def clock_tag(text: Any) -> Markup:
    """Return a time as such, to the second, in UTC."""
    found = parse_time(text)
    if found is None:
        return shown(text) if text else Markup('<span class="none">never</span>')
    return Markup('<time datetime="{}">{}</time>').format(found.isoformat(), f"{found:%Y-%m-%d %H:%M:%S}")


def span(seconds: float) -> str:
    """Return a length of time in one unit."""
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
    """Return how long a job or task ran, or has been running; empty where its times are none."""
    began = parse_time(row.get("started_at") or row.get("created_at"))
    if began is None:
        return ""
    ended = parse_time(row.get("finished_at")) or now
    return span(max((ended - began).total_seconds(), 0.0))
