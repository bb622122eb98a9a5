"""``spaceone.api.inventory.v1.CloudService``: decode, call, present."""

from __future__ import annotations

from inventory.api.endpoint import Request
from inventory.api.present import EMPTY, statistics
from inventory.api.present_resources import CLOUD_SERVICE
from inventory.domain.principal import Principal
from inventory.service.resource.cloud_service import CloudServiceService


class CloudServiceServicer:
    """Cloud services."""

    def __init__(self, services: CloudServiceService) -> None:
        self._services = services

    def create(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudService.create``."""
        return CLOUD_SERVICE.one(self._services.create(principal, request))

    def update(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudService.update``."""
        return CLOUD_SERVICE.one(self._services.update(principal, request))

    def delete(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudService.delete``."""
        self._services.delete(principal, request["cloud_service_id"])
        return EMPTY

    def get(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudService.get``."""
        return CLOUD_SERVICE.one(self._services.get(principal, request["cloud_service_id"], request.get("only", ())))

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudService.list``."""
        page = self._services.list(principal, request.pop("query", {}), request)
        return CLOUD_SERVICE.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudService.stat``."""
        return statistics(self._services.stat(principal, request["query"]))

    def analyze(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudService.analyze``."""
        return statistics(self._services.analyze(principal, request["query"]))
