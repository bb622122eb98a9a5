"""A collector's view of one secret, as returned in ``FreshnessInfo``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inventory.domain.job.freshness import Verdict
from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.manager.collector.manager import ENABLED
from inventory.model.documents.collector import StoredCollector

_COUNTED: Final = ("created_count", "updated_count", "disconnected_count", "view_resources_seen")


@dataclass(frozen=True, slots=True)
class SecretView:
    """A collector's view of one secret.

    Attributes:
        collector: collector_id, name and state.
        secret_id: empty if the collector has not collected with any secret yet.
        complete: the last complete success, or None.
        ended: the task that ended last, or None.
        stale_after: time without a complete success after which it is stale.
        failures: of the tasks since the last complete success; known only for views of a page.
        attempt: the last attempt with its first error; known only for views of a page.
    """

    collector: StoredCollector
    secret_id: str
    complete: Document | None
    ended: Document | None
    verdict: Verdict
    stale_after: timedelta
    failures: int = 0
    attempt: Document | None = None

    @property
    def last_success_at(self) -> datetime | None:
        """When the last complete success ended; of one that a retry completed, when the job that it retries began."""
        return None if self.complete is None else succeeded_at(self.complete)

    @property
    def began_at(self) -> datetime | None:
        """When the last complete success began; what it did not see, it missed."""
        complete = self.complete or {}
        moment: datetime | None = complete.get("view_started_at") or complete.get("started_at")
        return moment

    @property
    def project_id(self) -> str:
        """The secret's project, according to the last task."""
        return str((self.ended or self.complete or {}).get("project_id") or "")

    @property
    def has_newer_tasks(self) -> bool:
        """Whether a task has ended since the last complete success."""
        return self.ended is not None and (self.complete is None or self.ended["task"] != self.complete["task"])

    @property
    def order(self) -> tuple[int, float, str, str]:
        """The worst first; within a state, the one whose last complete success is the oldest."""
        moment = self.last_success_at
        age = 0.0 if moment is None else moment.timestamp()
        return (self.verdict.state.severity, age, str(self.collector["collector_id"]), self.secret_id)

    def document(self) -> Document:
        """Return the fields of a ``FreshnessInfo``."""
        known, complete, attempt = self.ended or self.complete or {}, self.complete or {}, self.attempt or {}
        document = {
            "collector_id": self.collector["collector_id"],
            "collector_name": self.collector.get("name", ""),
            "collector_enabled": self.collector.get("state") == ENABLED,
            "secret_id": self.secret_id,
            "provider": known.get("provider"),
            "service_account_id": known.get("service_account_id"),
            "project_id": self.project_id,
            "state": self.verdict.state.value,
            "reason": self.verdict.reason,
            "last_success_at": self.last_success_at,
            "last_success_job_id": complete.get("job_id"),
            "last_attempt_at": attempt.get("finished_at"),
            "last_attempt_status": attempt.get("status"),
            "last_attempt_job_id": attempt.get("job_id"),
            "last_attempt_job_task_id": attempt.get("job_task_id"),
            "consecutive_failures": self.failures,
            "resources": sum(complete.get(name) or 0 for name in _COUNTED),
            "stale_after_seconds": int(self.stale_after.total_seconds()),
        }
        if (errors := attempt.get("errors")) and attempt["status"] != TaskStatus.SUCCESS.value:
            document["last_error"] = {name: errors[0].get(name) for name in ("error_code", "message")}
        return {name: value for name, value in document.items() if value is not None}


def succeeded_at(task: Document) -> datetime:
    """Return the time from which on a complete success saw its resources: its view may be as old as this."""
    moment: datetime = task.get("view_started_at") or task["finished_at"]
    return moment
