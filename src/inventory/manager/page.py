"""What a list found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """What a list found.

    Attributes:
        results: the documents of the page, with the fields asked for.
        total_count: of all that match (:mod:`inventory.manager.counts` says how old it may be).
        fields: the top-level wire fields to fill, or None for all.
        only: the wire paths (dotted) to fill, or None for all.
    """

    results: Sequence[Mapping[str, Any]]
    total_count: int
    fields: frozenset[str] | None = None
    only: frozenset[str] | None = None
