"""The command line: the processes of the service, and a client of its gRPC API.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 not found, 4 unreachable or too slow, 5 the watched job did
not end in SUCCESS, 6 `freshness --stale` found something, 130 Ctrl-C while watching a job.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inventory.cli.command_form import CommandGroup, LazyCommands
from inventory.cli.endpoint import ServerAddress, find_endpoint
from inventory.cli.options import ClientOptions
from inventory.devruntime.running import DATA_DIR, DEFAULT_ENDPOINT
from inventory.version import compiled, package_version


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--endpoint",
    envvar="INVENTORY_ENDPOINT",
    default=None,
    help="host:port, or grpc+ssl://host:port; absent: the server of the `inventory up` that runs on "
    f"./{DATA_DIR}, else {DEFAULT_ENDPOINT}",
)
@click.option(
    "--ca",
    "ca_file",
    envvar="INVENTORY_CA_FILE",
    type=click.Path(path_type=Path),
    help="PEM CA to trust with grpc+ssl://",
)
@click.option("--domain", "domain_id", envvar="INVENTORY_DOMAIN_ID", default="", help="domain_id, if not in the token")
@click.option("--token", envvar="INVENTORY_TOKEN", default="", help="JWT; preferably set INVENTORY_TOKEN instead")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="deadline of one call, seconds",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of text")
@click.option("--debug", is_flag=True, help="show the traceback of what was not expected")
@click.version_option(
    version=package_version(), message=f"%(prog)s, version %(version)s ({'compiled' if compiled() else 'pure Python'})"
)
@click.pass_context
def cli(
    context: click.Context,
    endpoint: str | None,
    ca_file: Path | None,
    domain_id: str,
    token: str,
    timeout: float,
    as_json: bool,
    debug: bool,
) -> None:
    """Run the inventory service, or query a running one."""
    server = find_endpoint() if endpoint is None else ServerAddress(endpoint)
    context.obj = ClientOptions(
        endpoint=server.address,
        endpoint_origin=server.origin,
        domain_id=domain_id,
        token=token,
        timeout=timeout,
        as_json=as_json,
        ca_file=ca_file,
        debug=debug,
    )


cli.commands = LazyCommands(
    {
        "inventory.cli.commands.processes": (
            *("up", "server", "worker", "scheduler", "gateway", "plugin-local", "config"),
        ),
        "inventory.cli.commands.migrate": ("migrate",),
        "inventory.cli.commands.health": ("health",),
        "inventory.cli.commands.collectors": ("collector", "collect"),
        "inventory.cli.commands.trust.freshness": ("freshness",),
        "inventory.cli.commands.jobs": ("job", "task"),
        "inventory.cli.commands.trust.dry_runs": ("dry-run",),
        "inventory.cli.commands.trust.deletions": ("deletion",),
        "inventory.cli.commands.schedules": ("schedule",),
        "inventory.cli.commands.rules": ("rule",),
        "inventory.cli.commands.resources": ("resource", "type", "region", "history", "call"),
        "inventory.cli.standalone.plugins": ("plugin",),
        "inventory.cli.standalone.secrets": ("secret",),
        "inventory.cli.standalone.projects": ("project",),
        "inventory.cli.standalone.quickstart": ("quickstart",),
        "inventory.cli.commands.doctor": ("doctor",),
        "inventory.cli.completion": ("completion",),
    }
)


def main() -> None:
    """Run the command line and end the process; a failure prints one line to stderr."""
    try:
        cli(prog_name="inventory")
    except Exception as exc:  # noqa: BLE001 - the process's outermost loop
        from inventory.cli.failures import report

        sys.exit(report(exc, debug="--debug" in sys.argv))
