"""Deletions that wait for a decision, by plain HTTP: seen, decided, and brought back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.plugin import Call, FakePlugin
from tests.fakes.resources import Message, cloud_service
from tests.integration.console.conftest import Gateways, Open
from tests.integration.console.page import Browser
from tests.integration.console.world import World
from tests.integration.wire.client import Client, Json

VANISHING = "domain-vanishing"
MANY = 40


class Vanishing:
    """A domain whose plugin sees many resources, then one."""

    def __init__(self, world: World) -> None:
        self.seen = MANY
        self.plugin = FakePlugin(resources=self._stream, metadata={"supported_features": ["garbage_collection"]})
        self.plugin.start()
        fixed = {"domain_id": VANISHING, "provider": "aws"}
        world.wire.add_platform(
            plugins=[{**fixed, "plugin_id": "plugin-v", "versions": {"1.0": self.plugin.endpoint}}],
            secrets=[{**fixed, "secret_id": "secret-v", "data": {}}],
        )
        self.client = Client(world.wire.serve(default_domain_id=VANISHING), VANISHING)
        info = {"plugin_id": "plugin-v", "version": "1.0", "upgrade_mode": "MANUAL", "provider": "aws"}
        self.collector = self.client.call("Collector.create", {"name": "vanishing", "plugin_info": info})
        self.collect()
        self.seen = 1
        for _ in range(3):
            self.job = self.collect()

    def _stream(self, _call: Call) -> Iterator[Message]:
        for number in range(self.seen):
            yield cloud_service(f"v-{number}", provider="aws")

    def collect(self) -> Json:
        return self.client.finished(
            self.client.call("Collector.collect", {"collector_id": self.collector["collector_id"]})
        )


@pytest.fixture(scope="module")
def vanishing(world: World, gateways: Gateways) -> Iterator[tuple[Vanishing, str]]:
    """The domain, and a gateway before it."""
    made = Vanishing(world)
    yield made, gateways.start(world.wire.address_of_newest, default_domain_id=VANISHING)
    made.plugin.stop()


def test_what_would_be_deleted_is_seen_decided_and_brought_back(vanishing: tuple[Vanishing, str], browse: Open) -> None:
    _, origin = vanishing
    page: Browser = browse(origin)

    # It needs attention
    home = page.get("/")
    (held,) = [link for link in home.links if link.startswith("/deletions/")]
    assert f"{MANY - 1} resources" in home.text
    assert "held" in page.get("/deletions?state=HELD").text
    assert "None is so." in page.get("/deletions?state=APPROVED").text

    # Nothing is deleted before somebody says so, and only by a form of the session
    shown = page.get(held)
    assert f"Still missing {MANY - 1}" in shown.text
    collector = next(link for link in shown.links if link.startswith("/collectors/"))
    assert "vanishing" in page.get(collector).text
    assert page.post(f"{held}/approve", csrf="").status == 403
    assert f"of {MANY}" in page.get("/resources").text

    approved = page.post(f"{held}/approve")
    assert f"{MANY - 1} resources are deleted." in approved.text
    assert "1–1 of 1" in page.get("/resources").text

    job = next(link for link in approved.links if link.startswith("/jobs/"))
    assert f"{MANY - 1} resources of secret-v were deleted when" in page.get(job).text

    undone = page.post(f"{held}/undo")
    assert f"{MANY - 1} resources are back." in undone.text
    assert f"of {MANY}" in page.get("/resources").text
    example = next(link for link in undone.links if link.startswith("/resources/"))
    assert "undo of its deletion" in page.get(example).text
    listed = page.get("/deletions").text
    assert "Deleted Restored Collector" in listed
    assert listed.count(f" {MANY - 1} ") >= 3, "held, deleted and restored"


def test_a_deletion_that_does_not_exist_is_not_found(page: Browser) -> None:
    assert page.get("/deletions/deletion-000000000000").status == 404
    assert "Nothing is held" in page.get("/deletions").text
