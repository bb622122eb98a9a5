"""Translates typed statistics queries to aggregation pipelines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from inventory.domain.keys import unescape_key
from inventory.domain.plain import Document
from inventory.query.ast import PageRange
from inventory.query.fields import FieldKind, KeyTarget, ResourceSchema
from inventory.query.mongo import NOTHING, criteria_filter
from inventory.query.statistics import expressions
from inventory.query.statistics.stages import (
    CountRows,
    Group,
    Limit,
    Project,
    ProjectField,
    Skip,
    Sort,
    StatQuery,
    Unwind,
    targets_of,
)


@dataclass(frozen=True, slots=True)
class StatPlan:
    """The MongoDB query of a stat request; the caller adds the domain and the time limit.

    Attributes:
        filter: without the domain: combine as ``{"$and": [domain_filter, filter]}``.
        stages: after the ``$match``.
        page: of the rows; if it has a limit, the answer has ``total_count``.
        distinct: the field whose values are requested; there are no stages then.
    """

    filter: Document
    stages: list[Document]
    page: PageRange
    distinct: KeyTarget | None

    def pipeline(self, match: Document) -> list[Document]:
        """Return the pipeline for the rows of the page; ``match`` is the filter including the domain."""
        paging: list[Document] = []
        if self.page.skip:
            paging.append({"$skip": self.page.skip})
        if self.page.limit:
            paging.append({"$limit": self.page.limit})
        return [{"$match": match}, *self.stages, *paging]

    def count_pipeline(self, match: Document) -> list[Document]:
        """Return the pipeline for one row with the ``total_count`` of all rows, or no row if there are none."""
        return [{"$match": match}, *self.stages, {"$count": "total_count"}]

    def distinct_pipeline(self, match: Document) -> list[Document]:
        """Return the pipeline for the values, as ``_id``, of a ``distinct`` that no path reaches."""
        value = None if self.distinct is None else expressions.value_of(self.distinct)
        return [
            {"$match": match},
            {"$project": {"_id": 0, "value": value}},
            {"$unwind": {"path": "$value", "preserveNullAndEmptyArrays": True}},
            {"$match": {"value": {"$exists": True}}},
            {"$group": {"_id": "$value"}},
        ]

    def distinct_page(self, values: Iterable[object]) -> tuple[list[object], int]:
        """Return the sorted values of the page and the number of all, from the result of MongoDB's ``distinct``."""
        plain = [self._unescaped(value) for value in values]
        ordered = sorted(plain, key=_rank)
        end = self.page.skip + self.page.limit if self.page.limit else None
        return ordered[self.page.skip : end], len(ordered)

    def _unescaped(self, value: object) -> object:
        kind = self.distinct.field.kind if self.distinct is not None else FieldKind.FREE
        if kind is FieldKind.TAG_MAP and isinstance(value, dict):
            return _unescaped_keys(value)
        if kind is FieldKind.TAGS and isinstance(value, dict):
            return _unescaped_keys({provider: _unescaped_keys(tags) for provider, tags in value.items()})
        return value


def _unescaped_keys(value: object) -> object:
    return {unescape_key(key): item for key, item in value.items()} if isinstance(value, dict) else value


def _rank(value: object) -> tuple[int, float, str]:
    """A total order over values of any type: null, numbers, strings, dicts, lists, bools, times, as in MongoDB."""
    match value:
        case None:
            return (0, 0, "")
        case bool():
            return (5, float(value), "")
        case int() | float():
            return (1, float(value), "")
        case str():
            return (2, 0, value)
        case datetime():
            return (6, value.timestamp(), "")
    return (4 if isinstance(value, list) else 3, 0, json.dumps(value, sort_keys=True, default=str))


def to_stat_plan(query: StatQuery) -> StatPlan:
    """Translate a statistics query whose references are resolved."""
    stages: list[Document] = []
    joined: set[str] = set()
    for stage in query.stages:
        stages += expressions.joins(targets_of(stage), joined)
        stages += _TRANSLATIONS[type(stage)](stage)
    if query.stages and not any(isinstance(stage, Group | CountRows | Project) for stage in query.stages):
        stages.append(_known_fields(query.schema))
    return StatPlan(criteria_filter(query.criteria), stages, query.page, query.distinct)


def _known_fields(schema: ResourceSchema) -> Document:
    """Rows that are still documents show only their known fields, not the service's internal ones."""
    tags = {"tags": expressions.value_of(schema.target("tags"))} if "tags" in schema.fields else {}
    return {"$project": {"_id": 0, **dict.fromkeys(schema.fields, 1), **tags}}


def _unwind(stage: Unwind) -> list[Document]:
    if stage.target.is_absent:
        return [{"$match": NOTHING}]
    return [{"$unwind": {"path": f"${stage.target.path}"}}]


def _group(stage: Group) -> list[Document]:
    """Group, then move the keys beside the fields, as plain members of the row."""
    fields = {field.name: expressions.accumulator(field) for field in stage.fields}
    if len(stage.keys) == 1 and stage.keys[0].is_plain:
        # For a single key MongoDB itself treats missing as null, which saves an expression per document.
        key = stage.keys[0]
        keys: object = expressions.value_of(key.target)
        named: Document = {key.name: "$_id"}
    else:
        keys = {key.name: expressions.group_key(key) for key in stage.keys}
        named = {key.name: f"$_id.{key.name}" for key in stage.keys}
    return [{"$group": {"_id": keys, **fields}}, {"$project": {"_id": 0, **named, **dict.fromkeys(fields, 1)}}]


def _count(stage: CountRows) -> list[Document]:
    return [{"$count": stage.name}]


def _sort(stage: Sort) -> list[Document]:
    if not stage.keys:
        return []
    order: Document = {"$sort": {key.path: key.direction for key in stage.keys}}
    computed = expressions.sort_values(stage.keys)
    return [{"$set": computed}, order, {"$unset": list(computed)}] if computed else [order]


def _project(stage: Project) -> list[Document]:
    shown: Document = {"_id": 0, **dict.fromkeys(stage.kept, 1)}
    return [{"$project": shown | {field.name: _projected(field) for field in stage.fields}}]


def _projected(field: ProjectField) -> object:
    value = expressions.value_of(field.target)
    translate = _PROJECT_OPERATORS.get(field.operator)
    return translate(value) if translate else value


def _limit(stage: Limit) -> list[Document]:
    return [{"$limit": stage.count}]


def _skip(stage: Skip) -> list[Document]:
    return [{"$skip": stage.count}]


_PROJECT_OPERATORS: dict[str, Callable[[object], Document]] = {
    "size": expressions.size,
    "array_to_object": expressions.array_to_object,
    "object_to_array": expressions.object_to_array,
}
_TRANSLATIONS: dict[type, Callable[..., list[Document]]] = {
    Unwind: _unwind,
    Group: _group,
    CountRows: _count,
    Sort: _sort,
    Project: _project,
    Limit: _limit,
    Skip: _skip,
}
