"""The overview: stored resources, changes, failures, and next runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from inventory.console.api import NOT_FOUND, ApiError, Json
from inventory.console.charts.days import last_days, stacked_days
from inventory.console.charts.timeline import timeline
from inventory.console.charts.treemap import treemap
from inventory.console.pages.collectors import collector_names, newest_jobs_query
from inventory.console.pages.jobs import ENDED
from inventory.console.parts import Part, TemplateValues, grouped, part, parts
from inventory.console.routes import ConsolePage
from inventory.console.text import counted
from inventory.console.visit import Visit
from inventory.domain.reference_key import TYPE_FIELDS

DAYS: Final = 30
HOURS: Final = 24
_TILES: Final = 40
_ROWS: Final = 8
_LISTED: Final = 100
"""Maximum number of findings of each kind; how many more there are is shown."""
_JOBS: Final = 300
"""Maximum number of jobs drawn; all are counted."""
_MAP: Final = (1080.0, 210.0)
_DAYS_AREA: Final = (500.0, 120.0)
_DAY_WIDTH: Final = 420.0

CHANGES: Final = {"created": "created_count", "changed": "changed_count", "deleted": "deleted_count"}
"""The series of the chart of days, the lowest first, and the counts of job tasks that they sum."""


async def kinds(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return the resources by provider, group and type."""
    found = await part(
        visit,
        "CloudService.stat",
        wait=wait,
        query=grouped(*TYPE_FIELDS),
    )
    rows = found.results
    providers = Counter[str]()
    for row in rows:
        providers[row.get("provider", "")] += row["count"]
    colors = {name: number % 8 for number, (name, _) in enumerate(_groups(rows).most_common())}
    tiles = treemap([row["count"] for row in rows[:_TILES]], *_MAP)
    return {
        "part": found,
        "rows": rows,
        "total": sum(row["count"] for row in rows),
        "providers": providers.most_common(),
        "tiles": [(tile, rows[tile.index], colors[_group(rows[tile.index])]) for tile in tiles],
    }


def _group(row: Mapping[str, Any]) -> str:
    return f"{row.get('provider', '')}.{row.get('cloud_service_group', '')}"


def _groups(rows: list[Json]) -> Counter[str]:
    sums = Counter[str]()
    for row in rows:
        sums[_group(row)] += row["count"]
    return sums


