"""How current the inventory is, per collector and secret, derived from stored jobs and tasks, for people and alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final, TypeAlias

from inventory.domain.clock import Clock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.job.freshness import FreshnessState, Promise, Verdict, judge, judge_type, promise_of
from inventory.domain.job.states import TaskStatus
from inventory.domain.plain import Document
from inventory.domain.principal import Principal
from inventory.errors import InvalidParameterError, NotFoundError
from inventory.manager.collector.manager import ENABLED, CollectorManager
from inventory.manager.job.collect_history import CollectHistory, Failures, Since
from inventory.manager.resource.seen_types import SeenType, SeenTypes
from inventory.manager.schedule.manager import ScheduleManager
from inventory.model.documents.collector import StoredCollector
from inventory.model.documents.schedule import StoredSchedule
from inventory.service.job.secret_view import SecretView, succeeded_at
from inventory.service.resource.scope import project_scope
from inventory.service.schedule.stored import times_or_problem

Views: TypeAlias = "list[SecretView]"

DEFAULT_PAGE: Final = 100
LONGEST_PAGE: Final = 1_000
_FAILED: Final = TaskStatus.FAILURE.value
_OPEN: Final = frozenset({TaskStatus.PENDING.value, TaskStatus.IN_PROGRESS.value})


@dataclass(frozen=True, slots=True)
class FreshnessPage:
    """A page of views, and the number of all requested views in each state."""

    results: Sequence[SecretView]
    total_count: int
    counts: Mapping[FreshnessState, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TypeFreshness:
    """The resources of one type that were collected with a secret, and how current they are."""

    seen: SeenType
    verdict: Verdict

    def document(self) -> Document:
        """Return the fields of the API's ``TypeFreshness``."""
        return {**asdict(self.seen), "state": self.verdict.state.value, "reason": self.verdict.reason}


@dataclass(frozen=True, slots=True)
class SecretFreshness:
    """A view with the types of cloud services that were collected with its secret.

    Attributes:
        view: complete.
        types: by provider, group and type; for a caller bound to projects, of resources in these.
        types_complete: whether all resources of the secret were examined for them.
    """

    view: SecretView
    types: Sequence[TypeFreshness]
    types_complete: bool


