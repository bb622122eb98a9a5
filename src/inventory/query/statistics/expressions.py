"""MongoDB expressions over a pipeline's rows. On values of an unexpected type they give null instead of failing."""

from __future__ import annotations

from collections.abc import Iterable

from inventory.domain.keys import ESCAPES
from inventory.domain.plain import Document
from inventory.query.ast import SortKey
from inventory.query.fields import FieldKind, KeyTarget
from inventory.query.members import NOTHING, member_value, types_of
from inventory.query.statistics.stages import GroupCondition, GroupField, GroupKey, joined_name

_COMPARISONS = {"eq": "$eq", "not": "$ne", "gt": "$gt", "gte": "$gte", "lt": "$lt", "lte": "$lte"}
_DATE_PARTS = {"year": "$year", "month": "$month", "day": "$dayOfMonth"}
_LISTS = frozenset({"push", "add_to_set"})
_OPEN_KINDS = frozenset({FieldKind.FREE, FieldKind.TAGS, FieldKind.TAG_MAP, FieldKind.DOCUMENT, FieldKind.ABSENT})
"""Kinds for which a missing value is absent rather than null."""
_ACCUMULATORS = {
    "sum": "$sum",
    "average": "$avg",
    "max": "$max",
    "min": "$min",
    "first": "$first",
    "last": "$last",
    "push": "$push",
    "add_to_set": "$addToSet",
}


def value_of(target: KeyTarget) -> object:
    """Return the expression for the value at ``target``, with tag keys as clients know them."""
    if target.is_absent:
        return NOTHING
    if target.members:
        return member_value(target)
    path = f"${target.path}"
    if target.field.kind is FieldKind.TAG_MAP:
        return _unescaped(path)
    if target.field.kind is FieldKind.TAGS:
        entries = _map(_object_entries(path), {"k": _unescape("$$item.k"), "v": _unescaped("$$item.v", "tag")})
        return _when_object(path, {"$arrayToObject": entries})
    return path


def sort_values(keys: Iterable[SortKey]) -> Document:
    """Return what must be computed before ordering, by the name that each key has there."""
    return {key.path: value_of(key.target) for key in keys if key.target is not None}


def _unescaped(tags: str, variable: str = "item") -> Document:
    entries = _map(_object_entries(tags), {"k": _unescape(f"$${variable}.k"), "v": f"$${variable}.v"}, variable)
    return _when_object(tags, {"$arrayToObject": entries})


def _unescape(key: str) -> object:
    expression: object = key
    for plain, escaped in reversed(ESCAPES.items()):
        if plain != "\0":
            replace = {"input": expression, "find": escaped, "replacement": {"$literal": plain}}
            expression = {"$replaceAll": replace}
    return expression


def _map(items: object, result: object, variable: str = "item") -> Document:
    return {"$map": {"input": items, "as": variable, "in": result}}


def _object_entries(value: object) -> Document:
    return {"$objectToArray": value}


def _when_object(value: object, result: object, otherwise: object = None) -> Document:
    return {"$cond": [{"$eq": [{"$type": value}, "object"]}, result, otherwise]}


def _when_array(value: object, result: object, otherwise: object) -> Document:
    return {"$cond": [{"$isArray": [value]}, result, otherwise]}


def group_key(key: GroupKey) -> Document:
    """Return the expression of a group's key; missing and null form one group."""
    value = value_of(key.target)
    if key.date_part:
        return {_DATE_PARTS[key.date_part]: _date(key.target)}
    if not key.date_format:
        return {"$ifNull": [value, None]}
    # Literal, since a format that starts with $ would be read as a field path.
    date_format = {"$literal": key.date_format}
    return {"$dateToString": {"format": date_format, "date": _date(key.target), "onNull": None}}


