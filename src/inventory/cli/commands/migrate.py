"""``inventory migrate``: migrates the database to this version, or shows its state."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from inventory import settings
from inventory.cli.command_form import Command
from inventory.cli.commands.takeover import take_over
from inventory.cli.options import ClientOptions
from inventory.cli.terminal import echo
from inventory.domain.clock import isoformat
from inventory.observe import logs

if TYPE_CHECKING:
    from inventory.migration.migrator import MigrationState

EXIT_NOT_DONE = 1


@click.command(cls=Command, example="inventory migrate --check")
@click.option("--check", "only_check", is_flag=True, help="change nothing; exit with 1 if migrations are pending")
@click.option("--list", "only_list", is_flag=True, help="change nothing; show every migration and its state")
@click.option(
    "--breaking", is_flag=True, help="also run migrations that processes of an earlier version do not survive"
)
@click.option("--wait", "wait_seconds", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
              help="how long to wait for MongoDB, or for another process that is migrating")  # fmt: skip
@click.option("--from-original", "original", metavar="DATABASE",
              help="take over this database of the original service, which is only read")  # fmt: skip
@click.option("--original-uri-env", "uri_variable", metavar="NAME",
              help="variable with the connection string of the original's MongoDB; absent: ours")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="with --from-original: write nothing; show what would be done")
@click.pass_obj
def migrate(
    options: ClientOptions,
    only_check: bool,
    only_list: bool,
    breaking: bool,
    wait_seconds: float,
    original: str | None,
    uri_variable: str | None,
    dry_run: bool,
) -> None:
    """Run pending migrations; only one process does at a time, and a second run changes nothing.

    With --from-original, it first copies a database of the original service into the configured one, which must be
    empty or filled by an earlier run. If no migration is pending, missing indexes are rebuilt, for example after a
    restore without them.
    """
    from inventory.bootstrap import Container
    from inventory.migration.start import await_migrated

    if (dry_run or uri_variable) and not original:
        raise click.UsageError("--dry-run and --original-uri-env require --from-original")
    loaded = settings.load()
    logs.setup(level=loaded.log_level, form=loaded.log_format, process="migrate")
    container = Container(loaded)
    try:
        migrator = container.migrator
        if original:
            take_over(container, original, uri_variable=uri_variable, dry_run=dry_run, as_json=options.as_json)
        elif only_list:
            _show(migrator.state(), as_json=options.as_json)
        elif only_check:
            migrator.check()
            echo("the database is up to date")
        else:
            wait = _until(time.monotonic() + wait_seconds)
            done = await_migrated(migrator, apply=True, wait=wait, breaking=breaking)
            if done is None:
                # Raises the obstacle, if there still is one.
                migrator.check()
                sys.exit(EXIT_NOT_DONE)
            if not done:
                # The migration records of a restored database are right even if its indexes were left out.
                migrator.mend_indexes()
                migrator.drop_rebuilt_indexes()
            echo(f"ran {', '.join(map(str, done))}" if done else "nothing to do")
    finally:
        container.close()


def _until(deadline: float) -> Callable[[float], bool]:
    never = threading.Event()

    def wait(seconds: float) -> bool:
        never.wait(min(seconds, max(deadline - time.monotonic(), 0.0)))
        return time.monotonic() >= deadline

    return wait


def _show(state: MigrationState, *, as_json: bool) -> None:
    from inventory.cli.view.output import add_row, console, plain_table, print_json

    rows = list(_rows(state))
    if as_json:
        print_json(rows)
        return
    table = plain_table("number", "name", "since", "state", "finished_at", "by version")
    for row in rows:
        add_row(table, *map(str, row.values()))
    console().print(table)


def _rows(state: MigrationState) -> list[dict[str, Any]]:
    pending = {one.number: one for one in state.pending}
    unknown = {record.number for record in state.unknown}
    rows = []
    for number in sorted({*pending, *state.records}):
        record = state.records.get(number)
        shown = record or pending[number]
        if number in unknown:
            what = "of a newer version"
        elif number in pending:
            what = "begun" if record else "pending"
        else:
            what = "done"
        rows.append(
            {
                "number": number,
                "name": shown.name,
                "since": shown.since,
                "state": what,
                "finished_at": isoformat(record.finished_at) if record else "",
                "by_version": record.version if record else "",
            }
        )
    return rows


COMMANDS = (migrate,)
