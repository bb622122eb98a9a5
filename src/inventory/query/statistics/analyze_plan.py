"""Translates typed analyze queries to aggregation pipelines, and the pipelines' rows to the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inventory.domain.plain import Document
from inventory.query.mongo import criteria_filter
from inventory.query.statistics import expressions
from inventory.query.statistics.analyze import AnalyzeQuery, Operand, row_members
from inventory.query.statistics.stages import Group, group_targets

_TOTALS = {"sum": "$sum", "count": "$sum", "average": "$avg", "max": "$max", "min": "$min"}
_CALCULATIONS = {"add": "$add", "subtract": "$subtract", "multiply": "$multiply", "divide": "$divide"}
_FOLDED = frozenset({"subtract", "divide"})


@dataclass(frozen=True, slots=True)
class AnalyzePlan:
    """The MongoDB query of an analyze request; the caller adds the domain and the time limit.

    Attributes:
        filter: without the domain: combine as ``{"$and": [domain_filter, filter]}``.
        stages: after the ``$match``; they read one row more than the page has.
        names: the pipeline's member → the answer's; pipelines cannot name members with dots.
        values: members that are lists of {value, field_group keys}, by the pipeline's names.
        limit: rows per page; 0 means all.
    """

    filter: Document
    stages: list[Document]
    names: Mapping[str, str]
    values: frozenset[str]
    limit: int

    def pipeline(self, match: Document) -> list[Document]:
        """Return the pipeline; ``match`` is the filter including the domain."""
        return [{"$match": match}, *self.stages]

    def answer(self, rows: Iterable[Mapping[str, object]]) -> dict[str, object]:
        """Return ``results``, and ``more`` if the page has a limit, from the pipeline's rows."""
        results: list[object] = [self._renamed(row) for row in rows]
        if not self.limit:
            return {"results": results}
        return {"results": results[: self.limit], "more": len(results) > self.limit}

    def _renamed(self, row: Mapping[str, object]) -> dict[str, object]:
        renamed: dict[str, object] = {}
        for member, value in row.items():
            if member in self.values and isinstance(value, list):
                value = [{self.names.get(name, name): part for name, part in item.items()} for item in value]
            renamed[self.names.get(member, member)] = value
        return renamed


def to_analyze_plan(query: AnalyzeQuery) -> AnalyzePlan:
    """Translate an analyze query whose references are resolved."""
    stages = expressions.joins(group_targets(query.group), set())
    stages += _group(query.group)
    if query.field_group:
        stages.append(_regroup(query))
    row = row_members(query)
    stages.append({"$project": {member: f"$_id.{member}" if member[0] == "k" else 1 for member in row.values()}})
    names = {member: name for name, member in row.items()}
    if query.select:
        stages.append({"$set": {f"s{i}": _selected(item.value) for i, item in enumerate(query.select)}})
        names = {f"s{i}": item.name for i, item in enumerate(query.select)}
    stages += _paging(query)
    stages.append({"$project": {"_id": 0, **dict.fromkeys(names, 1)}})
    names.update({f"k{i}": key.name for i, key in enumerate(query.group.keys)})
    return AnalyzePlan(
        filter=criteria_filter(query.criteria),
        stages=stages,
        names=names,
        values=_value_lists(query),
        limit=query.page.limit,
    )


def _group(group: Group) -> list[Document]:
    keys = {f"k{i}": expressions.group_key(key) for i, key in enumerate(group.keys)}
    return [{"$group": {"_id": keys, **{f"f{i}": expressions.accumulator(f) for i, f in enumerate(group.fields)}}}]


def _regroup(query: AnalyzeQuery) -> Document:
    """Group again by the remaining keys: each field becomes a list of {value, the removed keys}, and a total."""
    members_of = {key.name: f"k{i}" for i, key in enumerate(query.group.keys)}
    stay = {member: f"$_id.{member}" for name, member in members_of.items() if name not in query.field_group}
    left = {members_of[name]: f"$_id.{members_of[name]}" for name in query.field_group}
    regrouped: Document = {"_id": stay}
    for i, item in enumerate(query.group.fields):
        regrouped[f"f{i}"] = {"$push": {"value": f"$f{i}", **left}}
        if item.operator in _TOTALS:
            regrouped[f"t{i}"] = {_TOTALS[item.operator]: f"$f{i}"}
    return {"$group": regrouped}


def _paging(query: AnalyzeQuery) -> list[Document]:
    """Order, skip and limit; on pages, ties are resolved by the whole group key."""
    order = dict(query.sort)
    if query.page.limit:
        order["_id"] = 1
    stages: list[Document] = [{"$sort": order}] if order else []
    if query.page.skip:
        stages.append({"$skip": query.page.skip})
    if query.page.limit:
        stages.append({"$limit": query.page.limit + 1})
    return stages


def _selected(value: Operand) -> object:
    """The expression for a member of the answer."""
    if isinstance(value, str):
        return f"${value}" if value else None
    return _number(value)


def _number(operand: Operand) -> object:
    """The operand as a number; non-numbers and divisions by zero give null, and so does anything computed from them."""
    if isinstance(operand, float):
        return operand
    if isinstance(operand, str):
        return {"$cond": [{"$isNumber": f"${operand}"}, f"${operand}", None]} if operand else None
    operands = [_number(each) for each in operand.operands]
    operator = _CALCULATIONS[operand.operator]
    if operand.operator not in _FOLDED:
        return {operator: operands}
    result = operands[0]
    for each in operands[1:]:
        if operand.operator == "divide":
            each = {"$cond": [{"$eq": [each, 0]}, None, each]}
        result = {operator: [result, each]}
    return result


def _value_lists(query: AnalyzeQuery) -> frozenset[str]:
    if not query.field_group:
        return frozenset()
    lists = {f"f{i}" for i in range(len(query.group.fields))}
    chosen = {f"s{i}" for i, item in enumerate(query.select) if item.value in lists}
    return frozenset(chosen if query.select else lists)
