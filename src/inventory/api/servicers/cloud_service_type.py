"""``spaceone.api.inventory.v1.CloudServiceType``: decode, call, present."""

from __future__ import annotations

from inventory.api.endpoint import Request
from inventory.api.present import EMPTY, statistics
from inventory.api.present_resources import CLOUD_SERVICE_TYPE
from inventory.domain.principal import Principal
from inventory.service.resource.cloud_service_type import CloudServiceTypeService


class CloudServiceTypeServicer:
    """Cloud service types."""

    def __init__(self, types: CloudServiceTypeService) -> None:
        self._types = types

    def create(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudServiceType.create``."""
        return CLOUD_SERVICE_TYPE.one(self._types.create(principal, request))

    def update(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudServiceType.update``."""
        return CLOUD_SERVICE_TYPE.one(self._types.update(principal, request))

    def delete(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudServiceType.delete``."""
        self._types.delete(principal, request["cloud_service_type_id"])
        return EMPTY

    def get(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudServiceType.get``."""
        return CLOUD_SERVICE_TYPE.one(
            self._types.get(principal, request["cloud_service_type_id"], request.get("only", ()))
        )

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudServiceType.list``."""
        page = self._types.list(principal, request.pop("query", {}), request)
        return CLOUD_SERVICE_TYPE.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CloudServiceType.stat``."""
        return statistics(self._types.stat(principal, request["query"]))