def _date(target: KeyTarget) -> object:
    """A date, also from an ISO 8601 string in a free-form document; else null."""
    path = value_of(target)
    if target.field.kind is FieldKind.DATETIME and not target.in_list:
        return path
    readable = {"$cond": [{"$in": [{"$type": path}, ["date", "string"]]}, path, None]}
    return {"$convert": {"input": readable, "to": "date", "onError": None, "onNull": None}}


def accumulator(field: GroupField) -> Document:
    """Return the accumulator of a group's field."""
    condition = _all(field.conditions)
    if field.operator == "count":
        return {"$sum": 1 if condition is None else {"$cond": [condition, 1, 0]}}
    value: object = {name: _kept(field, target) for name, target in field.members}
    if field.target is not None:
        value = _kept(field, field.target)
    if field.operator == "merge_objects":
        return {"$mergeObjects": _when_object(value, value)}
    if condition is not None:
        value = {"$cond": [condition, value, None]}
    return {_ACCUMULATORS[field.operator]: value}


def _kept(field: GroupField, target: KeyTarget) -> object:
    """Return the value to accumulate; in lists, a known field without a value is null, as clients expect."""
    value = value_of(target)
    known = target.field.kind not in _OPEN_KINDS and not target.in_list
    return {"$ifNull": [value, None]} if known and field.operator in _LISTS else value


def _all(conditions: Iterable[GroupCondition]) -> object | None:
    expressions = [_holds(condition) for condition in conditions]
    if not expressions:
        return None
    return expressions[0] if len(expressions) == 1 else {"$and": expressions}


def _holds(condition: GroupCondition) -> Document:
    """Whether a condition holds; as in a filter, only values of the same type are ordered, and missing equals null."""
    path = value_of(condition.target)
    value: object = {"$literal": condition.value}
    comparison: Document = {_COMPARISONS[condition.operator]: [{"$ifNull": [path, None]}, value]}
    if condition.operator in {"eq", "not"}:
        return comparison
    return {"$and": [comparison, {"$in": [{"$type": path}, types_of(condition.value)]}]}


def size(value: object) -> Document:
    """Return the number of elements; 0 for anything that is not a list."""
    return _when_array(value, {"$size": value}, 0)


def object_to_array(value: object) -> Document:
    """Return a list of {k, v}; empty for anything that is not a dict."""
    return _when_object(value, _object_entries(value), [])


def array_to_object(value: object) -> Document:
    """Return a dict built from a list of {k, v}; elements without a usable ``k`` are left out."""
    to_text = {"$convert": {"input": "$$item.k", "to": "string", "onError": None, "onNull": None}}
    pairs = _map(value, {"k": to_text, "v": {"$ifNull": ["$$item.v", None]}})
    usable = {"$filter": {"input": pairs, "as": "pair", "cond": {"$ne": ["$$pair.k", None]}}}
    return _when_array(value, {"$arrayToObject": usable}, {})


def joins(targets: Iterable[KeyTarget], joined: set[str]) -> list[Document]:
    """Return the stages that join the other resources of ``targets``; ``joined`` are those joined already."""
    stages: list[Document] = []
    for target in targets:
        reference = target.reference
        if reference is None or reference.schema is None or reference.name in joined:
            continue
        joined.add(reference.name)
        name = joined_name(reference)
        same_domain = {"$match": {"$expr": {"$eq": ["$domain_id", "$$domain"]}}}
        shown: list[Document] = []
        if reference.schema.partial:
            shown.append({"$project": {"_id": 0, **dict.fromkeys(reference.schema.leaves(), 1)}})
        lookup = {
            "from": reference.schema.collection,
            "localField": reference.local_field,
            "foreignField": reference.foreign_field,
            "let": {"domain": "$domain_id"},
            "pipeline": [same_domain, {"$limit": 1}, *shown],
            "as": name,
        }
        stages += [{"$lookup": lookup}, {"$unwind": {"path": f"${name}", "preserveNullAndEmptyArrays": True}}]
    return stages
