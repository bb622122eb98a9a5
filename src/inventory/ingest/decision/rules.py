"""Collector rules: how they determine a resource's project (contract, section 7).

Evaluation is pure; identity is queried through :class:`Projects`, once per task and query.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from inventory.connector.ports import Identity
from inventory.domain.collector.rule import ALWAYS
from inventory.domain.numbers import whole
from inventory.domain.plain import Json
from inventory.domain.principal import Principal
from inventory.ingest.decision.match_values import value_at
from inventory.ingest.reading.record import free_form, is_text, tags_of
from inventory.observe.logs import get_logger

_GROUPS: Final = ("MANAGED", "CUSTOM")

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules of one collector in the order of their application.

    Attributes:
        groups: MANAGED rules, then CUSTOM ones, each by ``order``; documents of ``collector_rule``.
        revision: changes with any change of a rule.
        asks_identity: whether the result depends on more than rules and resource.
    """

    groups: tuple[tuple[Json, ...], ...]
    revision: bytes
    asks_identity: bool

    @classmethod
    def of(cls, documents: Iterable[Json]) -> RuleBook:
        """Return the rule book of a collector's rule documents, in any order."""
        ordered = sorted(documents, key=lambda rule: rule.get("order") or 0)
        groups = tuple(tuple(rule for rule in ordered if rule.get("rule_type") == name) for name in _GROUPS)
        essence = [
            [rule.get(key) for key in ("rule_type", "conditions", "conditions_policy", "actions", "options")]
            for group in groups
            for rule in group
        ]
        written = json.dumps(essence, sort_keys=True, default=str).encode()
        asks = any(
            (rule.get("actions") or {}).get(action)
            for group in groups
            for rule in group
            for action in ("match_project", "match_service_account")
        )
        return cls(groups, hashlib.blake2b(written, digest_size=16).digest(), asks)

    def project_of(self, resource: Json, projects: Projects) -> str:
        """Return the project that the rules assign to ``resource``, or ``""`` if none does."""
        return self.project_and_rule(resource, projects)[0]

    def project_and_rule(self, resource: Json, projects: Projects) -> tuple[str, Json | None]:
        """Return the project that the rules assign to ``resource``, and the rule that does; ``""`` and None if none."""
        project_id: str = ""
        decided_by: Json | None = None
        for group in self.groups:
            for rule in group:
                if matches(rule, resource):
                    found = _act(rule.get("actions") or {}, resource, projects)
                    if found:
                        project_id, decided_by = found, rule
                    if (rule.get("options") or {}).get("stop_processing"):
                        break
        return project_id, decided_by

    def applied(self, resource: Json) -> Iterator[Json]:
        """Yield the rules that apply to ``resource``, whether they change its project or not."""
        for group in self.groups:
            for rule in group:
                if matches(rule, resource):
                    yield rule
                    if (rule.get("options") or {}).get("stop_processing"):
                        break


def matches(rule: Json, resource: Json) -> bool:
    """Return whether the rule's conditions hold for ``resource``."""
    policy = rule.get("conditions_policy")
    if policy == ALWAYS:
        return True
    conditions = rule.get("conditions") or []
    if not conditions:
        return False
    held = (_holds(condition, resource) for condition in conditions)
    return any(held) if policy == "ANY" else all(held)


def _holds(condition: Json, resource: Json) -> bool:
    value = source_value(resource, str(condition.get("key", "")))
    if value is None:
        return False
    wanted = str(condition.get("value", ""))
    match condition.get("operator"):
        case "eq":
            return value == wanted
        case "not":
            return value != wanted
        case "contain":
            return wanted.lower() in value.lower()
        case "not_contain":
            return wanted.lower() not in value.lower()
    return False


def source_value(resource: Json, key: str) -> str | None:
    """Return the text at ``key`` of a streamed resource, or None. Keys of tags may contain dots."""
    root, _, rest = key.partition(".")
    if root in {"tags", "additional_info"} and rest:
        part = resource.get(root) or {}
        value = tags_of(part).get(rest) if root == "tags" else part.get(rest) if isinstance(part, Mapping) else None
        if value is None and isinstance(part, Mapping):
            value = value_at(part, rest)
    elif root in {"data", "metadata"} and rest:
        value = value_at(free_form(resource, root), rest)
    else:
        value = value_at(resource, key)
    if value is None or value == "" or isinstance(value, Mapping | list):
        return None
    written = str(whole(value) if isinstance(value, float) else value)
    return written if is_text(written) else None


def _act(actions: Json, resource: Json, projects: Projects) -> str:
    """Return the project that the actions determine; the last action with a result counts."""
    found = ""
    project_id = actions.get("change_project")
    if project_id and projects.exists(project_id, log_unknown=True):
        found = project_id
    for action, ask in (
        ("match_project", projects.by_project_field),
        ("match_service_account", projects.by_service_account_field),
    ):
        rule = actions.get(action)
        if isinstance(rule, Mapping) and rule.get("source") and rule.get("target"):
            value = source_value(resource, rule["source"])
            if value is not None:
                found = ask(rule["target"], value) or found
    return found


class Projects:
    """A task's queries to identity about projects, each sent once."""

    def __init__(self, *, identity: Identity, principal: Principal) -> None:
        self._identity = identity
        self._principal = principal
        self._known: dict[str, bool] = {}
        self._by_project: dict[tuple[str, str], str] = {}
        self._by_account: dict[tuple[str, str], str] = {}

    def exists(self, project_id: str, *, log_unknown: bool = False) -> bool:
        """Return whether the domain has the project.

        Args:
            log_unknown: whether to log an unknown one: one of a rule is logged, but a plugin may send anything.
        """
        if project_id not in self._known:
            self._known[project_id] = self._identity.project_exists(project_id, self._principal)
            if log_unknown and not self._known[project_id]:
                _log.warning("project_unknown", project_id=project_id, domain_id=self._principal.domain_id)
        return self._known[project_id]

    def by_project_field(self, field: str, value: str) -> str:
        """Return the project whose ``field`` is ``value``, or ``""``."""
        question = (field, value)
        if question not in self._by_project:
            self._by_project[question] = self._identity.find_project(field, value, self._principal)
        return self._by_project[question]

    def by_service_account_field(self, field: str, value: str) -> str:
        """Return the project of the GENERAL service account whose ``field`` is ``value``, or ``""``."""
        question = (field, value)
        if question not in self._by_account:
            found = self._identity.find_service_account_project(field, value, self._principal)
            self._by_account[question] = found
        return self._by_account[question]
