"""``plugin run``, ``plugin logs`` and ``plugin catalogue``: plugins that `inventory up` runs."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from inventory.cli.command_form import Command
from inventory.cli.standalone.ability import ask_init, print_abilities
from inventory.cli.standalone.docker import require_docker, require_image
from inventory.cli.standalone.foreign import printed_lines
from inventory.cli.standalone.location import data_dir, platform_options
from inventory.cli.terminal import echo, one_line
from inventory.cli.view.output import Column, json_option, print_json, print_rows, wants_json
from inventory.devruntime.ports import is_taken
from inventory.devruntime.running import running_settings
from inventory.errors import InventoryError
from inventory.standalone.catalogue import CataloguePlugin, catalogue
from inventory.standalone.platform_file import Entry, PlatformFile
from inventory.standalone.plugin_state import PluginState, State, log_file, read_states
from inventory.standalone.plugins import new_entry

FIRST_PORT: Final = 50070
POLL_SECONDS: Final = 0.25
ANSWER_SECONDS: Final = 60.0
"""How long a started plugin may take to answer, s."""
FORGET_SECONDS: Final = 5.0
SHOWN_LINES: Final = 12

CATALOGUE_COLUMNS: tuple[Column, ...] = (
    ("name", "key"),
    ("collects", "name"),
    ("provider", "provider"),
    ("version", "version"),
    ("needs", "needs"),
    ("checked", "checked"),
)


@click.command(
    "run",
    cls=Command,
    example="inventory plugin run aws-ec2\n"
    "inventory plugin run plugin-mine --provider mine --command 'python plugin.py --port {port}'",
)
@click.argument("name")
@click.option("--command", help="run this instead of a container; {port} and $PORT are the port")
@click.option("--folder", type=click.Path(path_type=Path), help="where the command runs")
@click.option("--image", help="image to use instead of the catalogue's, with or without a tag")
@click.option("--version", help="version of the plugin: the tag of its image")
@click.option("--memory", default="1g", show_default=True, help="memory limit of the container")
@click.option("--provider", help="the provider of its secrets; absent: the catalogue's")
@click.option("--port", type=click.IntRange(1, 65535), help="port on 127.0.0.1; absent: the first free one from 50070")
@click.option(
    "--wait", type=click.FloatRange(0), default=ANSWER_SECONDS, show_default=True, help="until it answers, seconds"
)
@platform_options
@json_option
@click.pass_context
def run_plugin(
    context: click.Context,
    /,
    name: str,
    command: str | None,
    folder: Path | None,
    image: str | None,
    version: str | None,
    memory: str,
    provider: str | None,
    port: int | None,
    wait: float,
    file: PlatformFile,
) -> None:
    """Run a plugin beside `inventory up`: NAME of the catalogue by Docker, or any other by a command.

    `inventory up` starts it with itself from now on, and again when it dies. It listens on 127.0.0.1 only. Where it
    does not answer within --wait, the reason is printed and nothing remains.
    """
    known = find_known(name)
    provider = provider or (known.provider if known else None)
    if not provider:
        raise click.UsageError(f"{name} is not in the catalogue (plugin catalogue), so --provider is needed")
    if command:
        given = {"--image": image, "--memory": _is_given(context, "memory")}
        if unused := [option for option, value in given.items() if value]:
            raise click.UsageError(f"{', '.join(unused)} is for a container, and goes without --command")
        folder = (folder or Path()).expanduser().absolute()
        if not folder.is_dir():
            raise click.UsageError(f"--folder {folder}: there is no such folder")
        try:
            words = shlex.split(command)
        except ValueError as exc:
            raise click.UsageError(f"--command {command}: {exc}") from exc
        run: Entry = {"command": words, "folder": str(folder)}
        version = version or "1.0"
    else:
        if folder:
            raise click.UsageError("--folder is where --command runs, which is missing")
        whole, version = _image(name, known, image, version)
        require_docker(name, known.source if known else "")
        require_image(whole)
        run = {"image": whole, "memory": memory} | ({"container_port": known.port} if known else {})
    plugin_id = known.plugin_id if known else name
    endpoint = f"grpc://127.0.0.1:{port or _free_port(file)}"
    entry = new_entry(plugin_id, endpoint, name=known.name if known else "", provider=provider, version=version) | {
        "run": run
    }
    _await_forgotten(plugin_id)
    file.add("plugins", entry)
    if not is_up(file):
        echo(one_line(f"{plugin_id}: added to {file.path}; `inventory up` starts it"), err=wants_json(context))
        if wants_json(context):
            print_json(entry)
        return
    try:
        metadata = wait_until_it_answers(file, entry, wait)
    except BaseException:
        file.remove("plugins", plugin_id)
        raise
    if wants_json(context):
        print_json({**entry, "metadata": metadata})
        return
    echo(one_line(f"{plugin_id}: runs at {endpoint}"))
    print_abilities(metadata)


@click.command("logs", cls=Command, example="inventory plugin logs plugin-aws-ec2-inven-collector --lines 50")
@click.argument("name", metavar="PLUGIN")
@click.option("--lines", type=click.IntRange(1), default=100, show_default=True, help="the last ones")
@platform_options
def plugin_logs(name: str, lines: int, file: PlatformFile) -> None:
    """Show the output of a plugin that `inventory up` runs, and the state of its process."""
    known = find_known(name)
    plugin_id = known.plugin_id if known else name
    path = log_file(data_dir(), plugin_id)
    if not path.exists():
        file.find("plugins", plugin_id)
        raise click.ClickException(f"{path}: there is no log; does `inventory up` run it?")
    for line in printed_lines(file, path, lines):
        echo(line)
    if (state := read_states(data_dir()).get(plugin_id)) and is_up(file):
        reason = f": {state.reason}" if state.reason else ""
        echo(
            one_line(f"{plugin_id} is {state.state}, process {state.pid}, died {state.deaths} times{reason}"), err=True
        )


@click.command("catalogue", cls=Command, example="inventory plugin catalogue")
@json_option
@click.pass_context
def show_catalogue(context: click.Context) -> None:
    """List the known public plugins: what they need, and how that was checked."""
    rows = [{"key": key, **each.model_dump()} for key, each in catalogue().plugins.items()]
    print_rows(context, {"results": rows, "total_count": len(rows)}, CATALOGUE_COLUMNS)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def find_known(name: str) -> CataloguePlugin | None:
    """Return the plugin of the catalogue with this name or plugin_id."""
    plugins = catalogue().plugins
    return plugins.get(name) or next((each for each in plugins.values() if each.plugin_id == name), None)


def is_up(file: PlatformFile) -> bool:
    """Return whether an `inventory up` with this platform file is running."""
    found = running_settings(data_dir()).get("static_file")
    return found is not None and Path(found).resolve() == file.path


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
            try:
                return ask_init(file, str(entry["endpoint"]), "", {})
            except click.ClickException as exc:
                if not isinstance(exc.__cause__, InventoryError) or _answered(exc.__cause__):
                    return {}
        time.sleep(POLL_SECONDS)
    raise _failed(file, plugin_id, f"{reason} within {seconds:g} s", began)


def _is_new(state: PluginState, before: PluginState | None) -> bool:
    """Return whether ``state`` is that of the new process; the previous one may answer until it has ended."""
    if before is None or state.state is State.FAILED:
        return state != before
    return state.pid not in (0, before.pid)


def _await_forgotten(plugin_id: str) -> None:
    """Wait until `inventory up` no longer reports the state of a removed entry with this id."""
    deadline = time.monotonic() + FORGET_SECONDS
    while plugin_id in read_states(data_dir()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _answered(error: InventoryError) -> bool:
    from inventory.errors import PluginUnavailableError

    return not isinstance(error, PluginUnavailableError)


def _failed(file: PlatformFile, plugin_id: str, reason: str, began: int) -> click.ClickException:
    log = log_file(data_dir(), plugin_id)
    size = log.stat().st_size if log.exists() else 0
    lines = printed_lines(file, log, SHOWN_LINES) if size > began else []
    said = "".join(f"\n  {line}" for line in lines)
    return click.ClickException(f"{plugin_id}: {reason}" + (f"; it said last:{said}" if said else ""))


def _image(name: str, known: CataloguePlugin | None, image: str | None, version: str | None) -> tuple[str, str]:
    """Return the image with its tag, and the version."""
    chosen = image or (known.image if known else "")
    if not chosen:
        build = f": docker build -t {name} {known.source}.git, then --image {name}:latest" if known else ""
        raise click.UsageError(f"no published image of {name} is known; give --image, or --command{build}")
    _, colon, tag = chosen.rpartition(":")
    if colon and "/" not in tag:
        return chosen, version or tag
    version = version or (known.version if known and not image else "")
    if not version:
        raise click.UsageError(f"no version of {chosen} is known; give --version")
    return f"{chosen}:{version}", version


def _free_port(file: PlatformFile) -> int:
    taken = {str(entry.get("endpoint") or "").rpartition(":")[2] for entry in file.entries("plugins")}
    return next(port for port in range(FIRST_PORT, 65536) if str(port) not in taken and not is_taken(port))
