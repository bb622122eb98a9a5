"""Search everywhere: an id leads to its page, words to the resources that contain them."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from starlette.responses import Response

from inventory.console.api import Json
from inventory.console.pages.collectors import schedule_facts
from inventory.console.parts import parts
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit

_SHOWN: Final = 8
_IDS: Final = {
    "cloud-svc-type": "/types/",
    "cloud-svc": "/resources/",
    "collector-rule": "/rules/",
    "collector": "/collectors/",
    "region": "/regions/",
    "job": "/jobs/",
    "dry-run": "/dry-runs/",
}
"""The page of an id, by the id's prefix."""
_ID: Final = re.compile(rf"({'|'.join(_IDS)})-[0-9a-f]{{12}}")
_TASK: Final = re.compile(r"job_task-[0-9a-f]{12}")
_LISTS: Final = (
    ("Resources", "CloudService", "/resources", "cloud_service_id"),
    ("Collectors", "Collector", "/collectors", "collector_id"),
    ("Types", "CloudServiceType", "/types", "cloud_service_type_id"),
    ("Regions", "Region", "/regions", "region_id"),
    ("Rules", "CollectorRule", "/rules", "collector_rule_id"),
)


async def show(visit: Visit) -> Response:
    """Go to the page of an id, or show what contains the words."""
    words = visit.text("q").strip()
    if found := _ID.fullmatch(words):
        return visit.go(_IDS[found[1]] + words)
    if _TASK.fullmatch(words):
        task = await visit.call("JobTask.get", job_task_id=words)
        return visit.go(f"/jobs/{task.get('job_id', '')}")
    query = {"keyword": words, "page": {"start": 1, "limit": _SHOWN}}
    asked = [(f"{service}.list", {"query": query}) for _, service, _, _ in _LISTS] if words else []
    answers, schedules = await asyncio.gather(parts(visit, *asked, wait=True), _schedules(visit, words))
    lists = [(*each, answer.permitted()) for each, answer in zip(_LISTS, answers, strict=False)]
    return visit.render("search.html", words=words, found=lists, schedules=schedules, shown=_SHOWN)


async def _schedules(visit: Visit, words: str) -> list[Json]:
    """Return the schedules with one of the words in their name or id, as the lists of the API find theirs."""
    wanted = words.lower().split()
    if not wanted:
        return []
    found = await schedule_facts(visit)
    return [each for each in found if any(_has(each, word) for word in wanted)]


def _has(schedule: Json, word: str) -> bool:
    return word in schedule.get("name", "").lower() or word in schedule["schedule_id"].lower()


PAGES: Final = (ConsolePage("/search", "search", show),)
