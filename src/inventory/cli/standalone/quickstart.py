"""``quickstart``: from a running `inventory up` to the first collect of one's own cloud.

Each step is a command, which is shown and run as if it had been typed.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from inventory.cli.client import connected
from inventory.cli.command_form import Command, wants_json
from inventory.cli.options import ClientOptions
from inventory.cli.standalone.location import endpoint_of_up, is_up, platform_options
from inventory.cli.standalone.plugin_run import find_known
from inventory.cli.standalone.secrets import read_values, stored_values
from inventory.cli.terminal import echo, one_line
from inventory.domain.plain import Json
from inventory.errors import SettingsError
from inventory.standalone import usual_places
from inventory.standalone.catalogue import CataloguePlugin, provider_of
from inventory.standalone.platform_file import ID_NAMES, PlatformFile

PLUGINS: Final = {"aws": "aws-ec2", "google": "google-cloud", "azure": "azure", "kubernetes": "kubernetes"}
"""The plugin of the catalogue to begin with, by cloud."""


class Steps:
    """The commands of one quickstart.

    Args:
        context: of the command that runs them.
        before: options before each command, such as ``--endpoint``.
        token: of the server, passed to each command and not shown; empty: the commands find it themselves.
        dry: show them, and run none.
        as_json: stdout is for what the commands print.
    """

    def __init__(
        self, context: click.Context, before: Sequence[str], *, token: str = "", dry: bool, as_json: bool
    ) -> None:
        self._root = context.find_root()
        self._before = list(before)
        self._hidden = ["--token", token] if token else []
        self._dry = dry
        self.as_json = as_json
        if token:
            self.say("# To type them yourself, set INVENTORY_TOKEN: the token is not shown")

    def run(self, *words: str, quiet: bool = False) -> None:
        """Show a command and run it; ``quiet``: without what it prints.

        Raises:
            click.ClickException: it failed; has said why.
            click.exceptions.Exit: it ended with another code than 0.
        """
        self.say(f"$ {self.typed(*words)}")
        if self._dry:
            return
        quiet = quiet and not self.as_json
        with contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext():
            command: Any = self._root.command
            code = command.main(
                args=[*self._hidden, *self._before, *words], prog_name="inventory", standalone_mode=False
            )
        if isinstance(code, int) and code:
            raise click.exceptions.Exit(code)

    def typed(self, *words: str) -> str:
        """Return a command as a user would type it."""
        return f"inventory {shlex.join([*self._before, *words])}"

    def skip(self, reason: str, unused: Sequence[str] = ()) -> None:
        """Print why a step is not needed, and which of the given options are therefore ignored."""
        options = ", ".join(word for word in unused if word.startswith("--"))
        self.say(f"# {reason}" + (f" ({options}: not used)" if options else ""))

    def say(self, line: str) -> None:
        """Print a line about the steps, after an empty one."""
        echo("", err=self.as_json)
        echo(one_line(line), err=self.as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options of the command.

    Attributes:
        plugin: of the catalogue, by its name there.
        known: the same.
        run: further options of ``plugin run``.
        secret: options of ``secret add`` that say where the values come from.
        name: of the collector and of the secret.
        hour: of each day at which it is collected, UTC.
    """

    plugin: str
    known: CataloguePlugin
    run: tuple[str, ...]
    secret: tuple[str, ...]
    name: str
    hour: int


@click.command(cls=Command, example="inventory quickstart aws --profile production")
@click.argument("cloud", type=click.Choice(sorted(PLUGINS)))
@click.option("--plugin", help="plugin of the catalogue to use instead")
@click.option("--name", help="name of the collector and the secret; absent: CLOUD")
@click.option("--from-file", metavar="FILE", help="JSON or YAML with the secret's values; - for stdin")
@click.option("--profile", "--context", metavar="NAME", help="this AWS profile or kubeconfig context")
@click.option("--hour", type=click.IntRange(0, 23), default=2, show_default=True, help="collect daily at, UTC")
@click.option("--version", help="of the plugin")
@click.option("--image", help="another image than the catalogue's")
@click.option("--command", help="run the plugin by this command instead of Docker")
@click.option("--folder", help="where the command runs")
@click.option("--dry-run", is_flag=True, help="show the commands without running them")
@platform_options
@click.pass_context
def quickstart(
    context: click.Context,
    /,
    cloud: str,
    plugin: str | None,
    name: str | None,
    from_file: str | None,
    profile: str | None,
    hour: int,
    dry_run: bool,
    file: PlatformFile,
    **run: str | None,
) -> None:
    """Collect your own CLOUD: plugin, secret, collector, schedule, and the first collect.

    Asks for missing values. Each step is shown as the command that does it; what exists already is kept.
    """
    key = plugin or PLUGINS[cloud]
    known = find_known(key)
    if known is None:
        raise click.UsageError(f"--plugin {key}: is not in the catalogue (plugin catalogue)")
    if not dry_run and not is_up(file):
        raise click.ClickException("`inventory up` does not run here: start it in another terminal, in this folder")
    if not known.version and not (run["version"] or run["image"] or run["command"]):
        unknown = f"no version of {known.image or key} is known; which one"
        run["version"] = "VERSION" if dry_run else _ask(unknown, "--version")
    wanted = Wanted(
        plugin=key,
        known=known,
        run=tuple(word for option, value in run.items() if value for word in (f"--{option}", value)),
        secret=_source(known, from_file, profile),
        name=name or cloud,
        hour=hour,
    )
    before, token = _before(context)
    steps = Steps(context, before, token=token, dry=dry_run, as_json=wants_json())
    _all_steps(context, file, steps, wanted, dry=dry_run)
    steps.say(f"It needs: {known.needs}.")
    look = f"Look at it: {steps.typed('resource', 'stat', '--by', 'cloud_service_type')}; the plugin is {known.source}"
    echo(one_line(look), err=steps.as_json)


