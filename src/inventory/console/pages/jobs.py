"""Jobs: their list, and one job with its tasks while they run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from inventory.console.api import Json
from inventory.console.parts import Part, TemplateValues, part, parts
from inventory.console.routes import ConsolePage
from inventory.console.text import parse_time
from inventory.console.visit import Visit
from inventory.domain.job.advice import advice_for
from inventory.domain.job.causes import causes_of
from inventory.domain.job.remarks import CHANGED, COUNTS, remarks
from inventory.domain.plain import MutableJson

LIMIT: Final = 30
TASKS: Final = 50
SLICES: Final = 100
"""Maximum number of slices shown of a task; their total is always shown."""
CAUSES: Final = 12
STATUSES: Final = ("IN_PROGRESS", "SUCCESS", "ERROR", "CANCELED", "TIMEOUT")
ENDED: Final = frozenset({"SUCCESS", "ERROR", "CANCELED", "TIMEOUT"})
_ORDER: Final = {"FAILURE": 0, "CANCELED": 1, "IN_PROGRESS": 2, "PENDING": 3}
_EXPLAINED: Final = 1_000
"""Maximum number of tasks whose errors are grouped."""


async def listed(visit: Visit) -> TemplateValues:
    """Return a page of the list of jobs."""
    start = visit.first_row(LIMIT)
    query: MutableJson = {"page": {"start": start, "limit": LIMIT}}
    if states := [each for each in visit.texts("status") if each in STATUSES]:
        query["filter"] = [{"k": "status", "v": states, "o": "in"}]
    request: MutableJson = {"query": query, "collector_id": visit.text("collector") or None}
    jobs, collectors = await parts(
        visit,
        ("Job.list", request),
        ("Collector.list", {"query": {"only": ["collector_id", "name"], "page": {"start": 1, "limit": 500}}}),
        wait=True,
    )
    if jobs.error:
        raise jobs.error
    return {
        "jobs": jobs,
        "start": start,
        "limit": LIMIT,
        "statuses": STATUSES,
        "chosen": states,
        "collectors": sorted(collectors.results, key=lambda each: str(each.get("name", ""))),
    }


async def show_list(visit: Visit) -> Response:
    """Show the list; it is reloaded once a second while jobs run."""
    return visit.render("jobs/list.html", it=await listed(visit))


async def show_list_part(visit: Visit) -> Response:
    """Show the rows of the list only."""
    it = await listed(visit)
    return visit.render("part.html", template="jobs/rows.html", it=it, ended=not is_running(it["jobs"].results))


def is_running(jobs: list[Json]) -> bool:
    """Return whether any of the jobs has not ended."""
    return any(job.get("status") not in ENDED for job in jobs)


@dataclass(frozen=True, slots=True)
class JobProgress:
    """The progress of a job.

    Attributes:
        tasks: number of tasks in each state.
        sums: sums of the counts of all tasks.
        rate: resources per second; None if no time has passed.
    """

    tasks: Counter[str]
    sums: Mapping[str, int]
    rate: float | None


async def progress_of(visit: Visit) -> TemplateValues:
    """Return a job with its tasks, and the reasons of its failures."""
    job_id = visit.request.path_params["job_id"]
    start = visit.first_row(TASKS)
    job, facts, tasks, failed, counted = await asyncio.gather(
        visit.call("Job.get", job_id=job_id),
        part(visit, "JobOperations.get", wait=True, fresh=True, job_id=job_id),
        visit.call("JobTask.list", job_id=job_id, query={"page": {"start": start, "limit": TASKS}}),
        visit.call("JobTask.list", job_id=job_id, status="FAILURE", query={"page": {"start": 1, "limit": _EXPLAINED}}),
        visit.call("JobTask.stat", query=_counts_query(job_id)),
    )
    states, sums = _summed(counted.get("results", []))
    shown = tasks.get("results", [])
    opened = visit.text("task") or (shown[0]["job_task_id"] if shown and tasks["total_count"] == 1 else "")
    beside = {name: (facts.answer or {}).get(name, []) for name in ("holds", "approved", "warnings")}
    beside["restored"] = (facts.answer or {}).get("restored", 0)
    causes = causes_of({**job, "tasks": _with_errors(tasks, failed)})
    return {
        "job": job,
        "facts": facts.permitted().answer or {},
        "ended": job.get("status") in ENDED,
        "opened": opened,
        "slices": await _slices(visit, opened) if opened in {task["job_task_id"] for task in shown} else None,
        "tasks": sorted(shown, key=lambda task: _ORDER.get(task.get("status", ""), 9)),
        "tasks_total": tasks.get("total_count", 0),
        "start": start,
        "limit": TASKS,
        "progress": JobProgress(states, sums, _rate(job, sums, visit)),
        "causes": [(cause, advice_for(cause.code, cause.message)) for cause in causes[:CAUSES]],
        "causes_left": max(len(causes) - CAUSES, 0),
        "remarks": list(remarks({**job, **beside, "tasks": failed.get("results", [])}, states)),
    }


async def _slices(visit: Visit, job_task_id: str) -> Part:
    """Return the first slices of a task of the page."""
    page = {"start": 1, "limit": SLICES}
    # What has ended is not asked for again: it would stay as it was a moment before.
    method = "JobOperations.list_slices"
    return await part(visit, method, wait=True, fresh=True, job_task_id=job_task_id, page=page)


def _with_errors(tasks: Json, failed: Json) -> list[Json]:
    """Return each task once: the failed ones, and the others of the page, as canceled ones contain reasons, too."""
    found = {task["job_task_id"]: task for task in (*failed.get("results", []), *tasks.get("results", []))}
    return list(found.values())


def _counts_query(job_id: str) -> Json:
    fields = [{"name": "tasks", "operator": "count"}]
    fields += [{"name": name, "key": name, "operator": "sum"} for name in (*COUNTS, CHANGED)]
    group = {"keys": [{"key": "status", "name": "status"}], "fields": fields}
    return {"filter": [{"k": "job_id", "v": job_id, "o": "eq"}], "aggregate": [{"group": group}]}


def _summed(rows: list[Json]) -> tuple[Counter[str], dict[str, int]]:
    states = Counter({row.get("status", ""): int(row.get("tasks", 0)) for row in rows})
    return states, {name: sum(int(row.get(name) or 0) for row in rows) for name in (*COUNTS, CHANGED)}


def _rate(job: Json, sums: Mapping[str, int], visit: Visit) -> float | None:
    began = parse_time(job.get("created_at"))
    ended = parse_time(job.get("finished_at")) or visit.now
    seconds = (ended - began).total_seconds() if began else 0.0
    return sum(sums[name] for name in COUNTS) / seconds if seconds > 0 else None


async def show(visit: Visit) -> Response:
    """Show a job; its progress is reloaded once a second until it has ended."""
    return visit.render("jobs/job.html", it=await progress_of(visit))


async def show_progress(visit: Visit) -> Response:
    """Show the progress only."""
    it = await progress_of(visit)
    return visit.render("part.html", template="jobs/progress.html", it=it, ended=it["ended"])


async def retry(visit: Visit) -> Response:
    """Collect what failed once more, and show the new job."""
    facts = await visit.call("JobOperations.retry", job_id=visit.request.path_params["job_id"])
    return visit.go(f"/jobs/{facts['job']['job_id']}", "What failed is collected again.")


async def show_deletion(visit: Visit) -> Response:
    """Ask for confirmation before a job is deleted, and show what that deletes."""
    job_id = visit.request.path_params["job_id"]
    job, tasks = await asyncio.gather(
        visit.call("Job.get", job_id=job_id),
        part(visit, "JobTask.list", wait=True, job_id=job_id, query={"count_only": True}),
    )
    return visit.render("jobs/delete.html", job=job, tasks=tasks, ended=job.get("status") in ENDED)


async def delete(visit: Visit) -> Response:
    """Delete a job; a running one is canceled."""
    job_id = visit.request.path_params["job_id"]
    await visit.call("Job.delete", job_id=job_id)
    return visit.go("/jobs", f"{job_id} is deleted.")


PAGES: Final = (
    ConsolePage("/jobs", "jobs", show_list),
    ConsolePage("/jobs/part/rows", "jobs_rows", show_list_part),
    ConsolePage("/jobs/{job_id}", "job", show),
    ConsolePage("/jobs/{job_id}/progress", "job_progress", show_progress),
    ConsolePage("/jobs/{job_id}/retry", "retry_job", retry, writes=True),
    ConsolePage("/jobs/{job_id}/delete", "job_deletion", show_deletion),
    ConsolePage("/jobs/{job_id}/delete", "delete_job", delete, writes=True),
)
