"""The changes that a dry run made to its scratch collections, which a collect would make to the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.manager.deletion.holds import hold_id_of
from inventory.model.connection import Document

DELETE: Final = "DELETE"
HOLD: Final = "HOLD"
MISS: Final = "MISS"
UPDATE: Final = "UPDATE"
CREATE: Final = "CREATE"
ACTIONS: Final = (DELETE, HOLD, MISS, UPDATE, CREATE)
"""What would happen to a resource, in the order in which changes are listed: deleted, held instead of being deleted,
counted as not seen, updated, created."""

_RECORDED: Final = (DELETE, UPDATE, CREATE)
_BATCH: Final = 500
_SHOWN: Final = (
    "name",
    "provider",
    "cloud_service_group",
    "cloud_service_type",
    "region_code",
    "account",
    "project_id",
    "reference",
)
"""The fields of the resource that a change contains."""


class Findings:
    """Reads them once the dry run has ended.

    Args:
        database: the scratch collections.

    Attributes:
        tasks: its job tasks, by secret.
    """

    def __init__(self, database: Database[Document]) -> None:
        self.tasks: Sequence[Document] = list(database["job_task"].find({}).sort("secret_id", 1))
        self._records = database["record"]
        self._services = database["cloud_service"]
        self._states = database["collection_state"]
        hold_ids = [hold_id_of(task["job_task_id"]) for task in self.tasks]
        self._missed = {
            "garbage_task_id": {"$in": [task["job_task_id"] for task in self.tasks]},
            "deleted": {"$ne": True},
            "hold_id": {"$nin": hold_ids},
        }
        self._held = {"hold_id": {"$in": hold_ids}}

    def changed(self) -> int:
        """Return how many existing resources would be changed."""
        created = self._created()
        ids = self._records.aggregate([{"$match": {"action": UPDATE}}, {"$group": {"_id": "$cloud_service_id"}}])
        return sum(1 for row in ids if row["_id"] not in created)

    def changes(self, limit: int) -> Iterator[list[Document]]:
        """Yield the changes in batches, at most ``limit`` of each action, deletions first."""
        created = self._created()
        for action in ACTIONS:
            for batch in batched(islice(self._of(action), limit), _BATCH):
                yield self._with_resources(action, batch, created)

    def _of(self, action: str) -> Iterator[Document]:
        if action in _RECORDED:
            yield from self._records.find({"action": action}, {"cloud_service_id": 1, "diff": 1}, batch_size=_BATCH)
        elif action == MISS:
            yield from self._states.find(self._missed, {"cloud_service_id": 1}, batch_size=_BATCH)
        elif action == HOLD:
            yield from self._states.find(self._held, {"cloud_service_id": 1}, batch_size=_BATCH)

    def _created(self) -> frozenset[str]:
        return frozenset(
            row["_id"]
            for row in self._records.aggregate(
                [{"$match": {"action": CREATE}}, {"$group": {"_id": "$cloud_service_id"}}]
            )
        )

    def _with_resources(
        self, action: str, batch: Sequence[Mapping[str, Any]], created: frozenset[str]
    ) -> list[Document]:
        wanted = {"cloud_service_id": {"$in": [each["cloud_service_id"] for each in batch]}}
        found = self._services.find(wanted, dict.fromkeys(("cloud_service_id", *_SHOWN), 1))
        resources = {each["cloud_service_id"]: each for each in found}
        changes = []
        for each in batch:
            key = each["cloud_service_id"]
            resource = resources.get(key, {})
            change: Document = {
                "action": action,
                "resource": {name: resource[name] for name in _SHOWN if name in resource},
                "diff": each.get("diff", []),
            }
            if key not in created:
                # A collect would assign a different id to a created resource.
                change["cloud_service_id"] = key
            changes.append(change)
        return changes
