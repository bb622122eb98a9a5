"""``spaceone.api.inventory.v1.Region``: decode, call, present."""

from __future__ import annotations

from inventory.api.endpoint import Request
from inventory.api.present import EMPTY, statistics
from inventory.api.present_resources import REGION
from inventory.domain.principal import Principal
from inventory.service.resource.region import RegionService


class RegionServicer:
    """Regions."""

    def __init__(self, regions: RegionService) -> None:
        self._regions = regions

    def create(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Region.create``."""
        return REGION.one(self._regions.create(principal, request))

    def update(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Region.update``."""
        return REGION.one(self._regions.update(principal, request))

    def delete(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Region.delete``."""
        self._regions.delete(principal, request["region_id"])
        return EMPTY

    def get(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Region.get``."""
        return REGION.one(self._regions.get(principal, request["region_id"], request.get("only", ())))

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Region.list``."""
        page = self._regions.list(principal, request.pop("query", {}), request)
        return REGION.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Region.stat``."""
        return statistics(self._regions.stat(principal, request["query"]))
