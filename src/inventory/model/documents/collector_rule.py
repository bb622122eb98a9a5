"""CollectorRule: what happens to a resource of a collector before it is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from inventory.model.declare import Struct, index, model, unique
from inventory.model.stored import StoredDocument

MANAGED = "MANAGED"
CUSTOM = "CUSTOM"


class StoredCollectorRule(StoredDocument):
    """One rule; ``order`` is 1-based within its collector and ``rule_type``."""

    collector_rule_id: str
    domain_id: str
    collector_id: str
    name: NotRequired[str]
    rule_type: NotRequired[Annotated[str, {"choices": (MANAGED, CUSTOM), "default": CUSTOM}]]
    order: NotRequired[Annotated[int, {"min_value": 1}]]
    conditions: NotRequired[list[Struct]]
    conditions_policy: NotRequired[Annotated[str, {"choices": ("ALL", "ANY", "ALWAYS")}]]
    actions: NotRequired[Struct]
    options: NotRequired[Struct]
    tags: NotRequired[Struct]
    created_at: NotRequired[datetime]


CollectorRule = model(
    StoredCollectorRule,
    "collector_rule",
    unique("domain_id", "collector_rule_id"),
    index("domain_id", "collector_id", "rule_type", "order"),
    # As in Collector: _id last, the order of paged lists.
    index("domain_id", "order", "id"),
    index("domain_id", "collector_id", "order", "id"),
)
