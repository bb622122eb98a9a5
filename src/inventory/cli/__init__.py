"""The command line: the processes of the service, and a client of its gRPC API.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 not found, 4 cannot be reached or took too long,
5 the job that was watched did not end in SUCCESS.
"""

from __future__ import annotations

import sys

import click

from inventory.cli import collectors, jobs, processes, resources, schedules
from inventory.cli.client import ClientOptions
from inventory.errors import InventoryError, SettingsError

EXIT_FAILED = 1
EXIT_USAGE = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--endpoint", envvar="INVENTORY_ENDPOINT", default="127.0.0.1:50051", show_default=True, help="host:port")
@click.option("--domain", "domain_id", envvar="INVENTORY_DOMAIN_ID", default="", help="domain_id, if no token names it")
@click.option("--token", envvar="INVENTORY_TOKEN", default="", help="JWT; better given by INVENTORY_TOKEN")
@click.option("--timeout", type=float, default=30.0, show_default=True, help="deadline of one call, seconds")
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of tables")
@click.version_option(package_name="inventory")
@click.pass_context
def cli(context: click.Context, endpoint: str, domain_id: str, token: str, timeout: float, as_json: bool) -> None:
    """Run the inventory service, or ask a running one."""
    context.obj = ClientOptions(endpoint=endpoint, domain_id=domain_id, token=token, timeout=timeout, as_json=as_json)


for module in (processes, collectors, jobs, resources, schedules):
    for command in module.COMMANDS:
        cli.add_command(command)


def main() -> None:
    """Run the command line and end the process; an expected failure is one line on stderr."""
    try:
        cli(prog_name="inventory")
    except SettingsError as exc:
        click.echo(f"error: {exc.message}", err=True)
        sys.exit(EXIT_USAGE)
    except InventoryError as exc:
        click.echo(f"error: {exc}", err=True)
        sys.exit(EXIT_FAILED)
