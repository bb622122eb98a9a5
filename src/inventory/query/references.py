"""Conditions that do not come from the query itself: resolved references, and the request's own fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from inventory.query.ast import InSet, Node, Query, ReferenceCondition
from inventory.query.parser import condition

Q = TypeVar("Q", bound=Query)

ReferenceLookup = Callable[[ReferenceCondition], Iterable[str]]
"""Answers a condition on another resource by the keys (``reference.foreign_field``) of those that match it, within the
caller's domain. ``mongo.condition_filter`` gives the filter for it. For ``project_group`` the condition is on the
project group's id, and the answer are the ids of its projects."""


def resolve_references(query: Q, lookup: ReferenceLookup) -> Q:
    """Return ``query`` with every condition on another resource replaced by the own field's possible values.

    Args:
        query: any query.
        lookup: called once per such condition, in order.
    """
    if next(query.references(), None) is None:
        return query

    def resolved(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(_in_set(node, lookup) if isinstance(node, ReferenceCondition) else node for node in nodes)

    criteria = query.criteria
    return replace(query, criteria=replace(criteria, every=resolved(criteria.every), some=resolved(criteria.some)))


def _in_set(node: ReferenceCondition, lookup: ReferenceLookup) -> InSet:
    return InSet(path=node.reference.local_field, values=tuple(lookup(node)))


def with_request_filters(query: Q, fields: Mapping[str, object], *, now: datetime) -> Q:
    """Return ``query`` narrowed by the request's own fields: ``eq`` for a single value, ``in`` for a list.

    Args:
        query: any query.
        fields: the request's fields by name; None stands for absent. Keys may be aliases or reach into references.
        now: passed on to the parser, UTC.

    Raises:
        BadRequestError: a field that this service does not support, or a value of the wrong type.
    """
    nodes = tuple(
        condition(query.schema, key, "in" if isinstance(value, list) else "eq", value, now=now)
        for key, value in fields.items()
        if value is not None
    )
    if not nodes:
        return query
    return replace(query, criteria=replace(query.criteria, every=(*query.criteria.every, *nodes)))
