"""A client that knows only the published SpaceONE stubs walks the real server by reflection and calls all of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.wire.wire_kit import Wire, make_home

PACKAGE = "spaceone.api.inventory.v1"
LISTED = {
    "grpc.health.v1.Health",
    "spaceone.api.core.v1.ServerInfo",
    *(
        f"{PACKAGE}.{name}"
        for name in (
            "Collector",
            "Job",
            "JobTask",
            "CloudService",
            "CloudServiceType",
            "Region",
            "ChangeHistory",
            "CollectorRule",
        )
    ),
}


@pytest.fixture
def wire(mongo_uri: str, redis_url: str, tmp_path: Path) -> Iterator[Wire]:
    made = Wire(mongo_uri, redis_url, tmp_path).start_worker()
    yield made
    made.close()


def test_published_stubs_find_and_call_every_method(wire: Wire) -> None:
    with FakePlugin(resources=[cloud_service("i-1")]) as plugin:
        home = make_home(wire, wire.serve(), plugin.endpoint)
        given = {"domain_id": home.domain_id, "plugin_id": home.plugin_id, "secret_id": home.secret_ids[0]}
        program = str(Path(__file__).with_name("published_client.py"))
        command = [sys.executable, program, wire.address, json.dumps(given)]

        result = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)

    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert set(report) == LISTED
    not_called = [f"{service}.{name}" for service, methods in report.items() for name, ok in methods.items() if not ok]
    assert not_called == []
