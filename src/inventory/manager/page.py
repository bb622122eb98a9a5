"""The results of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CursorPage:
    """A page that begins after the last row of the page before (:mod:`inventory.manager.keyset`).

    Attributes:
        results: the documents of the page.
        next: the cursor of the page after it; empty at the end, or where rows can no longer be skipped.
        total_count: number of all matches, counted up to ``keyset.MOST_COUNTED``.
        is_counted: whether there are no more matches than that.
    """

    results: Sequence[Mapping[str, Any]]
    next: str
    total_count: int
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The result of a list.

    Attributes:
        results: the documents of the page, with the requested fields.
        total_count: number of all matches (:mod:`inventory.manager.counts` says how old it may be).
        fields: the top-level API fields to return, or None for all.
        only: the API paths (dotted) to return, or None for all.
    """

    results: Sequence[Mapping[str, Any]]
    total_count: int
    fields: frozenset[str] | None = None
    only: frozenset[str] | None = None
