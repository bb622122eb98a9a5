"""``spaceone.api.inventory.v1.CollectorRule``: decode, call, present."""

from __future__ import annotations

from inventory.api.endpoint import Request
from inventory.api.present import EMPTY, statistics
from inventory.api.present_resources import COLLECTOR_RULE
from inventory.domain.principal import Principal
from inventory.service.collector.rules import CollectorRuleService


class CollectorRuleServicer:
    """Collector rules."""

    def __init__(self, rules: CollectorRuleService) -> None:
        self._rules = rules

    def create(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CollectorRule.create``."""
        return COLLECTOR_RULE.one(self._rules.create(principal, request))

    def update(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CollectorRule.update``."""
        return COLLECTOR_RULE.one(self._rules.update(principal, request))

    def change_order(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CollectorRule.change_order``."""
        return COLLECTOR_RULE.one(self._rules.change_order(principal, request))

    def delete(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CollectorRule.delete``."""
        self._rules.delete(principal, request["collector_rule_id"])
        return EMPTY

    def get(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CollectorRule.get``."""
        return COLLECTOR_RULE.one(self._rules.get(principal, request["collector_rule_id"], request.get("only", ())))

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CollectorRule.list``."""
        page = self._rules.list(principal, request.pop("query", {}), request)
        return COLLECTOR_RULE.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``CollectorRule.stat``."""
        return statistics(self._rules.stat(principal, request["query"]))
