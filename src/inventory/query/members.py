"""Members whose names contain a dot or begin with a dollar; no MongoDB path reaches them, so expressions read them.

No index serves them; the time limit of the query applies (contract, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from inventory.query.ast import Condition, Operator, Value
from inventory.query.fields import KeyTarget
from inventory.query.keys import is_special, split_key
from inventory.query.values import contain_pattern

Expression: TypeAlias = dict[str, object]

NOTHING = "$_id._absent"
"""A path that has no value, neither in documents, whose ``_id`` has no members, nor in rows, which have no ``_id``.

``$$REMOVE`` is a constant, which MongoDB evaluates even in branches that are not taken.
"""
_NUMBERS = ["int", "long", "double", "decimal"]
_NO_VALUE = ["missing", "null", "undefined"]
_NEGATED = {
    Operator.NOT: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_CONTAIN: Operator.CONTAIN,
    Operator.NOT_CONTAIN_IN: Operator.CONTAIN_IN,
}
_ORDER = {Operator.LT: "$lt", Operator.LTE: "$lte", Operator.GT: "$gt", Operator.GTE: "$gte"}


def member_value(target: KeyTarget) -> object:
    """Return the expression for the value at a target with ``members``, for groups, orders and projections.

    The member with the whole name takes precedence over the same names nested in each other.
    """
    whole = _value(f"${target.path}", target.members)
    if not target.nested_path:
        return whole
    found = {"$cond": [_is("$$whole", "missing"), f"${target.nested_path}", "$$whole"]}
    return {"$let": {"vars": {"whole": whole}, "in": found}}


def _value(start: object, names: Iterable[str]) -> object:
    value = start
    for name in names:
        elements = {"$filter": {"input": "$$at", "as": "item", "cond": _is("$$item", "object")}}
        mapped = {"$map": {"input": elements, "as": "item", "in": _get(name, "$$item")}}
        one = {"$cond": [_is("$$at", "object"), _get(name, "$$at"), NOTHING]}
        inside = {"$cond": [{"$isArray": ["$$at"]}, mapped, one]}
        value = {"$let": {"vars": {"at": value}, "in": inside}}
    return value


def needs_expression(condition: Condition) -> bool:
    """Return whether no path reaches the subject of the condition."""
    if condition.target.members:
        return True
    names = condition.value if condition.operator is Operator.MATCH and isinstance(condition.value, dict) else {}
    return any(is_special(segment) for name in names for segment in split_key(name))


def member_filter(condition: Condition, plain: Callable[[Condition], Expression]) -> Expression:
    """Return the filter of a condition that needs an expression; it has the semantics of a path.

    Args:
        condition: any that ``needs_expression``.
        plain: translates a condition whose key is a path.
    """
    target = condition.target
    segments = [*target.path.split("."), *target.members]
    holds: Expression = {"$expr": _holds(condition, _walk([{"v": "$$ROOT"}], segments))}
    if not target.nested_path:
        return holds
    nested = KeyTarget(target.key, target.nested_path, target.field, target.in_list)
    missing: Expression = {"$expr": _is(_value(f"${target.path}", target.members), "missing")}
    otherwise = plain(Condition(nested, condition.operator, condition.value))
    return {"$or": [{"$and": [missing, otherwise]}, {"$and": [{"$nor": [missing]}, holds]}]}


def _walk(nodes: object, segments: Iterable[str]) -> object:
    """Nodes {v: value} → the nodes that a path leads to from them: through dicts, and through dicts in lists."""
    for segment in segments:
        elements = {"$filter": {"input": "$$this.v", "as": "item", "cond": _is("$$item", "object")}}
        listed = {"$map": {"input": elements, "as": "item", "in": {"v": _get(segment, "$$item")}}}
        one = {"$cond": [_is("$$this.v", "object"), [{"v": _get(segment, "$$this.v")}], [{"$literal": {}}]]}
        nodes = _joined(nodes, {"$cond": [{"$isArray": ["$$this.v"]}, listed, one]})
    return nodes


def _leaves(nodes: object) -> object:
    """The nodes, and the elements of the nodes that are lists."""
    elements = {"$map": {"input": "$$this.v", "as": "item", "in": {"v": "$$item"}}}
    return _joined(nodes, {"$concatArrays": [["$$this"], {"$cond": [{"$isArray": ["$$this.v"]}, elements, []]}]})


def _joined(nodes: object, lists: object) -> Expression:
    return {"$reduce": {"input": nodes, "initialValue": [], "in": {"$concatArrays": ["$$value", lists]}}}


def _holds(condition: Condition, nodes: object) -> object:
    negated = _NEGATED.get(condition.operator)
    if negated is not None:
        return {"$not": [_holds(Condition(condition.target, negated, condition.value), nodes)]}
    if condition.operator is Operator.MATCH:
        return _any(_joined(nodes, {"$cond": [{"$isArray": ["$$this.v"]}, "$$this.v", []]}), _element(condition.value))
    if condition.operator is Operator.EXISTS:
        there = _any(_leaves(nodes), {"$ne": [{"$type": "$$leaf.v"}, "missing"]})
        return there if condition.value else {"$not": [there]}
    return _any(_leaves(nodes), _test(condition.operator, condition.value, "$$leaf.v"))


def _any(items: object, test: object) -> Expression:
    return {"$anyElementTrue": [{"$map": {"input": items, "as": "leaf", "in": test}}]}


def _element(wanted: Value) -> Expression:
    """Whether ``$$leaf``, an element of a list, has all the members ``wanted``."""
    parts: list[object] = [{"$in": [{"$type": "$$leaf"}, ["object", "array"]]}]
    for name, value in wanted.items() if isinstance(wanted, dict) else ():
        reached = _leaves(_walk([{"v": "$$leaf"}], split_key(name)))
        equal = _test(Operator.EQ, value, "$$part.v")
        parts.append({"$anyElementTrue": [{"$map": {"input": reached, "as": "part", "in": equal}}]})
    return {"$and": parts}


def _test(operator: Operator, wanted: Value, value: str) -> object:
    """Whether a single value meets a condition."""
    if operator is Operator.EQ:
        return {"$in": [{"$type": value}, _NO_VALUE]} if wanted is None else {"$eq": [value, {"$literal": wanted}]}
    if operator in _ORDER:
        same_type = {"$in": [{"$type": value}, types_of(wanted)]}
        return {"$and": [same_type, {_ORDER[operator]: [value, {"$literal": wanted}]}]}
    if operator in {Operator.IN, Operator.CONTAIN_IN, Operator.REGEX_IN}:
        single = {Operator.IN: Operator.EQ, Operator.CONTAIN_IN: Operator.CONTAIN}.get(operator, Operator.REGEX)
        return {"$or": [_test(single, each, value) for each in _listed(wanted)]}
    if operator is Operator.CONTAIN:
        return _finds(value, contain_pattern(str(wanted)))
    return _finds(value, str(wanted))


def _finds(value: str, pattern: str) -> Expression:
    match = {"$regexMatch": {"input": value, "regex": {"$literal": pattern}, "options": "i"}}
    return {"$cond": [_is(value, "string"), match, False]}


def _listed(wanted: Value) -> Sequence[Value]:
    return wanted if isinstance(wanted, list) else []


def types_of(value: Value) -> list[str]:
    """Return MongoDB's names of the types that a value is compared with: numbers with numbers of any type."""
    if isinstance(value, bool):
        return ["bool"]
    if isinstance(value, str):
        return ["string"]
    return _NUMBERS if isinstance(value, int | float) else ["date"]


def _get(name: str, document: str) -> Expression:
    return {"$getField": {"field": {"$literal": name}, "input": document}}


def _is(value: object, kind: str) -> Expression:
    return {"$eq": [{"$type": value}, kind]}
