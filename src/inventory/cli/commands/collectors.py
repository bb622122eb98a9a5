"""Commands for collectors: ``collector …`` and ``collect``."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import connected
from inventory.cli.command_form import CommandGroup, JsonCommand, sent, wants_json
from inventory.cli.commands.stat import add_stat
from inventory.cli.commands.trust.dry_runs import require_harmless, show_report
from inventory.cli.completion import collector_names
from inventory.cli.listing import Listing, list_options, show_rows
from inventory.cli.lookup import COLLECTOR, find, find_id
from inventory.cli.parameters import STRUCT
from inventory.cli.view.dry_run import finished_dry_run
from inventory.cli.view.job_story import explain_job
from inventory.cli.view.output import Column, print_json, say
from inventory.cli.view.watch import EXIT_JOB_FAILED, watch_job
from inventory.domain.texts import counted

COLUMNS: tuple[Column, ...] = (
    ("collector", "collector_id"),
    ("name", "name"),
    ("state", "state"),
    ("provider", "provider"),
    ("plugin", "plugin_info.plugin_id"),
    ("version", "plugin_info.version"),
    ("last collected", "last_collected_at"),
)
MODES = click.Choice(["ALL", "CREATE", "UPDATE"])
UPGRADE = click.Choice(["AUTO", "MANUAL"])

collector_argument = click.argument("name_or_id", metavar="COLLECTOR", shell_complete=collector_names)


@click.group(cls=CommandGroup)
def collector() -> None:
    """Create, change, show, enable, disable and delete collectors."""


@collector.command("list", example="inventory collector list --filter state=ENABLED --sort -last_collected_at")
@list_options(watch=True)
def list_collectors(wanted: Listing) -> None:
    """List collectors."""
    with connected() as client:
        show_rows(wanted, lambda: client.call("Collector.list", query=wanted.query()), COLUMNS)


@collector.command("show", example='inventory collector show "this machine"')
@collector_argument
def show_collector(name_or_id: str) -> None:
    """Show one collector in full, as JSON."""
    with connected() as client:
        print_json(find(client, COLLECTOR, name_or_id))


@collector.command("create", example="inventory collector create --name aws --plugin plugin-aws --provider aws")
@click.option("--name", required=True)
@click.option("--plugin", "plugin_id", required=True, help="plugin_id")
@click.option("--version", help="version of the plugin; absent: the newest")
@click.option("--upgrade-mode", type=UPGRADE, default="AUTO", show_default=True)
@click.option("--options", type=STRUCT, default="{}", help="the plugin's options, JSON or @FILE")
@click.option("--provider", help="collect all secrets of this provider")
@click.option("--secret", "secret_id", help="collect only this secret")
@click.option("--secret-group", "secret_group_id", help="collect the secrets of this group")
@click.option("--priority", type=click.IntRange(0, 99), help="lower numbers run first")
@click.option("--private", is_flag=True, help="for one project only; requires --project")
@click.option("--project", "project_id")
@click.option("--tags", type=STRUCT, default="{}", help="JSON or @FILE")
def create_collector(
    name: str,
    priority: int | None,
    private: bool,
    project_id: str | None,
    tags: Any,
    **plugin: Any,
) -> None:
    """Create a collector that uses a plugin."""
    if private and not project_id:
        raise click.UsageError("--private requires --project")
    request = sent(name=name, priority=priority, project_id=project_id)
    request |= {"plugin_info": sent(**plugin), "tags": tags, "is_public": not private}
    with connected() as client:
        print_json(client.call("Collector.create", **request))


@collector.command("update", example="inventory collector update aws --name aws-prod --priority 5")
@collector_argument
@click.option("--name", help="the new name")
@click.option("--priority", type=click.IntRange(0, 99), help="lower numbers run first")
@click.option("--options", type=STRUCT, help="replaces all options of the plugin; JSON or @FILE")
@click.option("--tags", type=STRUCT, help="replaces all tags; JSON or @FILE, {} clears them")
def update_collector(name_or_id: str, name: str | None, priority: int | None, options: Any, tags: Any) -> None:
    """Change a collector's name, priority, options or tags."""
    request = sent(name=name, priority=priority, tags=tags)
    if options is not None:
        request["plugin_info"] = {"options": options}
    _require_change(request)
    with connected() as client:
        found = find(client, COLLECTOR, name_or_id)
        if options is not None:
            request["plugin_info"]["plugin_id"] = found["plugin_info"]["plugin_id"]
        answer = client.call("Collector.update", collector_id=found["collector_id"], **request)
    say(answer, f"{answer['collector_id']} ({answer.get('name', '')}): updated")


