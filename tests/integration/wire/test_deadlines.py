"""MongoDB works for a caller no longer than the caller waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import Client, Json
from tests.integration.wire.probes import base_request, methods
from tests.integration.wire.two_domains import SCHEMAS, Domain, furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

PATIENCE_SECONDS = 7
LONGEST_MS = 7_500
"""gRPC rounds a deadline up a little."""
READS = [name for name in methods() if name.partition(".")[2] in {"get", "get_schedule"} or name in SCHEMAS]
COMMANDS = {"find", "aggregate", "distinct", "count"}


@pytest.fixture(scope="module")
def furnished(wire: Wire) -> Iterator[Domain]:
    """A domain with one of everything, in a database whose commands are written down."""
    with FakePlugin(resources=plugin_stream) as plugin:
        domain = furnish(wire, Client(wire.serve()), "zeta", plugin.endpoint)
        wire.database.command({"profile": 2})
        yield domain
        wire.database.command({"profile": 0})


def limits(wire: Wire, name: str, domain: Domain, request: Json) -> list[tuple[str, object]]:
    """Return what each read within the domain was limited to, ms, while ``name`` was called."""
    begun = wire.database["system.profile"].count_documents({})
    domain.client.call(name, request, timeout=PATIENCE_SECONDS)
    entries = list(wire.database["system.profile"].find().skip(begun))
    commands = [entry["command"] for entry in entries if domain.domain_id in str(entry.get("command"))]
    return [(next(iter(each)), each.get("maxTimeMS")) for each in commands if next(iter(each)) in COMMANDS]


@pytest.mark.parametrize("name", READS)
def test_a_read_ends_with_its_callers_patience(wire: Wire, furnished: Domain, name: str) -> None:
    request = base_request(name, furnished)
    if "query" in request and name.endswith(".list"):
        request.pop("query")

    found = limits(wire, name, furnished, request)

    assert found
    assert [each for each in found if not isinstance(each[1], int) or each[1] > LONGEST_MS] == []
