"""``plugin``: the plugins of the platform file."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.command_form import CommandGroup, wants_json
from inventory.cli.parameters import STRUCT
from inventory.cli.standalone.ability import ask_init, print_abilities
from inventory.cli.standalone.asking import endpoint_of, whole
from inventory.cli.standalone.docker import require_docker, require_image
from inventory.cli.standalone.in_use import require_unused
from inventory.cli.standalone.input import variable
from inventory.cli.standalone.location import data_dir, is_up, platform_options
from inventory.cli.standalone.plugin_run import find_known, plugin_logs, run_plugin, show_catalogue
from inventory.cli.standalone.start import ANSWER_SECONDS, require_valid, wait_until_it_answers
from inventory.cli.standalone.try_plugin import try_plugin
from inventory.cli.terminal import echo, one_line
from inventory.cli.view.output import Column, print_json, print_rows, say
from inventory.process.interrupts import ended_by_signals
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.plugin_state import read_states
from inventory.standalone.plugins import new_entry, upgraded
from inventory.standalone.yaml_edit import Entry

COLUMNS: tuple[Column, ...] = (
    ("plugin", "plugin_id"),
    ("name", "name"),
    ("provider", "provider"),
    ("latest", "latest"),
    ("endpoint", lambda row: endpoint_of(dict(row))),
    ("secrets", "secrets"),
    ("process", "process"),
)
BLOT = "***"

plugin_argument = click.argument("plugin_id", metavar="PLUGIN")
options_option = click.option("--options", type=STRUCT, default="{}", help="options for the check: JSON or @FILE")


@click.group(cls=CommandGroup)
def plugin() -> None:
    """Test collector plugins, and manage those of the standalone platform file."""


for _command in (try_plugin, run_plugin, plugin_logs, show_catalogue):
    plugin.add_command(_command)


@plugin.command("add", example="inventory plugin add plugin-mine 127.0.0.1:50070 --provider mine --version 1.0")
@plugin_argument
@click.argument("endpoint")
@click.option("--provider", help="the provider of its secrets; absent: the catalogue's")
@click.option("--name", help="name for people")
@click.option("--version", help="the version at this endpoint")
@click.option("--access-token-env", metavar="NAME", help="the variable with the plugin's access token")
@options_option
@click.option("--check/--no-check", default=True, show_default=True, help="call its init before adding it")
@platform_options
def add_plugin(
    plugin_id: str,
    endpoint: str,
    provider: str | None,
    name: str | None,
    version: str | None,
    access_token_env: str | None,
    options: Any,
    check: bool,
    file: PlatformFile,
) -> None:
    """Add the plugin that listens at ENDPOINT (host:port, grpc://… or grpc+ssl://…) under the id PLUGIN.

    A running service uses it within a second.
    """
    known = find_known(plugin_id)
    provider = provider or (known.provider if known else None)
    if not provider:
        raise click.UsageError("--provider is missing: which provider's secrets does it use?")
    token = variable(access_token_env) if access_token_env else ""
    metadata = ask_init(file, endpoint, token, options) if check else {}
    entry = new_entry(
        plugin_id,
        whole(endpoint),
        name=name or (known.name if known else ""),
        provider=provider,
        version=version or "",
        access_token=token,
    )
    file.add("plugins", entry)
    if wants_json():
        print_json({**shown(entry), "metadata": metadata})
        return
    echo(one_line(f"{plugin_id}: added to {file.path}"))
    if check:
        print_abilities(metadata)


@plugin.command("list", example="inventory plugin list")
@platform_options
def list_plugins(file: PlatformFile) -> None:
    """List the plugins, with the number of secrets of each one's provider."""
    secrets = [str(secret.get("provider") or "") for secret in file.entries("secrets")]
    states = read_states(data_dir()) if is_up(file) else {}
    rows = []
    for entry in file.entries("plugins"):
        state = states.get(str(entry["plugin_id"]))
        process = state.state if state else "not running" if entry.get("run") else ""
        rows.append(shown(entry) | {"secrets": secrets.count(str(entry.get("provider"))), "process": str(process)})
    print_rows({"results": rows, "total_count": len(rows)}, COLUMNS)


@plugin.command("show", example="inventory plugin show plugin-local")
@plugin_argument
@options_option
@platform_options
@click.pass_context
def show_plugin(context: click.Context, plugin_id: str, options: Any, file: PlatformFile) -> None:
    """Show a plugin, and ask it what it supports."""
    entry = file.find("plugins", plugin_id)
    try:
        metadata = ask_init(file, endpoint_of(entry), str(entry.get("access_token") or ""), options)
        answer: dict[str, Any] = {"metadata": metadata}
    except click.ClickException as exc:
        answer = {"error": exc.message}
    if wants_json():
        print_json(shown(entry) | answer)
        return
    for key, value in shown(entry).items():
        echo(one_line(f"{key}: {value}"))
    if "error" in answer:
        echo(one_line(f"init fails: {answer['error']}"))
        context.exit(1)
    print_abilities(metadata)


@plugin.command("remove", example="inventory plugin remove plugin-mine")
@plugin_argument
@click.option("--force", is_flag=True, help="even if collectors use it")
@platform_options
@click.pass_context
def remove_plugin(context: click.Context, plugin_id: str, force: bool, file: PlatformFile) -> None:
    """Remove a plugin from the platform file; refused while collectors of a running service use it."""
    file.find("plugins", plugin_id)
    if not force:
        require_unused(context, file, plugin_id, plugin_id=plugin_id)
    file.remove("plugins", plugin_id)
    say({"plugin_id": plugin_id, "removed": True}, f"{plugin_id}: removed from {file.path}")


@plugin.command("upgrade", example="inventory plugin upgrade plugin-mine 1.1 --endpoint 127.0.0.1:50071")
@plugin_argument
@click.argument("version")
@click.option("--endpoint", help="endpoint of that version, if different from the plugin's")
@options_option
@click.option("--check/--no-check", default=True, show_default=True, help="call its init before changing the file")
@platform_options
def upgrade_plugin(
    plugin_id: str,
    version: str,
    endpoint: str | None,
    options: Any,
    check: bool,
    file: PlatformFile,
) -> None:
    """Make VERSION the one that collectors with upgrade_mode AUTO use from their next collect on."""
    before = file.find("plugins", plugin_id)
    after = upgraded(before, version, whole(endpoint) if endpoint else "")
    if check and not after.get("run"):
        ask_init(file, endpoint_of(after), str(after.get("access_token") or ""), options)
    if after.get("run"):
        _replace_container(file, before, after, check=check)
    else:
        file.replace("plugins", plugin_id, lambda entry: upgraded(entry, version, whole(endpoint) if endpoint else ""))
    say(shown(after), f"{plugin_id}: {before.get('latest') or 'no version'} → {version}")


def _replace_container(file: PlatformFile, before: Entry, after: Entry, *, check: bool) -> None:
    """Let `inventory up` run another image; where that does not answer, the one before it again."""
    plugin_id = str(before["plugin_id"])
    require_valid(after["run"])
    require_docker(plugin_id, "")
    require_image(after["run"]["image"])
    state = read_states(data_dir()).get(plugin_id)
    with ended_by_signals():
        try:
            file.replace("plugins", plugin_id, lambda _: after)
            if check and is_up(file):
                wait_until_it_answers(file, after, ANSWER_SECONDS, before=state)
        except BaseException:
            file.replace("plugins", plugin_id, lambda _: before)
            raise


def shown(entry: Entry) -> Entry:
    """Return an entry without its secret parts."""
    return {key: BLOT if key == "access_token" else value for key, value in entry.items()}


COMMANDS = (plugin,)
