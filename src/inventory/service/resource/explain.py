"""Explaining a cloud service from stored data: who sees it, what identifies it, and what would delete it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from inventory.connector.ports import Identity
from inventory.domain.keys import escape_key, unescape_key
from inventory.domain.plain import Document, Json
from inventory.domain.principal import Principal
from inventory.domain.reference_key import TYPE_FIELDS
from inventory.errors import InventoryError
from inventory.ingest.decision.match import MatchRule
from inventory.ingest.decision.match_values import NO_VALUE, value_at
from inventory.ingest.decision.recognize import NAMING, USUAL, creating_rule, text_rules
from inventory.ingest.decision.rules import Projects, RuleBook
from inventory.ingest.decision.same_thing import SameThing
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.deletion.twins import Twins
from inventory.manager.resource.cloud_services import CloudServiceManager
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.lookalikes import RESOURCE_ID, Lookalikes
from inventory.manager.resource.records import RecordStore
from inventory.model.connection import translated_errors
from inventory.model.documents.cloud_service import DELETED
from inventory.model.documents.collection_state import StoredCollectionState
from inventory.model.documents.record import BY_USER
from inventory.service.job.freshness import FreshnessService
from inventory.service.job.secret_view import SecretView
from inventory.service.resource.removal_outlook import RemovalLimits, removals
from inventory.service.resource.scope import project_scope

LOOKALIKES: Final = 20
_PROJECT: Final = "project_id"
_COPIED: Final = (
    *("cloud_service_id", "name", *TYPE_FIELDS, "account"),
    *("region_code", _PROJECT, "updated_at"),
)
_COMPARED: Final = (*USUAL, "region_code", "name", "instance_type")

Sighted: TypeAlias = "dict[str, Any]"
"""Who saw a resource, and when: the fields of a collection state that are still known."""


@dataclass(kw_only=True, eq=False)
class ResourceExplainer:
    """Explains cloud services.

    Args:
        identity: queried for projects if a collector rule names them by a field.
    """

    services: CloudServiceManager
    states: StateStore
    records: RecordStore
    collectors: CollectorManager
    rules: CollectorRuleManager
    lookalikes: Lookalikes
    twins: Twins
    freshness: FreshnessService
    identity: Identity
    limits: RemovalLimits

    def explain(self, principal: Principal, cloud_service_id: str) -> Document:
        """Return the fields of the ``ResourceExplanation``.

        For a caller bound to projects, secrets of others are counted and not named, with the collectors and tasks that
        used them; no hold and no collector rule is named.

        Raises:
            NotFoundError: there is no such cloud service that the caller may see.
        """
        document = self.services.get(principal.domain_id, cloud_service_id, project_scope(principal))
        with translated_errors():
            states = self.states.of_resource(principal.domain_id, cloud_service_id)
            last_change = self.records.newest(principal.domain_id, cloud_service_id)
        seen = _with_former(states, document)
        collectors = self.collectors.get_many(principal.domain_id, {state["collector_id"] for state in seen})
        views = self._views(principal, seen, collectors)
        shown = None if principal.projects is None else frozenset(views)
        rule = creating_rule(as_active(document), text_rules())
        twins = self._twins_of(principal, document)
        alike = self._alike(principal, document, rule or USUAL, twins)
        found: Document = {
            "cloud_service_id": cloud_service_id,
            "name": document.get("name"),
            "state": document.get("state"),
            "sightings": list(_sightings(seen, collectors, views, shown)),
            "identity": _identity(document, rule),
            "project": self._project(principal, document, seen),
            "removals": removals(
                document, states, collectors, self.limits, shown, [twin["cloud_service_id"] for twin in twins]
            ),
            "lookalikes": [lookalike(document, other, rule or ()) for other in alike[:LOOKALIKES]],
            "lookalikes_incomplete": len(alike) > LOOKALIKES,
        }
        return found | ({"last_change": last_change} if last_change else {})

    def _views(
        self, principal: Principal, states: Sequence[Sighted], collectors: Mapping[str, Json]
    ) -> dict[tuple[str, str], SecretView]:
        """Return the views of existing collectors that see the resource and that the caller may see."""
        return self.freshness.of_secrets(principal, [pair for pair in map(_pair, states) if pair[0] in collectors])

    def _project(self, principal: Principal, document: Json, states: Sequence[Sighted]) -> Document:
        """Return what set the project of the resource: the last user who changed it, else a rule, else the secret."""
        project_id = document.get(_PROJECT)
        if not project_id:
            return {"source": "NONE"}
        found = {"project_id": project_id}
        with translated_errors():
            by_user = self.records.newest(
                principal.domain_id,
                document["cloud_service_id"],
                updated_by=BY_USER,
                diff={"$elemMatch": {"key": _PROJECT, "after": project_id}},
            )
        last = max(states, key=lambda state: state["seen_at"], default=None)
        if by_user and (last is None or by_user["created_at"] > last["seen_at"]):
            return found | {"source": "USER", "user_id": by_user.get("user_id") or ""}
        if last is not None:
            if rule := self._deciding_rule(principal, last["collector_id"], document):
                names = {"collector_rule_id": rule["collector_rule_id"], "collector_rule_name": rule.get("name") or ""}
                # Collector rules are not for callers bound to projects.
                return found | {"source": "RULE", **(names if principal.projects is None else {})}
            pair = (last["collector_id"], last.get("secret_id") or "")
            view = self.freshness.of_secrets(principal, [pair]).get(pair)
            if view is not None and view.project_id == project_id:
                return found | {"source": "SECRET", "secret_id": pair[1]}
        return found | {"source": "OTHER"}

    def _deciding_rule(self, principal: Principal, collector_id: str, document: Json) -> Json | None:
        """Return the rule of the collector that assigns the current project to the stored resource."""
        book = RuleBook.of(self.rules.list_of_collector(principal.domain_id, collector_id))
        projects = Projects(identity=self.identity, principal=principal)
        try:
            project_id, rule = book.project_and_rule(as_sent(document), projects)
        except InventoryError:
            # Identity is unreachable: the project that a rule assigns is unknown.
            return None
        return rule if project_id == document[_PROJECT] else None

    def _twins_of(self, principal: Principal, document: Json) -> list[Document]:
        """Return the active resources that the caller may see, because of which an undo does not restore this one."""
        if document.get("state") != DELETED:
            return []
        found = self.twins.of(document, SameThing())
        return [each for each in found if principal.projects is None or each.get(_PROJECT) in principal.projects]

    def _alike(
        self, principal: Principal, document: Json, rule: MatchRule, twins: Sequence[Document]
    ) -> list[Document]:
        """Return ``twins``, then other active resources with the same resource_id, and those that differ in only one
        value of the rule.
        """
        scope = project_scope(principal) or {}
        wanted = [{RESOURCE_ID: value_at(document, RESOURCE_ID)}]
        values = {key: value_at(document, key) for key in rule}
        if RESOURCE_ID not in rule:
            wanted += [{key: value for key, value in values.items() if key != left_out} for left_out in rule]
        found: dict[str, Document] = {}
        for each in wanted:
            # The remaining values must identify a resource: otherwise all resources of an account would match.
            if any(key in NAMING and value not in NO_VALUE for key, value in each.items()):
                others = self.lookalikes.with_values(document, each, scope=scope, limit=LOOKALIKES + 1)
                found.update({other["cloud_service_id"]: other for other in others})
        first = [twin["cloud_service_id"] for twin in twins]
        return [*twins, *(found[key] for key in sorted(found) if key not in first)]


def as_active(document: Json) -> Json:
    """Return a resource with the match key that it has, or had when it was deleted."""
    key = document.get("match_key") or document.get("former_match_key")
    return document if key is None else {**document, "match_key": key}


def _with_former(states: Sequence[StoredCollectionState], document: Json) -> list[Sighted]:
    """Return the states, and those that no longer exist as far as the resource names them or who collected it last."""
    known: list[Sighted] = [dict(state) for state in states]
    pairs = set(map(_pair, known))
    known += [dict(former) for former in document.get("former_states") or () if _pair(former) not in pairs]
    pairs = set(map(_pair, known))
    for info in document.get("collection_info") or ():
        former = {"collector_id": info.get("collector_id") or "", "secret_id": info.get("secret_id") or ""}
        if former["collector_id"] and _pair(former) not in pairs and info.get("last_collected_at"):
            known.append({**former, "seen_at": info["last_collected_at"]})
    return known


def _pair(state: Sighted) -> tuple[str, str]:
    return state["collector_id"], state.get("secret_id") or ""


def _sightings(
    states: Iterable[Sighted],
    collectors: Mapping[str, Json],
    views: Mapping[tuple[str, str], SecretView],
    shown: Collection[tuple[str, str]] | None,
) -> Iterator[Document]:
    for state in states:
        pair = _pair(state)
        sighting: Document = {"last_seen_at": state.get("seen_at"), "misses": state.get("disconnected_count") or 0}
        if shown is None or pair in shown:
            sighting |= {
                "collector_id": pair[0],
                "collector_name": collectors.get(pair[0], {}).get("name", ""),
                "secret_id": pair[1],
                "job_task_id": state.get("job_task_id"),
            }
        if view := views.get(pair):
            sighting |= {"freshness": view.verdict.state.value, "freshness_reason": view.verdict.reason}
        yield {name: value for name, value in sighting.items() if value is not None}


def lookalike(document: Json, other: Json, rule: Iterable[str] = ()) -> Document:
    """Return the fields of a ``Lookalike``: what ``other`` is, and how it differs from ``document``."""
    keys = dict.fromkeys((*_COMPARED, *rule))
    return {
        **{name: other[name] for name in _COPIED if other.get(name) is not None},
        "resource_id": value_at(other, RESOURCE_ID) or "",
        "differs_in": [key for key in keys if _value(document, key) != _value(other, key)],
    }


def _value(document: Json, key: str) -> object:
    value = value_at(document, key)
    return None if value in NO_VALUE else value


def _identity(document: Json, rule: MatchRule | None) -> Document:
    keys = rule or USUAL
    found: Document = {
        "rule": list(keys),
        "values": {key: value_at(document, key) for key in keys if value_at(document, key) not in NO_VALUE},
        "known": rule is not None,
    }
    if rule is None and as_active(document).get("match_key") is None:
        found["remark"] = "it was created or changed by the API, so the rule that created it is unknown"
    elif rule is None:
        found["remark"] = "the rule that created it names other keys, or values that have changed since"
    return found


def as_sent(document: Json) -> Document:
    """Return a stored resource in the form in which its plugin sends it, with the fields that collector rules use."""
    provider = document.get("provider") or ""
    tags = (document.get("tags") or {}).get(escape_key(provider))
    metadata = (document.get("metadata") or {}).get(escape_key(provider))
    sent: dict[str, Any] = {**document, "metadata": metadata or {}, "tags": {}}
    if isinstance(tags, Mapping):
        sent["tags"] = {unescape_key(key): value for key, value in tags.items()}
    return sent
