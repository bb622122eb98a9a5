"""Slices of job tasks: creating, releasing, adding up, canceling and removing; ``slice_claim`` covers running ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from pymongo.database import Database
from pymongo.errors import BulkWriteError

from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.job.states import TASK_OPEN, TaskStatus
from inventory.domain.plain import Document
from inventory.manager.job.slice_sums import TaskSlices, task_slices
from inventory.manager.transactions import end_sessions, sessions_of
from inventory.model.connection import refused_duplicates, translated_errors
from inventory.model.documents.job_task import Slice, StoredJobTask, StoredSlice
from inventory.model.new_document import new_document
from inventory.model.stored import collection_of

OPEN: Final = [status.value for status in TASK_OPEN]
"""Stored statuses of slices and tasks that have not ended."""

KnownSlices: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
"""The task_options of each slice, by secret."""

_KNOWN: Final = 1
"""The plan attempt of slices that were known when their task was planned."""

NOT_RUNNING: Final = {"lease_until": "", "collector_slot": "", "endpoint_slot": "", "waits_for": ""}
"""Fields that every transition out of IN_PROGRESS unsets, so that a slot is free as soon as its slice stops running;
and so does every transition from PENDING to an end."""


def first_slice_id(job_task_id: str) -> str:
    """Return the id of a task's slice 0, derived from the task's id so that planning twice creates it once."""
    return f"{ids.SLICE}-{job_task_id.rpartition('-')[2]}"


def known_slice_ids(job_task_id: str, count: int) -> list[str]:
    """Return the ids of slices 1 to ``count`` of a task whose slices are known when it is planned, as for slice 0."""
    digests = (hashlib.sha256(f"{job_task_id}\0{number}".encode()) for number in range(1, count + 1))
    return [f"{ids.SLICE}-{digest.hexdigest()[:12]}" for digest in digests]


class SliceManager:
    """The slices of a task as a set."""

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._slices = collection_of(database, "slice", StoredSlice)
        self._clock = clock

    @translated_errors()
    def get(self, domain_id: str, slice_id: str) -> StoredSlice | None:
        """Return the slice, or None if it does not exist: its job may have been deleted meanwhile."""
        return self._slices.find_one({"domain_id": domain_id, "slice_id": slice_id})

    def insert(self, tasks: Sequence[StoredJobTask], known: KnownSlices, *, endpoint: str, priority: int) -> None:
        """Insert the slices of tasks that are planned, see ``new``; existing ones are left unchanged.

        Slice 0 comes last: a task without it does not end, however many of the others a crash has let be stored.
        They count as enqueued from now on: enqueue them right afterwards, or the sweeper will.
        """
        firsts, others = self.new(tasks, known, endpoint=endpoint, priority=priority)
        self._insert(others)
        self._insert(firsts)

    def new(
        self, tasks: Sequence[StoredJobTask], known: KnownSlices, *, endpoint: str, priority: int
    ) -> tuple[list[StoredSlice], list[StoredSlice]]:
        """Return the documents of slice 0 of each task, and of the slices that are known; nothing is stored.

        Args:
            tasks: of one job.
            known: the task_options of each slice, by secret, of tasks whose slices are known already: they are as if
                slice 0 had planned them.
            endpoint: the plugin's endpoint, for its limit of running slices.
            priority: the collector's priority.
        """
        if not tasks:
            return [], []
        now = self._clock.now()
        pending = _pending(endpoint, priority, now)
        template = new_document(Slice, slice_id="", number=0, **_of_task(tasks[0]), **pending)
        ended = {"status": TaskStatus.SUCCESS.value, "plan_attempt": _KNOWN, "expanded_attempt": _KNOWN}
        firsts: list[Any] = []
        others: list[Any] = []
        for task in tasks:
            made = template | _of_task(task) | {"slice_id": first_slice_id(task["job_task_id"]), "errors": []}
            options = known.get(task["secret_id"])
            if options is not None:
                others += _known(made, options)
                made = made | ended | {"finished_at": now}
            firsts.append(made)
        return firsts, others

    def hold(self, first: StoredSlice, task_options: Sequence[Mapping[str, Any]]) -> None:
        """Insert the slices planned by the claim ``first`` of slice 0, held until that claim has ended well.

        Slices that older claims planned and never released are removed.
        """
        attempt = first["plan_attempt"]
        self.drop_held(first["domain_id"], first["job_task_id"], before_attempt=attempt)
        pending = _pending(first.get("endpoint") or "", first["priority"], self._clock.now())
        template = new_document(
            Slice, slice_id="", number=0, plan_attempt=attempt, held=True, **_of_task(first), **pending
        )
        self._insert(
            [
                template | {"slice_id": ids.new_id(ids.SLICE), "number": number, "task_options": dict(options)}
                for number, options in enumerate(task_options, start=1)
            ]
        )

    @translated_errors()
    def drop_held(
        self,
        domain_id: str,
        job_task_id: str,
        *,
        before_attempt: int | None = None,
        attempt: int | None = None,
        other_than: int | None = None,
    ) -> int:
        """Remove held slices that will never be released: those of ``attempt``, of older ones, or of all others."""
        query: Document = {"domain_id": domain_id, "job_task_id": job_task_id, "held": True}
        conditions = {"$lt": before_attempt, "$eq": attempt, "$ne": other_than}
        query["plan_attempt"] = {name: value for name, value in conditions.items() if value is not None}
        return self._slices.delete_many(query).deleted_count

    @translated_errors()
    def release(self, domain_id: str, job_task_id: str, attempt: int) -> list[str]:
        """Release the slices of the plan ``attempt``, and return the ids of all of them that are PENDING."""
        plan = {
            "domain_id": domain_id,
            "job_task_id": job_task_id,
            "plan_attempt": attempt,
            "number": {"$gt": 0},
            "status": TaskStatus.PENDING.value,
        }
        now = self._clock.now()
        self._slices.update_many(
            plan | {"held": True}, {"$set": {"held": False, "not_before": now, "enqueued_at": now}}
        )
        return [found["slice_id"] for found in self._slices.find(plan, {"slice_id": 1}).sort("number", 1)]

    def release_or_drop(self, domain_id: str, job_task_id: str) -> list[str]:
        """Finish planning of slices that a crash interrupted: release the plan slice 0 ended with, drop the others.

        Nothing is done while slice 0 is open: its next claim plans again.
        """
        first = self.get(domain_id, first_slice_id(job_task_id))
        if first is not None and first["status"] in OPEN:
            return []
        attempt = -1 if first is None else first.get("expanded_attempt", -1)
        self.drop_held(domain_id, job_task_id, other_than=attempt)
        return self.release(domain_id, job_task_id, attempt) if attempt >= 0 else []

    @translated_errors()
    def has_open(self, domain_id: str, job_task_id: str) -> bool:
        """Return whether any slice of the task, including held ones, has not ended."""
        query = {"domain_id": domain_id, "job_task_id": job_task_id, "status": {"$in": OPEN}}
        return self._slices.find_one(query, {"_id": 1}) is not None

    @translated_errors()
    def of_task(self, domain_id: str, job_task_id: str) -> TaskSlices:
        """Return the state of the task's slices and, once all have ended, their sums."""
        return task_slices(self._slices, domain_id, job_task_id)

    @translated_errors()
    def tasks_with_open(self, tasks: Sequence[StoredJobTask]) -> set[str]:
        """Return the ids of those ``tasks`` that have a slice that has not ended."""
        query = {
            "domain_id": {"$in": sorted({task["domain_id"] for task in tasks})},
            "job_task_id": {"$in": [task["job_task_id"] for task in tasks]},
            "status": {"$in": OPEN},
        }
        return set(self._slices.distinct("job_task_id", query))

    @translated_errors()
    def tasks_with_counts(self, domain_id: str, job_id: str) -> list[str]:
        """Return the ids of the job's tasks that collected something or met an error."""
        query = {
            "domain_id": domain_id,
            "job_id": job_id,
            "$or": [{"total_count": {"$gt": 0}}, {"error_count": {"$gt": 0}}],
        }
        return list(self._slices.distinct("job_task_id", query))

    @translated_errors()
    def cancel(self, domain_id: str, *, job_id: str = "", job_task_id: str = "") -> int:
        """Cancel the open slices of a job or a task; a worker that runs one notices at its next heartbeat.

        The owner is kept, so that it can still record what it stored.
        """
        part = {"job_id": job_id} if job_id else {"job_task_id": job_task_id}
        change = {
            "$set": {"status": TaskStatus.CANCELED.value, "finished_at": self._clock.now()},
            "$unset": NOT_RUNNING,
        }
        query = {"domain_id": domain_id, **part, "status": {"$in": OPEN}}
        canceled = self._slices.update_many(query, change).modified_count
        # Their workers may be frozen in the middle of a transaction.
        stopped = {"domain_id": domain_id, **part, "status": TaskStatus.CANCELED.value}
        if sessions := sessions_of(self._slices, stopped):
            end_sessions(self._slices.database, sessions)
            self._slices.update_many(stopped, {"$unset": {"session": ""}})
        return canceled

    @translated_errors()
    def delete_of_jobs(self, domain_id: str, job_ids: Sequence[str]) -> None:
        """Remove all slices of the jobs."""
        self._delete({"domain_id": domain_id, "job_id": {"$in": list(job_ids)}})

    @translated_errors()
    def delete_of_task(self, domain_id: str, job_task_id: str) -> None:
        """Remove all slices of the task."""
        self._delete({"domain_id": domain_id, "job_task_id": job_task_id})

    def _delete(self, query: Document) -> None:
        sessions = sessions_of(self._slices, query)
        self._slices.delete_many(query)
        end_sessions(self._slices.database, sessions)

    @translated_errors()
    def due_not_enqueued(self, *, enqueued_before: datetime, limit: int) -> list[StoredSlice]:
        """Return slices that are due and were last enqueued before ``enqueued_before``, longest ago first."""
        query = {
            "status": TaskStatus.PENDING.value,
            "held": False,
            "enqueued_at": {"$lt": enqueued_before},
            "not_before": {"$lte": self._clock.now()},
        }
        wanted = {"domain_id": 1, "slice_id": 1, "priority": 1}
        return list(self._slices.find(query, wanted).sort("enqueued_at", 1).limit(limit))

    @translated_errors()
    def mark_enqueued(self, slices: Sequence[StoredSlice]) -> None:
        """Record that the slices were enqueued now."""
        if slices:
            ids_ = [one["_id"] for one in slices]
            self._slices.update_many({"_id": {"$in": ids_}}, {"$set": {"enqueued_at": self._clock.now()}})

    @translated_errors()
    def tasks_with_held(self, *, created_before: datetime, limit: int) -> list[tuple[str, str]]:
        """Return (domain_id, job_task_id) of tasks with slices held since before ``created_before``."""
        match = {"status": TaskStatus.PENDING.value, "held": True, "enqueued_at": {"$lt": created_before}}
        key = {"domain_id": "$domain_id", "job_task_id": "$job_task_id"}
        rows = self._slices.aggregate([{"$match": match}, {"$group": {"_id": key}}, {"$limit": limit}])
        return [(row["_id"]["domain_id"], row["_id"]["job_task_id"]) for row in rows]

    @translated_errors()
    def _insert(self, documents: list[Any]) -> None:
        if not documents:
            return
        try:
            self._slices.insert_many(documents, ordered=False)
        except BulkWriteError as exc:
            refused_duplicates(exc)


def _known(first: Document, task_options: Sequence[Mapping[str, Any]]) -> list[Document]:
    slice_ids = known_slice_ids(first["job_task_id"], len(task_options))
    return [
        first
        | {"slice_id": slice_id, "number": number, "plan_attempt": _KNOWN, "task_options": dict(options), "errors": []}
        for number, (slice_id, options) in enumerate(zip(slice_ids, task_options, strict=True), start=1)
    ]


def _of_task(source: Mapping[str, Any]) -> Document:
    return {key: source[key] for key in ("job_task_id", "job_id", "collector_id", "secret_id", "domain_id")}


def _pending(endpoint: str, priority: int, now: datetime) -> Document:
    # The times are never null, so that one index finds what is due.
    return {"endpoint": endpoint, "priority": priority, "created_at": now, "not_before": now, "enqueued_at": now}
