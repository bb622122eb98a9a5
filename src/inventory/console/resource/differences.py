"""Differences between before and after, marked within long texts and JSON."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inventory.console.api import Json

MAX_TEXT: Final = 8_000
"""Maximum number of characters of each side that are compared and shown."""
MAX_PIECES: Final = 600
"""Maximum number of pieces of each side that are compared: the cost is up to quadratic."""
_CONTEXT: Final = 3
_CHANGES: Final = 30
"""Maximum number of changes of one record that are shown with before and after."""
_WORDS: Final = re.compile(r"\s+|[\w.-]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Side:
    """One side: pieces of text, and whether each differs from the other side."""

    pieces: tuple[tuple[str, bool], ...]
    cut: bool = False


def changes_of(record: Json) -> list[dict[str, Any]]:
    """Return the changes of a record, with the differences marked on both sides."""
    found = []
    for change in record.get("diff", [])[:_CHANGES]:
        if isinstance(change, Mapping):
            before, after = sides(change.get("before"), change.get("after"))
            found.append(
                {"key": change.get("key", ""), "type": change.get("type", ""), "before": before, "after": after}
            )
    return found


def sides(before: Any, after: Any) -> tuple[Side, Side]:
    """Return both sides of a change.

    Args:
        before, after: texts as stored in change history (contract §7): JSON if the value was not a text; None for no
            value.
    """
    old, new = _readable(before), _readable(after)
    cut_old, cut_new = len(old) > MAX_TEXT, len(new) > MAX_TEXT
    old, new = old[:MAX_TEXT], new[:MAX_TEXT]
    if not old or not new:
        return Side(((old, bool(old)),) if old else (), cut_old), Side(((new, bool(new)),) if new else (), cut_new)
    by_line = "\n" in old and "\n" in new
    left = old.splitlines(keepends=True) if by_line else _WORDS.findall(old)
    right = new.splitlines(keepends=True) if by_line else _WORDS.findall(new)
    if len(left) > MAX_PIECES or len(right) > MAX_PIECES:
        return Side(((old, False),), cut_old), Side(((new, False),), cut_new)
    matcher = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
    marked: tuple[list[tuple[str, bool]], list[tuple[str, bool]]] = ([], [])
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        for number, pieces in enumerate((left[a1:a2], right[b1:b2])):
            if pieces:
                marked[number].append(
                    ("".join(_shortened(pieces) if by_line and tag == "equal" else pieces), tag != "equal")
                )
    return Side(tuple(marked[0]), cut_old), Side(tuple(marked[1]), cut_new)


def _shortened(lines: list[str]) -> list[str]:
    """Return the lines around a difference; of equal lines in between only the number is shown."""
    left_out = len(lines) - 2 * _CONTEXT
    if left_out < 2:
        return lines
    return [*lines[:_CONTEXT], f"  … {left_out} lines alike …\n", *lines[-_CONTEXT:]]


def _readable(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, indent=2)
    if value[:1] in "[{" and len(value) <= 4 * MAX_TEXT:
        try:
            return json.dumps(json.loads(value), ensure_ascii=False, indent=2)
        except (ValueError, RecursionError):
            return value
    return value