@collector.command("update-plugin", example="inventory collector update-plugin aws --version 1.4 --upgrade-mode MANUAL")
@collector_argument
@click.option("--version", help="version of the plugin")
@click.option("--upgrade-mode", type=UPGRADE)
@click.option("--options", type=STRUCT, help="replaces all options of the plugin; JSON or @FILE")
@click.option("--if-harmless", is_flag=True, help="only if a dry run with this change loses and breaks nothing")
@click.option("--secret", "secret_id", help="with --if-harmless: try it with this secret only")
def update_plugin(name_or_id: str, if_harmless: bool, secret_id: str | None, **changes: Any) -> None:
    """Change the version, options or upgrade mode of a collector's plugin, and fetch its metadata again."""
    if if_harmless and not changes["version"] and changes["options"] is None:
        raise click.UsageError("--if-harmless needs --version or --options")
    if secret_id and not if_harmless:
        raise click.UsageError("--secret needs --if-harmless")
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id)
        if if_harmless:
            tried = {name: changes[name] for name in ("version", "options")}
            require_harmless(client, collector_id, **tried, secret_id=secret_id)
        answer = client.call("Collector.update_plugin", collector_id=collector_id, **sent(**changes))
    version = answer.get("plugin_info", {}).get("version", "")
    say(answer, f"{collector_id} ({answer.get('name', '')}): plugin version {version}")


@collector.command("verify", example="inventory collector verify aws --secret secret-1")
@collector_argument
@click.option("--secret", "secret_id", help="test only this secret")
def verify_collector(name_or_id: str, secret_id: str | None) -> None:
    """Ask the plugin whether it accepts the collector's secrets."""
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id)
        answer = client.call("Collector.verify_plugin", collector_id=collector_id, **sent(secret_id=secret_id))
    say(answer, f"{collector_id}: the plugin accepts {secret_id or 'a secret of the collector'}")


def _change(name: str, text: str) -> None:
    @collector.command(name, help=text, example=f'inventory collector {name} "this machine"')
    @collector_argument
    def command(name_or_id: str) -> None:
        with connected() as client:
            found = find(client, COLLECTOR, name_or_id)
            answer = client.call(f"Collector.{name}", collector_id=found["collector_id"])
        say(answer, f"{found['collector_id']} ({found.get('name', '')}): {name}d")


_change("enable", "Enable a collector and its schedules.")
_change("disable", "Disable a collector and its schedules.")
_change("delete", "Delete a collector, its schedules and rules; its jobs and the resources it collected are kept.")

add_stat(collector, "Collector", example="inventory collector stat --by provider --by state")
collector.add_command(click.Command("get", params=show_collector.params, callback=show_collector.callback, hidden=True))


@click.command(
    cls=JsonCommand,
    example='inventory collect "this machine" --watch\ninventory collect aws --dry-run --plugin-version 1.5',
)
@collector_argument
@click.option("--secret", "secret_id", help="collect only this secret")
@click.option("--mode", "collect_mode", type=MODES, default="ALL", show_default=True)
@click.option("--filter", "filter_", type=STRUCT, help="the plugin's filter, JSON or @FILE")
@click.option("--use-cache", is_flag=True, help="let the plugin reuse results of the last day")
@click.option("--watch", is_flag=True, help="show the progress, then the result")
@click.option("--dry-run", is_flag=True, help="change nothing: show what it would do")
@click.option("--plugin-version", help="with --dry-run: with this version of the plugin")
@click.option("--options", type=STRUCT, help="with --dry-run: with these options of the plugin only; JSON or @FILE")
@click.option("--endpoint", help="with --dry-run: with the plugin at grpc://host:port")
@click.pass_context
def collect(
    context: click.Context,
    name_or_id: str,
    secret_id: str | None,
    collect_mode: str,
    filter_: Any,
    use_cache: bool,
    watch: bool,
    dry_run: bool,
    plugin_version: str | None,
    options: Any,
    endpoint: str | None,
) -> None:
    """Collect now, or show what that would do. COLLECTOR is an id or a name."""
    request = sent(secret_id=secret_id, collect_mode=collect_mode, filter=filter_)
    if dry_run:
        if use_cache:
            raise click.UsageError("--use-cache does not go with --dry-run")
        _rehearse(
            context, name_or_id, request | sent(plugin_version=plugin_version, options=options, endpoint=endpoint)
        )
        return
    if plugin_version or endpoint or options is not None:
        raise click.UsageError("--plugin-version, --options and --endpoint need --dry-run")
    request["use_cache"] = use_cache
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id)
        job = client.call("Collector.collect", collector_id=collector_id, **request)
        if not watch:
            say(job, f"{job['job_id']}: {job['status']}, {counted(job.get('total_tasks', 0), 'task')}")
            return
        ended = watch_job(client, job["job_id"], quiet=wants_json())
    if wants_json():
        print_json(ended)
    else:
        explain_job(ended)
    if ended["status"] != "SUCCESS":
        context.exit(EXIT_JOB_FAILED)


def _rehearse(context: click.Context, name_or_id: str, request: dict[str, Any]) -> None:
    """Run a collect that changes nothing, wait for its end and show its report."""
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id)
        started = client.call("DryRun.start", collector_id=collector_id, **request)
        report = finished_dry_run(client, started["dry_run_id"])
        show_report(client, report)
    if report["status"] != "SUCCESS":
        context.exit(EXIT_JOB_FAILED)


def _require_change(request: dict[str, Any]) -> None:
    if not request:
        raise click.UsageError("nothing to change: give at least one option")


COMMANDS = (collector, collect)