async def regions(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return the resources by region and by account."""
    region, account = await parts(
        visit,
        ("CloudService.stat", {"query": grouped("region_code", "provider")}),
        ("CloudService.stat", {"query": grouped("account")}),
        wait=wait,
    )
    late = region.is_late or account.is_late
    return {
        "part": Part(None) if late else region if region.error else account,
        "tables": (("region_code", "Region", region.results), ("account", "Account", account.results)),
        "most": _ROWS,
    }


async def changes(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return how many resources the job tasks of each day created, changed and deleted."""
    found = await part(visit, "JobTask.stat", wait=wait, query=_by_day(f"now/d - {DAYS - 1}d"))
    series = [{row["day"]: int(row.get(name) or 0) for row in found.results} for name in CHANGES]
    width, height = _DAYS_AREA
    return {
        "part": found,
        "chart": stacked_days(series, last_days(visit.now.date(), DAYS), width=width, height=height),
        "sums": [sum(each.values()) for each in series],
        "days": DAYS,
    }


def _since(key: str, when: str) -> Json:
    return {"k": key, "v": when, "o": "timediff_gte"}


def _by_day(since: str) -> Json:
    """Return the query for the sums of each day; it reads an index of job tasks, never the resources."""
    group = {
        "keys": [{"key": "created_at", "name": "day", "date_format": "%Y-%m-%d"}],
        "fields": [{"name": name, "key": key, "operator": "sum"} for name, key in CHANGES.items()],
    }
    return {"aggregate": [{"group": group}], "filter": [_since("created_at", since)]}


async def jobs(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return the jobs of the last day: all counted by state, the newest on a time axis."""
    newest, counted = await parts(
        visit,
        ("Job.list", {"query": _newest_jobs()}),
        ("Job.stat", {"query": grouped("status", filters=[_lately()])}),
        wait=wait,
    )
    states = Counter({row.get("status", ""): int(row["count"]) for row in counted.results})
    return {
        "part": next((each for each in (newest, counted) if each.answer is None), newest),
        "chart": timeline(newest.results, visit.now, hours=HOURS, width=_DAY_WIDTH, most=12),
        "states": states,
        "total": max(states.total(), len(newest.results)),
        "jobs": newest.results,
    }


def _lately() -> Json:
    return _since("created_at", f"now - {HOURS}h")


def _newest_jobs() -> Json:
    return {
        "filter": [_lately()],
        "only": ["job_id", "status", "created_at", "finished_at", "collector_info", "total_tasks", "remained_tasks"],
        "page": {"start": 1, "limit": _JOBS},
    }


async def attention(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return what needs attention, and what fires next."""
    ended = {"k": "status", "v": list(ENDED), "o": "in"}
    disabled = [{"k": "state", "v": "DISABLED", "o": "eq"}]
    first = {"start": 1, "limit": _LISTED}
    asked: dict[str, tuple[str, Json]] = {
        "jobs": ("Job.stat", {"query": newest_jobs_query([_lately(), ended])}),
        "schedules": ("Operations.list_all_schedule_facts", {}),
        "collectors": ("Collector.list", {"query": {"filter": disabled, "only": _COLLECTOR_FIELDS, "page": first}}),
        "secrets": ("Freshness.list", {"states": ["NEVER", "STALE"], "enabled_only": True, "page": first}),
        "deletions": ("Deletion.list", {"states": ["HELD", "APPROVING", "DISCARDING"], "page": first}),
    }
    answers = dict(zip(asked, await parts(visit, *asked.values(), wait=wait), strict=True))
    failed = [job for job in answers["jobs"].results if job.get("status") in ("ERROR", "TIMEOUT")]
    facts = answers["schedules"].results
    fires = sorted((each for each in facts if _fires(each)), key=lambda each: str(each["next_fire_at"]))[:_ROWS]
    known = [each["collector_id"] for each in (*failed[:_LISTED], *fires) if each.get("collector_id")]
    names = await collector_names(visit, known, wait=wait)
    found = [
        *_held(answers["deletions"].results),
        *_late(facts, visit.now),
        *_failed(failed, names),
        *_stale(answers["secrets"]),
        *_disabled(answers["collectors"].results),
    ]
    cut = sum(max(answers[name].total - _LISTED, 0) for name in ("collectors", "secrets", "deletions"))
    return {
        "part": next((each for each in answers.values() if each.is_late), Part({})),
        "found": found,
        "shown": _ROWS,
        "cut": cut,
        "unknown": [(name, each.error) for name, each in answers.items() if each.error],
        "fires": fires,
        "names": names,
        "schedules": answers["schedules"],
    }


_COLLECTOR_FIELDS: Final = ["collector_id", "name", "state", "last_collected_at"]


def _fires(facts: Json) -> bool:
    """Return whether a schedule will fire by itself."""
    return bool(facts.get("next_fire_at")) and bool(facts.get("collector_enabled")) and not facts.get("problem")


def _failed(jobs: list[Json], names: Mapping[str, str]) -> list[TemplateValues]:
    """Return the newest ended jobs of collectors that failed."""
    return [
        {
            "state": job["status"],
            "href": f"/jobs/{job['job_id']}",
            "what": f"{names.get(job.get('collector_id', ''), '') or 'A collector'}: its last job",
            "when": job.get("finished_at", ""),
        }
        for job in jobs
    ]


def _held(deletions: list[Json]) -> list[TemplateValues]:
    """Return the deletions that wait for a decision."""
    return [
        {
            "state": each["state"],
            "href": f"/deletions/{each['deletion_id']}",
            "what": f"{counted(each.get('missing', 0), 'resource is', 'resources are')} missing, and would be deleted",
            "when": each.get("created_at", ""),
        }
        for each in deletions
    ]


def _stale(found: Part) -> list[TemplateValues]:
    """Return the secrets whose resources are not current."""
    return [
        {
            "state": each["state"],
            "href": f"/collectors/{each['collector_id']}",
            "what": ", ".join(filter(None, (each.get(key, "") for key in ("collector_name", "secret_id", "reason")))),
            "when": each.get("last_success_at", ""),
        }
        for each in found.results
    ]


def _late(facts: list[Json], now: datetime) -> list[TemplateValues]:
    """Return the schedules that are more than a minute late, and those that cannot fire."""
    limit = (now - timedelta(minutes=1)).isoformat()
    return [
        {
            "state": "BROKEN" if each.get("problem") else "LATE",
            "href": f"/schedules/{each['collector_id']}/{each['schedule_id']}",
            "what": f"Schedule {each.get('name') or each['schedule_id']}",
            "when": each.get("next_fire_at", ""),
        }
        for each in facts
        if each.get("problem") or (each.get("collector_enabled") and "" < each.get("next_fire_at", "") < limit)
    ]


def _disabled(collectors: list[Json]) -> list[TemplateValues]:
    return [
        {
            "state": "DISABLED",
            "href": f"/collectors/{each['collector_id']}",
            "what": f"Collector {each.get('name', '')}",
            "when": each.get("last_collected_at", ""),
        }
        for each in collectors
        if each.get("state") == "DISABLED"
    ]


PARTS: Final[Mapping[str, Callable[..., Awaitable[TemplateValues]]]] = {
    "kinds": kinds,
    "regions": regions,
    "changes": changes,
    "jobs": jobs,
    "attention": attention,
}


async def show(visit: Visit) -> Response:
    """Show the page; slow parts are loaded later."""
    made = await asyncio.gather(*(make(visit) for make in PARTS.values()))
    return visit.render("overview.html", parts=dict(zip(PARTS, made, strict=True)))


async def show_part(visit: Visit) -> Response:
    """Show one part, however long it takes."""
    name = visit.request.path_params["part"]
    if name not in PARTS:
        raise ApiError(NOT_FOUND, "ERROR_NOT_FOUND", "There is no such part.")
    return visit.render("part.html", template=f"overview/{name}.html", it=await PARTS[name](visit, wait=True))


PAGES: Final = (
    ConsolePage("/", "overview", show),
    ConsolePage("/overview/{part}", "overview_part", show_part),
)
