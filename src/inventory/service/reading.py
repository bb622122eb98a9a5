"""get, list and stat, common to all resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.domain.principal import Principal
from inventory.errors import RequiredParameterError
from inventory.manager.page import Page
from inventory.manager.reader import Reader, Scope
from inventory.query.ast import Query
from inventory.query.fields import ResourceSchema
from inventory.query.parser import RawQuery, parse_list
from inventory.query.references import ReferenceLookup, with_request_filters
from inventory.query.statistics.aggregate import parse_stat

Filters: TypeAlias = Mapping[str, object]
"""The request's own filter fields, by name, without absent ones."""


@dataclass(kw_only=True, eq=False)
class ResourceReads:
    """Reads one resource within the caller's domain; a subclass may restrict what a caller sees."""

    reader: Reader
    clock: Clock

    @property
    def schema(self) -> ResourceSchema:
        """The schema that queries refer to."""
        return self.reader.schema

    def get(self, principal: Principal, resource_id: str, only: Iterable[str] = ()) -> Document:
        """Return the document, or its fields ``only``.

        Raises:
            RequiredParameterError: the id is empty.
            NotFoundError: there is no such document that the caller may see.
            InvalidParameterError: ``only`` names an unknown field.
        """
        if not resource_id:
            raise RequiredParameterError(key=self.schema.id_field)
        return self.reader.get(
            principal.domain_id,
            resource_id,
            only=only,
            scope=self._scope(principal),
            remaining_seconds=principal.remaining_seconds(),
        )

    def list(self, principal: Principal, query: RawQuery, filters: Filters, *, scope: Scope | None = None) -> Page:
        """Return the documents that match.

        Args:
            query: a ``Query`` as a plain dict.
            filters: the request's own fields.
            scope: replaces the resource's own filter; nothing in the query can widen it.

        Raises:
            BadRequestError: one of its subclasses says what is wrong with the query.
        """
        now = self.clock.now()
        parsed = with_request_filters(parse_list(self._schema_of(principal), query, now=now), filters, now=now)
        return self.reader.list(
            parsed,
            domain_id=principal.domain_id,
            scope=scope or self._scope(principal, parsed),
            lookup=self._lookup(principal),
            remaining_seconds=principal.remaining_seconds(),
        )

    def stat(self, principal: Principal, query: RawQuery, *, scope: Scope | None = None) -> Document:
        """Return statistics over the documents that ``list`` would find; arguments and errors as for ``list``."""
        parsed = parse_stat(self._schema_of(principal), query, now=self.clock.now())
        return self.reader.stat(
            parsed,
            domain_id=principal.domain_id,
            scope=scope or self._scope(principal, parsed),
            lookup=self._lookup(principal),
            remaining_seconds=principal.remaining_seconds(),
        )

    def _schema_of(self, _principal: Principal) -> ResourceSchema:
        """Return the schema for the caller's queries."""
        return self.schema

    def _scope(self, _principal: Principal, _query: Query | None = None) -> Scope | None:
        """Return the filter that restricts what the caller sees; of a single document if there is no query."""
        return None

    def _lookup(self, _principal: Principal) -> ReferenceLookup | None:
        """Return the lookup for conditions on other resources."""
        return None
