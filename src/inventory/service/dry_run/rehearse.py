"""Runs a dry run from claim to report: the code of a real collect, over scratch collections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final, Protocol, Self, cast

from pymongo.database import Database

from inventory.connector.queue_port import Queue
from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.job.stored_error import error_document
from inventory.domain.plain import Document
from inventory.domain.principal import Principal, system_principal
from inventory.errors import ConnectionFailureError, InventoryError, JobTimeoutError
from inventory.manager.dry_run.findings import Findings, NotSeen, is_complete, supported_features
from inventory.manager.dry_run.runs import DryRunManager
from inventory.manager.job.manager import JobManager
from inventory.model.connection import translated_errors
from inventory.model.documents.dry_run import FAILURE, SUCCESS, StoredDryRun
from inventory.model.documents.job import StoredJob
from inventory.model.documents.job_task import StoredJobTask
from inventory.observe.logs import bind, get_logger, unbind
from inventory.service.collector.manage import CollectorService
from inventory.service.job.collect import CollectService
from inventory.service.job.run_slice import RunSlice
from inventory.service.job.running import RunningSlices

_LOOK_SECONDS: Final = 0.5
"""How often to check whether the dry run must stop, s."""
_COUNTS: Final = {
    "created_count": "created",
    "updated_count": "seen",
    "deleted_count": "deleted",
    "held_count": "held",
    "disconnected_count": "missed",
    "failure_count": "failed",
    "uncounted_count": "uncounted",
    "error_count": "errors",
}
"""The counts of a job task by their names in a report."""
_ERRORS_KEPT: Final = 20
"""Maximum number per secret."""

_log = get_logger(__name__)


class Rehearsal(Protocol):
    """A service over the scratch collections of one dry run, with everything needed to collect in them."""

    @property
    def database(self) -> Database[Document]: ...
    @property
    def collector_service(self) -> CollectorService: ...
    @property
    def collect(self) -> CollectService: ...
    @property
    def jobs(self) -> JobManager: ...
    @property
    def run_slice(self) -> RunSlice: ...
    @property
    def running(self) -> RunningSlices: ...

    def before_garbage(self, task: StoredJobTask) -> None:
        """Copy what the garbage collection of ``task`` reads; repeated, it copies only what is not copied yet."""

    def next_slice(self) -> str:
        """Return the id of the slice enqueued next, once; empty for none."""


Rehearse = Callable[[StoredDryRun], AbstractContextManager[Rehearsal]]
"""Creates the scratch collections of a dry run, and removes them at the end."""


class Stop(Enum):
    """Why a dry run must stop."""

    LOST = auto()
    """It was canceled, or another process has claimed it."""
    SHUTDOWN = auto()
    TIMEOUT = auto()


@dataclass(kw_only=True, eq=False)
class DryRunner:
    """Runs dry runs on the calling thread; one object serves all threads of a worker.

    Args:
        rehearse: creates what they need to collect.
        owner: identifies this process in claims.
        stopping: returns whether this process is stopping.
        system_token: the token for calls to the platform.
        period_seconds: how often a claim is renewed, s.
        timeout_seconds: how long a dry run may take, s.
        max_changes: maximum number of changes of each kind that are kept.
    """

    runs: DryRunManager
    rehearse: Rehearse
    queue: Queue
    clock: Clock
    owner: str
    stopping: Callable[[], bool]
    system_token: str
    period_seconds: float
    timeout_seconds: float
    max_changes: int

    def run(self, domain_id: str, dry_run_id: str) -> None:
        """Run it unless another process does, or it has ended. Safe to call at any time, repeatedly.

        Raises:
            ConnectionFailureError: of MongoDB; the claim expires, and whoever waits for the report restarts it.
        """
        if self.stopping():
            return
        claimed = self.runs.claim(domain_id, dry_run_id, owner=f"{self.owner}/{ids.new_id('run')}")
        if claimed is None:
            return
        bind(dry_run_id=dry_run_id)
        try:
            with translated_errors(), self.rehearse(claimed) as rehearsal:
                self._run(claimed, rehearsal)
        finally:
            unbind("dry_run_id")

    def _run(self, claimed: StoredDryRun, rehearsal: Rehearsal) -> None:
        _log.info("dry_run_started", collector_id=claimed["collector_id"])
        watch = _Watch(self, claimed, rehearsal.running)
        job: StoredJob | None = None
        errors: list[Document] = []
        features = supported_features(rehearsal.database)
        with watch:
            try:
                job = self._collect(claimed, rehearsal, watch)
            except ConnectionFailureError:
                raise
            except InventoryError as exc:
                errors.append(error_document(exc))
            self._conclude(claimed, rehearsal, watch, job, errors, features)

    def _collect(self, claimed: StoredDryRun, rehearsal: Rehearsal, watch: _Watch) -> StoredJob:
        """Collect into the scratch collections, and return the resulting job."""
        domain_id = claimed["domain_id"]
        principal = system_principal(domain_id, token=self.system_token)
        self._change_plugin(claimed, rehearsal, principal)
        values: Document = {
            "job_id": ids.new_id(ids.JOB),
            "collector_id": claimed["collector_id"],
            "domain_id": domain_id,
            "priority": claimed["priority"],
            "collect_mode": claimed["collect_mode"],
            "filter": claimed["filter"],
        }
        if claimed.get("secret_id"):
            values["secret_id"] = claimed["secret_id"]
        job_id = rehearsal.jobs.insert(values)["job_id"]
        rehearsal.collect.plan_job(domain_id, job_id)
        while watch.reason is None and (slice_id := rehearsal.next_slice()):
            rehearsal.run_slice.run(domain_id, slice_id)
        return rehearsal.jobs.get(domain_id, job_id)

    def _change_plugin(self, claimed: StoredDryRun, rehearsal: Rehearsal, principal: Principal) -> None:
        """Set the requested plugin in the scratch collector."""
        version, endpoint, options = (claimed.get(name) for name in ("plugin_version", "endpoint", "options"))
        if version or endpoint or options is not None:
            change: Document = {"collector_id": claimed["collector_id"]}
            if version:
                change |= {"version": version, "upgrade_mode": "MANUAL"}
            if options is not None:
                change["options"] = options
            rehearsal.collector_service.update_plugin(principal, change)

    def _conclude(
        self,
        claimed: StoredDryRun,
        rehearsal: Rehearsal,
        watch: _Watch,
        job: StoredJob | None,
        errors: list[Document],
        features: frozenset[str],
    ) -> None:
        if watch.reason is Stop.LOST:
            _log.info("dry_run_left")
            return
        if watch.reason is Stop.SHUTDOWN:
            self._hand_back(claimed)
            return
        if watch.reason is Stop.TIMEOUT:
            errors.append(error_document(JobTimeoutError(limit_seconds=self.timeout_seconds)))
        errors.extend(job.get("errors", ()) if job else ())
        findings = Findings(rehearsal.database)
        for task in findings.tasks:
            if is_complete(task) and not task.get("garbage_collected"):
                rehearsal.before_garbage(cast("StoredJobTask", task))
        self.runs.replace_changes(claimed, findings.changes(self.max_changes))
        rows = [_row(task, findings.not_seen(task)) for task in findings.tasks]
        counts = _summed(rows)
        counts["updated"] = min(findings.changed(), counts["seen"])
        counts["unchanged"] = counts.pop("seen") - counts["updated"]
        well = not errors and job is not None and job["status"] == "SUCCESS"
        self.runs.finish(
            claimed,
            status=SUCCESS if well else FAILURE,
            counts=counts,
            tasks=rows,
            errors=errors[:_ERRORS_KEPT],
            dropped_features=sorted(features - supported_features(rehearsal.database)),
        )
        _log.info("dry_run_finished", well=well, **counts)

    def _hand_back(self, claimed: StoredDryRun) -> None:
        if self.runs.hand_back(claimed):
            self.queue.dry_run(claimed["dry_run_id"], domain_id=claimed["domain_id"], priority=claimed["priority"])
            _log.info("dry_run_handed_back")


class _Watch:
    """Renews the claim of a dry run on a separate thread, and stops it if necessary."""

    def __init__(self, runner: DryRunner, claimed: StoredDryRun, running: RunningSlices) -> None:
        self.reason: Stop | None = None
        self._runner = runner
        self._claimed = claimed
        self._running = running
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dry-run-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        clock = self._runner.clock
        renewed = clock.monotonic()
        while not self._ended.wait(_LOOK_SECONDS):
            due = clock.monotonic() - renewed >= self._runner.period_seconds
            if due:
                renewed = clock.monotonic()
            try:
                self._look(renew=due)
            except Exception:  # noqa: BLE001 (a thread's outermost loop: without it the claim would run out)
                _log.exception("dry_run_watch_failed")

    def _look(self, *, renew: bool) -> None:
        runner = self._runner
        if self.reason is None:
            if runner.stopping():
                self.reason = Stop.SHUTDOWN
            elif runner.clock.now() > self._claimed["started_at"] + timedelta(seconds=runner.timeout_seconds):
                self.reason = Stop.TIMEOUT
            elif renew and not runner.runs.renew(self._claimed):
                self.reason = Stop.LOST
        if self.reason is not None:
            self._running.stop_all()
        elif renew:
            self._running.beat()


def _row(task: Document, not_seen: NotSeen) -> Document:
    """Return what the report contains about one secret."""
    counts = {name: int(task.get(stored) or 0) for stored, name in _COUNTS.items()}
    counts["missed"] = max(counts["missed"] - counts["held"] - not_seen.held_and_missed, 0)
    return {
        "secret_id": task["secret_id"],
        "status": task["status"],
        **counts,
        "unseen": not_seen.unseen,
        "held_already": not_seen.held_already,
        "error_list": list(task.get("errors") or ())[:_ERRORS_KEPT],
    }


def _summed(rows: Sequence[Document]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in (*_COUNTS.values(), "unseen", "held_already")}
