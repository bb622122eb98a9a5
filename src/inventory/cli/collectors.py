"""Commands for collectors: ``collector …`` and ``collect``."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import connected
from inventory.cli.output import Column, json_option, print_json, print_rows, wants_json
from inventory.cli.parameters import STRUCT
from inventory.cli.watch import EXIT_JOB_FAILED, watch_job

COLUMNS: tuple[Column, ...] = (
    ("collector", "collector_id"),
    ("name", "name"),
    ("state", "state"),
    ("provider", "provider"),
    ("plugin", "plugin_info.plugin_id"),
    ("version", "plugin_info.version"),
    ("last collected", "last_collected_at"),
)


@click.group()
def collector() -> None:
    """Create, show, enable, disable and delete collectors."""


@collector.command("list")
@click.option("--keyword", default="", help="only those whose id, name or provider holds a word")
@json_option
@click.pass_context
def list_collectors(context: click.Context, keyword: str, as_json: bool) -> None:  # noqa: ARG001
    """List collectors."""
    with connected(context) as client:
        print_rows(context, client.call("Collector.list", query={"keyword": keyword}), COLUMNS)


@collector.command("get")
@click.argument("name_or_id")
@click.pass_context
def get_collector(context: click.Context, name_or_id: str) -> None:
    """Show one collector whole, as JSON."""
    with connected(context) as client:
        print_json(client.find_collector(name_or_id))


@collector.command("create")
@click.option("--name", required=True)
@click.option("--plugin", "plugin_id", required=True, help="plugin_id")
@click.option("--version", default="", help="of the plugin; absent: the newest")
@click.option("--upgrade-mode", type=click.Choice(["AUTO", "MANUAL"]), default="AUTO", show_default=True)
@click.option("--options", type=STRUCT, default="{}", help="the plugin's options, JSON")
@click.option("--provider", default="", help="collect all secrets of this provider")
@click.option("--secret", "secret_id", default="", help="collect this secret only")
@click.option("--secret-group", "secret_group_id", default="", help="collect the secrets of this group")
@click.option("--priority", type=click.IntRange(0, 99), help="lower runs first")
@click.option("--private", is_flag=True, help="for one project only; needs --project")
@click.option("--project", "project_id", default="")
@click.option("--tags", type=STRUCT, default="{}", help="JSON")
@click.pass_context
def create_collector(
    context: click.Context, /, name: str, priority: int | None, private: bool, project_id: str, tags: Any, **plugin: Any
) -> None:
    """Create a collector of a plugin."""
    request: dict[str, Any] = {
        "name": name,
        "plugin_info": {key: value for key, value in plugin.items() if value != ""},
        "tags": tags,
        "is_public": not private,
        "project_id": project_id,
    }
    if priority is not None:
        request["priority"] = priority
    with connected(context) as client:
        print_json(client.call("Collector.create", **request))


def _change(method: str, name: str, text: str) -> click.Command:
    @collector.command(name, help=text)
    @click.argument("name_or_id")
    @click.pass_context
    def command(context: click.Context, name_or_id: str) -> None:
        with connected(context) as client:
            found = client.find_collector(name_or_id)
            answer = client.call(f"Collector.{method}", collector_id=found["collector_id"])
            if wants_json(context):
                print_json(answer)
            else:
                click.echo(f"{found['collector_id']} ({found['name']}): {name}d")

    result: click.Command = command
    return result


_change("enable", "enable", "Let a collector collect again.")
_change("disable", "disable", "Make a collector and its schedules rest.")
_change("delete", "delete", "Delete a collector, its schedules and rules; its jobs and what it collected stay.")


@click.command()
@click.argument("name_or_id", metavar="COLLECTOR")
@click.option("--secret", "secret_id", default="", help="with this secret only")
@click.option(
    "--mode", "collect_mode", type=click.Choice(["ALL", "CREATE", "UPDATE"]), default="ALL", show_default=True
)
@click.option("--filter", "filter_", type=STRUCT, help="JSON")
@click.option("--use-cache", is_flag=True, help="let the plugin reuse what it found within the last day")
@click.option("--watch", is_flag=True, help="show the progress, then a summary")
@json_option
@click.pass_context
def collect(
    context: click.Context,
    name_or_id: str,
    secret_id: str,
    collect_mode: str,
    filter_: Any,
    use_cache: bool,
    watch: bool,
    as_json: bool,  # noqa: ARG001
) -> None:
    """Collect now. COLLECTOR is an id or a name."""
    request: dict[str, Any] = {"secret_id": secret_id, "collect_mode": collect_mode, "use_cache": use_cache}
    if filter_ is not None:
        request["filter"] = filter_
    with connected(context) as client:
        found = client.find_collector(name_or_id)
        job = client.call("Collector.collect", collector_id=found["collector_id"], **request)
        if not watch:
            if wants_json(context):
                print_json(job)
            else:
                click.echo(f"{job['job_id']}: {job['status']}, {job.get('total_tasks', 0)} tasks")
            return
        ended = watch_job(client, job["job_id"], quiet=wants_json(context))
        if wants_json(context):
            print_json(ended)
    if ended["status"] != "SUCCESS":
        context.exit(EXIT_JOB_FAILED)


COMMANDS = (collector, collect)
