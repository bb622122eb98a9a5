"""The common part of the use cases of CloudServiceTypes, Regions and change history: reading, and plain deletion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventory.domain.clock import Clock
from inventory.domain.plain import Params
from inventory.domain.principal import Principal
from inventory.errors import RequiredParameterError
from inventory.manager.page import Page
from inventory.manager.reader import Reader, Scope
from inventory.manager.resource.types_and_regions import ResourceManager
from inventory.model.connection import Document
from inventory.query.parser import RawQuery, parse_list
from inventory.query.references import with_request_filters
from inventory.query.statistics.aggregate import parse_stat

"""A request as a plain dict, without absent fields."""
Filters = Mapping[str, object]
"""The request's own filter fields, by name, without absent ones."""


class ResourceReads:
    """Reads one resource for callers that its scope does not restrict further."""

    def __init__(self, *, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def get(self, principal: Principal, resource_id: str, only: Iterable[str] = ()) -> Document:
        """Return the document, or its fields ``only``. Raises ``NotFoundError``, ``InvalidParameterError``."""
        return self._reader.get(
            principal.domain_id, resource_id, only=only, remaining_seconds=principal.remaining_seconds()
        )

    def list(self, principal: Principal, query: RawQuery, filters: Filters, *, scope: Scope | None = None) -> Page:
        """Return the documents that match.

        Args:
            principal: who asks.
            query: a ``Query`` as a plain dict.
            filters: the request's own fields.
            scope: an additional filter that nothing in the query can widen.

        Raises:
            BadRequestError: one of its subclasses says what is wrong with the query.
        """
        now = self._clock.now()
        return self._reader.list(
            with_request_filters(parse_list(self._reader.schema, query, now=now), filters, now=now),
            domain_id=principal.domain_id,
            scope=scope,
            remaining_seconds=principal.remaining_seconds(),
        )

    def stat(self, principal: Principal, query: RawQuery, *, scope: Scope | None = None) -> Document:
        """Return statistics; arguments and errors as for ``list``."""
        return self._reader.stat(
            parse_stat(self._reader.schema, query, now=self._clock.now()),
            domain_id=principal.domain_id,
            scope=scope,
            remaining_seconds=principal.remaining_seconds(),
        )


class ResourceService(ResourceReads):
    """The use cases that CloudServiceTypes and Regions share."""

    def __init__(self, *, resources: ResourceManager, reader: Reader, clock: Clock) -> None:
        super().__init__(reader=reader, clock=clock)
        self._resources = resources

    def delete(self, principal: Principal, resource_id: str) -> None:
        """Remove it; cloud services that refer to it are kept. Raises ``NotFoundError``."""
        self._resources.delete(principal.domain_id, resource_id)

    def _stored(self, principal: Principal, params: Params) -> Document:
        """Return the complete document that the request names."""
        id_field = self._reader.schema.id_field
        if not params.get(id_field):
            raise RequiredParameterError(key=id_field)
        return self._resources.get(principal.domain_id, params[id_field])
