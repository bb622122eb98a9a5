"""The result of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
