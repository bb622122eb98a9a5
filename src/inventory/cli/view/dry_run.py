"""Dry runs: waiting for one, and printing its report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import click
from rich.text import Text

from inventory.cli.client import CallError, Client
from inventory.cli.terminal import one_line
from inventory.cli.view.output import Column, console, status, styled, table_of
from inventory.cli.view.watch import EXIT_INTERRUPTED, POLL_SECONDS, RETRY_SECONDS
from inventory.domain.plain import Json
from inventory.domain.reference_key import type_name
from inventory.domain.texts import counted

COUNTS: Final = ("created", "updated", "unchanged", "deleted", "held", "missed", "unseen", "failed", "errors")
_COUNT_WORDS: Final[Mapping[str, str]] = {"updated": "changed"}
"""A job counts everything that it saw as updated, changed or not."""
HARMFUL: Final = ("deleted", "held", "missed", "unseen", "failed", "errors")
"""Counts that are 0 if a collect still sees everything, and fails nowhere."""
_NOTHING_TRIED: Final = "nothing was tried, because the collector has no secret to collect with"
_ENDED: Final = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
_DIFFS_SHOWN: Final = 3
_VALUE_CHARACTERS: Final = 40


class DryRunCanceledError(click.ClickException):
    """Ctrl-C while waiting for a dry run, which was therefore canceled."""

    exit_code = EXIT_INTERRUPTED


def finished_dry_run(client: Client, dry_run_id: str) -> dict[str, Any]:
    """Wait until a dry run has ended, and return its report; Ctrl-C cancels it.

    Raises:
        DryRunCanceledError: Ctrl-C.
        CallError: the server does not know it.
    """
    try:
        while True:
            try:
                found = client.call("DryRun.get", dry_run_id=dry_run_id)
            except CallError as exc:
                if not exc.unreachable:
                    raise
                time.sleep(RETRY_SECONDS)
                continue
            if found["status"] in _ENDED:
                return found
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        client.call("DryRun.cancel", dry_run_id=dry_run_id)
        raise DryRunCanceledError(f"{dry_run_id} is canceled; nothing was changed") from None


def harm(report: Json) -> str:
    """Return the part of the report that speaks against the collect, as text; empty if there is none."""
    counts = report.get("counts", {})
    found = [_counted(counts[name], name) for name in HARMFUL if counts.get(name)]
    if features := report.get("dropped_features"):
        found.append(f"no longer supports {', '.join(map(one_line, features))}")
    if not found and report["status"] != "SUCCESS":
        found.append(f"it ended as {report['status']}")
    if not found and not report.get("tasks"):
        found.append(_NOTHING_TRIED)
    return ", ".join(found)


def _counted(number: int, name: str) -> str:
    word = _COUNT_WORDS.get(name, name)
    return counted(number, word.removesuffix("s") if name == "errors" else word, word)


def print_report(report: Json, changes: Json) -> None:
    """Print a report for people, with some of its changes."""
    out = console()
    counts = report.get("counts", {})
    numbers = ", ".join(_counted(counts.get(name, 0), name) for name in COUNTS)
    if held := counts.get("held_already"):
        numbers += f", {held} already held"
    out.print(styled(f"{report['dry_run_id']}: ", status(report["status"]), f", {numbers}"))
    if report["status"] == "SUCCESS" and not report.get("tasks"):
        out.print(styled((_NOTHING_TRIED, "yellow")))
    if features := report.get("dropped_features"):
        out.print(styled(("no longer supported: ", "yellow"), one_line(", ".join(features))))
    for error in report.get("errors", []):
        out.print(styled(("error: ", "red"), one_line(error.get("message", ""))))
    for task in report.get("tasks", []):
        for error in task.get("error_list", []):
            out.print(styled(("error: ", "red"), one_line(f"{task.get('secret_id', '')}: {error.get('message', '')}")))
    if changes.get("results"):
        out.print(table_of(changes["results"], CHANGE_COLUMNS))
    shown, total = len(changes.get("results", [])), changes.get("total_count", 0)
    if shown < total:
        out.print(f"{shown} of {counted(total, 'change')}; see all: inventory dry-run changes {report['dry_run_id']}")


def _what(change: Json) -> Text:
    """Return the first differences of an update."""
    if change.get("action") != "UPDATE":
        return Text("")
    diff = change.get("diff", [])
    parts = [f"{each.get('key', '')}: {_short(each.get('before'))} → {_short(each.get('after'))}" for each in diff]
    more = f"; {len(parts) - _DIFFS_SHOWN} more" if len(parts) > _DIFFS_SHOWN else ""
    return Text(one_line("; ".join(parts[:_DIFFS_SHOWN]) + more))


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _VALUE_CHARACTERS else text[: _VALUE_CHARACTERS - 1] + "…"


CHANGE_COLUMNS: tuple[Column, ...] = (
    ("would be", lambda row: _WORDS.get(row.get("action", ""), "")),
    ("type", type_name),
    ("name", "name"),
    ("resource", "resource_id"),
    ("region", "region_code"),
    ("what", _what),
)
_WORDS: Final[Mapping[str, str]] = {
    "DELETE": "deleted",
    "HOLD": "held",
    "MISS": "missed",
    "UNSEEN": "unseen",
    "UPDATE": "changed",
    "CREATE": "created",
}
