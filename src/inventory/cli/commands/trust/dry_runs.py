"""Commands for reports of dry runs: ``dry-run …``; `inventory collect --dry-run` starts one."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import Client, connected
from inventory.cli.command_form import CommandGroup, sent, wants_json
from inventory.cli.listing import page_of, page_options
from inventory.cli.view.dry_run import CHANGE_COLUMNS, finished_dry_run, harm, print_report
from inventory.cli.view.output import print_json, print_rows, say

ACTION = click.Choice(["DELETE", "HOLD", "MISS", "UNSEEN", "UPDATE", "CREATE"], case_sensitive=False)
_SHOWN = 20


@click.group("dry-run", cls=CommandGroup)
def dry_run() -> None:
    """Show the report of a dry run, or cancel a running one."""


@dry_run.command("show", example="inventory dry-run show dry-run-0123456789ab")
@click.argument("dry_run_id", metavar="DRY_RUN")
def show_dry_run(dry_run_id: str) -> None:
    """Show a report, complete or so far, with the first changes."""
    with connected() as client:
        show_report(client, client.call("DryRun.get", dry_run_id=dry_run_id))


@dry_run.command("changes", example="inventory dry-run changes dry-run-0123456789ab --action UPDATE --page 2 --json")
@click.argument("dry_run_id", metavar="DRY_RUN")
@click.option("--action", type=ACTION, help="only those")
@page_options(limit=50, most=1000)
def list_changes(dry_run_id: str, action: str | None, page: int, limit: int) -> None:
    """List the resources that would change, page by page; with --json, including all differences."""
    request: dict[str, Any] = {"page": page_of(page, limit)}
    if action:
        request["action"] = action
    with connected() as client:
        print_rows(client.call("DryRun.list_changes", dry_run_id=dry_run_id, **request), CHANGE_COLUMNS)


@dry_run.command("cancel", example="inventory dry-run cancel dry-run-0123456789ab")
@click.argument("dry_run_id", metavar="DRY_RUN")
def cancel_dry_run(dry_run_id: str) -> None:
    """Cancel a running dry run; nothing was changed."""
    with connected() as client:
        answer = client.call("DryRun.cancel", dry_run_id=dry_run_id)
    say(answer, f"{dry_run_id}: {answer['status']}")


def show_report(client: Client, report: dict[str, Any]) -> None:
    """Print a report with its first changes."""
    page = {"start": 1, "limit": _SHOWN}
    changes = client.call("DryRun.list_changes", dry_run_id=report["dry_run_id"], page=page)
    if wants_json():
        print_json({**report, "changes": changes.get("results", []), "total_changes": changes.get("total_count", 0)})
    else:
        print_report(report, changes)


def require_harmless(
    client: Client, collector_id: str, *, version: str | None, options: Any, secret_id: str | None
) -> None:
    """Return if a collect with this version and these options of the plugin would lose nothing and fail nowhere.

    Raises:
        click.ClickException: it would, or the dry run failed.
    """
    request = sent(collector_id=collector_id, plugin_version=version, options=options, secret_id=secret_id)
    started = client.call("DryRun.start", **request)
    if found := harm(finished_dry_run(client, started["dry_run_id"])):
        shown = f"inventory dry-run show {started['dry_run_id']}"
        what = f"version {version}" if version else "the plugin"
        what += "" if options is None else " with these options"
        raise click.ClickException(f"{what} is not harmless: {found}; nothing was changed; see {shown}")


COMMANDS = (dry_run,)
