"""Jobs created by schedules: many at once, exactly one per fire time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.job.states import JobStatus
from inventory.domain.plain import Document
from inventory.model.connection import refused_duplicates, translated_errors
from inventory.model.documents.job import Job, StoredJob
from inventory.model.new_document import new_document
from inventory.model.stored import collection_of

_SHOWN: Final = dict.fromkeys(
    ("job_id", "status", "fire_at", "created_at", "finished_at", "total_tasks", "remained_tasks"), True
) | {"_id": False}
"""The fields shown of a schedule's last job."""


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire time of a schedule that becomes a job; of several, those with a lower ``priority`` come first."""

    domain_id: str
    schedule_id: str
    fire_at: datetime
    collector_id: str
    priority: int
    collect_mode: str
    filter: Document = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, datetime]:
        """What identifies the job of this fire time."""
        return (self.domain_id, self.schedule_id, self.fire_at)


@dataclass(frozen=True, slots=True)
class FiredJob:
    """The job of a fire time.

    fire: the fire time it was created for.
    job_id: its id.
    is_new: whether this call created it; False if another scheduler had.
    waits: whether nobody has begun to plan it.
    """

    fire: Fire
    job_id: str
    is_new: bool = True
    waits: bool = True


class ScheduledJobManager:
    """Inserts into the collection ``job``, beside ``JobManager``, and reads the jobs of schedules."""

    def __init__(self, *, database: Database[Document], clock: Clock) -> None:
        self._jobs = collection_of(database, "job", StoredJob)
        self._clock = clock

    @translated_errors()
    def insert(self, fires: Sequence[Fire]) -> list[FiredJob]:
        """Create the job of each fire time that has none, and return the jobs of all, in the order of ``fires``.

        Safe to repeat, and to run in several schedulers at once. A fire time whose job was neither created nor found is
        left out.
        """
        if not fires:
            return []
        documents = self._documents(fires)
        try:
            self._jobs.insert_many(documents, ordered=False)
            refused: set[int] = set()
        except BulkWriteError as exc:
            refused = refused_duplicates(exc)
        known = self._known([fires[index] for index in refused])
        made = (
            known.get(fire.key) if index in refused else FiredJob(fire, documents[index]["job_id"])
            for index, fire in enumerate(fires)
        )
        return [job for job in made if job is not None]

    def _documents(self, fires: Sequence[Fire]) -> list[StoredJob]:
        """Return new jobs. Their differing fields were checked with the schedule, so one is validated for all."""
        now = self._clock.now()
        like = new_document(
            Job,
            job_id=ids.new_id(ids.JOB),
            status=JobStatus.CREATED.value,
            collector_id=fires[0].collector_id,
            domain_id=fires[0].domain_id,
            created_at=now,
            updated_at=now,
        )
        return [
            like
            | {
                "job_id": ids.new_id(ids.JOB),
                "domain_id": fire.domain_id,
                "collector_id": fire.collector_id,
                "schedule_id": fire.schedule_id,
                "fire_at": fire.fire_at,
                "priority": fire.priority,
                "collect_mode": fire.collect_mode,
                "filter": fire.filter,
            }
            for fire in fires
        ]

    def _known(self, fires: Sequence[Fire]) -> dict[tuple[str, str, datetime], FiredJob]:
        """Return the jobs that another scheduler has created."""
        if not fires:
            return {}
        wanted = {fire.key: fire for fire in fires}
        query = {
            "domain_id": {"$in": sorted({fire.domain_id for fire in fires})},
            # The $type condition is needed because the index covers only strings.
            "schedule_id": {"$in": sorted({fire.schedule_id for fire in fires}), "$type": "string"},
            "fire_at": {"$in": sorted({fire.fire_at for fire in fires})},
        }
        found = {}
        for job in self._jobs.find(query):
            key = (job["domain_id"], job["schedule_id"], job["fire_at"])
            if key in wanted:
                waits = job["status"] == JobStatus.CREATED.value and not job["plan_attempts"]
                found[key] = FiredJob(wanted[key], job["job_id"], is_new=False, waits=waits)
        return found

    @translated_errors()
    def newest_since(self, due: Iterable[tuple[str, str, datetime]]) -> dict[tuple[str, str], datetime]:
        """Return, for each schedule that has one, the newest fire time with a job at or after the given one.

        Args:
            due: domain_id, schedule_id, and the fire time that the schedule is waiting for.
        """
        each = [
            {
                "domain_id": domain_id,
                "schedule_id": {"$eq": schedule_id, "$type": "string"},
                "fire_at": {"$gte": due_at},
            }
            for domain_id, schedule_id, due_at in due
        ]
        if not each:
            return {}
        found: dict[tuple[str, str], datetime] = {}
        for job in self._jobs.find({"$or": each}, {"domain_id": 1, "schedule_id": 1, "fire_at": 1}):
            key = (job["domain_id"], job["schedule_id"])
            found[key] = max(job["fire_at"], found.get(key, job["fire_at"]))
        return found

    @translated_errors()
    def fire_times(self, domain_id: str, schedule_id: str, first: datetime, last: datetime) -> list[datetime]:
        """Return the fire times of a schedule from ``first`` to ``last`` that have a job, in order."""
        query = {
            "domain_id": domain_id,
            "schedule_id": {"$eq": schedule_id, "$type": "string"},
            "fire_at": {"$gte": first, "$lte": last},
        }
        return [
            job["fire_at"] for job in self._jobs.find(query, {"_id": 0, "fire_at": 1}, sort=[("fire_at", ASCENDING)])
        ]

    @translated_errors()
    def last_of(self, domain_id: str, schedule_ids: Iterable[str]) -> dict[str, Document]:
        """Return the last job of each schedule that has any, by schedule_id: its ids, status and times."""
        found = {}
        # One query per schedule reads one job; a grouping would read every job ever created.
        for schedule_id in schedule_ids:
            query = {"domain_id": domain_id, "schedule_id": {"$eq": schedule_id, "$type": "string"}}
            job = self._jobs.find_one(query, _SHOWN, sort=[("fire_at", DESCENDING)])
            if job is not None:
                found[schedule_id] = {key: value for key, value in job.items() if value is not None}
        return found
