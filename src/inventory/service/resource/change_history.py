"""The change history of a CloudService, as clients see it (contract, sections 1 and 7)."""

from __future__ import annotations

from typing import Final

from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.domain.principal import Principal
from inventory.errors import NotFoundError, RequiredParameterError
from inventory.manager.page import Page
from inventory.manager.reader import Reader, Scope
from inventory.manager.resource.cloud_services import CloudServiceManager
from inventory.query.parser import RawQuery
from inventory.service.reading import Filters, ResourceReads
from inventory.service.resource.scope import project_scope

_CLOUD_SERVICE_ID: Final = "cloud_service_id"


class ChangeHistoryService:
    """List and stat over the records of one CloudService, deleted or not."""

    def __init__(self, *, services: CloudServiceManager, reader: Reader, clock: Clock) -> None:
        self._services = services
        self._reads = ResourceReads(reader=reader, clock=clock)

    def list(self, principal: Principal, query: RawQuery, filters: Filters) -> Page:
        """Return the records that match.

        Args:
            query: a ``Query`` as a plain dict.
            filters: cloud_service_id, and optional further filters.

        Raises:
            RequiredParameterError: no cloud_service_id.
            NotFoundError: the caller can see no CloudService with this id.
            BadRequestError: one of its other subclasses says what is wrong with the query.
        """
        cloud_service_id = str(filters.get(_CLOUD_SERVICE_ID) or "")
        page = self._reads.list(principal, query, filters, scope=self._scope(principal, cloud_service_id))
        if not page.total_count:
            self._check_exists(principal, cloud_service_id)
        return page

    def stat(self, principal: Principal, query: RawQuery, cloud_service_id: str) -> Document:
        """Return statistics over the records of a CloudService; raises like ``list``."""
        answer = self._reads.stat(principal, query, scope=self._scope(principal, cloud_service_id))
        if not answer["results"]:
            self._check_exists(principal, cloud_service_id)
        return answer

    def _scope(self, principal: Principal, cloud_service_id: str) -> Scope:
        if not cloud_service_id:
            raise RequiredParameterError(key=_CLOUD_SERVICE_ID)
        if project_scope(principal) is not None:
            self._check_exists(principal, cloud_service_id)
        return {_CLOUD_SERVICE_ID: cloud_service_id}

    def _check_exists(self, principal: Principal, cloud_service_id: str) -> None:
        """Check the id; existing records prove it, which saves most callers this query."""
        if not self._services.exists(principal.domain_id, cloud_service_id, project_scope(principal)):
            raise NotFoundError(key=_CLOUD_SERVICE_ID, value=cloud_service_id)
