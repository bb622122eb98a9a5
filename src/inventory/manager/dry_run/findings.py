"""The changes that a dry run made to its scratch collections, which a collect would make to the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.domain.plain import Document
from inventory.manager.deletion.holds import hold_id_of

DELETE: Final = "DELETE"
HOLD: Final = "HOLD"
MISS: Final = "MISS"
UNSEEN: Final = "UNSEEN"
UPDATE: Final = "UPDATE"
CREATE: Final = "CREATE"
ACTIONS: Final = (DELETE, HOLD, MISS, UNSEEN, UPDATE, CREATE)
"""What would happen to a resource, in the order in which changes are listed: deleted, held instead of being deleted,
counted as not seen, not seen without being counted, updated, created."""

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


def is_complete(task: Mapping[str, Any]) -> bool:
    """Return whether a job task, by ending in SUCCESS, saw all that its plugin sees with the secret."""
    return bool(task["full_collect"]) and task["status"] == "SUCCESS"


def supported_features(database: Database[Document]) -> frozenset[str]:
    """Return the features that the plugin of the only collector in these scratch collections supports."""
    collector = database["collector"].find_one({}, {"plugin_info.metadata.supported_features": 1}) or {}
    metadata = (collector.get("plugin_info") or {}).get("metadata") or {}
    features = metadata.get("supported_features")
    return frozenset(str(each) for each in features) if isinstance(features, list) else frozenset()


@dataclass(frozen=True, slots=True)
class NotSeen:
    """Numbers of resources that a complete task did not see.

    Attributes:
        unseen: neither counted as missed nor held already.
        held_already: in an earlier hold.
        held_and_missed: those of ``held_already`` that the task counted as missed.
    """

    unseen: int
    held_already: int
    held_and_missed: int


class Findings:
    """Reads them once the dry run has ended.

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
            "hold_id": None,
        }
        self._held = {"hold_id": {"$in": hold_ids}}

    def not_seen(self, task: Mapping[str, Any]) -> NotSeen:
        """Count the active resources of its secret that a task did not see and would neither delete nor hold.

        Garbage collection spares what was seen recently, and does nothing for some plugins and for empty streams, so
        its counts do not show that a plugin loses resources. What is held already is no loss that it would cause.
        """
        unseen = held = held_and_missed = 0
        for state in self._not_seen(task):
            missed = state.get("garbage_task_id") == task["job_task_id"]
            held += state["held"]
            held_and_missed += state["held"] and missed
            unseen += not state["held"] and not missed
        return NotSeen(unseen, held, held_and_missed)

    def _unseen(self, task: Mapping[str, Any]) -> Iterator[Document]:
        for state in self._not_seen(task):
            if not state["held"] and state.get("garbage_task_id") != task["job_task_id"]:
                yield state

    def _not_seen(self, task: Mapping[str, Any]) -> Iterator[Document]:
        """Yield the states of active resources of its secret that a complete task did not see and would not hold.

        Each also says, as ``held``, whether an earlier hold of a collect, or one for its age, holds the resource.
        """
        if not is_complete(task):
            return
        pair = {name: task[name] for name in ("domain_id", "collector_id", "secret_id")}
        states = self._states.find(
            {
                **pair,
                "job_task_id": {"$ne": task["job_task_id"]},
                "deleted": {"$ne": True},
                "hold_id": {"$ne": hold_id_of(task["job_task_id"])},
            },
            {"cloud_service_id": 1, "garbage_task_id": 1, "hold_id": 1},
            batch_size=_BATCH,
        )
        for batch in batched(states, _BATCH):
            wanted = {"$in": [state["cloud_service_id"] for state in batch]}
            active = {"domain_id": task["domain_id"], "cloud_service_id": wanted, "state": "ACTIVE"}
            found = self._services.find(active, {"cloud_service_id": 1, "hold_id": 1})
            holds = {row["cloud_service_id"]: row.get("hold_id") for row in found}
            for state in batch:
                if (key := state["cloud_service_id"]) in holds:
                    yield {**state, "held": bool(state.get("hold_id") or holds[key])}

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
        elif action == UNSEEN:
            for task in self.tasks:
                yield from self._unseen(task)

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
        found = self._services.find(wanted, dict.fromkeys(("cloud_service_id", "hold_id", *_SHOWN), 1))
        resources = {each["cloud_service_id"]: each for each in found}
        changes = []
        for each in batch:
            key = each["cloud_service_id"]
            resource = resources.get(key, {})
            if action == MISS and resource.get("hold_id"):
                # Held for its age, so it is not deleted after further misses.
                continue
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
