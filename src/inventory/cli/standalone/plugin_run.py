"""``plugin run``, ``plugin logs`` and ``plugin catalogue``: plugins that `inventory up` runs."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from inventory.cli.command_form import Command, JsonCommand, wants_json
from inventory.cli.standalone.ability import print_abilities
from inventory.cli.standalone.docker import PULL_SECONDS, require_docker, require_image
from inventory.cli.standalone.foreign import printed_lines
from inventory.cli.standalone.location import data_dir, is_up, platform_options
from inventory.cli.standalone.start import ANSWER_SECONDS, add_and_await, await_forgotten, require_valid
from inventory.cli.terminal import echo, one_line
from inventory.cli.view.output import Column, print_json, print_rows
from inventory.devruntime.ports import is_taken
from inventory.standalone.catalogue import CataloguePlugin, catalogue
from inventory.standalone.images import parse_image
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.plugin_state import log_file, read_states
from inventory.standalone.plugins import new_entry, port_for
from inventory.standalone.yaml_edit import Entry

CATALOGUE_COLUMNS: tuple[Column, ...] = (
    ("name", "key"),
    ("collects", "name"),
    ("provider", "provider"),
    ("version", "version"),
    ("needs", "needs"),
    ("checked", "checked"),
    ("source", "source"),
)


@click.command(
    "run",
    cls=JsonCommand,
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
@click.option(
    "--pull-wait",
    type=click.FloatRange(0),
    default=PULL_SECONDS,
    show_default=True,
    help="until Docker has pulled the image, seconds",
)
@platform_options
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
    pull_wait: float,
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
        run = {"image": whole, "memory": memory} | ({"container_port": known.port} if known else {})
        require_valid(run)
        require_docker(name, known.source if known else "")
        require_image(whole, pull_wait)
    plugin_id = known.plugin_id if known else name

    def make(others: list[Entry]) -> Entry:
        endpoint = f"grpc://127.0.0.1:{port_for(others, port, is_taken)}"
        shown = known.name if known else ""
        return new_entry(plugin_id, endpoint, name=shown, provider=provider, version=version) | {"run": run}

    await_forgotten(plugin_id)
    entry, metadata = add_and_await(file, plugin_id, make, wait)
    if metadata is None:
        echo(one_line(f"{plugin_id}: added to {file.path}; `inventory up` starts it"), err=wants_json())
        if wants_json():
            print_json(entry)
        return
    if wants_json():
        print_json({**entry, "metadata": metadata})
        return
    echo(one_line(f"{plugin_id}: runs at {entry['endpoint']}"))
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


@click.command("catalogue", cls=JsonCommand, example="inventory plugin catalogue")
def show_catalogue() -> None:
    """List the known public plugins: what they need, and how that was checked."""
    rows = [{"key": key, **each.model_dump()} for key, each in catalogue().plugins.items()]
    print_rows({"results": rows, "total_count": len(rows)}, CATALOGUE_COLUMNS)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


def find_known(name: str) -> CataloguePlugin | None:
    """Return the plugin of the catalogue with this name or plugin_id."""
    plugins = catalogue().plugins
    return plugins.get(name) or next((each for each in plugins.values() if each.plugin_id == name), None)


def _image(name: str, known: CataloguePlugin | None, image: str | None, version: str | None) -> tuple[str, str]:
    """Return the image with its tag or digest, and the version."""
    chosen = image or (known.image if known else "")
    if not chosen:
        build = f": docker build -t {name} {known.source}.git, then --image {name}:latest" if known else ""
        raise click.UsageError(f"no published image of {name} is known; give --image, or --command{build}")
    parts = parse_image(chosen)
    if parts.tag:
        return chosen, version or parts.tag
    version = version or (known.version if known and not image else "")
    if not version:
        raise click.UsageError(f"no version of {chosen} is known; give --version")
    return chosen if parts.digest else f"{chosen}:{version}", version
