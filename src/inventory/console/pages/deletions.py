"""Deletions: holds that wait for a decision, and deletions that can be undone."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from inventory.console.api import Json
from inventory.console.routes import ConsolePage
from inventory.console.text import counted
from inventory.console.visit import Visit
from inventory.domain.plain import MutableJson

LIMIT: Final = 50
STATES: Final = ("PREPARING", "HELD", "APPROVING", "APPROVED", "DISCARDING", "DISCARDED", "DISSOLVED", "DONE")
_CALLS: Final = 10
"""How often a call that works for some seconds at a time is repeated for one click; the next click continues."""


async def show_list(visit: Visit) -> Response:
    """Show the list, the newest first."""
    start = visit.first_row(LIMIT)
    request: MutableJson = {"page": {"start": start, "limit": LIMIT}}
    if states := [each for each in visit.texts("state") if each in STATES]:
        request["states"] = states
    found = await visit.call("Deletion.list", **request)
    return visit.render(
        "deletions/list.html",
        rows=found.get("results", []),
        total=found.get("total_count", 0),
        start=start,
        limit=LIMIT,
        states=STATES,
        chosen=states,
    )


async def show(visit: Visit) -> Response:
    """Show what is held, and ask for a decision."""
    deletion_id = visit.request.path_params["deletion_id"]
    return visit.render("deletions/deletion.html", it=await visit.call("Deletion.get", deletion_id=deletion_id))


async def _repeated(visit: Visit, name: str, unfinished: Any, **request: Any) -> Json:
    """Repeat a call that works for some seconds at a time until it is done, at most ``_CALLS`` times."""
    answer: Json = {}
    for _ in range(_CALLS):
        answer = await visit.call(name, **request)
        if not unfinished(answer):
            break
    return answer


async def approve(visit: Visit) -> Response:
    """Delete what is still missing."""
    deletion_id = visit.request.path_params["deletion_id"]
    done = await _repeated(
        visit, "Deletion.approve", lambda it: it.get("state") == "APPROVING", deletion_id=deletion_id
    )
    deleted, held = done.get("deleted_count", 0), done.get("held", 0)
    left = ""
    if done.get("state") == "APPROVED" and held > deleted:
        were = counted(held - deleted, "of those held at first is", "of those held at first are")
        left = f" {were} not: seen again, deleted otherwise, or held elsewhere."
    said = f"{counted(deleted, 'resource is', 'resources are')} deleted.{left}"
    return visit.go(f"/deletions/{deletion_id}", said)


async def discard(visit: Visit) -> Response:
    """Keep what is held."""
    deletion_id = visit.request.path_params["deletion_id"]
    await _repeated(visit, "Deletion.discard", lambda it: it.get("state") == "DISCARDING", deletion_id=deletion_id)
    return visit.go(f"/deletions/{deletion_id}", "What was held is kept.")


async def undo(visit: Visit) -> Response:
    """Restore what was deleted."""
    deletion_id = visit.request.path_params["deletion_id"]
    return visit.go(f"/deletions/{deletion_id}", await _undone(visit, deletion_id=deletion_id))


async def undo_job(visit: Visit) -> Response:
    """Restore what a job deleted."""
    job_id = visit.request.path_params["job_id"]
    return visit.go(f"/jobs/{job_id}", await _undone(visit, job_id=job_id))


async def _undone(visit: Visit, **request: Any) -> str:
    """Undo, in at most ``_CALLS`` calls, and return what they did."""
    restored = 0

    def unfinished(answer: Json) -> bool:
        nonlocal restored
        restored += answer.get("restored", 0)
        return not answer.get("complete")

    done = await _repeated(visit, "Deletion.undo", unfinished, **request)
    left = done.get("not_restored", 0)
    same = counted(left, "is not, because an active one is", "are not, because active ones are")
    more = f" {same} the same." if left else ""
    rest = "" if done.get("complete") else " Not all are done: undo again to continue."
    holds = ", ".join(hold["deletion_id"] for hold in done.get("approved", ()))
    approved = f" What was deleted by approving {holds} is restored at Deletions." if holds else ""
    return f"{counted(restored, 'resource is', 'resources are')} back.{more}{rest}{approved}"


_DELETION: Final = "/deletions/{deletion_id}"
PAGES: Final = (
    ConsolePage("/deletions", "deletions", show_list),
    ConsolePage(_DELETION, "deletion", show),
    ConsolePage(f"{_DELETION}/approve", "approve_deletion", approve, writes=True),
    ConsolePage(f"{_DELETION}/discard", "discard_deletion", discard, writes=True),
    ConsolePage(f"{_DELETION}/undo", "undo_deletion", undo, writes=True),
    ConsolePage("/jobs/{job_id}/undo", "undo_job", undo_job, writes=True),
)
