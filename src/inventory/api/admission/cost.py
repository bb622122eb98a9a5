"""Which calls are known to be quick, judged only by the method and the decoded request.

Quick calls are answered from an index: a list by a unique key, or a page of a list that an index holds in the requested
order. The cost of all others is unknown until they are done; they are called heavy here, though most of them are not.

A call that counts as quick and turns out to be slow keeps its turn. Such a call is slow because MongoDB is, and more of
them at a time would help neither; ``query_timeout_seconds`` bounds it, and callers in the queue are refused after
``rpc_queue_seconds``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from inventory.api.policy import OPERATIONS, PACKAGE
from inventory.domain.plain import Params
from inventory.errors import BadRequestError
from inventory.query.ast import Operator
from inventory.query.fields import ResourceSchema, SortOrder
from inventory.query.parser import alias, entries, sort_entries
from inventory.query.schemas import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, COLLECTOR, COLLECTOR_RULE, JOB, JOB_TASK, REGION


class Index(NamedTuple):
    """An index of a collection.

    Attributes:
        fields: without the domain with which each index begins.
        unique: whether no two documents of a domain have equal values of them.
    """

    fields: SortOrder
    unique: bool = False


IsHeavy = Callable[[Params], bool]

PAGE: Final = 1_000
"""Longest page that counts as quick, and most documents that a list by a unique key may name."""
DEPTH: Final = 10_000
"""Where a page that counts as quick must begin at the latest: MongoDB reads all that lies before it."""

_ALWAYS: Final = frozenset({"stat", "analyze"})
_BY_NUMBER: Final = frozenset(
    {
        f"/{PACKAGE}.Collector/collect",
        f"/{PACKAGE}.Collector/delete",
        f"/{OPERATIONS}.JobOperations/retry",
        f"/{OPERATIONS}.Explanations/explain_resource",
        f"/{OPERATIONS}.Explanations/explain_type",
        f"/{OPERATIONS}.Freshness/list",
        f"/{OPERATIONS}.Freshness/get",
        f"/{OPERATIONS}.Deletion/approve",
        f"/{OPERATIONS}.Deletion/discard",
        f"/{OPERATIONS}.Deletion/undo",
        f"/{OPERATIONS}.Diagnosis/get",
    }
)
"""Methods whose work grows with the number of secrets or collected resources."""
_NO_CONDITIONS: Final = frozenset({"query", "after"})
"""Fields of list requests that are not conditions on a field of their name."""
_EXACT: Final = frozenset({Operator.EQ.value, Operator.IN.value})
_PATTERNS: Final = ("regex", "contain", "not_contain")
_SCHEMAS: Final = {
    "Collector": COLLECTOR,
    "Job": JOB,
    "JobTask": JOB_TASK,
    "CloudService": CLOUD_SERVICE,
    "CloudServiceType": CLOUD_SERVICE_TYPE,
    "Region": REGION,
    "CollectorRule": COLLECTOR_RULE,
    "ResourcePages": CLOUD_SERVICE,
}
_IMPLIED: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset({"state"}) for name in ("CloudService", "ResourcePages")
}
"""Fields by which a list is always filtered, even if the client does not."""


def heavy(method: str, indexes: Mapping[str, Sequence[Index]]) -> IsHeavy:
    """Return a function that distinguishes heavy requests of ``method`` from quick ones.

    Args:
        method: ``/package.Service/method``.
        indexes: by collection.
    """
    service, _, name = method.rpartition("/")
    if name in _ALWAYS or method in _BY_NUMBER:
        return lambda _request: True
    resource = service.rpartition(".")[2]
    schema = _SCHEMAS.get(resource)
    if name != "list" or schema is None:
        # Schedules, and the history of one resource: few, and indexed; only a pattern can be expensive.
        return _has_pattern if name.startswith("list") else lambda _request: False
    return _Lists(schema, indexes.get(schema.collection, ()), _IMPLIED.get(resource, frozenset())).is_heavy


class _Lists:
    """The lists of one resource."""

    def __init__(self, schema: ResourceSchema, indexes: Iterable[Index], implied: frozenset[str]) -> None:
        self._schema = schema
        self._indexes = list(indexes)
        self._implied = implied
        self._keys = [{path for path, _ in index.fields} for index in self._indexes if index.unique]

    def is_heavy(self, request: Params) -> bool:
        """Return whether the list's cost is unknown. An invalid request counts as quick, since it is refused."""
        try:
            return not self._is_quick(request)
        except BadRequestError:
            return False

    def _is_quick(self, request: Params) -> bool:
        query = request.get("query", {})
        paths = {self._schema.target(key).path for key in request if key not in _NO_CONDITIONS}
        documents = 1
        for entry in entries(query.get("filter"), "query.filter"):
            operator, target = alias(entry, "operator"), self._schema.target(alias(entry, "key"))
            if operator not in _EXACT or target.reference is not None:
                return False
            paths.add(target.path)
            if operator == Operator.IN.value:
                values = entry.get("value") or entry.get("v")
                documents *= len(values) if isinstance(values, list) else 1
        if query.get("filter_or") or query.get("keyword"):
            return False
        if documents <= PAGE and any(key <= paths for key in self._keys):
            return True
        page = query.get("page", {})
        is_short = 0 < page.get("limit", 0) <= PAGE and page.get("start", 0) <= DEPTH
        return is_short and not query.get("count_only") and self._has_index(paths, query)

    def _has_index(self, paths: set[str], query: Params) -> bool:
        asked = sort_entries(query.get("sort"))
        order = [(self._schema.target(key).path, direction) for key, direction in asked]
        order = order or list(self._schema.default_sort)
        narrowed = paths | self._implied
        return any(_serves(index.fields, narrowed, order) for index in self._indexes)


def _serves(index: SortOrder, narrowed: set[str] | frozenset[str], order: SortOrder) -> bool:
    """Return whether the index begins with the filtered paths, and continues in the requested or the reverse order."""
    count = len(narrowed)
    if {path for path, _ in index[:count]} != narrowed:
        return False
    rest = list(index[count : count + len(order)])
    return rest == list(order) or rest == [(path, -direction) for path, direction in order]


def _has_pattern(request: Params) -> bool:
    query = request.get("query", {})
    conditions = [*query.get("filter", ()), *query.get("filter_or", ())]
    operators = [str(each.get("operator") or each.get("o")) for each in conditions]
    return any(each.startswith(_PATTERNS) for each in operators) or bool(query.get("keyword"))