@dataclass(kw_only=True, eq=False)
class FreshnessService:
    """Reports freshness.

    Args:
        spread_seconds: the interval over which fire times are spread, s.
        job_timeout_seconds: how long a job may take, s.
    """

    collectors: CollectorManager
    schedules: ScheduleManager
    history: CollectHistory
    types: SeenTypes
    clock: Clock
    spread_seconds: float
    job_timeout_seconds: float

    def list(self, principal: Principal, request: Mapping[str, Any]) -> FreshnessPage:
        """Return the requested views that the caller may see, the worst first.

        Args:
            request: a ``FreshnessQuery``, without absent fields.

        Raises:
            InvalidParameterError: the page is longer than one may be.
        """
        start, limit = _page(request.get("page") or {})
        views = self._views(principal.domain_id, request.get("collector_id", ""), request.get("secret_id", ""))
        asked = [view for view in views if _is_asked_for(view, principal, request)]
        counts = Counter(view.verdict.state for view in asked)
        wanted = {FreshnessState(state) for state in request.get("states", ()) if state != "NONE"}
        found = sorted((view for view in asked if not wanted or view.verdict.state in wanted), key=attrgetter("order"))
        return FreshnessPage(self._whole(principal.domain_id, found[start : start + limit]), len(found), counts)

    def get(self, principal: Principal, collector_id: str, secret_id: str) -> SecretFreshness:
        """Return the view of one secret with the types that were collected with it.

        Raises:
            NotFoundError: the collector never collected with it, or the caller may not see it.
        """
        found = self.list(principal, {"collector_id": collector_id, "secret_id": secret_id}).results
        if not secret_id or not found:
            raise NotFoundError(key="secret_id", value=secret_id)
        view = found[0]
        scope = project_scope(principal)
        types, complete = self.types.of_secret(
            principal.domain_id, collector_id, secret_id, since=view.began_at, scope=scope
        )
        return SecretFreshness(view, [self._of_type(view, seen) for seen in types], complete)

    def _of_type(self, view: SecretView, seen: SeenType) -> TypeFreshness:
        all_missing = seen.missing == seen.resources
        now = self.clock.now()
        verdict = judge_type(
            seen.last_seen_at, view.verdict, now, stale_after=view.stale_after, all_missing=all_missing
        )
        return TypeFreshness(seen, verdict)

    def of_enabled(self, domain_id: str) -> Views:
        """Return the views of all enabled collectors of the domain, without the parts known only for a page.

        As in ``list``, a collector that has collected with no secret yet has one view, NEVER.
        """
        return [view for view in self._views(domain_id) if view.collector.get("state") == ENABLED]

    def of_secrets(self, principal: Principal, secrets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], SecretView]:
        """Return the views of these pairs of collector and secret that exist and that the caller may see."""
        found = {}
        for collector_id, secret_id in secrets:
            asked = {"secret_id": secret_id}
            for view in self._views(principal.domain_id, collector_id, secret_id) if secret_id else ():
                if _is_asked_for(view, principal, asked):
                    found[collector_id, secret_id] = view
        return found

    def _views(self, domain_id: str, collector_id: str = "", secret_id: str = "") -> Sequence[SecretView]:
        collectors = self.collectors.named(domain_id, collector_id)
        schedules = self.schedules.of_collectors(domain_id, [each["collector_id"] for each in collectors])
        now = self.clock.now()
        return [
            view
            for collector in collectors
            for view in self._of_collector(
                domain_id, collector, schedules.get(collector["collector_id"], ()), now, secret_id
            )
        ]

    def _of_collector(
        self,
        domain_id: str,
        collector: StoredCollector,
        schedules: Iterable[StoredSchedule],
        now: datetime,
        secret_id: str,
    ) -> Iterable[SecretView]:
        collector_id = collector["collector_id"]
        ended = self.history.last_ended(domain_id, collector_id, secret_id)
        promise = self._promise(collector, schedules, now)
        if not ended:
            yield SecretView(collector, "", None, None, judge(None, promise, now, failed=False), promise.stale_after)
            return
        complete = self.history.last_complete(domain_id, collector_id, secret_id)
        gone = self._gone(domain_id, collector_id, ended)
        for name, task in ended.items():
            if name not in gone:
                success = complete.get(name)
                moment = None if success is None else succeeded_at(success)
                verdict = judge(moment, promise, now, failed=_failed(task, success))
                yield SecretView(collector, name, success, task, verdict, promise.stale_after)

    def _gone(self, domain_id: str, collector_id: str, ended: Mapping[str, Document]) -> set[str]:
        """Return the secrets that no longer belong to the collector."""
        job = self.history.last_full_job(domain_id, collector_id)
        if job is None:
            return set()
        older = [secret_id for secret_id, task in ended.items() if task["created_at"] < job["created_at"]]
        return set(older) - self.history.secrets_of(domain_id, job["job_id"], older)

    def _promise(self, collector: StoredCollector, schedules: Iterable[StoredSchedule], now: datetime) -> Promise:
        if collector.get("state") != ENABLED:
            return Promise()
        whole = (each for each in schedules if each.get("collect_mode") == CollectMode.ALL and not each.get("filter"))
        read = (times_or_problem(schedule, self.spread_seconds)[0] for schedule in whole)
        return promise_of(
            [times for times in read if times is not None], now, longest_job=timedelta(seconds=self.job_timeout_seconds)
        )

    def _whole(self, domain_id: str, views: Sequence[SecretView]) -> Views:
        """Return the views with their failures and last attempts."""
        since = [
            Since(view.collector["collector_id"], view.secret_id, (view.complete or {}).get("finished_at"))
            for view in views
            if view.has_newer_tasks
        ]
        failures = self.history.failures(domain_id, since)
        newest = {(view.collector["collector_id"], view.secret_id): view for view in views}
        tasks = {pair: _attempt(view, failures.get(pair)) for pair, view in newest.items()}
        shown = self.history.with_first_error(domain_id, [task for task in tasks.values() if task is not None])
        return [
            replace(view, failures=failures[pair].count if pair in failures else 0, attempt=shown.get(tasks[pair]))
            for pair, view in newest.items()
        ]


def _page(page: Mapping[str, Any]) -> tuple[int, int]:
    """Return the number of rows before the page, and its maximum number of rows."""
    limit = page.get("limit") or DEFAULT_PAGE
    if limit > LONGEST_PAGE:
        raise InvalidParameterError(key="page.limit", reason=f"at most {LONGEST_PAGE}")
    return max(page.get("start") or 1, 1) - 1, limit


def _is_asked_for(view: SecretView, principal: Principal, request: Mapping[str, Any]) -> bool:
    if principal.projects is not None and view.project_id not in principal.projects:
        return False
    if request.get("enabled_only") and view.collector.get("state") != ENABLED:
        return False
    asked = ((request.get("secret_id"), view.secret_id), (request.get("project_id"), view.project_id))
    return all(not wanted or wanted == value for wanted, value in asked)


def _failed(task: Document, success: Document | None) -> bool:
    """Return whether the task that ended last is a failed attempt after the last complete success."""
    if success is not None and task["finished_at"] is not None and task["finished_at"] < success["finished_at"]:
        return False
    canceled = task["status"] == TaskStatus.CANCELED.value and task.get("started_at") is not None
    return task["status"] == _FAILED or canceled


def _attempt(view: SecretView, failures: Failures | None) -> object:
    """Return the ``_id`` of the last attempt: the last ended task, unless it was never begun."""
    ended = view.ended or {}
    if ended.get("started_at") is not None and ended.get("status") not in _OPEN:
        return ended["task"]
    if failures is not None:
        return failures.newest
    return None if view.complete is None else view.complete["task"]
