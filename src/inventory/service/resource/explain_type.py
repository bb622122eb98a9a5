"""Finding duplicate resources of a type, and the match rules that created its resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from inventory.domain.plain import Document, Json
from inventory.domain.principal import Principal
from inventory.ingest.decision.match import MatchRule
from inventory.ingest.decision.recognize import USUAL, creating_rule, text_rules
from inventory.ingest.decision.rules import RuleBook
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.resource.lookalikes import Lookalikes
from inventory.service.resource.cloud_service_type import CloudServiceTypeService
from inventory.service.resource.explain import as_sent, lookalike
from inventory.service.resource.scope import project_scope

EXAMPLES: Final = 10
SAMPLE: Final = 500
"""The number of resources whose match rules are determined."""
_SEARCHES: Final = 10
"""The number of resources for which all rules are tried; for the others, only rules already found are."""


@dataclass(kw_only=True, eq=False)
class TypeExplainer:
    """Explains types of cloud services."""

    types: CloudServiceTypeService
    lookalikes: Lookalikes
    collectors: CollectorManager
    rules: CollectorRuleManager

    def explain(self, principal: Principal, cloud_service_type_id: str) -> Document:
        """Return the fields of the ``TypeExplanation``; for a caller bound to projects, only of resources in these.

        Raises:
            NotFoundError: there is no such type.
        """
        found = self.types.get(principal, cloud_service_type_id, ("provider", "group", "name"))
        names = {name: found.get(name) or "" for name in ("provider", "group", "name")}
        kind = {
            "provider": names["provider"],
            "cloud_service_group": names["group"],
            "cloud_service_type": names["name"],
        }
        scope = project_scope(principal) or {}
        duplicates = self.lookalikes.of_type(principal.domain_id, kind, scope=scope)
        some = self.lookalikes.some_of_type(principal.domain_id, kind, scope=scope, limit=SAMPLE)
        used = rules_used(some)
        unknown = used.pop(None, 0)
        used.setdefault(USUAL, 0)
        return {
            "cloud_service_type_id": cloud_service_type_id,
            **names,
            "resources": duplicates.resources,
            "incomplete": not duplicates.complete,
            "duplicated": len(duplicates.groups),
            "differences": _differences(duplicates.groups),
            "examples": [_example(*each) for each in list(duplicates.groups.items())[:EXAMPLES]],
            "rules": [{"rule": list(rule or ()), "resources": count} for rule, count in used.most_common()],
            "rule_unknown": unknown,
            "collector_rules": self._collector_rules(principal, some) if principal.projects is None else [],
            "sampled": len(some),
        }

    def _collector_rules(self, principal: Principal, resources: Sequence[Json]) -> list[Document]:
        """Return how many of the resources each rule of the collectors that see them applies to."""
        seen: dict[str, list[Document]] = {}
        for resource in resources:
            sent = as_sent(resource)
            for collector_id in {info.get("collector_id") or "" for info in resource.get("collection_info") or ()}:
                seen.setdefault(collector_id, []).append(sent)
        found = []
        for collector_id, collector in self.collectors.get_many(principal.domain_id, sorted(seen)).items():
            book = RuleBook.of(self.rules.list_of_collector(principal.domain_id, collector_id))
            applied = Counter(rule["collector_rule_id"] for sent in seen[collector_id] for rule in book.applied(sent))
            for rule in chain.from_iterable(book.groups):
                names = {"name": rule.get("name") or "", "collector_name": collector["name"]}
                ids = {"collector_rule_id": rule["collector_rule_id"], "collector_id": collector_id}
                found.append({**ids, **names, "resources": applied[rule["collector_rule_id"]]})
        return sorted(found, key=lambda use: -use["resources"])


def rules_used(resources: Iterable[Json]) -> Counter[MatchRule | None]:
    """Return the number of resources by the match rule that created them; under None those whose rule is unknown."""
    used: Counter[MatchRule | None] = Counter()
    searches = _SEARCHES
    for resource in resources:
        known: list[MatchRule] = [rule for rule in used if rule is not None]
        rule = creating_rule(resource, [*known, USUAL])
        if rule is None and resource.get("match_key") is not None and searches:
            searches -= 1
            rule = creating_rule(resource, text_rules())
        used[rule] += 1
    return used


def _differs_in(alike: Sequence[Json]) -> list[str]:
    found: dict[str, None] = {}
    for other in alike[1:]:
        found.update(dict.fromkeys(lookalike(alike[0], other)["differs_in"]))
    return list(found)


def _differences(groups: Mapping[str, Sequence[Json]]) -> list[Document]:
    counted: Counter[str] = Counter()
    for alike in groups.values():
        counted.update(_differs_in(alike))
    return [{"key": key, "count": count} for key, count in counted.most_common()]


def _example(resource_id: str, alike: Sequence[Json]) -> Document:
    ids = [str(each["cloud_service_id"]) for each in alike[:EXAMPLES]]
    return {"resource_id": resource_id, "cloud_service_ids": ids, "differs_in": _differs_in(alike)}
