"""States of jobs, job tasks and slices, and their transitions.

A slice is the unit that is claimed, retried and run in parallel; a job task ends when its slices have ended, and a job
when its tasks have. The two ``settle`` functions derive the upper state from the lower ones, so that any process may
compute it at any time with the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """Wire names of ``JobInfo.Status``."""

    CREATED = "CREATED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELED = "CANCELED"
    TIMEOUT = "TIMEOUT"


class TaskStatus(StrEnum):
    """Wire names of ``JobTaskInfo.JobTaskStatus``; slices use the same."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELED = "CANCELED"


JOB_TRANSITIONS: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.CREATED: frozenset(
        {JobStatus.IN_PROGRESS, JobStatus.SUCCESS, JobStatus.ERROR, JobStatus.CANCELED, JobStatus.TIMEOUT}
    ),
    JobStatus.IN_PROGRESS: frozenset({JobStatus.SUCCESS, JobStatus.ERROR, JobStatus.CANCELED, JobStatus.TIMEOUT}),
    JobStatus.SUCCESS: frozenset(),
    JobStatus.ERROR: frozenset(),
    JobStatus.CANCELED: frozenset(),
    JobStatus.TIMEOUT: frozenset(),
}

TASK_TRANSITIONS: Final[Mapping[TaskStatus, frozenset[TaskStatus]]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.IN_PROGRESS, TaskStatus.CANCELED, TaskStatus.FAILURE}),
    TaskStatus.IN_PROGRESS: frozenset(
        {TaskStatus.PENDING, TaskStatus.SUCCESS, TaskStatus.FAILURE, TaskStatus.CANCELED}
    ),
    TaskStatus.SUCCESS: frozenset(),
    TaskStatus.FAILURE: frozenset(),
    TaskStatus.CANCELED: frozenset(),
}

JOB_OPEN: Final = tuple(status for status, then in JOB_TRANSITIONS.items() if then)
TASK_OPEN: Final = tuple(status for status, then in TASK_TRANSITIONS.items() if then)


def job_sources(target: JobStatus) -> list[str]:
    """Return the states from which a job may become ``target``, for a conditional update."""
    return [status.value for status, then in JOB_TRANSITIONS.items() if target in then]


def task_sources(target: TaskStatus) -> list[str]:
    """Return the states from which a task or slice may become ``target``, for a conditional update."""
    return [status.value for status, then in TASK_TRANSITIONS.items() if target in then]


@dataclass(frozen=True, slots=True)
class Settled:
    """A job's state as derived from its tasks: its status, and the number of unfinished tasks."""

    status: JobStatus
    remained: int


def settle_task(slices: Iterable[TaskStatus]) -> TaskStatus:
    """Return a task's status derived from its slices: open while one is open, then the worst of them."""
    seen = set(slices)
    if TaskStatus.IN_PROGRESS in seen or (TaskStatus.PENDING in seen and len(seen) > 1):
        return TaskStatus.IN_PROGRESS
    for status in (TaskStatus.PENDING, TaskStatus.FAILURE, TaskStatus.CANCELED):
        if status in seen:
            return status
    return TaskStatus.SUCCESS


def settle_job(current: JobStatus, counts: Mapping[TaskStatus, int], *, has_errors: bool, refused: int = 0) -> Settled:
    """Return a job's state from the number of its tasks in each status.

    Args:
        current: the stored status; a terminal one does not change.
        counts: all tasks by status; to be called only once the tasks have been planned.
        has_errors: whether the job itself has an error.
        refused: how many tasks are CANCELED because another task was doing the same work.
    """
    remained = counts.get(TaskStatus.PENDING, 0) + counts.get(TaskStatus.IN_PROGRESS, 0)
    if current not in JOB_OPEN:
        return Settled(current, remained)
    if remained:
        return Settled(JobStatus.IN_PROGRESS, remained)
    if has_errors or refused or counts.get(TaskStatus.FAILURE, 0):
        return Settled(JobStatus.ERROR, 0)
    if counts.get(TaskStatus.CANCELED, 0):
        return Settled(JobStatus.CANCELED, 0)
    return Settled(JobStatus.SUCCESS, 0)
