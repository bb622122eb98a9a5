"""Collector rules, in the collection ``collector_rule``.

``order`` is 1-based and without gaps, separately for a collector's MANAGED and CUSTOM rules. A crash during a
renumbering leaves gaps that the next renumbering closes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo import ReturnDocument, UpdateOne
from pymongo.database import Database

from inventory.domain import ids
from inventory.domain.plain import Document
from inventory.errors import existing
from inventory.model.connection import translated_errors
from inventory.model.documents.collector_rule import CUSTOM, MANAGED, StoredCollectorRule
from inventory.model.stored import collection_of
from inventory.model.time_limit import finish

_ID: Final = "collector_rule_id"
_ORDER: Final = [("order", 1), ("created_at", 1), (_ID, 1)]


def managed_rule_id(domain_id: str, collector_id: str, order: int) -> str:
    """Return the id of a MANAGED rule, derived from its position, so that writing the rules twice has no effect."""
    digest = hashlib.sha256(f"{domain_id}\0{collector_id}\0{order}".encode()).hexdigest()
    return f"{ids.COLLECTOR_RULE}-{digest[:12]}"


class CollectorRuleManager:
    """Raw documents of collector rules, always within one domain."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._collection = collection_of(database, "collector_rule", StoredCollectorRule)

    def get(self, domain_id: str, collector_rule_id: str) -> StoredCollectorRule:
        """Return the rule. Raises ``NotFoundError``."""
        with translated_errors(key=_ID):
            found = self._collection.find_one({"domain_id": domain_id, _ID: collector_rule_id}, {"_id": 0})
        return existing(found, key=_ID, value=collector_rule_id)

    def list_of_collector(
        self, domain_id: str, collector_id: str, rule_types: Sequence[str] = (MANAGED, CUSTOM)
    ) -> list[StoredCollectorRule]:
        """Return the collector's rules in the order of application: MANAGED in order, then CUSTOM in order."""
        query = {"domain_id": domain_id, "collector_id": collector_id, "rule_type": {"$in": list(rule_types)}}
        with translated_errors(key="collector_id"):
            found = self._collection.find(query, {"_id": 0}).sort(_ORDER)
            return sorted(found, key=lambda rule: rule["rule_type"] != MANAGED)

    def _group(self, domain_id: str, collector_id: str, rule_type: str) -> list[StoredCollectorRule]:
        query = {"domain_id": domain_id, "collector_id": collector_id, "rule_type": rule_type}
        return list(self._collection.find(query, {"_id": 0}).sort(_ORDER))

    def append(self, rule: StoredCollectorRule) -> StoredCollectorRule:
        """Store a new CUSTOM rule after the others of its collector and return it."""
        domain_id, collector_id = rule["domain_id"], rule["collector_id"]
        with translated_errors(key="actions"):
            behind = self._group(domain_id, collector_id, CUSTOM)
            order = max((other["order"] for other in behind), default=0) + 1
            self._collection.insert_one({**rule, "rule_type": CUSTOM, "order": order})
            # Another rule may have taken the same position at the same time.
            finish(lambda: self._renumber(self._group(domain_id, collector_id, CUSTOM)))
        return self.get(domain_id, rule[_ID])

    def update_fields(self, domain_id: str, collector_rule_id: str, fields: Mapping[str, Any]) -> StoredCollectorRule:
        """Set ``fields`` in one write and return the rule. Raises ``NotFoundError``."""
        with translated_errors(key="actions"):
            updated = self._collection.find_one_and_update(
                {"domain_id": domain_id, _ID: collector_rule_id},
                {"$set": dict(fields)},
                projection={"_id": 0},
                return_document=ReturnDocument.AFTER,
            )
        return existing(updated, key=_ID, value=collector_rule_id)

    def move(self, rule: StoredCollectorRule, order: int) -> StoredCollectorRule:
        """Move a rule to ``order`` (1-based, at most the group's size), shift the others, and return it."""
        domain_id = rule["domain_id"]
        with translated_errors(key="order"):
            group = self._group(domain_id, rule["collector_id"], rule["rule_type"])
            others = [other for other in group if other[_ID] != rule[_ID]]
            own = [other for other in group if other[_ID] == rule[_ID]]
            self._renumber([*others[: order - 1], *own, *others[order - 1 :]])
        return self.get(domain_id, rule[_ID])

    def delete(self, rule: StoredCollectorRule) -> None:
        """Remove a rule and close the gap."""
        domain_id = rule["domain_id"]
        with translated_errors(key=_ID):
            self._collection.delete_one({"domain_id": domain_id, _ID: rule[_ID]})
            finish(lambda: self._renumber(self._group(domain_id, rule["collector_id"], rule["rule_type"])))

    def _renumber(self, group: Sequence[StoredCollectorRule]) -> None:
        writes = [
            UpdateOne({"domain_id": rule["domain_id"], _ID: rule[_ID]}, {"$set": {"order": order}})
            for order, rule in enumerate(group, start=1)
            if rule["order"] != order
        ]
        if writes:
            self._collection.bulk_write(writes, ordered=True)

    def replace_managed(
        self, domain_id: str, collector_id: str, rules: Sequence[Mapping[str, Any]], *, now: datetime
    ) -> None:
        """Make ``rules`` (in stored form, in order) the MANAGED rules of the collector.

        Repeated or concurrent calls end with the same rules; none is missing permanently.
        """
        writes = []
        for order, rule in enumerate(rules, start=1):
            rule_id = managed_rule_id(domain_id, collector_id, order)
            fixed = {"collector_id": collector_id, "rule_type": MANAGED, "order": order}
            update: Document = {"$set": {**rule, **fixed}, "$setOnInsert": {"created_at": now}}
            if "name" not in rule:
                update["$unset"] = {"name": ""}
            writes.append(UpdateOne({"domain_id": domain_id, _ID: rule_id}, update, upsert=True))
        surplus = {
            "domain_id": domain_id,
            "collector_id": collector_id,
            "rule_type": MANAGED,
            "order": {"$gt": len(rules)},
        }
        with translated_errors(key="plugin_info.metadata"):
            if writes:
                self._collection.bulk_write(writes, ordered=False)
            self._collection.delete_many(surplus)

    def delete_of_collector(self, domain_id: str, collector_id: str) -> None:
        """Remove all rules of a collector."""
        with translated_errors(key="collector_id"):
            self._collection.delete_many({"domain_id": domain_id, "collector_id": collector_id})
