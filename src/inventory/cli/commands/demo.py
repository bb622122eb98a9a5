"""The first-run demonstration of ``inventory up --demo``: this machine, collected once."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click
from rich.console import Console

from inventory.cli.client import Client
from inventory.cli.options import ClientOptions
from inventory.cli.view.job_story import explain_job
from inventory.cli.view.output import as_text, styled
from inventory.cli.view.watch import watch_job
from inventory.devruntime.typed import typed, typed_grpcurl, typed_inventory
from inventory.domain.texts import counted

NAME = "this machine"
PLUGIN_ID = "plugin-local"
PROVIDER = "local"


class Demonstration:
    """Called with the server's ``host:port`` once everything is healthy."""

    def __init__(self, out: Console, data_dir: Path) -> None:
        self._out = out
        self._data_dir = data_dir

    def __call__(self, endpoint: str) -> None:
        """Register the local collector and an hourly schedule if missing, collect, and show what to try next."""
        try:
            self._run(endpoint)
        except click.ClickException as exc:
            self._out.print(styled((f"{NAME} was not collected:", "bold red"), as_text(f" {exc.message}")))

    def _run(self, endpoint: str) -> None:
        with contextlib.closing(Client(ClientOptions(endpoint=endpoint))) as client:
            collector_id = self._collector(client)
            if not client.call("Collector.list_schedules", collector_id=collector_id).get("results"):
                hours = {"hours": list(range(24))}
                client.call("Collector.add_schedule", collector_id=collector_id, name="hourly", schedule=hours)
            note = f" ({collector_id}, collected every full hour from now on)"
            self._out.print(styled((f"\nCollecting {NAME}", "bold"), note))
            job = client.call("Collector.collect", collector_id=collector_id)
            explain_job(watch_job(client, job["job_id"], out=self._out), self._out)
            stored = client.call("CloudService.list", provider=PROVIDER, query={"count_only": True})
        count = (f"\n{counted(stored.get('total_count', 0), 'resource')}", "bold")
        self._out.print(styled(count, " of this machine are in the inventory. Try next, in a second terminal:\n"))
        for command in _examples(endpoint, self._data_dir):
            self._out.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
        self._out.print("\nCtrl-C stops everything; collected resources are kept.")

    @staticmethod
    def _collector(client: Client) -> str:
        # Found by name: other collectors of the plugin belong to the user, and get no schedule from here.
        named = {"filter": [{"k": "name", "v": NAME, "o": "eq"}]}
        found = client.call("Collector.list", plugin_id=PLUGIN_ID, query=named).get("results", [])
        if not found:
            plugin = {"plugin_id": PLUGIN_ID, "provider": PROVIDER, "upgrade_mode": "AUTO"}
            found = [client.call("Collector.create", name=NAME, plugin_info=plugin)]
        collector_id: str = found[0]["collector_id"]
        return collector_id


def _examples(endpoint: str, data_dir: Path) -> tuple[str, ...]:
    python = (
        "import grpc; from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2 as pb, "
        "collector_pb2_grpc as rpc; "
        f"print(rpc.CollectorStub(grpc.insecure_channel('{endpoint}')).list(pb.CollectorQuery()))"
    )
    inventory = typed_inventory(endpoint, data_dir)
    return (
        f"{inventory} resource list --limit 5",
        f'{inventory} collect "{NAME}" --watch',
        f'{typed(Path(sys.executable))} -c "{python}"',
        *typed_grpcurl(endpoint, "spaceone.api.inventory.v1.Collector/list"),
    )