def _all_steps(context: click.Context, file: PlatformFile, steps: Steps, wanted: Wanted, *, dry: bool) -> None:
    plugin_id, provider, name = wanted.known.plugin_id, wanted.known.provider, wanted.name
    where = _given(context, "data_dir", "platform_file")
    if _has(file, "plugins", plugin_id):
        steps.skip(f"the plugin {plugin_id} is there already", wanted.run)
    else:
        steps.run("plugin", "run", wanted.plugin, *wanted.run, *where)
    if _has(file, "secrets", name):
        _require_same_secret(context, file, name, provider)
        steps.skip(f"the secret {name} is there already")
        steps.run("secret", "check", name, "--plugin", plugin_id, *where)
    else:
        steps.run("secret", "add", name, "--provider", provider, *wanted.secret, "--check", *where)
    collectors, schedules = ([], []) if dry else _existing(name)
    require_same_collector(collectors, wanted)
    if collectors:
        steps.skip(f"the collector {name} is there already")
    else:
        # Not of the whole provider: further secrets have collectors of their own.
        steps.run(*("collector", "create", "--name", name, "--plugin", plugin_id, "--secret", name), quiet=True)
    if schedules:
        steps.skip(f"it has a schedule already: {schedules[0]}", _given(context, "hour"))
    else:
        steps.run("schedule", "add", name, "--name", "daily", "--hours", str(wanted.hour), quiet=True)
    steps.run("collect", name, "--watch")


def _require_same_secret(context: click.Context, file: PlatformFile, name: str, provider: str) -> None:
    """Return if the secret that exists is the one that is asked for: otherwise another account would be collected.

    Raises:
        click.ClickException: it is of another provider, or its values are not those of the given source.
    """
    found = str(file.find("secrets", name).get("provider") or "")
    other = "choose another --name"
    if found != provider:
        raise click.ClickException(f"the secret {name} is there already, of the provider {found}: {other}")
    given = _given(context, "from_file", "profile")
    if not given:
        return
    source: dict[str, Any] = {key: context.params[key] for key in ("from_file", "profile")}
    values = read_values(
        provider_of(provider), source["from_file"], None, source["profile"] or "", usual=source["profile"] is not None
    )
    if values != stored_values(file, name):
        replace = shlex.join(["inventory", "secret", "add", name, *given, "--replace"])
        words = f"the secret {name} is there already, with other values than {' '.join(given)}"
        raise click.ClickException(f"{words}: {other}, or replace them by `{replace}`")


def require_same_collector(collectors: Sequence[Json], wanted: Wanted) -> None:
    """Return if the existing collectors of this name collect what is asked for.

    Raises:
        click.ClickException: one has another plugin or secret.
    """
    for each in collectors:
        info = each.get("plugin_info", {})
        if info.get("plugin_id") != wanted.known.plugin_id or (info.get("secret_id") or wanted.name) != wanted.name:
            words = f"the collector {wanted.name} is there already, with another plugin or secret"
            raise click.ClickException(f"{words}: choose another --name")


def _source(known: CataloguePlugin, from_file: str | None, profile: str | None) -> tuple[str, ...]:
    """Return the options for the source of the secret's values; none: the user is asked for them."""
    if from_file:
        return ("--from-file", from_file)
    if profile:
        return ("--profile", profile)
    place = provider_of(known.provider).place
    if not place:
        return ()
    try:
        usual_places.read(place, usual_places.Place(environ=os.environ, home=Path.home()))
    except SettingsError as exc:
        echo(one_line(f"# no credentials at the usual place: {exc.message}"), err=True)
        return ()
    return ("--from-provider",)


def _existing(name: str) -> tuple[list[Json], list[str]]:
    """Return the collectors of this name, and the names of their schedules."""
    with connected() as client:
        query = {"filter": [{"k": "name", "v": name, "o": "eq"}]}
        found: list[Json] = client.call("Collector.list", query=query).get("results", [])
        ids = [each["collector_id"] for each in found]
        schedules = [
            str(each.get("name") or each["schedule_id"])
            for collector_id in ids
            for each in client.call("Collector.list_schedules", collector_id=collector_id).get("results", [])
        ]
    return found, schedules


def _before(context: click.Context) -> tuple[tuple[str, ...], str]:
    """Return the options with which each command calls the same server, and the token that was typed."""
    root, options = context.find_root(), context.find_object(ClientOptions)
    assert options is not None
    names = [str(parameter.name) for parameter in root.command.params]
    before = _given(root, *(name for name in names if name != "token"))
    token = options.token if _given(root, "token") else ""
    if endpoint := endpoint_of_up(context):
        before = ("--endpoint", endpoint, *before)
    return before, token


def _given(context: click.Context, *names: str) -> tuple[str, ...]:
    """Return the options with these names as they were typed; those set by variables are not needed."""
    words: list[str] = []
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        if parameter.name in names and source is click.core.ParameterSource.COMMANDLINE:
            value = context.params.get(parameter.name)
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
    return tuple(words)


def _has(file: PlatformFile, section: str, key: str) -> bool:
    return any(str(entry.get(ID_NAMES[section])) == key for entry in file.entries(section))


def _ask(words: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{words}? Give {option}")
    answer: str = click.prompt(words, err=True)
    return answer


COMMANDS = (quickstart,)
