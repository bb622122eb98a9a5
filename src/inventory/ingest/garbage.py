"""Garbage collection: what a full collect no longer saw (contract, section 7).

It runs once a whole job task has ended SUCCESS. A task that breaks off in the middle of it may be repeated: each
state notes the task that counted it, so nothing is counted or deleted twice, and the counts come out the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.clock import Clock
from inventory.domain.collect_mode import CollectMode
from inventory.ingest.context import IngestContext
from inventory.manager.resource_removal import ResourceRemover
from inventory.manager.resource_state import StateStore

Document = dict[str, Any]

FEATURE: Final = "garbage_collection"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class GarbageCounts:
    """How many resources were deleted, and how many only counted as disconnected."""

    deleted: int = 0
    disconnected: int = 0


def is_due(context: IngestContext, *, resources_seen: int) -> bool:
    """Return whether a task that ended SUCCESS with all its slices proves that something is gone.

    Args:
        context: of the task; ``full_collect`` says that the filter sent was empty.
        resources_seen: sum over the slices.
    """
    features = context.plugin_metadata.get("supported_features")
    return (
        context.full_collect
        and context.collect_mode is CollectMode.ALL
        and resources_seen > 0
        and isinstance(features, list | tuple)
        and FEATURE in features
    )


def collect_garbage(
    database: Database[Document],
    *,
    context: IngestContext,
    task_started_at: datetime,
    clock: Clock,
    threshold: int = 3,
    grace_seconds: float = 3600.0,
) -> GarbageCounts:
    """Count what the task did not see, and delete what too many tasks did not see.

    Call it once after a task for which :func:`is_due`.

    Args:
        database: where.
        context: of the task; domain, collector, secret, job and job task count.
        task_started_at: when its first slice began.
        clock: the time.
        threshold: at how many misses a resource is deleted.
        grace_seconds: what was seen within this time is not counted, s.

    Returns:
        What became of it; the same when it is repeated for the same task.
    """
    states = database["collection_state"]
    pair = {"domain_id": context.domain_id, "collector_id": context.collector_id, "secret_id": context.secret_id}
    task_id = context.job_task_id
    now = clock.now()
    cutoff = min(now - timedelta(seconds=grace_seconds), task_started_at)
    states.delete_many({**pair, "deleted": True, "garbage_task_id": {"$ne": task_id}})
    states.update_many(
        {
            **pair,
            "seen_at": {"$lt": cutoff},
            "job_task_id": {"$ne": task_id},
            "garbage_task_id": {"$ne": task_id},
        },
        {"$inc": {"disconnected_count": 1}, "$set": {"garbage_task_id": task_id}},
    )
    counted = {**pair, "garbage_task_id": task_id}
    for batch in _batches(states.find({**counted, "deleted": {"$ne": True}}, {"cloud_service_id": 1})):
        _drop_vanished(database, context, [state["cloud_service_id"] for state in batch])
    doomed = {**counted, "disconnected_count": {"$gte": threshold}, "deleted": {"$ne": True}}
    remover = ResourceRemover(database=database)
    for batch in _batches(states.find(doomed, {"cloud_service_id": 1, "seen_at": 1})):
        lonely = _unseen_by_others(states, context, batch)
        gone = remover.delete(
            lonely,
            domain_id=context.domain_id,
            now=now,
            deleted_by=task_id,
            collector_ids=dict.fromkeys(lonely, context.collector_id),
            job_id=context.job_id,
            # Whoever sees it while this runs writes it: then it is not gone.
            unless_updated_since=now,
        )
        states.update_many({**counted, "cloud_service_id": {"$in": gone}}, {"$set": {"deleted": True}})
        _forget_elsewhere(states, context, gone)
    deleted = states.count_documents({**counted, "deleted": True})
    return GarbageCounts(deleted=deleted, disconnected=states.count_documents(counted) - deleted)


def _batches(found: Any) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for state in found:
        batch.append(state)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _elsewhere(context: IngestContext, cloud_service_ids: list[str]) -> Document:
    """Return the query for the states of these resources that are another collector's or secret's."""
    return {
        "domain_id": context.domain_id,
        "cloud_service_id": {"$in": cloud_service_ids},
        "$or": [{"collector_id": {"$ne": context.collector_id}}, {"secret_id": {"$ne": context.secret_id}}],
    }


def _unseen_by_others(states: Any, context: IngestContext, batch: list[Document]) -> list[str]:
    """Return the resources of ``batch`` that nobody else has seen since this collector and secret last did."""
    last_seen = {state["cloud_service_id"]: state["seen_at"] for state in batch}
    others = states.find(_elsewhere(context, list(last_seen)), {"cloud_service_id": 1, "seen_at": 1})
    kept = {other["cloud_service_id"] for other in others if other["seen_at"] > last_seen[other["cloud_service_id"]]}
    return [key for key in last_seen if key not in kept]


def _drop_vanished(database: Database[Document], context: IngestContext, cloud_service_ids: list[str]) -> None:
    """Forget all states of those resources that somebody else has deleted: they are not disconnected, but gone."""
    ours = {"domain_id": context.domain_id, "cloud_service_id": {"$in": cloud_service_ids}}
    alive_or_ours = {**ours, "$or": [{"state": "ACTIVE"}, {"deleted_by": context.job_task_id}]}
    kept = {
        found["cloud_service_id"] for found in database["cloud_service"].find(alive_or_ours, {"cloud_service_id": 1})
    }
    vanished = [key for key in cloud_service_ids if key not in kept]
    if vanished:
        StateStore(database=database).forget(context.domain_id, vanished)


def _forget_elsewhere(states: Any, context: IngestContext, cloud_service_ids: list[str]) -> None:
    if cloud_service_ids:
        states.delete_many(_elsewhere(context, cloud_service_ids))
