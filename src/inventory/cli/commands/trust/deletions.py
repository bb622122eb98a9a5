"""Commands for deletions: ``deletion …``."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import Client, connected
from inventory.cli.command_form import CommandGroup, wants_json
from inventory.cli.completion import collector_names
from inventory.cli.listing import page_of, page_options
from inventory.cli.lookup import COLLECTOR, find_id
from inventory.cli.terminal import one_line
from inventory.cli.view.output import Column, console, print_json, print_rows, say, status, styled, table_of
from inventory.domain.reference_key import type_name
from inventory.domain.texts import counted

COLUMNS: tuple[Column, ...] = (
    ("deletion", "deletion_id"),
    ("state", "state"),
    ("kind", "kind"),
    ("missing", lambda row: str(row.get("missing", 0))),
    ("deleted", lambda row: str(row.get("deleted_count", 0))),
    ("restored", lambda row: str(row.get("restored_count", 0))),
    ("collector", "collector_id"),
    ("secret", "secret_id"),
    ("created at", "created_at"),
    ("why", "reason"),
)
EXAMPLE_COLUMNS: tuple[Column, ...] = (
    ("type", type_name),
    ("name", "name"),
    ("resource", "resource_id"),
    ("region", "region_code"),
    ("account", "account"),
    ("cloud service", "cloud_service_id"),
)
LIVING_COLUMNS: tuple[Column, ...] = (
    ("not brought back", "cloud_service_id"),
    ("lives as", "living_id"),
    ("name", "name"),
    ("resource", "resource_id"),
)
STATES = ("PREPARING", "HELD", "APPROVING", "APPROVED", "DISCARDING", "DISCARDED", "DISSOLVED", "DONE")


@click.group(cls=CommandGroup)
def deletion() -> None:
    """Show what is held instead of being deleted, approve or discard it, and undo deletions."""


@deletion.command("list", example="inventory deletion list\ninventory deletion list --state HELD --collector aws")
@click.option("--state", "states", type=click.Choice(STATES, case_sensitive=False), multiple=True, help="repeatable")
@click.option("--collector", "name_or_id", help="id or name", shell_complete=collector_names)
@page_options(limit=20, most=1000)
def list_deletions(states: tuple[str, ...], name_or_id: str | None, page: int, limit: int) -> None:
    """List holds, and runs of housekeeping that deleted something, the newest first."""
    request: dict[str, Any] = {"page": page_of(page, limit), "states": list(states)}
    with connected() as client:
        if name_or_id:
            request["collector_id"] = find_id(client, COLLECTOR, name_or_id)
        print_rows(client.call("Deletion.list", **request), COLUMNS)


@deletion.command("show", example="inventory deletion show hold-0123456789ab")
@click.argument("deletion_id", metavar="DELETION")
def show_deletion(deletion_id: str) -> None:
    """Show a hold: why, how much of what is missing, and examples."""
    with connected() as client:
        found = client.call("Deletion.get", deletion_id=deletion_id)
    if wants_json():
        print_json(found)
        return
    out = console()
    out.print(styled(one_line(f"{found['deletion_id']}: "), status(found.get("state", "")), f", {_summary(found)}"))
    out.print(styled(one_line(found.get("reason", ""))))
    for title, counts in (("types", found.get("types", [])), ("regions", found.get("regions", []))):
        text = ", ".join(f"{each.get('name') or 'none'} {each.get('count', 0)}" for each in counts)
        if text:
            out.print(styled(one_line(f"{title}: {text}")))
    if found.get("examples"):
        out.print(table_of(found["examples"], EXAMPLE_COLUMNS))


@deletion.command("approve", example="inventory deletion approve hold-0123456789ab")
@click.argument("deletion_id", metavar="HOLD")
def approve_deletion(deletion_id: str) -> None:
    """Delete what is still missing now; repeated, it finishes what was cut off."""
    with connected() as client:
        while True:
            found = client.call("Deletion.approve", deletion_id=deletion_id)
            if found["state"] != "APPROVING":
                break
    say(
        found,
        f"{deletion_id}: {found['state']}, {counted(found.get('deleted_count', 0), 'resource')} deleted"
        f"{_restored(found)}{_left(found)}",
    )


@deletion.command("discard", example="inventory deletion discard hold-0123456789ab")
@click.argument("deletion_id", metavar="HOLD")
def discard_deletion(deletion_id: str) -> None:
    """Keep what is held, and count its misses from the start."""
    with connected() as client:
        found = client.call("Deletion.discard", deletion_id=deletion_id)
    say(found, f"{deletion_id}: {found['state']}, nothing was deleted")


@deletion.command("undo", example="inventory deletion undo job-0123456789ab\ninventory deletion undo hold-0123456789ab")
@click.argument("target", metavar="JOB|DELETION")
def undo_deletion(target: str) -> None:
    """Bring back what a job, an approved hold or a run of housekeeping deleted."""
    key = "job_id" if target.startswith("job-") else "deletion_id"
    with connected() as client:
        done = _undone(client, key, target)
    if wants_json():
        print_json(done)
        return
    out = console()
    out.print(counted(done["restored"], "resource is back", "resources are back"))
    if done["living"]:
        first = ", the first of them" if len(done["living"]) < done["not_restored"] else ""
        left = counted(
            done["not_restored"],
            "is not, because an active one is the same",
            "are not, because active ones are the same",
        )
        out.print(f"{left}{first}:")
        out.print(table_of(done["living"], LIVING_COLUMNS))
    for hold in done.get("approved", ()):
        out.print(styled(one_line(approved_of_job(hold))))


def approved_of_job(hold: dict[str, Any]) -> str:
    """Return what an approved hold of a job deleted, and how to restore it: the undo of the job does not."""
    deleted = hold.get("deleted_count", 0) - hold.get("restored_count", 0)
    by = f" by {hold['decided_by']}" if hold.get("decided_by") else ""
    gone = counted(deleted, "resource was", "resources were")
    return (
        f"{gone} deleted by approving {hold['deletion_id']}{by}; to restore them: "
        f"inventory deletion undo {hold['deletion_id']}"
    )


def _undone(client: Client, key: str, target: str) -> dict[str, Any]:
    """Repeat the call until it is complete, and return the sums."""
    restored = 0
    while True:
        answer = client.call("Deletion.undo", **{key: target})
        restored += answer.get("restored", 0)
        if answer.get("complete"):
            return {
                "restored": restored,
                "not_restored": answer.get("not_restored", 0),
                "living": answer.get("living", []),
                **({"approved": answer["approved"]} if answer.get("approved") else {}),
            }


def _summary(found: dict[str, Any]) -> str:
    if found.get("kind") == "HOUSEKEEPING":
        return f"{found.get('deleted_count', 0)} deleted{_restored(found)}"
    text = f"{found.get('missing', 0)} of {found.get('held', 0)} still missing, {found.get('alive', 0)} were alive"
    if found.get("confirmations"):
        text += f"; confirmed {counted(found['confirmations'], 'time')}, last at {found.get('confirmed_at', '')}"
    if found.get("deleted_count"):
        text += f"; {found['deleted_count']} deleted{_restored(found)}"
    return text


def _left(found: dict[str, Any]) -> str:
    """Return how many of the resources that were held at first an approval has not deleted, and why."""
    left = found.get("held", 0) - found.get("deleted_count", 0)
    if found["state"] != "APPROVED" or left <= 0:
        return ""
    were = "was" if left == 1 else "were"
    return f"; {left} of the {found['held']} held at first {were} not: seen again, deleted otherwise, or held elsewhere"


def _restored(found: dict[str, Any]) -> str:
    restored = found.get("restored_count")
    return f", {restored} of these restored since" if restored else ""


COMMANDS = (deletion,)
