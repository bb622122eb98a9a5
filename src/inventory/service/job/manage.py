"""Jobs and job tasks as clients see them: get, list, stat and delete (contract, sections 3 and 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from inventory.domain.plain import Document
from inventory.domain.principal import Principal
from inventory.errors import PermissionDeniedError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.manager import JobManager
from inventory.manager.job.task_progress import TaskProgress
from inventory.manager.job.tasks import JobTaskManager
from inventory.manager.page import Page
from inventory.manager.reader import Reader, Scope
from inventory.model.documents.collector import StoredCollector
from inventory.query.ast import Condition, ListQuery, Operator, Query, ReferenceCondition
from inventory.query.fields import ResourceSchema
from inventory.query.parser import RawQuery, parse_only
from inventory.query.references import ReferenceLookup
from inventory.query.schemas import BOUND_JOB
from inventory.query.statistics.stages import StatQuery
from inventory.service.reading import Filters, ResourceReads

MAX_PAGE: Final = 1_000
"""Maximum number of slices in one answer."""
_PAGE: Final = 100
_PROJECTS: Final = "projects"
_COLLECTOR: Final = "collector_info"
_COLLECTOR_PREFIXES: Final = (_COLLECTOR, "collector")


class CollectorReferences:
    """Collectors as jobs and schedules refer to them: conditions on the collector, and its joined fields."""

    def __init__(self, *, collectors: CollectorManager, reader: Reader) -> None:
        self._collectors = collectors
        self._reader = reader

    def lookup(self, principal: Principal) -> ReferenceLookup:
        """Return the lookup that resolves a condition on the collector to the ids of matching collectors."""

        def answer(reference: ReferenceCondition) -> Iterable[str]:
            return self._reader.keys(
                reference.condition,
                domain_id=principal.domain_id,
                field=reference.reference.foreign_field,
                remaining_seconds=principal.remaining_seconds(),
            )

        return answer

    def join(self, principal: Principal, page: Page, *, whole: bool = False) -> list[Document]:
        """Return the page's documents, each with its collector if requested.

        All collectors are read in one query. A document of a deleted collector gets none.

        Args:
            page: documents with their ``collector_id``.
            whole: return the whole collector instead of its minimal form.
        """
        found: Mapping[str, StoredCollector] = {}
        if page.fields is None or not page.fields.isdisjoint(_COLLECTOR_PREFIXES):
            ids = {document["collector_id"] for document in page.results if "collector_id" in document}
            read = self._collectors.get_many if whole else self._collectors.minimal_many
            found = read(principal.domain_id, ids, remaining_seconds=principal.remaining_seconds())
        return [_restricted(document, page, found.get(document.get("collector_id", ""))) for document in page.results]


@dataclass(kw_only=True, eq=False)
class JobService(ResourceReads):
    """Reads and removes jobs."""

    jobs: JobManager
    references: CollectorReferences

    def get(self, principal: Principal, resource_id: str, only: Iterable[str] = ()) -> Document:
        """Return the job with its collector's minimal form. Raises ``NotFoundError``."""
        only = tuple(only)
        paths = parse_only(self.schema, only)
        job = super().get(principal, resource_id, only)
        fields = None if paths is None else frozenset(path.partition(".")[0] for path in paths)
        return self.references.join(principal, Page([job], 1, fields, None if paths is None else frozenset(paths)))[0]

    def list(self, principal: Principal, query: RawQuery, filters: Filters, *, scope: Scope | None = None) -> Page:
        """Return the jobs that match, each with its collector's minimal form.

        Raises:
            BadRequestError: one of its subclasses says what is wrong with the query.
        """
        page = super().list(principal, query, filters, scope=scope)
        return Page(self.references.join(principal, page), page.total_count, page.fields, page.only)

    def delete(self, principal: Principal, job_id: str) -> None:
        """Remove the job with its tasks; a running job is canceled first.

        Raises:
            NotFoundError: there is no such job that the caller may see.
            PermissionDeniedError: it also collects for projects that are not the caller's.
        """
        found = self.reader.get(principal.domain_id, job_id, scope=_scope(principal, _PROJECTS))
        if principal.projects is not None and not principal.projects.issuperset(found.get("projects", ())):
            raise PermissionDeniedError
        self.jobs.delete_job(principal.domain_id, job_id)

    def _schema_of(self, principal: Principal) -> ResourceSchema:
        return self.schema if principal.projects is None else BOUND_JOB

    def _scope(self, principal: Principal, query: Query | None = None) -> Scope | None:
        """For a PROJECT caller, jobs that also collect for others do not count if the query reveals projects."""
        if query is None:
            return _scope(principal, _PROJECTS)
        if isinstance(query, ListQuery):
            shows_projects = any(key.path == _PROJECTS for key in query.sort)
        else:
            shows_projects = isinstance(query, StatQuery) and query.shows(_PROJECTS)
        return _job_scope(principal, query, shows_projects=shows_projects)

    def _lookup(self, principal: Principal) -> ReferenceLookup | None:
        return self.references.lookup(principal)


