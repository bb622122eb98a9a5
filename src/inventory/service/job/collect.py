"""Collect: creates a job with its tasks and enqueues them (contract, section 6). Nothing is collected here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from inventory.connector.queue_port import Queue
from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.job.states import JobStatus
from inventory.domain.job.stored_error import error_document
from inventory.domain.job.transaction import transaction_of
from inventory.domain.plain import Document
from inventory.domain.principal import Principal, system_principal
from inventory.errors import (
    CollectInitializeError,
    CollectorStateError,
    ConnectionFailureError,
    InventoryError,
    JobNotRetryableError,
    NotFoundError,
    PluginInstallingError,
    RequiredParameterError,
    SaveUniqueValuesError,
)
from inventory.manager.collector.manager import ENABLED, CollectorManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.connection import MONGODB
from inventory.model.documents.collector import StoredCollector
from inventory.model.documents.job import StoredJob
from inventory.model.lease import PLAN_LEASE
from inventory.model.time_limit import finish
from inventory.observe import tracing
from inventory.observe.logs import get_logger
from inventory.service.job.execute_plan import PlanExecution
from inventory.service.job.plan import OUTAGES, CollectOptions, CollectPlan, CollectPlanner
from inventory.service.job.retry_plan import RetryPlanner

log = get_logger(__name__)


LONGEST_PAUSE: Final = timedelta(minutes=5)
"""Maximum pause before planning is retried after repeated outages."""
_MOST_DOUBLINGS: Final = 20
_INFO: Final = "collector_info"


@dataclass(frozen=True, slots=True)
class CollectRequest:
    """A ``CollectRequest`` of the API; absent fields are empty."""

    collector_id: str
    filter: Mapping[str, Any] = field(default_factory=dict)
    secret_id: str = ""
    collect_mode: str = ""
    use_cache: bool = False


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """How long planning may take and how often it may be tried.

    Attributes:
        lease_seconds: how long a claim of the planning lasts, s; longer than a plugin's ``init`` may take.
        max_attempts: claims of one job before it ends as ERROR; attempts that met an outage do not count.
        retry_seconds: pause after the first attempt that met an outage, doubled for each further one up to
            ``LONGEST_PAUSE``, s.
        at_once: up to how many tasks and slices a call stores together with their job, in one transaction; more are
            stored after it, and if that is interrupted, the sweeper has the job planned again.
    """

    lease_seconds: float = 120.0
    max_attempts: int = 3
    retry_seconds: float = 5.0
    at_once: int = 1000

    @property
    def lease(self) -> timedelta:
        """How long a claim lasts."""
        return timedelta(seconds=self.lease_seconds)

    def pause(self, outages: int) -> timedelta:
        """Return how long to wait after another outage, given the number of earlier ones."""
        doublings = min(outages, _MOST_DOUBLINGS)
        return min(timedelta(seconds=self.retry_seconds * 2**doublings), LONGEST_PAUSE)


class CollectService:
    """Creates jobs from requests, and plans the jobs that schedules created."""

    def __init__(
        self,
        *,
        collectors: CollectorManager,
        jobs: JobManager,
        tasks: JobTaskManager,
        planner: CollectPlanner,
        retries: RetryPlanner,
        queue: Queue,
        clock: Clock,
        owner: str,
        system_token: str = "",
        limits: PlanLimits = PlanLimits(),
    ) -> None:
        """Prepare.

        Args:
            owner: identifies this process in claims of planning.
            system_token: the token with which scheduled jobs call the platform.
        """
        self._collectors = collectors
        self._jobs = jobs
        self._planner = planner
        self._execution = PlanExecution(collectors=collectors, jobs=jobs, tasks=tasks, queue=queue, clock=clock)
        self._retries = retries
        self._queue = queue
        self._clock = clock
        self._owner = owner
        self._system_token = system_token
        self._limits = limits

    def collect(self, principal: Principal, request: CollectRequest) -> Document:
        """Create a job for a collector and enqueue its tasks.

        Returns:
            The job, with ``collector_info`` in the minimal form: IN_PROGRESS with its totals, or SUCCESS if there is
            nothing to collect. If the queue is unreachable, the job is still stored and returned; the sweeper enqueues
            its tasks later.

        Raises:
            NotFoundError, CollectorStateError, InvalidParameterError, UnsupportedFilterKeyError,
            ConnectionFailureError, InitPluginFailureError: no job was created.
            CollectInitializeError: the job is stored as ERROR with that code.
        """
        if not request.collector_id:
            raise RequiredParameterError(key="collector_id")
        collector = self._enabled(principal.domain_id, request.collector_id)
        options = CollectOptions(
            request.filter, CollectMode.parse(request.collect_mode), request.secret_id, request.use_cache
        )
        made = _job_of(collector, options, principal)
        try:
            with tracing.span("job.plan"):
                plan = self._planner.plan(principal, collector, options)
        except CollectInitializeError as exc:
            failure = exc
            finish(lambda: self._insert_failed(made, failure))
            raise
        return self._begin(made, plan)

    def _begin(self, made: Document, plan: CollectPlan) -> Document:
        if plan.size <= self._limits.at_once:
            planned = finish(lambda: self._execution.begin(made, plan))
        else:
            job = self._jobs.insert(made | self._claim())
            planned = finish(lambda: self._execution.carry_out(job, plan))
        return {**planned, _INFO: self._collectors.minimal(plan.collector)}

    def retry(self, principal: Principal, job: StoredJob) -> Document:
        """Create the job that retries what failed in ``job``, and enqueue its tasks; see ``RetryService``.

        Returns:
            As ``collect``. If another call has created it already, that job; if its planning was interrupted, this call
            may finish it.

        Raises:
            NotFoundError, CollectorStateError: the collector does not exist or is disabled.
            JobNotRetryableError: nothing of the job can be retried.
            CollectInitializeError, ConnectionFailureError and others that ``collect`` raises; no job was created.
        """
        domain_id = job["domain_id"]
        collector = self._enabled(domain_id, job["collector_id"])
        if existing := self._jobs.retry_of(domain_id, job["job_id"]):
            self.plan_job(domain_id, existing["job_id"])
            return {**self._jobs.get(domain_id, existing["job_id"]), _INFO: self._collectors.minimal(collector)}
        options = CollectOptions(
            job.get("filter") or {}, CollectMode.parse(job["collect_mode"]), "", bool(job.get("use_cache"))
        )
        with tracing.span("job.plan"):
            plan = self._retries.plan(principal, collector, job)
        if not plan.tasks:
            raise JobNotRetryableError(job_id=job["job_id"], reason="the collector no longer has its failed secrets")
        try:
            return self._begin(_job_of(collector, options, principal) | {"retry_of": job["job_id"]}, plan)
        except SaveUniqueValuesError:
            return self.retry(principal, job)

    def _enabled(self, domain_id: str, collector_id: str) -> StoredCollector:
        collector = self._collectors.get(domain_id, collector_id)
        if collector["state"] != ENABLED:
            raise CollectorStateError(collector_id=collector_id, state=collector["state"])
        return collector

    def _claim(self) -> Document:
        """Return the claim of a job that its creator plans; if that process dies, the sweeper has another plan it."""
        return PLAN_LEASE.claimed(self._owner, self._clock.now(), self._limits.lease) | {"plan_attempts": 1}

    def _insert_failed(self, made: Document, error: InventoryError) -> None:
        """Store a job that ended before it began, in one write."""
        ended = {
            "status": JobStatus.ERROR.value,
            "planned": True,
            "errors": [error_document(error)],
            "finished_at": self._clock.now(),
        }
        job = self._jobs.insert(made | ended)
        log.warning("collect_not_initialized", job_id=job["job_id"], code=error.code)

    def plan_job(self, domain_id: str, job_id: str) -> bool:
        """Plan a job that a schedule created, or whose planning a server began and did not finish; called by workers.

        Safe to repeat at any time: the claim lets only one process plan it, and what an earlier attempt stored is kept.

        Returns:
            Whether this call planned the job. A job that cannot be planned is stored as ERROR with its code. If the
            platform is unreachable or slow, the job waits for the next attempt, until its timeout.

        Raises:
            ConnectionFailureError: MongoDB is unreachable; the claim expires, and the sweeper enqueues the job again.
        """
        job = self._jobs.plans.claim(domain_id, job_id, owner=self._owner, lease_seconds=self._limits.lease_seconds)
        if job is None:
            return False
        try:
            plan = self._plan_claimed(job)
        except InventoryError as exc:
            if isinstance(exc, ConnectionFailureError) and exc.service == MONGODB:
                raise
            self._end_or_postpone(job, exc)
            return False
        try:
            self._execution.carry_out(job, plan)
        except NotFoundError:
            log.info("job_deleted_while_planned", job_id=job_id)
            return False
        return True

    def _end_or_postpone(self, job: StoredJob, error: InventoryError) -> None:
        if not isinstance(error, OUTAGES):
            log.warning("job_not_planned", job_id=job["job_id"], code=error.code)
            self._jobs.fail(job["domain_id"], job["job_id"], error)
            return
        # The time of the next attempt is stored, so that no thread waits for it; the sweeper enqueues the job then.
        wait = self._limits.pause(job.get("plan_outages", 0))
        self._jobs.plans.postpone(job, error, wait=wait)
        log.warning("plan_postponed", job_id=job["job_id"], code=error.code, wait_seconds=wait.total_seconds())
        if isinstance(error, PluginInstallingError):
            error.when_known(lambda: self._plan_soon(job))

    def _plan_soon(self, job: StoredJob) -> None:
        """Enqueue the planning of a postponed job now; if that fails, it is planned at its stored time or by the
        sweeper."""
        domain_id, job_id = job["domain_id"], job["job_id"]
        try:
            if self._jobs.plans.hasten(domain_id, job_id):
                self._queue.plan_job(job_id, domain_id=domain_id, priority=job["priority"])
        except ConnectionFailureError as exc:
            log.warning("plan_not_enqueued", job_id=job_id, reason=exc.message)

    def _plan_claimed(self, job: StoredJob) -> CollectPlan:
        if job["plan_attempts"] > self._limits.max_attempts:
            raise CollectInitializeError(stage="plan", reason="the process that planned it was lost repeatedly")
        collector = self._enabled(job["domain_id"], job["collector_id"])
        options = CollectOptions(
            job.get("filter") or {},
            CollectMode.parse(job.get("collect_mode") or ""),
            job.get("secret_id") or "",
            bool(job.get("use_cache")),
        )
        principal = system_principal(job["domain_id"], token=self._system_token, transaction_id=transaction_of(job))
        with tracing.span("job.plan"):
            if job.get("retry_of"):
                return self._retries.plan(principal, collector, self._retries.source(job))
            return self._planner.plan(principal, collector, options)


def _job_of(collector: StoredCollector, options: CollectOptions, principal: Principal) -> Document:
    """Return a new job's own fields."""
    job: Document = {
        "job_id": ids.new_id(ids.JOB),
        "domain_id": collector["domain_id"],
        "collector_id": collector["collector_id"],
        "priority": collector["priority"],
        "filter": dict(options.filter),
        "collect_mode": options.mode.value,
        "use_cache": options.use_cache,
    }
    if options.secret_id:
        job["secret_id"] = options.secret_id
    if principal.transaction_id:
        job["transaction_id"] = principal.transaction_id
    return job
