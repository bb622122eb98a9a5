"""Translates typed queries to MongoDB filters, projections and orders.

Values always follow an operator of ours (``$eq``, ``$in``, …), so that no value is read as an operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from inventory.domain.plain import Document
from inventory.query.ast import Condition, Criteria, InSet, ListQuery, Node, Operator, Value
from inventory.query.fields import FieldKind, ResourceSchema
from inventory.query.members import member_filter, member_value, needs_expression
from inventory.query.values import contain_pattern

NOTHING: Document = {"_id": {"$in": []}}
"""A filter that matches no document; MongoDB answers it without reading."""


@dataclass(frozen=True, slots=True)
class MongoQuery:
    """The MongoDB query of a list request; the caller adds the domain and the time limit.

    Attributes:
        filter: without the domain: combine as ``{"$and": [domain_filter, filter]}``.
        projection: for ``find``, or None for whole documents.
        sort: (path, 1 or -1); on paged queries it ends with ``_id``, so that pages neither overlap nor leave gaps.
        skip, limit: the page; limit 0 means all.
        count_only: only the count is requested.
        only: the API paths to return (dotted), or None for all.
        computed: values that ``sort`` needs and that are not stored, by name; ``pipeline`` then replaces ``find``.
    """

    filter: Document
    projection: Document | None
    sort: list[tuple[str, int]]
    skip: int
    limit: int
    count_only: bool
    only: frozenset[str] | None
    computed: Document = field(default_factory=dict)

    def pipeline(self, match: Document) -> list[Document]:
        """Return the pipeline for the page; ``match`` is the filter including the domain."""
        stages: list[Document] = [{"$match": match}, {"$set": self.computed}, {"$sort": dict(self.sort)}]
        if self.skip:
            stages.append({"$skip": self.skip})
        if self.limit:
            stages.append({"$limit": self.limit})
        return [*stages, {"$unset": list(self.computed)}, {"$project": self.projection or {"_id": 0}}]

    @property
    def wire_fields(self) -> frozenset[str] | None:
        """The top-level API fields to return, or None for all."""
        return None if self.only is None else frozenset(path.partition(".")[0] for path in self.only)


def to_mongo(query: ListQuery) -> MongoQuery:
    """Translate a list query whose references are resolved."""
    sort = [(key.path, key.direction) for key in query.sort]
    if query.page.limit and all(path not in {"_id", query.schema.id_field} for path, _ in sort):
        sort.append(("_id", sort[-1][1] if sort else 1))
    return MongoQuery(
        filter=criteria_filter(query.criteria),
        projection=None if query.only is None else projection(query.schema, query.only),
        sort=sort,
        skip=query.page.skip,
        limit=query.page.limit,
        count_only=query.count_only,
        only=None if query.only is None else frozenset(query.only),
        computed={key.path: member_value(key.target) for key in query.sort if key.target is not None},
    )


def projection(schema: ResourceSchema, only: Iterable[str]) -> Document:
    """Return the stored paths for the API paths ``only``, none inside another, which MongoDB rejects.

    If there are none, just ``_id``, which no message shows.
    """
    sources: list[str] = []
    for path in only:
        head = path.partition(".")[0]
        reference = schema.references.get(head)
        if head in schema.wire_sources:
            sources.extend(schema.wire_sources[head])
        elif reference is not None and (head != path or head not in schema.fields):
            sources.append(reference.local_field)
        else:
            sources.append(path)
    kept: Document = {"_id": 0}
    computed = _named_members(schema, sources)
    plain = {path for path in sources if not schema.readable(path).members}
    whole = {path for path in computed if any(path == each or path.startswith(f"{each}.") for each in plain)}
    for path in sorted(plain | (computed.keys() - whole), key=len):
        parents = path.split(".")
        if not any(".".join(parents[:depth]) in kept for depth in range(1, len(parents))):
            names = computed.get(path)
            kept[path] = 1 if path in plain or names is None else _only_members(path, names)
    return kept if sources else {"_id": 1}


def _named_members(schema: ResourceSchema, sources: Iterable[str]) -> dict[str, set[str]]:
    """The names below each path that lead to ``sources`` without a path, and those of their siblings."""
    found: dict[str, set[str]] = {}
    for target in map(schema.readable, sources):
        if target.members:
            names = found.setdefault(target.path, set())
            names.add(target.members[0])
            names.update(target.nested_path.removeprefix(f"{target.path}.").split(".")[:1])
    for path, names in found.items():
        names.update(each[len(path) + 1 :].split(".")[0] for each in sources if each.startswith(f"{path}."))
    return found


def _only_members(path: str, names: Iterable[str]) -> Document:
    """The dict at ``path`` with only these members."""
    chosen = {"$in": ["$$member.k", {"$literal": sorted(names)}]}
    members = {"$filter": {"input": {"$objectToArray": f"${path}"}, "as": "member", "cond": chosen}}
    return {"$cond": [{"$eq": [{"$type": f"${path}"}, "object"]}, {"$arrayToObject": members}, "$$REMOVE"]}


def criteria_filter(criteria: Criteria) -> Document:
    """Return the filter for all of ``every`` and any of ``some`` and ``words``."""
    parts = [node_filter(node) for node in criteria.every]
    some = [node_filter(node) for node in (*criteria.some, *criteria.words)]
    if some:
        parts.append(some[0] if len(some) == 1 else {"$or": some})
    if not parts:
        return {}
    return parts[0] if len(parts) == 1 else {"$and": parts}


def node_filter(node: Node) -> Document:
    """Return the filter of one condition.

    Raises:
        TypeError: an unresolved reference, which is a programming error of the caller.
    """
    if isinstance(node, Condition):
        return condition_filter(node)
    if isinstance(node, InSet):
        return {node.path: {"$in": list(node.values)}}
    raise TypeError("references must be resolved before the query is translated")


def condition_filter(condition: Condition) -> Document:
    """Return the filter of one condition, in terms of its own resource."""
    if needs_expression(condition):
        return member_filter(condition, condition_filter)
    return _TRANSLATIONS[condition.operator](condition)


def _compare(operator: str) -> Callable[[Condition], Document]:
    return lambda condition: {condition.target.path: {operator: condition.value}}


def _values(condition: Condition) -> list[Value]:
    if not isinstance(condition.value, list):
        raise TypeError("the parser makes lists for list operators")
    return condition.value


def _among(condition: Condition) -> Document:
    """``$in``; MongoDB would read a dict starting with ``$`` in it as an operator, so those use ``$eq``."""
    values, path = _values(condition), condition.target.path
    if not any(isinstance(value, dict) for value in values):
        return {path: {"$in": values}}
    return {"$or": [{path: {"$eq": value}} for value in values]}


def _exists(condition: Condition) -> Document:
    """A known field that is null was never set, so clients see it as missing (members of lists are never null)."""
    if condition.target.field.kind is FieldKind.FREE or (condition.target.in_list and not condition.target.field.many):
        return {condition.target.path: {"$exists": condition.value}}
    return {condition.target.path: {"$ne": None} if condition.value else {"$eq": None}}


def _regex(pattern: str) -> Document:
    return {"$regex": pattern, "$options": "i"}


def _text(condition: Condition) -> Document:
    text = str(condition.value)
    return _regex(text if condition.operator is Operator.REGEX else contain_pattern(text))


def _matching(condition: Condition) -> Document:
    return {condition.target.path: _text(condition)}


def _not_matching(condition: Condition) -> Document:
    return {condition.target.path: {"$not": _text(condition)}}


def _any_pattern(condition: Condition) -> list[Document]:
    literal = condition.operator is not Operator.REGEX_IN
    texts = [str(value) for value in _values(condition)]
    return [{condition.target.path: _regex(contain_pattern(text) if literal else text)} for text in texts]


def _matching_any(condition: Condition) -> Document:
    patterns = _any_pattern(condition)
    return {"$or": patterns} if patterns else NOTHING


def _matching_none(condition: Condition) -> Document:
    patterns = _any_pattern(condition)
    return {"$nor": patterns} if patterns else {}


def _element(condition: Condition) -> Document:
    if not isinstance(condition.value, dict):
        raise TypeError("the parser makes a dict for match")
    wanted = {name: {"$eq": value} for name, value in condition.value.items()}
    return {condition.target.path: {"$elemMatch": wanted}}


def _not_among(condition: Condition) -> Document:
    among = _among(condition)
    return {"$nor": among["$or"]} if "$or" in among else {condition.target.path: {"$nin": _values(condition)}}


_TRANSLATIONS: dict[Operator, Callable[[Condition], Document]] = {
    Operator.EQ: _compare("$eq"),
    Operator.NOT: _compare("$ne"),
    Operator.LT: _compare("$lt"),
    Operator.LTE: _compare("$lte"),
    Operator.GT: _compare("$gt"),
    Operator.GTE: _compare("$gte"),
    Operator.IN: _among,
    Operator.NOT_IN: _not_among,
    Operator.EXISTS: _exists,
    Operator.CONTAIN: _matching,
    Operator.NOT_CONTAIN: _not_matching,
    Operator.CONTAIN_IN: _matching_any,
    Operator.NOT_CONTAIN_IN: _matching_none,
    Operator.MATCH: _element,
    Operator.REGEX: _matching,
    Operator.REGEX_IN: _matching_any,
}
