"""The command ``freshness``: how current what was collected is."""

from __future__ import annotations

from typing import Any, Final

import click
from rich.text import Text

from inventory.cli.client import connected
from inventory.cli.command_form import JsonCommand, sent, wants_json
from inventory.cli.completion import collector_names
from inventory.cli.listing import page_of, page_options
from inventory.cli.lookup import COLLECTOR, find_id
from inventory.cli.view.output import Column, as_text, console, print_json, styled, table_of

EXIT_STALE: Final = 6
_STYLES: Final = {"FRESH": "green", "LATE": "yellow", "STALE": "red", "NEVER": "red"}
_BAD: Final = ("NEVER", "STALE")


def _why(row: Any) -> Text:
    """Return why a secret is in its state, and what its last attempt failed with."""
    error = row.get("last_error") or {}
    words = " ".join(part for part in (error.get("error_code", ""), error.get("message", "")) if part)
    return as_text("; ".join(part for part in (row.get("reason", ""), words) if part))


COLUMNS: Final[tuple[Column, ...]] = (
    ("state", lambda row: Text(row.get("state", ""), _STYLES.get(row.get("state", ""), ""))),
    ("collector", lambda row: row.get("collector_name") or row.get("collector_id", "")),
    ("secret", lambda row: row.get("secret_id", "-")),
    ("last success", "last_success_at"),
    ("last attempt", "last_attempt_at"),
    ("ended", "last_attempt_status"),
    ("failures", lambda row: str(row.get("consecutive_failures", 0))),
    ("collected", lambda row: str(row.get("resources", 0))),
    ("why", _why),
)
TYPE_COLUMNS: Final[tuple[Column, ...]] = (
    ("state", lambda row: Text(row.get("state", ""), _STYLES.get(row.get("state", ""), ""))),
    ("provider", "provider"),
    ("group", "cloud_service_group"),
    ("type", "cloud_service_type"),
    ("alive", lambda row: str(row.get("resources", 0))),
    ("missing", lambda row: str(row.get("missing", 0))),
    ("last seen", "last_seen_at"),
    ("longest unseen", "oldest_seen_at"),
    ("why", "reason"),
)


@click.command(cls=JsonCommand, example='inventory freshness\ninventory freshness "this machine" --stale')
@click.argument("name_or_id", metavar="[COLLECTOR]", required=False, shell_complete=collector_names)
@click.option("--secret", "secret_id", help="only this secret; with a COLLECTOR also each type collected with it")
@click.option("--stale", is_flag=True, help=f"only what is stale or never was fresh; exit code {EXIT_STALE} if any is")
@page_options(limit=50, most=1000)
@click.pass_context
def freshness(
    context: click.Context, name_or_id: str | None, secret_id: str | None, stale: bool, page: int, limit: int
) -> None:
    """Show how current what was collected with each secret is, the worst first.

    What a disabled collector holds does not set the exit code: somebody has decided that.
    """
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id) if name_or_id else None
        if collector_id and secret_id and not stale:
            _show_secret(client.call("Freshness.get", collector_id=collector_id, secret_id=secret_id))
            return
        request = sent(collector_id=collector_id, secret_id=secret_id) | ({"states": _BAD} if stale else {})
        found = client.call("Freshness.list", **request, page=page_of(page, limit))
        enabled = client.call("Freshness.list", **request, enabled_only=True, page={"limit": 1}) if stale else {}
    _show_list(found)
    if enabled.get("total_count"):
        context.exit(EXIT_STALE)


def _show_list(found: dict[str, Any]) -> None:
    if wants_json():
        print_json(found)
        return
    rows, counts = found.get("results", []), found.get("counts", {})
    out = console()
    out.print(table_of(rows, COLUMNS))
    parts = ", ".join(f"{counts.get(state, 0)} {state}" for state in ("never", "stale", "late", "fresh"))
    out.print(Text(f"{len(rows)} of {found.get('total_count', 0)}; of all: {parts}", "dim"))


def _show_secret(found: dict[str, Any]) -> None:
    if wants_json():
        print_json(found)
        return
    row = found.get("freshness", {})
    out = console()
    out.print(table_of([row], COLUMNS))
    out.print(styled(("\nTypes", "bold")))
    out.print(table_of(found.get("types", []), TYPE_COLUMNS))
    if found.get("types_incomplete"):
        out.print(Text("the secret has more resources than were looked through for the types", "dim"))


COMMANDS = (freshness,)
