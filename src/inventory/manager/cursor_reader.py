"""Reads lists of any length page by page; see :mod:`inventory.manager.keyset`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from inventory.domain.plain import Document
from inventory.manager import keyset
from inventory.manager.page import CursorPage
from inventory.manager.reader import Reader, Scope, within
from inventory.model.connection import translated_errors
from inventory.model.time_limit import query_limit
from inventory.query.ast import ListQuery
from inventory.query.mongo import to_mongo
from inventory.query.references import ReferenceLookup, resolve_references

_WHOLE: Final[Document] = {"fingerprint": 0}
"""The projection of whole documents with their ``_id``."""


class CursorReader(Reader):
    """Reads one resource, also page by page."""

    def page(
        self,
        query: ListQuery,
        *,
        after: str,
        domain_id: str,
        scope: Scope | None = None,
        lookup: ReferenceLookup | None = None,
        remaining_seconds: float = math.inf,
    ) -> CursorPage:
        """Return the page of the documents that match and come after a cursor; its length is the query's limit.

        With ``count_only`` the page is empty.

        Raises:
            InvalidParameterError: ``after`` is no cursor of this order; and others, like ``list``.
        """
        plan = to_mongo(resolve_references(query, lookup) if lookup else query)
        cursor = keyset.decode(after, plan.sort)
        match = within(domain_id, scope, plan.filter)
        compared = not plan.computed and keyset.is_comparable(self._schema, plan.sort)
        if compared:
            keys = dict.fromkeys((path for path, _ in plan.sort), 1)
            plan = replace(plan, projection={**plan.projection, **keys} if plan.projection else _WHOLE)
        plan = replace(plan, skip=cursor.skip, limit=plan.limit + 1)
        rest = {"$and": [match, keyset.following(plan.sort, cursor.values)]} if cursor.values else match
        milliseconds = self._milliseconds(remaining_seconds)
        with translated_errors(), query_limit(self._timeout_seconds):
            found = [] if query.count_only else self._find(rest, plan, milliseconds)
            counted = self._collection.count_documents(match, limit=keyset.MOST_COUNTED + 1, maxTimeMS=milliseconds)
        rows, total = found[: plan.limit - 1], min(counted, keyset.MOST_COUNTED)
        further = ""
        if len(found) > len(rows) and compared:
            further = keyset.encode(plan.sort, rows[-1])
        elif len(found) > len(rows) and cursor.skip + len(rows) < keyset.MOST_SKIPPED:
            further = keyset.encode_skip(plan.sort, cursor.skip + len(rows))
        return CursorPage(rows, further, total, is_counted=counted == total)
