"""``spaceone.api.inventory.v1.ChangeHistory``: decode, call, present."""

from __future__ import annotations

from inventory.api.endpoint import Request
from inventory.api.present import statistics
from inventory.api.present_resources import RECORD
from inventory.domain.principal import Principal
from inventory.service.resource.change_history import ChangeHistoryService


class ChangeHistoryServicer:
    """The change history of cloud services."""

    def __init__(self, histories: ChangeHistoryService) -> None:
        self._histories = histories

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``ChangeHistory.list``."""
        page = self._histories.list(principal, request.pop("query", {}), request)
        return RECORD.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``ChangeHistory.stat``."""
        return statistics(self._histories.stat(principal, request["query"], request["cloud_service_id"]))
