"""Collector rules: changes of a resource before it is stored (contract, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inventory.connector.ports import Identity
from inventory.domain import ids
from inventory.domain.collector.rule import Rule, checked_rule
from inventory.domain.collector.values import required_text
from inventory.domain.plain import Params
from inventory.domain.principal import Principal
from inventory.errors import (
    InvalidParameterError,
    InvalidParameterTypeError,
    NotAllowedToChangeOrderError,
    NotAllowedToDeleteRuleError,
    NotAllowedToUpdateRuleError,
    NotFoundError,
    RequiredParameterError,
    RuleNotAllowedError,
)
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.model.documents.collector_rule import CUSTOM, MANAGED, CollectorRule, StoredCollectorRule
from inventory.model.new_document import new_document
from inventory.service.reading import ResourceReads

_ID: Final = "collector_rule_id"
_CONTENT: Final = ("name", "conditions", "conditions_policy", "actions", "options", "tags")


@dataclass(kw_only=True, eq=False)
class CollectorRuleService(ResourceReads):
    """The use cases of collector rules. Those of a plugin (MANAGED) are read-only."""

    rules: CollectorRuleManager
    collectors: CollectorManager
    identity: Identity

    def create(self, principal: Principal, params: Params) -> StoredCollectorRule:
        """Add a CUSTOM rule after the collector's existing rules.

        Args:
            params: collector_id, conditions_policy, actions, conditions (unless ALWAYS), name, options, tags.

        Raises:
            RequiredParameterError, InvalidParameterError, InvalidParameterTypeError: ``params`` is invalid.
            NotFoundError: no such collector, or project in ``change_project``.
        """
        collector_id = required_text(params, "collector_id")
        content = checked_rule(params)
        self.collectors.get(principal.domain_id, collector_id)
        self._check_project(principal, content)
        rule: StoredCollectorRule = new_document(
            CollectorRule,
            **content,
            collector_rule_id=ids.new_id(ids.COLLECTOR_RULE),
            domain_id=principal.domain_id,
            collector_id=collector_id,
            rule_type=CUSTOM,
            created_at=self.clock.now(),
        )
        return self.rules.append(rule)

    def update(self, principal: Principal, params: Params) -> StoredCollectorRule:
        """Replace the sent ones of name, conditions, conditions_policy, actions, options and tags.

        Raises:
            NotFoundError: no such rule, or project in ``change_project``.
            NotAllowedToUpdateRuleError: the rule is MANAGED.
            RequiredParameterError, InvalidParameterError, InvalidParameterTypeError: the resulting rule is invalid.
        """
        rule = self._custom(principal, params, NotAllowedToUpdateRuleError)
        sent = {
            name: params[name] for name in _CONTENT if name in params and params[name] not in (None, "", [], "NONE")
        }
        content = checked_rule({name: rule.get(name) for name in _CONTENT} | sent)
        if "actions" in sent:
            self._check_project(principal, content)
        return self.rules.update_fields(principal.domain_id, rule[_ID], content)

    def change_order(self, principal: Principal, params: Params) -> StoredCollectorRule:
        """Move a CUSTOM rule among the collector's CUSTOM rules; ``order`` is 1-based.

        Raises:
            NotFoundError: no such rule.
            NotAllowedToChangeOrderError: the rule is MANAGED.
            RequiredParameterError, InvalidParameterTypeError, InvalidParameterError: ``order`` is not a valid position.
        """
        if not params.get("order"):
            required_text(params, _ID)
            raise RequiredParameterError(key="order")
        order = params["order"]
        if not isinstance(order, int) or isinstance(order, bool):
            raise InvalidParameterTypeError(key="order", expected="int")
        rule = self._custom(principal, params, NotAllowedToChangeOrderError)
        size = len(self.rules.list_of_collector(principal.domain_id, rule["collector_id"], (CUSTOM,)))
        if not 1 <= order <= size:
            raise InvalidParameterError(key="order", reason=f"must be from 1 to {size}")
        return self.rules.move(rule, order)

    def delete(self, principal: Principal, collector_rule_id: str) -> None:
        """Remove a CUSTOM rule and close the gap.

        Raises:
            NotFoundError: no such rule.
            NotAllowedToDeleteRuleError: the rule is MANAGED.
        """
        self.rules.delete(self._custom(principal, {_ID: collector_rule_id}, NotAllowedToDeleteRuleError))

    def _custom(self, principal: Principal, params: Params, refusal: type[RuleNotAllowedError]) -> StoredCollectorRule:
        rule = self.rules.get(principal.domain_id, required_text(params, _ID))
        if rule["rule_type"] == MANAGED:
            raise refusal(collector_rule_id=rule[_ID])
        return rule

    def _check_project(self, principal: Principal, content: Rule) -> None:
        project_id = content["actions"].get("change_project")
        if project_id and not self.identity.project_exists(project_id, principal):
            raise NotFoundError(key="project_id", value=project_id)
