"""Dry runs: what a collect would do, followed while it is found out."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from inventory.console.api import ApiError
from inventory.console.forms.field_error import FieldError
from inventory.console.pages.collector_actions import collect_request, message_of, refused
from inventory.console.parts import TemplateValues, part
from inventory.console.resource.differences import changes_of
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit

LIMIT: Final = 30
ACTIONS: Final = ("DELETE", "HOLD", "MISS", "UNSEEN", "UPDATE", "CREATE")
"""What a collect would do to a resource, the most harmful first."""
COUNTS: Final = ("created", "updated", "unchanged", "deleted", "held", "missed", "unseen", "held_already", "failed")
ENDED: Final = frozenset({"SUCCESS", "FAILURE", "CANCELED"})


async def start(visit: Visit) -> Response:
    """Start a dry run of what the form of a collect says, and show its report."""
    try:
        request = await collect_request(visit)
        request.pop("use_cache", None)
        made = await visit.call("DryRun.start", **request)
    except (FieldError, ApiError) as error:
        return await refused(visit, message_of(error))
    return visit.go(f"/dry-runs/{made['dry_run_id']}")


async def report_of(visit: Visit) -> TemplateValues:
    """Return the report as far as it is known, with a page of the changes."""
    dry_run_id = visit.request.path_params["dry_run_id"]
    start = visit.first_row(LIMIT)
    run = await visit.call("DryRun.get", dry_run_id=dry_run_id)
    chosen = visit.text("action") if visit.text("action") in ACTIONS else None
    page = {"start": start, "limit": LIMIT}
    found = await part(visit, "DryRun.list_changes", wait=True, dry_run_id=dry_run_id, action=chosen, page=page)
    return {
        "run": run,
        "ended": run.get("status") in ENDED,
        "counts": [(name, int(run.get("counts", {}).get(name, 0))) for name in COUNTS],
        "changes": found,
        "shown": [(change, changes_of(change)) for change in found.results],
        "actions": ACTIONS,
        "chosen": chosen,
        "start": start,
        "limit": LIMIT,
    }


async def show(visit: Visit) -> Response:
    """Show the report; it is reloaded once a second until the dry run has ended."""
    it = await report_of(visit)
    collector = await part(visit, "Collector.get", wait=True, collector_id=it["run"]["collector_id"])
    return visit.render("dry_runs/dry_run.html", it=it, collector=collector.answer or {})


async def show_report(visit: Visit) -> Response:
    """Show the report only."""
    it = await report_of(visit)
    return visit.render("part.html", template="dry_runs/report.html", it=it, ended=it["ended"])


async def cancel(visit: Visit) -> Response:
    """End a dry run."""
    dry_run_id = visit.request.path_params["dry_run_id"]
    await visit.call("DryRun.cancel", dry_run_id=dry_run_id)
    return visit.go(f"/dry-runs/{dry_run_id}", "The dry run is canceled.")


_DRY_RUN: Final = "/dry-runs/{dry_run_id}"
PAGES: Final = (
    ConsolePage("/collectors/{collector_id}/dry-run", "start_dry_run", start, writes=True),
    ConsolePage(_DRY_RUN, "dry_run", show),
    ConsolePage(f"{_DRY_RUN}/report", "dry_run_report", show_report),
    ConsolePage(f"{_DRY_RUN}/cancel", "cancel_dry_run", cancel, writes=True),
)
