"""The change history of a CloudService, as users see it (contract, sections 1 and 7)."""

from __future__ import annotations

from typing import Any, Final

from inventory.domain.clock import Clock
from inventory.domain.principal import Principal
from inventory.errors import RequiredParameterError
from inventory.manager.reader import Page, Reader, Scope
from inventory.manager.resource.cloud_services import CloudServiceManager
from inventory.query.parser import RawQuery
from inventory.service.resource.reading import Document, Filters, ResourceReads
from inventory.service.resource.scope import project_scope

_CLOUD_SERVICE_ID: Final = "cloud_service_id"
_NOTHING: Final[dict[str, Any]] = {"_id": {"$in": []}}


class ChangeHistoryService:
    """List and stat over the records of one CloudService, deleted or not."""

    def __init__(self, *, services: CloudServiceManager, reader: Reader, clock: Clock) -> None:
        self._services = services
        self._reads = ResourceReads(reader=reader, clock=clock)

    def list(self, principal: Principal, query: RawQuery, filters: Filters) -> Page:
        """Return the records that match; none of a CloudService that the caller may not see.

        Args:
            principal: who asks.
            query: a ``Query`` as a plain dict.
            filters: cloud_service_id, and others that narrow.

        Raises:
            RequiredParameterError: no cloud_service_id.
            BadRequestError: one of its other subclasses says what is wrong with the query.
        """
        return self._reads.list(principal, query, filters, scope=self._scope(principal, filters))

    def stat(self, principal: Principal, query: RawQuery, cloud_service_id: str) -> Document:
        """Return statistics over the records of a CloudService; raises as ``list``."""
        return self._reads.stat(principal, query, scope=self._scope(principal, {_CLOUD_SERVICE_ID: cloud_service_id}))

    def _scope(self, principal: Principal, filters: Filters) -> Scope:
        cloud_service_id = str(filters.get(_CLOUD_SERVICE_ID) or "")
        if not cloud_service_id:
            raise RequiredParameterError(key=_CLOUD_SERVICE_ID)
        own = project_scope(principal)
        if own is not None and not self._services.exists(principal.domain_id, cloud_service_id, own):
            return _NOTHING
        return {_CLOUD_SERVICE_ID: cloud_service_id}