@dataclass(kw_only=True, eq=False)
class JobTaskService(ResourceReads):
    """Reads and removes job tasks."""

    tasks: JobTaskManager
    progress: TaskProgress

    def get(self, principal: Principal, resource_id: str, only: Iterable[str] = ()) -> Document:
        """Return the task; while it runs, with its counts so far. Raises ``NotFoundError``."""
        task = super().get(principal, resource_id, only)
        return dict(self.progress.shown(principal.domain_id, [task])[0])

    def list(self, principal: Principal, query: RawQuery, filters: Filters, *, scope: Scope | None = None) -> Page:
        """Return the tasks that match, running ones with their counts so far; raises like ``JobService.list``."""
        page = super().list(principal, query, filters, scope=scope)
        return replace(page, results=self.progress.shown(principal.domain_id, page.results))

    def slices(self, principal: Principal, params: Mapping[str, Any]) -> tuple[Sequence[Document], int]:
        """Return a page of the slices of a task, and their total number.

        Args:
            principal: whoever may see the task may see them.
            params: job_task_id; page with start, from 1, and limit, at most ``MAX_PAGE``.

        Raises:
            NotFoundError: the task does not exist or the caller may not see it.
        """
        job_task_id, page = params["job_task_id"], params.get("page") or {}
        super().get(principal, job_task_id, ("job_task_id",))
        start, limit = max(page.get("start") or 1, 1), page.get("limit") or _PAGE
        return self.progress.slices(principal.domain_id, job_task_id, start=start, limit=min(limit, MAX_PAGE))

    def delete(self, principal: Principal, job_task_id: str) -> None:
        """Remove the task with its slices; a running task is canceled first. Raises ``NotFoundError``."""
        self.reader.get(principal.domain_id, job_task_id, only=("job_task_id",), scope=_scope(principal, "project_id"))
        self.tasks.delete_task(principal.domain_id, job_task_id)

    def _scope(self, principal: Principal, _query: Query | None = None) -> Scope | None:
        return _scope(principal, "project_id")


def _scope(principal: Principal, field: str) -> Scope | None:
    """Restrict a PROJECT caller to its projects."""
    return None if principal.projects is None else {field: {"$in": sorted(principal.projects)}}


def _job_scope(principal: Principal, query: Query, *, shows_projects: bool) -> Scope | None:
    """Restrict a PROJECT caller to jobs that collect for its projects.

    If other projects could affect the answer, only jobs for the caller's projects alone are considered. Otherwise the
    answer would reveal whether a job also collects for someone else.
    """
    scope = _scope(principal, _PROJECTS)
    if principal.projects is None or scope is None:
        return scope
    nodes = (*query.criteria.every, *query.criteria.some)
    asked = [node for node in nodes if isinstance(node, Condition) and node.target.path.split(".")[0] == _PROJECTS]
    if not shows_projects and all(_names_own(node, principal.projects) for node in asked):
        return scope
    own = scope[_PROJECTS]["$in"]
    return {_PROJECTS: {"$in": own, "$not": {"$elemMatch": {"$nin": own}}}}


def _names_own(condition: Condition, own: frozenset[str]) -> bool:
    """Return whether a condition on projects names only projects in ``own``."""
    if condition.operator is Operator.EQ:
        return condition.value in own if isinstance(condition.value, str) else False
    values = condition.value if condition.operator is Operator.IN and isinstance(condition.value, list) else [None]
    return all(isinstance(value, str) and value in own for value in values)


def _restricted(document: Mapping[str, Any], page: Page, collector: StoredCollector | None) -> Document:
    """Return the document with its collector, without fields that were only read to compute others."""
    joined = dict(document)
    if collector is not None:
        joined[_COLLECTOR] = _collector_fields(collector, page.only)
    fields = page.fields
    if fields is None:
        return joined
    kept = {*fields, _COLLECTOR} | ({"projects"} if "project_id" in fields else set())
    return {key: value for key, value in joined.items() if key in kept}


def _collector_fields(collector: StoredCollector, only: frozenset[str] | None) -> Mapping[str, Any]:
    """Return the members of the collector that ``only`` names, or all of them."""
    if only is None or not only.isdisjoint(_COLLECTOR_PREFIXES):
        return collector
    wanted = [path.partition(".")[2] for path in only if path.startswith(("collector_info.", "collector."))]
    return _pruned(collector, wanted)


def _pruned(document: Mapping[str, Any], paths: Iterable[str]) -> Document:
    inner: dict[str, list[str]] = {}
    for path in paths:
        head, _, rest = path.partition(".")
        inner.setdefault(head, []).append(rest)
    pruned: Document = {}
    for head, rests in inner.items():
        value = document.get(head)
        if value is not None:
            pruned[head] = _pruned(value, rests) if all(rests) and isinstance(value, dict) else value
    return pruned
