"""CollectorRule: what happens to a resource of a collector before it is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired

from mongoengine import DateTimeField, Document, IntField, ListField, StringField

from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

MANAGED = "MANAGED"
CUSTOM = "CUSTOM"


class CollectorRule(Document):  # type: ignore[misc]
    """One rule; ``order`` is 1-based within its collector and ``rule_type``."""

    collector_rule_id = StringField(required=True)
    domain_id = StringField(required=True)
    collector_id = StringField(required=True)
    name = StringField()
    rule_type = StringField(choices=(MANAGED, CUSTOM), default=CUSTOM)
    order = IntField(min_value=1)
    conditions = ListField(StructField())
    conditions_policy = StringField(choices=("ALL", "ANY", "ALWAYS"))
    actions = StructField()
    options = StructField()
    tags = StructField()
    created_at = DateTimeField()

    meta = {
        "collection": "collector_rule",
        "auto_create_index": False,
        "strict": False,
        "indexes": [
            {"fields": ["domain_id", "collector_rule_id"], "unique": True},
            ["domain_id", "collector_id", "rule_type", "order"],
            # As in Collector: _id last, the order of paged lists.
            ["domain_id", "order", "id"],
            ["domain_id", "collector_id", "order", "id"],
        ],
    }


class StoredCollectorRule(StoredDocument):
    """A raw document of :class:`CollectorRule`."""

    collector_rule_id: str
    domain_id: str
    collector_id: str
    name: NotRequired[str]
    rule_type: NotRequired[str]
    order: NotRequired[int]
    conditions: NotRequired[list[dict[str, Any]]]
    conditions_policy: NotRequired[str]
    actions: NotRequired[dict[str, Any]]
    options: NotRequired[dict[str, Any]]
    tags: NotRequired[dict[str, Any]]
    created_at: NotRequired[datetime]
