"""A domain with one of everything, and with what nobody would like to see in a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fakes.plugin import Call, FakePlugin
from tests.fakes.resources import Message, cloud_service, cloud_service_type, region
from tests.integration.wire.client import Client, Json
from tests.integration.wire.wire_kit import Wire

DOMAIN = "domain-console"
SCRIPT = "<script>alert(1)</script>"
QUOTES = "\"'><img src=x onerror=alert(1)>"
RIGHT_TO_LEFT = "\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd"
ZERO_WIDTH = "a\u200bb\ufeffc"
HOSTILE = (SCRIPT, QUOTES, RIGHT_TO_LEFT, ZERO_WIDTH, "{{ 7*7 }}", "javascript:alert(1)", "\u0007\u001b[31m")

VIEW: Json = {
    "view": {
        "table": {
            "layout": {
                "name": "",
                "type": "query-search-table",
                "options": {
                    "fields": [
                        {"key": "data.size", "name": "Size", "type": "size", "options": {"source_unit": "BYTES"}},
                        {"key": "data.state", "name": "State", "type": "badge"},
                        {"key": "data.created", "name": "Made", "type": "datetime"},
                    ]
                },
            }
        }
    }
}


def plugin_stream(call: Call) -> Iterator[Message]:
    """What the plugin sends: servers, disks, and hostile texts."""
    if call.secret_data.get("sees") == "nothing":
        return
    yield cloud_service_type("Server", provider="aws", metadata=VIEW)
    yield cloud_service_type("Disk", provider="aws")
    yield region("region-1", provider="aws")
    for number in range(60):
        data: dict[str, Any] = {"size": number * 1024**3, "state": "running", "created": "2026-01-05T12:00:00Z"}
        yield cloud_service(
            f"i-{number:03}", provider="aws", name=f"server {number:03}", data=data, tags={"env": "prod"}
        )
    for number, text in enumerate(HOSTILE):
        hostile = cloud_service(
            f"h-{number}",
            provider="aws",
            type="Disk",
            name=f"hostile {number} {text}",
            data={"text": text, text: "key", "number": number},
            tags={text: text},
            reference={"resource_id": f"h-{number}", "external_link": "javascript:alert(1)"},
        )
        # JSON knows no such number, but a message can hold it.
        hostile.resource.fields["data"].struct_value.fields["nan"].number_value = float("nan")
        yield hostile


class World:
    """The domain.

    Attributes:
        client: calls in it.
        collector: its collector, collected once.
        job: that collect.
        schedule: every night.
    """

    def __init__(self, wire: Wire, plugin: FakePlugin) -> None:
        self.wire, self.plugin = wire, plugin
        fixed = {"domain_id": DOMAIN}
        wire.add_platform(
            plugins=[{**fixed, "plugin_id": "plugin-1", "provider": "aws", "versions": {"1.0": plugin.endpoint}}],
            secrets=[
                {**fixed, "secret_id": "secret-1", "provider": "aws", "data": {"key": "very-secret-value"}},
                {**fixed, "secret_id": "secret-2", "provider": "own", "data": {"sees": "nothing"}},
            ],
            projects=[{**fixed, "project_id": "project-1"}],
        )
        self.client = Client(wire.serve(), DOMAIN)
        info = {"plugin_id": "plugin-1", "version": "1.0", "upgrade_mode": "MANUAL", "provider": "aws"}
        self.collector = self.client.call("Collector.create", {"name": "everything", "plugin_info": info})
        own = {"collector_id": self.collector["collector_id"]}
        schedule = {**own, "name": "nightly", "schedule": {"hours": [2], "minutes": [30]}}
        self.schedule = self.client.call("Collector.add_schedule", schedule)
        self.job = self.client.finished(self.client.call("Collector.collect", own))
        assert self.job["status"] == "SUCCESS", self.client.tasks(self.job)

    def resource(self, resource_id: str) -> Json:
        """Return the resource with an id of the provider's."""
        query = {"filter": [{"k": "reference.resource_id", "v": resource_id, "o": "eq"}]}
        (found,) = self.client.call("CloudService.list", {"query": query})["results"]
        return dict(found)
