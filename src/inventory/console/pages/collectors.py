"""Collectors: their list, and one collector with its schedules, rules, jobs and secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from starlette.responses import Response

from inventory.console.api import Json
from inventory.console.forms.masking import masked
from inventory.console.forms.schema_form import filter_fields, option_fields, secret_keys
from inventory.console.parts import TemplateValues, part, parts
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit
from inventory.domain.plain import MutableJson

LIMIT: Final = 30
JOBS: Final = 10
SECRETS: Final = 200
MODES: Final = ("ALL", "CREATE", "UPDATE")

_LATELY: Final = {"k": "created_at", "v": "now - 14d", "o": "timediff_gte"}


async def show_list(visit: Visit) -> Response:
    """Show the list."""
    start = visit.first_row(LIMIT)
    query: MutableJson = {"page": {"start": start, "limit": LIMIT}}
    if words := visit.text("q").strip():
        query["keyword"] = words
    found = await visit.call("Collector.list", query=query)
    rows = found.get("results", [])
    newest, facts = await asyncio.gather(newest_jobs(visit, rows), schedule_facts(visit))
    return visit.render(
        "collectors/list.html",
        rows=rows,
        total=found.get("total_count", 0),
        start=start,
        limit=LIMIT,
        newest=newest,
        next_fires=_next_fires(facts),
    )


def _next_fires(facts: list[Json]) -> Mapping[str, str]:
    """Return the next fire time of each collector that has one."""
    found: dict[str, str] = {}
    for each in facts:
        if fire_at := each.get("next_fire_at"):
            found[each["collector_id"]] = min(found.get(each["collector_id"], fire_at), fire_at)
    return found


async def newest_jobs(visit: Visit, collectors: list[Json]) -> Mapping[str, Json]:
    """Return the newest job of each collector, if the visitor may see it."""
    ids = [each["collector_id"] for each in collectors]
    if not ids:
        return {}
    query = newest_jobs_query([{"k": "collector_id", "v": ids, "o": "in"}, _LATELY])
    answer = (await part(visit, "Job.stat", wait=True, query=query)).permitted()
    return {row.get("collector_id", ""): row for row in answer.results}


def newest_jobs_query(filters: list[Json]) -> Json:
    """Return the statistics query for the newest job of each collector."""
    fields = [
        {"name": key, "key": key, "operator": "last"} for key in ("job_id", "status", "created_at", "finished_at")
    ]
    group = {"keys": [{"key": "collector_id", "name": "collector_id"}], "fields": fields}
    return {"filter": filters, "aggregate": [{"sort": {"key": "created_at"}}, {"group": group}]}


async def collector_names(visit: Visit, ids: Iterable[str], *, wait: bool = True) -> Mapping[str, str]:
    """Return the names of collectors, as far as the visitor may see them, and without ``wait`` at once."""
    if not (wanted := sorted(set(ids))):
        return {}
    query = {"filter": [{"k": "collector_id", "v": wanted, "o": "in"}], "only": ["collector_id", "name"]}
    answer = await part(visit, "Collector.list", wait=wait, query=query)
    return {each["collector_id"]: each.get("name", "") for each in answer.results}


async def schedule_facts(visit: Visit, *, with_last_jobs: bool = False) -> list[Json]:
    """Return the past and next fire times of all schedules; none if the visitor may not see them."""
    name = "Operations.list_all_schedule_facts"
    found = await part(visit, name, wait=True, with_last_jobs=with_last_jobs)
    return found.permitted().results


async def details(visit: Visit, collector_id: str) -> TemplateValues:
    """Return everything that the page of a collector shows."""
    collector = await visit.call("Collector.get", collector_id=collector_id)
    metadata = collector.get("plugin_info", {}).get("metadata", {})
    jobs, rules, facts, secrets, fresh = await parts(
        visit,
        ("Job.list", {"collector_id": collector_id, "query": {"page": {"start": 1, "limit": JOBS}}}),
        ("CollectorRule.list", {"query": {"filter": [{"k": "collector_id", "v": collector_id, "o": "eq"}]}}),
        ("Operations.list_schedule_facts", {"collector_id": collector_id}),
        ("JobTask.stat", {"query": _secrets_query(collector_id)}),
        ("Freshness.list", {"collector_id": collector_id, "page": {"start": 1, "limit": SECRETS}}),
        wait=True,
    )
    return {
        "collector": collector,
        "plugin": collector.get("plugin_info", {}),
        "options": masked(
            collector.get("plugin_info", {}).get("options", {}), secret_keys(metadata.get("options_schema"))
        ),
        "option_fields": option_fields(metadata.get("options_schema"), {}),
        "filter_fields": filter_fields(metadata.get("filter_format")),
        "schedule_kinds": metadata.get("supported_schedules") or ["hours", "minutes", "interval", "cron"],
        "jobs": jobs,
        "rules": rules,
        "facts": facts,
        "secrets": secrets,
        "fresh": fresh,
        "modes": MODES,
        "said": "",
    }


def _secrets_query(collector_id: str) -> Json:
    """Return the query for the outcome of the newest task of each secret."""
    keys = ("status", "job_id", "created_at", "finished_at", "failure_count")
    group = {
        "keys": [{"key": "secret_id", "name": "secret_id"}],
        "fields": [{"name": key, "key": key, "operator": "last"} for key in keys],
    }
    filters = [
        {"k": "collector_id", "v": collector_id, "o": "eq"},
        _LATELY,
    ]
    aggregate = [{"sort": {"key": "created_at"}}, {"group": group}, {"sort": {"key": "status"}}]
    return {"filter": filters, "aggregate": aggregate, "page": {"start": 1, "limit": SECRETS}}


async def show(visit: Visit) -> Response:
    """Show a collector."""
    return visit.render("collectors/collector.html", **await details(visit, visit.request.path_params["collector_id"]))


async def show_deletion(visit: Visit) -> Response:
    """Ask for confirmation before a collector is deleted, and show what that deletes."""
    collector_id = visit.request.path_params["collector_id"]
    found = await details(visit, collector_id)
    for name in ("facts", "rules"):
        found[name].permitted()
    seen = await part(visit, "CloudService.list", wait=True, query=_seen_query(collector_id))
    return visit.render("collectors/delete.html", **found, seen=seen)


def _seen_query(collector_id: str) -> Json:
    return {"filter": [{"k": "collection_info.collector_id", "v": collector_id, "o": "eq"}], "count_only": True}


PAGES: Final = (
    ConsolePage("/collectors", "collectors", show_list),
    ConsolePage("/collectors/{collector_id}", "collector", show),
    ConsolePage("/collectors/{collector_id}/delete", "collector_deletion", show_deletion),
)
