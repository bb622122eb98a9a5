"""The first-run demonstration of ``inventory up --demo``: this machine, collected once."""

from __future__ import annotations

import click
from rich.console import Console

from inventory.cli.client import Client
from inventory.cli.options import ClientOptions
from inventory.cli.view.job_story import explain_job
from inventory.cli.view.output import as_text, styled
from inventory.cli.view.watch import watch_job

NAME = "this machine"
PLUGIN_ID = "plugin-local"
PROVIDER = "local"


class Demonstration:
    """Called with the server's ``host:port`` once everything is healthy."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def __call__(self, endpoint: str) -> None:
        """Register the local collector and an hourly schedule if missing, collect, and show what to try next."""
        try:
            self._run(endpoint)
        except click.ClickException as exc:
            self._out.print(styled((f"{NAME} was not collected:", "bold red"), as_text(f" {exc.message}")))

    def _run(self, endpoint: str) -> None:
        client = Client(ClientOptions(endpoint=endpoint))
        try:
            collector_id = self._collector(client)
            if not client.call("Collector.list_schedules", collector_id=collector_id).get("results"):
                hours = {"hours": list(range(24))}
                client.call("Collector.add_schedule", collector_id=collector_id, name="hourly", schedule=hours)
            note = f" ({collector_id}, collected every full hour from now on)"
            self._out.print(styled((f"\nCollecting {NAME}", "bold"), note))
            job = client.call("Collector.collect", collector_id=collector_id)
            explain_job(watch_job(client, job["job_id"], out=self._out), self._out)
            stored = client.call("CloudService.list", provider=PROVIDER, query={"count_only": True})
        finally:
            client.close()
        count = (f"\n{stored.get('total_count', 0)} resources", "bold")
        self._out.print(styled(count, " of this machine are in the inventory. Try next:\n"))
        for command in _examples(endpoint):
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


def _examples(endpoint: str) -> tuple[str, ...]:
    python = (
        "import grpc; from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2 as pb, "
        "collector_pb2_grpc as rpc; "
        f"print(rpc.CollectorStub(grpc.insecure_channel('{endpoint}')).list(pb.CollectorQuery()))"
    )
    return (
        f"grpcurl -plaintext {endpoint} spaceone.api.inventory.v1.Collector/list",
        f".venv/bin/inventory --endpoint {endpoint} resource list --type Disk",
        f'.venv/bin/python -c "{python}"',
    )
