"""Builds the fewest queries that find what many match conditions ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inventory.ingest.decision.match import MatchCondition
from inventory.ingest.decision.match_values import NO_VALUE


@dataclass(frozen=True, slots=True)
class MatchLookup:
    """One query for many resources: equal in all paths except one, which uses ``$in``."""

    paths: tuple[str, ...]
    filter: dict[str, Any]


def lookups(conditions: Sequence[MatchCondition]) -> list[MatchLookup]:
    """Return the fewest queries that find what any of ``conditions`` asks for."""
    by_paths: dict[tuple[str, ...], list[MatchCondition]] = {}
    for condition in conditions:
        by_paths.setdefault(condition.paths, []).append(condition)
    found: list[MatchLookup] = []
    for paths, group in by_paths.items():
        distinct = [len({condition.values[index] for condition in group}) for index in range(len(paths))]
        varying = distinct.index(max(distinct))
        by_rest: dict[tuple[Any, ...], list[MatchCondition]] = {}
        for condition in group:
            rest = condition.values[:varying] + condition.values[varying + 1 :]
            by_rest.setdefault(rest, []).append(condition)
        found.extend(MatchLookup(paths, _filter(paths, members, varying)) for members in by_rest.values())
    return found


def _filter(paths: tuple[str, ...], members: list[MatchCondition], varying: int) -> dict[str, Any]:
    first = members[0]
    query = {path: _equal([first.wanted[index]]) for index, path in enumerate(paths) if index != varying}
    unique = {member.values[varying]: member.wanted[varying] for member in members}
    query[paths[varying]] = _equal(list(unique.values()))
    return query


def _equal(values: list[Any]) -> dict[str, Any]:
    if None in values:
        return {"$in": [*(value for value in values if value is not None), *NO_VALUE]}
    return {"$eq": values[0]} if len(values) == 1 else {"$in": values}
