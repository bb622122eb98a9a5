"""Schedules: the week, the next fire times, one schedule explained, and changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Final

from starlette.responses import Response

from inventory.console.api import ApiError, Json
from inventory.console.charts.week import DAYS, added, fires_of, monday_of, seconds_of, squares
from inventory.console.forms.field_error import FieldError
from inventory.console.forms.json_text import read_object
from inventory.console.forms.schedule_form import read_schedule
from inventory.console.pages.collectors import MODES, collector_names, schedule_facts
from inventory.console.parts import Part, part
from inventory.console.routes import ConsolePage
from inventory.console.text import parse_time
from inventory.console.visit import Visit
from inventory.domain.plain import MutableJson
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec
from inventory.errors import InventoryError

COLLECTORS: Final = 1_000
"""Maximum number of collectors that a new schedule can be given."""
FIRES: Final = 50
SHOWN: Final = 500
"""Maximum number of schedules in the list; their total is always shown."""
_JOBS: Final = 1_000
"""Jobs per call."""
_MOST_JOBS: Final = 20_000
"""Maximum number of jobs whose durations are added; if there are more, the page says so."""
_DAY: Final = timedelta(days=1)
REASONS: Final = {
    "DOWNTIME": "no scheduler ran, for longer than the grace time",
    "COALESCED": "no scheduler ran; a newer fire time was caught up instead",
    "DISABLED": "the collector was disabled",
}


async def show_list(visit: Visit) -> Response:
    """Show the week, the next fire times, and all schedules."""
    by = "duration" if visit.text("by") == "duration" else "fires"
    schedules, (jobs, jobs_left) = await asyncio.gather(
        schedule_facts(visit, with_last_jobs=True), _recent_jobs(visit, by)
    )
    schedules = sorted(schedules, key=lambda row: str(row.get("next_fire_at") or "~"))
    firing = [row for row in schedules if row.get("collector_enabled") and not row.get("problem")]
    monday = monday_of(visit.now)
    week = (
        seconds_of(jobs, visit.now)
        if by == "duration"
        else added(fires_of(row.get("schedule", {}), monday) for row in firing)
    )
    fires = list(islice(merge(*(_times(row) for row in firing), key=lambda fire: fire[0]), FIRES))
    shown = [*schedules[:SHOWN], *(row for _, row in fires)]
    return visit.render(
        "schedules/list.html",
        schedules=schedules,
        most=SHOWN,
        names=await collector_names(visit, (row["collector_id"] for row in shown)),
        week=squares(week),
        days=DAYS,
        by=by,
        fires=fires,
        jobs_left=jobs_left,
    )


async def _recent_jobs(visit: Visit, by: str) -> tuple[list[Json], int]:
    """Return the jobs of the last seven days, for their durations, and how many more there are."""
    if by != "duration":
        return [], 0
    first = await _jobs_from(visit, 1)
    starts = range(_JOBS + 1, min(first.total, _MOST_JOBS) + 1, _JOBS)
    later = await asyncio.gather(*(_jobs_from(visit, start) for start in starts))
    # A job that begins meanwhile moves the others, so that one may be on two pages.
    jobs = {job["job_id"]: job for page in (first, *later) for job in page.results}
    return list(jobs.values()), max(first.total - _MOST_JOBS, 0)


async def _jobs_from(visit: Visit, start: int) -> Part:
    query = {
        "filter": [{"k": "created_at", "v": "now - 7d", "o": "timediff_gte"}],
        "only": ["job_id", "created_at", "finished_at", "status"],
        "page": {"start": start, "limit": _JOBS},
    }
    return (await part(visit, "Job.list", wait=True, query=query)).permitted()


def _times(row: Json) -> Iterator[tuple[datetime, Json]]:
    """Yield the fire times of a schedule, the next one first."""
    following = parse_time(row.get("next_fire_at"))
    if following is None:
        return
    yield following, row
    try:
        spec = ScheduleSpec.parse(dict(row.get("schedule", {})))
    except InventoryError:
        return
    # All its times are delayed by as much as the next one.
    planned = None if spec.interval else FireTimes(spec, anchor=following - _DAY).latest_at(following)
    anchor = planned or following
    for moment in FireTimes(spec, anchor=anchor, shift=following - anchor).after(following):
        yield moment, row


# One schedule


def _ids(visit: Visit) -> Json:
    return {name: visit.request.path_params[name] for name in ("collector_id", "schedule_id")}


async def show(visit: Visit) -> Response:
    """Explain a schedule, and offer to change it."""
    return await _page(visit, "")


async def _page(visit: Visit, said: str) -> Response:
    ids = _ids(visit)
    schedule, collector, explained = await asyncio.gather(
        visit.call("Collector.get_schedule", **ids),
        visit.call("Collector.get", collector_id=ids["collector_id"]),
        part(visit, "Operations.explain_schedule", wait=True, **ids),
    )
    return visit.render(
        "schedules/schedule.html",
        status=400 if said else 200,
        schedule=schedule,
        collector=collector,
        explained=explained,
        facts=(explained.answer or {}).get("facts", {}),
        reasons=REASONS,
        modes=MODES,
        supported=_supported(collector),
        said=said,
    )


def _supported(collector: Json) -> list[str]:
    found: list[str] = collector.get("plugin_info", {}).get("metadata", {}).get("supported_schedules") or []
    return found or ["hours", "minutes", "interval", "cron"]


async def show_new(visit: Visit) -> Response:
    """Show the form of a new schedule."""
    return await _new_form(visit, visit.text("collector"), "")


async def _new_form(visit: Visit, collector_id: str, said: str) -> Response:
    listed = await visit.call(
        "Collector.list", query={"only": ["collector_id", "name"], "page": {"start": 1, "limit": COLLECTORS}}
    )
    return visit.render(
        "schedules/new.html",
        status=400 if said else 200,
        collectors=listed.get("results", []),
        chosen=collector_id,
        given=visit.form,
        modes=MODES,
        said=said,
    )


async def add(visit: Visit) -> Response:
    """Add a schedule."""
    collector_id = visit.field("collector_id")
    try:
        request = _request(visit)
        made = await visit.call("Collector.add_schedule", collector_id=collector_id, **request)
    except FieldError as error:
        return await _new_form(visit, collector_id, str(error))
    except ApiError as error:
        if error.status != 400 or error.needs_domain:
            raise
        return await _new_form(visit, collector_id, error.message)
    return visit.go(f"/schedules/{collector_id}/{made['schedule_id']}", "The schedule is added.")


def _request(visit: Visit) -> Json:
    """Return the request in the form.

    Raises:
        FieldError: a value is invalid.
    """
    request: MutableJson = {"schedule": read_schedule(visit.form)}
    if name := visit.field("name"):
        request["name"] = name
    if visit.field("collect_mode") in MODES:
        request["collect_mode"] = visit.field("collect_mode")
    if text := visit.field("filter"):
        request["filter"] = read_object(text, "Filter")
    return request


async def change(visit: Visit) -> Response:
    """Change a schedule."""
    ids = _ids(visit)
    try:
        request = _request(visit)
        if "name" in visit.form and not visit.field("name"):
            await _check_nameless(visit, ids)
        if "filter" in visit.form:
            # An empty one is sent, too: it replaces the stored one.
            request = {**request, "filter": read_object(visit.field("filter"), "Filter")}
        await visit.call("Collector.update_schedule", **ids, **request)
    except FieldError as error:
        return await _page(visit, str(error))
    except ApiError as error:
        if error.status != 400 or error.code == "ERROR_NOT_FOUND":
            raise
        return await _page(visit, error.message)
    return visit.go(f"/schedules/{ids['collector_id']}/{ids['schedule_id']}", "The schedule is changed.")


async def _check_nameless(visit: Visit, ids: Json) -> None:
    """Return if the schedule has no name: the API cannot remove one.

    Raises:
        FieldError: it has.
    """
    if (await visit.call("Collector.get_schedule", **ids)).get("name"):
        raise FieldError("Name: cannot be removed. Enter another one.")


async def show_deletion(visit: Visit) -> Response:
    """Ask for confirmation before a schedule is deleted."""
    ids = _ids(visit)
    schedule, collector = await asyncio.gather(
        visit.call("Collector.get_schedule", **ids), visit.call("Collector.get", collector_id=ids["collector_id"])
    )
    return visit.render("schedules/delete.html", schedule=schedule, collector=collector)


async def delete(visit: Visit) -> Response:
    """Delete a schedule."""
    ids = _ids(visit)
    await visit.call("Collector.delete_schedule", **ids)
    return visit.go(f"/collectors/{ids['collector_id']}", "The schedule is deleted.")


_SCHEDULE: Final = "/schedules/{collector_id}/{schedule_id}"
PAGES: Final = (
    ConsolePage("/schedules", "schedules", show_list),
    ConsolePage("/schedules/new", "new_schedule", show_new),
    ConsolePage("/schedules/new", "add_schedule", add, writes=True),
    ConsolePage(_SCHEDULE, "schedule", show),
    ConsolePage(_SCHEDULE, "change_schedule", change, writes=True),
    ConsolePage(f"{_SCHEDULE}/delete", "schedule_deletion", show_deletion),
    ConsolePage(f"{_SCHEDULE}/delete", "delete_schedule", delete, writes=True),
)
