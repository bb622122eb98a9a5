"""``migrate --from-original``: runs a takeover and prints its report."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from inventory.cli.terminal import echo, one_line
from inventory.cli.view.output import add_row, console, plain_table, print_json

if TYPE_CHECKING:
    from pymongo.database import Database

    from inventory.bootstrap import Container
    from inventory.migration.original.report import CollectionReport

_SHOWN: Final = 10


def source_database(container: Container, name: str, uri_variable: str | None) -> Database[dict[str, Any]]:
    """Return the original's database, on the configured MongoDB or on the one that the variable names.

    Raises:
        click.UsageError: the variable is not set, or contains no connection string.
    """
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    from inventory.model.connection import CODEC

    if uri_variable is None:
        return container.database.client.get_database(name, codec_options=CODEC)
    uri = os.environ.get(uri_variable, "")
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(uri) if uri else None  # type: ignore[assignment]
    except (PyMongoError, ValueError):
        # Its text may quote the connection string, which may contain a password.
        client = None  # type: ignore[assignment]
    if client is None:
        raise click.UsageError(f"the environment variable {uri_variable} contains no MongoDB connection string")
    return client.get_database(name, codec_options=CODEC)


def take_over(container: Container, name: str, *, uri_variable: str | None, dry_run: bool, as_json: bool) -> None:
    """Take over the database ``name`` of the original, and print the report."""
    from inventory.domain.clock import SystemClock
    from inventory.migration.original.takeover import Takeover

    takeover = Takeover(
        source=source_database(container, name, uri_variable),
        target=container.database,
        clock=SystemClock(),
        spread_seconds=container.settings.schedule_spread_seconds,
    )
    reports = takeover.run(dry_run=dry_run)
    elsewhere = takeover.elsewhere()
    if not dry_run:
        container.migrator.run(breaking=True)
    if as_json:
        print_json({"dry_run": dry_run, "collections": [e.document() for e in reports], "not_taken_over": elsewhere})
    else:
        show(reports, elsewhere, dry_run=dry_run)


def show(reports: list[CollectionReport], elsewhere: dict[str, int], *, dry_run: bool) -> None:
    """Print the result for each collection."""
    table = plain_table("collection", "read", "would be stored" if dry_run else "stored", "stored before", "left")
    for each in reports:
        add_row(table, each.name, str(each.read), str(each.stored), str(each.known), str(each.left.total()))
    console().print(table)
    for each in reports:
        _print_counts(f"{each.name}: left out, kept in original_left", each.left)
        _print_counts(f"{each.name}: kept members that this service does not read", each.carried)
        if each.canceled:
            echo(f"{each.name}: {each.canceled} had not ended, and are CANCELED")
        if each.silent:
            echo(f"{each.name}: {each.silent} cannot be read and do not fire; see `inventory schedule list`")
    _print_counts("collections that this service does not use, and that were not copied", Counter(elsewhere))
    echo("nothing was written" if dry_run else "the takeover is complete; the original's database is unchanged")


def _print_counts(title: str, counts: Counter[str]) -> None:
    if counts:
        shown = ", ".join(f"{name} ({count})" for name, count in counts.most_common(_SHOWN))
        more = f" and {len(counts) - _SHOWN} more (--json)" if len(counts) > _SHOWN else ""
        echo(one_line(f"{title}: {shown}{more}"))
