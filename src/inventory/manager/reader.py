"""Reads any resource: get, list and stat of one collection, always within one domain.

Whatever a client requests, MongoDB is queried by domain and scope and query: nothing in a query can widen it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from bson import decode, decode_all, encode
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.errors import NotFoundError, RequestTimeoutError
from inventory.manager.counts import CountCache, count
from inventory.manager.page import Page
from inventory.manager.raw_documents import (
    FIRST_BATCH,
    aggregate_rows,
    at_most,
    charge,
    documents_in,
    documents_of,
    find_one,
    find_rows,
)
from inventory.model.connection import CODEC, translated_errors
from inventory.model.time_limit import query_limit
from inventory.query.ast import Condition, ListQuery
from inventory.query.fields import KeyTarget, ResourceSchema
from inventory.query.mongo import MongoQuery, condition_filter, projection, to_mongo
from inventory.query.parser import parse_only
from inventory.query.references import ReferenceLookup, resolve_references
from inventory.query.statistics.analyze import AnalyzeQuery
from inventory.query.statistics.analyze_plan import to_analyze_plan
from inventory.query.statistics.row_size import with_size_check
from inventory.query.statistics.stages import StatQuery
from inventory.query.statistics.stat_plan import StatPlan, to_stat_plan

Documents: TypeAlias = list[Document]
ANSWER_BYTES: Final = 64 * 1024 * 1024
_RAW_WEIGHT: Final = 3
"""Bytes of memory per byte of documents that are presented unchanged: the documents, messages and the answer."""
_DECODED_WEIGHT: Final = 6
"""The same for documents that become dicts."""
Scope = Mapping[str, Any]
"""An additional Mongo filter set by the service, such as the projects to which a caller is restricted."""


class Reader:
    """Reads one resource.

    Args:
        schema: the fields that queries may name.
        timeout_seconds: time limit of one query inside MongoDB, s.
        max_bytes: maximum size of an answer, in bytes of documents that MongoDB sends for it.
        counts: caches large totals, for all readers of a process; None: every total is counted.
        raw: whether ``get`` and ``list`` return ``StoredDocument``s, which cost nothing until they are accessed.
    """

    def __init__(
        self,
        *,
        database: Database[Document],
        collection: str,
        schema: ResourceSchema,
        timeout_seconds: float,
        max_bytes: int = ANSWER_BYTES,
        counts: CountCache | None = None,
        raw: bool = False,
    ) -> None:
        self._collection = database[collection]
        self._max_bytes = max_bytes
        self._raw = raw
        self._schema = schema
        self._timeout_seconds = timeout_seconds
        self._counts = counts or CountCache()

    @property
    def schema(self) -> ResourceSchema:
        """The schema that queries refer to."""
        return self._schema

    def get(
        self,
        domain_id: str,
        resource_id: str,
        *,
        only: Iterable[str] = (),
        scope: Scope | None = None,
        remaining_seconds: float = math.inf,
    ) -> Document:
        """Return the document, read-only, or its fields ``only``.

        Raises:
            NotFoundError: it does not exist in the domain and scope.
            InvalidParameterError: ``only`` names an unknown field.
        """
        fields = parse_only(self._schema, only)
        shown = {"_id": 0} if fields is None else projection(self._schema, fields)
        query = within(domain_id, scope, {self._schema.id_field: resource_id})
        with translated_errors(key=self._schema.id_field), query_limit(self._timeout_seconds):
            found: Document | None = self._read_one(query, shown, self._milliseconds(remaining_seconds))
        if found is None:
            raise NotFoundError(key=self._schema.id_field, value=resource_id)
        return found

    def list(
        self,
        query: ListQuery,
        *,
        domain_id: str,
        scope: Scope | None = None,
        lookup: ReferenceLookup | None = None,
        remaining_seconds: float = math.inf,
    ) -> Page:
        """Return the documents that match.

        Args:
            query: parsed with this reader's schema.
            scope: an additional filter.
            lookup: resolves conditions on other resources.
            remaining_seconds: how long the caller will wait.

        Raises:
            QueryError: MongoDB cannot evaluate the query over the data.
            RequestTimeoutError: it takes too long.
            InvalidParameterError: it finds more than fits into one answer.
        """
        plan = to_mongo(resolve_references(query, lookup) if lookup else query)
        match = within(domain_id, scope, plan.filter)
        milliseconds = self._milliseconds(remaining_seconds)
        with translated_errors(), query_limit(self._timeout_seconds):
            results = () if plan.count_only else self._find(match, plan, milliseconds)
            total_count = self._total(domain_id, match, plan, len(results), milliseconds)
        return Page(results, total_count, plan.wire_fields, plan.only)

    def _find(self, match: Document, plan: MongoQuery, milliseconds: int) -> Sequence[Mapping[str, Any]]:
        if plan.computed:
            return self._kept(self._batches(plan.pipeline(match), milliseconds))
        shown = plan.projection or {"_id": 0}
        page: dict[str, Any] = {"skip": plan.skip, "limit": plan.limit, "max_time_ms": milliseconds}
        if 0 < plan.limit <= FIRST_BATCH:
            answer = find_rows(self._collection, match, shown, sort=plan.sort, **page)
            if answer is not None:
                return self._rows(answer)
        return self._read(match, shown, sort=plan.sort or None, **page)

    def _rows(self, answer: bytes) -> Sequence[Any]:
        if self._raw:
            return tuple(documents_in(charge(self._max_bytes, answer, _RAW_WEIGHT)))
        return self._decoded_rows(answer)

    def _decoded_rows(self, answer: bytes) -> Documents:
        rows: Documents = decode(charge(self._max_bytes, answer, _DECODED_WEIGHT), CODEC)["cursor"]["firstBatch"]
        return rows

    def _read_one(self, match: Document, projection: Mapping[str, Any], milliseconds: int) -> Any:
        if self._raw:
            return find_one(self._collection, match, projection, max_time_ms=milliseconds)
        return self._collection.find_one(match, projection, max_time_ms=milliseconds)

    def _read(self, match: Document, projection: Mapping[str, Any], **options: Any) -> Sequence[Any]:
        with self._collection.find_raw_batches(match, projection, **options) as cursor:
            batches: Any = cursor
            return self._kept(batches)

    def _batches(self, pipeline: Sequence[Mapping[str, Any]], milliseconds: int) -> Iterator[bytes]:
        options: Any = {"maxTimeMS": milliseconds, "allowDiskUse": True}
        with self._collection.aggregate_raw_batches(list(pipeline), **options) as cursor:
            batches: Any = cursor
            yield from batches

    def _kept(self, batches: Iterable[bytes]) -> Sequence[Any]:
        if self._raw:
            return tuple(documents_of(at_most(self._max_bytes, batches, _RAW_WEIGHT)))
        return _decoded(at_most(self._max_bytes, batches, _DECODED_WEIGHT))

    def _total(self, domain_id: str, match: Document, plan: MongoQuery, found: int, milliseconds: int) -> int:
        """The total count, without a query if the page itself shows it."""
        if not plan.count_only:
            reached_end = not plan.limit or found < plan.limit
            if reached_end and (found or not plan.skip):
                return plan.skip + found
            known = self._counts.total(
                domain_id, self._collection.name, match, lambda: self._count(match, milliseconds)
            )
            return max(known, plan.skip + found) if found else known
        return self._count(match, milliseconds)

    def _count(self, match: Document, milliseconds: int) -> int:
        return count(self._collection, match, max_time_ms=milliseconds)

    def keys(
        self,
        condition: Condition,
        *,
        domain_id: str,
        field: str,
        scope: Scope | None = None,
        remaining_seconds: float = math.inf,
    ) -> Sequence[str]:
        """Return ``field`` of every document that meets ``condition``, for references from other resources."""
        match = within(domain_id, scope, condition_filter(condition))
        with translated_errors(), query_limit(self._timeout_seconds):
            cursor = self._collection.find(
                match, {"_id": 0, field: 1}, max_time_ms=self._milliseconds(remaining_seconds)
            )
            return [document[field] for document in cursor if field in document]

    def stat(
        self,
        query: StatQuery,
        *,
        domain_id: str,
        scope: Scope | None = None,
        lookup: ReferenceLookup | None = None,
        remaining_seconds: float = math.inf,
    ) -> Document:
        """Return ``{"results": […]}``, with ``total_count`` if the query has a page with a limit.

        Raises: like ``list``.
        """
        plan = to_stat_plan(resolve_references(query, lookup) if lookup else query)
        match = within(domain_id, scope, plan.filter)
        milliseconds = self._milliseconds(remaining_seconds)
        with translated_errors(), query_limit(self._timeout_seconds):
            if plan.distinct is not None:
                results, total_count = self._distinct(match, plan, plan.distinct, milliseconds)
            else:
                results, total_count = self._aggregate(match, plan, milliseconds)
        answer: Document = {"results": results}
        if plan.page.limit:
            answer["total_count"] = total_count
        return answer

    def _distinct(
        self, match: Document, plan: StatPlan, target: KeyTarget, milliseconds: int
    ) -> tuple[Sequence[object], int]:
        values: Iterable[object] = ()
        if target.members:
            values = [row["_id"] for row in self.aggregate(plan.distinct_pipeline(match), milliseconds)]
        elif target.path:
            values = self._collection.distinct(target.path, match, maxTimeMS=milliseconds)
        results, total_count = plan.distinct_page(values)
        # MongoDB returns at most one document's worth of values; the size is only known afterwards.
        list(at_most(self._max_bytes, [encode({"results": results})], _DECODED_WEIGHT))
        return results, total_count

    def _aggregate(self, match: Document, plan: StatPlan, milliseconds: int) -> tuple[Sequence[object], int]:
        results = self.aggregate(plan.pipeline(match), milliseconds)
        if not plan.page.limit:
            return results, len(results)
        if len(results) < plan.page.limit and (results or not plan.page.skip):
            return results, plan.page.skip + len(results)
        counted = self.aggregate(plan.count_pipeline(match), milliseconds)
        return results, counted[0]["total_count"] if counted else 0

    def analyze(
        self,
        query: AnalyzeQuery,
        *,
        domain_id: str,
        scope: Scope | None = None,
        lookup: ReferenceLookup | None = None,
        remaining_seconds: float = math.inf,
    ) -> Document:
        """Return ``{"results": […]}``, with ``more`` if the query has a page with a limit; raises like ``list``."""
        plan = to_analyze_plan(resolve_references(query, lookup) if lookup else query)
        match = within(domain_id, scope, plan.filter)
        milliseconds = self._milliseconds(remaining_seconds)
        with translated_errors(), query_limit(self._timeout_seconds):
            return plan.answer(self.aggregate(plan.pipeline(match), milliseconds))

    def aggregate(self, pipeline: Sequence[Mapping[str, Any]], milliseconds: int) -> Documents:
        """Run a pipeline whose ``$match`` contains the domain, within a time limit."""
        stages = with_size_check(pipeline)
        answer = aggregate_rows(self._collection, stages, max_time_ms=milliseconds)
        if answer is not None:
            return self._decoded_rows(answer)
        return _decoded(at_most(self._max_bytes, self._batches(stages, milliseconds), _DECODED_WEIGHT))

    def _milliseconds(self, remaining_seconds: float) -> int:
        if remaining_seconds <= 0:
            raise RequestTimeoutError(reason="the caller's deadline has passed")
        return max(int(min(self._timeout_seconds, remaining_seconds) * 1000), 1)


def _decoded(parts: Iterable[bytes]) -> Documents:
    return [document for part in parts for document in decode_all(part, CODEC)]


def within(domain_id: str, scope: Scope | None, query: Mapping[str, Any]) -> Document:
    """Return the filter for ``query`` within a domain and scope; no key of the query can replace theirs."""
    parts = [part for part in (scope, query) if part]
    if len(parts) == 1 and "domain_id" not in parts[0]:
        return {"domain_id": domain_id, **parts[0]}
    return {"$and": [{"domain_id": domain_id}, *parts]}
