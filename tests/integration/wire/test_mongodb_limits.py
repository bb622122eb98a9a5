"""What MongoDB holds in memory or in one document is limited, and whoever asks for more is told so."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import CallFailed, Client
from tests.integration.wire.two_domains import Domain, furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

TEXT = "x" * 100_000
PUSH = {"name": "all", "operator": "push", "key": "data.text"}
UNWIND = {"unwind": {"path": "data.numbers"}}


def rows(count: int) -> list[dict[str, Any]]:
    """Stages that make as many rows of 100 KB each out of the one document."""
    return [UNWIND, {"limit": count}]


def group(*fields: dict[str, Any], keys: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    return {"group": {"keys": list(keys), "fields": list(fields)}}


@pytest.fixture(scope="module")
def domain(wire: Wire) -> Domain:
    """A domain with one cloud service, whose rows can be made as many as a test wants."""
    with FakePlugin(resources=plugin_stream) as plugin:
        made = furnish(wire, Client(wire.serve()), "theta", plugin.endpoint)
    wire.database["cloud_service"].update_one(
        {"domain_id": made.domain_id}, {"$set": {"data": {"text": TEXT, "numbers": list(range(1_300))}}}
    )
    return made


STATS = {
    "an array": [UNWIND, group(PUSH)],
    "a buffer": [*rows(800), group(PUSH)],
    "a row": [*rows(200), group(PUSH)],
    "a row of two": [*rows(100), group(PUSH, {**PUSH, "name": "again"})],
    "a row of last": [
        *rows(100),
        group(PUSH),
        group(*({"name": f"copy{i}", "operator": "last", "key": "all"} for i in range(3))),
    ],
    "a key": [*rows(200), group(PUSH), group(keys=({"key": "all", "name": "key"},))],
    "a sort": [*rows(200), group(PUSH), {"sort": {"key": "all"}}],
    "a projection": [{"project": {"fields": [{"name": f"copy{i}", "key": "data.text"} for i in range(200)]}}],
}


@pytest.mark.parametrize("name", STATS)
def test_stat_names_the_limit_that_it_hits(domain: Domain, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CallFailed) as refused:
        domain.client.call("CloudService.stat", {"query": {"aggregate": STATS[name]}})

    assert refused.value.status is grpc.StatusCode.INVALID_ARGUMENT, refused.value.details
    assert "more memory or a larger document than MongoDB allows" in refused.value.details
    assert TEXT[:50] not in "".join(capfd.readouterr())


def test_analyze_names_the_limit_that_it_hits(domain: Domain, capfd: pytest.CaptureFixture[str]) -> None:
    fields = {f"copy{i}": {"operator": "push", "key": "data.text"} for i in range(190)}

    with pytest.raises(CallFailed) as refused:
        domain.client.call("CloudService.analyze", {"query": {"group_by": ["provider"], "fields": fields}})

    assert refused.value.status is grpc.StatusCode.INVALID_ARGUMENT, refused.value.details
    assert "more memory or a larger document than MongoDB allows" in refused.value.details
    assert TEXT[:50] not in "".join(capfd.readouterr())


def test_what_fits_is_answered(domain: Domain) -> None:
    answer = domain.client.call("CloudService.stat", {"query": {"aggregate": [*rows(100), group(PUSH)]}})

    assert [len(row["all"]) for row in answer["results"]] == [100]
