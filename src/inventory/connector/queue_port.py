"""The port of the queue, by which work reaches the workers; its docstrings are the contract of every connector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class JobToPlan:
    """A job that waits to be planned by a worker.

    Attributes:
        job_id: its id.
        domain_id: its domain.
        priority: 0–99, lower first.
    """

    job_id: str
    domain_id: str
    priority: int


@dataclass(frozen=True, slots=True)
class BandState:
    """The state of a band of the queue.

    Attributes:
        band: its name.
        waiting: messages that no worker has taken.
        oldest_seconds: age of the next message, s; 0 if there is none.
    """

    band: str
    waiting: int
    oldest_seconds: float


class Queue(Protocol):
    """Enqueues work for the workers. A lost message loses nothing: the sweeper enqueues it again.

    Messages hold ids only. All methods raise ``ConnectionFailureError`` if Redis is unreachable; some of several
    messages may have been enqueued by then.
    """

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        """Ask a worker to plan the job."""

    def plan_jobs(self, jobs: Sequence[JobToPlan]) -> None:
        """Ask workers to plan the jobs, like ``plan_job`` for each, in few round trips."""

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        """Ask workers to run the slices. ``priority``: 0–99, lower first."""

    def dry_run(self, dry_run_id: str, *, domain_id: str, priority: int) -> None:
        """Ask a worker to run the dry run. Who waits for its report asks again, should the message get lost."""

    def ping(self) -> None:
        """Return if Redis answers."""
