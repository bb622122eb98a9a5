"""The typed values that a query is parsed into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from inventory.query.fields import ForeignKey, KeyTarget, ResourceSchema

Value: TypeAlias = "bool | int | float | str | datetime | list[Value] | dict[str, Value] | None"
"""A value of a condition, with the type of the field it is compared with."""


class Operator(StrEnum):
    """The operators of a filter, by their API names (without datetime_* and timediff_*, which become lt…gte)."""

    EQ = "eq"
    NOT = "not"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    IN = "in"
    NOT_IN = "not_in"
    EXISTS = "exists"
    CONTAIN = "contain"
    NOT_CONTAIN = "not_contain"
    CONTAIN_IN = "contain_in"
    NOT_CONTAIN_IN = "not_contain_in"
    MATCH = "match"
    REGEX = "regex"
    REGEX_IN = "regex_in"


@dataclass(frozen=True, slots=True)
class Condition:
    """``target operator value``, with the value validated and typed."""

    target: KeyTarget
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class ReferenceCondition:
    """A condition on another resource; ``references.resolve_references`` turns it into an ``InSet``.

    ``condition`` uses the other resource's fields.
    """

    reference: ForeignKey
    condition: Condition


@dataclass(frozen=True, slots=True)
class InSet:
    """The own field's value is one of these: the result of a resolved reference."""

    path: str
    values: tuple[str, ...]


Node: TypeAlias = Condition | ReferenceCondition | InSet


@dataclass(frozen=True, slots=True)
class Criteria:
    """All of ``every``, and any of ``some`` or ``words`` (if there are any).

    ``words`` are the conditions that came from ``keyword``; they are ORed with ``some``.
    """

    every: tuple[Node, ...] = ()
    some: tuple[Node, ...] = ()
    words: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class PageRange:
    """``start`` is 1-based; ``limit`` 0 means all."""

    start: int = 1
    limit: int = 0

    @property
    def skip(self) -> int:
        """The number of results before the page."""
        return max(self.start - 1, 0) if self.limit else 0


@dataclass(frozen=True, slots=True)
class SortKey:
    """A path (or a row's member) and its direction, 1 or -1; ``target`` if only an expression can read it."""

    path: str
    direction: int
    target: KeyTarget | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """The common part of list, stat and analyze."""

    schema: ResourceSchema
    criteria: Criteria

    def references(self) -> Iterator[ReferenceCondition]:
        """The conditions that must first be resolved by another resource."""
        for node in (*self.criteria.every, *self.criteria.some):
            if isinstance(node, ReferenceCondition):
                yield node

    def asks_for(self, path: str, value: str) -> bool:
        """Return whether a mandatory condition names ``value`` for the field at ``path``, alone or in a list.

        Conditions of ``filter_or``, and those that merely permit the value, do not count.
        """
        return any(
            isinstance(node, Condition) and node.target.path == path and _names(node, value)
            for node in self.criteria.every
        )


def _names(condition: Condition, value: str) -> bool:
    if condition.operator is Operator.EQ:
        return condition.value == value
    listed = condition.value if condition.operator in {Operator.IN, Operator.CONTAIN_IN} else None
    return isinstance(listed, list) and value in listed


@dataclass(frozen=True, slots=True)
class ListQuery(Query):
    """A ``spaceone.api.core.v1.Query``.

    Attributes:
        sort: the client's order, or the resource's default.
        only: API paths to return, or None for all; with ``minimal``, those of the minimal form.
        count_only: no results, only the count.
    """

    sort: tuple[SortKey, ...] = ()
    page: PageRange = PageRange()
    only: tuple[str, ...] | None = None
    minimal: bool = False
    count_only: bool = False
