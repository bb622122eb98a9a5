"""Plugins that `inventory up` is to start: their entries are added, and their answers awaited."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import click
from pydantic import ValidationError

from inventory.bootstrap.static_file import RunEntry
from inventory.cli.standalone.ability import ask_init
from inventory.cli.standalone.foreign import printed_lines
from inventory.cli.standalone.location import data_dir, is_up
from inventory.errors import PluginUnavailableError
from inventory.process.interrupts import ended_by_signals
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.plugin_state import PluginState, State, log_file, read_states
from inventory.standalone.yaml_edit import Entry

POLL_SECONDS: Final = 0.25
ANSWER_SECONDS: Final = 60.0
"""How long a started plugin may take to answer, s."""
FORGET_SECONDS: Final = 5.0
SHOWN_LINES: Final = 12


def require_valid(run: Entry) -> None:
    """Return if a process can be started from ``run``. Raises ``click.UsageError`` that names the option."""
    try:
        RunEntry.model_validate(run)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        option = ".".join(map(str, first["loc"])) or "run"
        value, reason = run.get(option), first["msg"].removeprefix("Value error, ")
        raise click.UsageError(f"--{option} {value}: {reason}") from None


def add_and_await(
    file: PlatformFile, plugin_id: str, make: Callable[[list[Entry]], Entry], seconds: float
) -> tuple[Entry, Mapping[str, Any] | None]:
    """Add the entry that ``make`` returns, and wait until it answers; the entry is removed if it does not.

    Returns:
        The entry, and what it answers; None: `inventory up`, which would start it, is not running.

    Raises:
        click.ClickException: like :func:`wait_until_it_answers`.
        SettingsError: the file cannot be changed, or the entry is invalid.
    """
    made: list[Entry] = []

    def keep(others: list[Entry]) -> Entry:
        made[:] = [make(others)]
        return made[0]

    with ended_by_signals():
        try:
            entry = file.add_made("plugins", keep)
            return entry, wait_until_it_answers(file, entry, seconds) if is_up(file) else None
        except BaseException:
            # Interrupted between the two, the file may have the entry or not yet.
            if made in ([each] for each in file.entries("plugins")):
                file.remove("plugins", plugin_id)
            raise


def wait_until_it_answers(
    file: PlatformFile, entry: Entry, seconds: float, *, before: PluginState | None = None
) -> Mapping[str, Any]:
    """Return the answer of a plugin that was just started to ``init``; nothing if it refuses, which is an answer, too.

    Args:
        file: whose secrets are not shown.
        entry: of the plugin.
        seconds: how long it may take.
        before: the state of the process that it replaces; None: there is none.

    Raises:
        click.ClickException: it ended, or did not answer in time; with its last lines.
    """
    plugin_id, log = str(entry["plugin_id"]), log_file(data_dir(), str(entry["plugin_id"]))
    began = log.stat().st_size if log.exists() else 0
    deadline = time.monotonic() + seconds
    reason = "it was not started"
    while time.monotonic() < deadline:
        state = read_states(data_dir()).get(plugin_id)
        if state is not None and _is_new(state, before):
            reason = "it runs, but does not answer"
            if state.deaths or state.state is State.FAILED:
                raise _failed(file, plugin_id, state.reason, began)
            answer = _answer(file, entry) if state.state is State.RUNNING else None
            # An answer while the process has ended is that of another one.
            if answer is not None and read_states(data_dir()).get(plugin_id) == state:
                return answer
        time.sleep(POLL_SECONDS)
    raise _failed(file, plugin_id, f"{reason} within {seconds:g} s", began)


def _answer(file: PlatformFile, entry: Entry) -> Mapping[str, Any] | None:
    """Return what it answers to ``init``, nothing if it refuses; None: it does not answer."""
    try:
        return ask_init(file, str(entry["endpoint"]), "", {})
    except click.ClickException as exc:
        if isinstance(exc.__cause__, PluginUnavailableError):
            return None
        return {}


def _is_new(state: PluginState, before: PluginState | None) -> bool:
    """Return whether ``state`` is that of the new process; the previous one may answer until it has ended."""
    if before is None or state.state is State.FAILED:
        return state != before
    return state.pid != before.pid and bool(state.pid or state.deaths)


def await_forgotten(plugin_id: str) -> None:
    """Wait until `inventory up` no longer reports the state of a removed entry with this id."""
    deadline = time.monotonic() + FORGET_SECONDS
    while plugin_id in read_states(data_dir()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _failed(file: PlatformFile, plugin_id: str, reason: str, began: int) -> click.ClickException:
    log = log_file(data_dir(), plugin_id)
    size = log.stat().st_size if log.exists() else 0
    lines = printed_lines(file, log, SHOWN_LINES) if size > began else []
    said = "".join(f"\n  {line}" for line in lines)
    return click.ClickException(f"{plugin_id}: {reason}" + (f"; it said last:{said}" if said else ""))
