"""A plugin's broken messages, over the real wire, fail alone: all others are stored as they were sent."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import CollectorPlugin, PluginEndpoint
from inventory.domain.principal import system_principal
from inventory.plugin_check.fault import Severity
from inventory.plugin_check.trial import Trial, TrialOptions
from inventory.protobuf.struct import to_struct
from inventory.stubs.spaceone.api.inventory.plugin.collector_pb2 import ResourceInfo
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import CLOUD_SERVICE_RULES
from tests.integration.ingest.ingest_tools import ingest, services

MARK = "~~~~"
REPLACED = "\N{REPLACEMENT CHARACTER}" * len(MARK)
LEAVES: tuple[Any, ...] = (
    None,
    True,
    0,
    15.0,
    -7,
    0.5,
    2.0**53,
    2.0**63,
    1e300,
    math.nan,
    math.inf,
    "",
    "ü",
    "a\0b",
    MARK,
)
KEYS = ("a", "b.c", "$d", "", "metadata", "ü", "x" * 70)


class Chance:
    """Messages made by a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def content(self, depth: int = 0) -> Any:
        """Return anything that a Struct can carry."""
        kind = self._random.random()
        if depth < 4 and kind < 0.25:
            return {self._random.choice(KEYS): self.content(depth + 1) for _ in range(self._random.randrange(4))}
        if depth < 4 and kind < 0.4:
            return [self.content(depth + 1) for _ in range(self._random.randrange(4))]
        return self._random.choice(LEAVES)

    def message(self, number: int) -> tuple[bytes, dict[str, Any] | None]:
        """Return a message, and the data it is stored with; None where it must fail."""
        sent = {"version": 1.0, "content": self.content()}
        how = self._random.random()
        if how < 0.1:
            return self._cut(written(number, sent)), None
        if how < 0.15:
            return self._random.randbytes(20) + b"\xff" * 10, None
        if how < 0.2:
            return written(number, {"deep": deep(33)}), None
        if how < 0.4:
            return written(number, sent).replace(MARK.encode(), b"\xff\xfe\xff\xfe"), stored(sent, REPLACED)
        return written(number, sent), stored(sent, MARK)

    def _cut(self, data: bytes) -> bytes:
        return data[: self._random.randrange(1, len(data))]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"d": value}
    return value


def written(number: int, data: dict[str, Any]) -> bytes:
    """Return the message of a CloudService as its bytes."""
    message = ResourceInfo(state=4, resource_type="inventory.CloudService")
    message.match_rules.CopyFrom(to_struct(CLOUD_SERVICE_RULES, name="x"))
    resource = {
        "cloud_service_type": "Server",
        "cloud_service_group": "Compute",
        "provider": "aws",
        "reference": {"resource_id": f"i-{number:05}"},
        "data": data,
    }
    message.resource.CopyFrom(to_struct(resource, name="x"))
    return message.SerializeToString()


def stored(value: Any, mark: str) -> Any:
    """Return content as the contract says it is stored (section 7)."""
    if isinstance(value, dict):
        return {key: stored(part, mark) for key, part in value.items()}
    if isinstance(value, list):
        return [stored(part, mark) for part in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value.replace(MARK, mark).replace("\0", "\ufffd") if isinstance(value, str) else value


@pytest.fixture
def connected() -> Iterator[Callable[[FakePlugin], CollectorPlugin]]:
    connector = GrpcPluginConnector(max_message_bytes=256 * 1024 * 1024, init_timeout_seconds=10)
    yield lambda plugin: connector.connect(PluginEndpoint(endpoint=plugin.endpoint), system_principal("domain-1"))
    connector.close()


@pytest.mark.parametrize("count", [1_000, pytest.param(20_000, marks=pytest.mark.deep)])
def test_every_message_that_can_be_read_is_stored_and_every_other_is_one_error(database, clock, connected, count):
    chance = Chance(count)
    messages = [chance.message(number) for number in range(count)]
    expected = {f"i-{number:05}": data for number, (_, data) in enumerate(messages) if data is not None}
    broken = count - len(expected)
    assert broken
    assert any(REPLACED in repr(data) for data in expected.values())

    with FakePlugin(resources=[sent for sent, _ in messages]) as plugin:
        first, second = (
            ingest(database, clock, connected(plugin).collect({}, {}, {}, None, idle_seconds=30)) for _ in range(2)
        )

    assert first.complete
    assert first.counts.created == len(expected)
    assert first.counts.failure == first.error_count == broken
    found = {service["reference"]["resource_id"]: service["data"] for service in services(database)}
    assert repr(found) == repr({key: _in_order(found[key], data) for key, data in expected.items()})
    assert second.counts.updated == len(expected)
    assert second.counts.failure == broken
    assert database["record"].count_documents({"action": "UPDATE"}) == 0


def _in_order(order: Any, value: Any) -> Any:
    """Return ``value`` with the members of its dicts in the order of those of ``order``."""
    if isinstance(value, dict) and isinstance(order, dict) and order.keys() == value.keys():
        return {key: _in_order(order[key], value[key]) for key in order}
    if isinstance(value, list) and isinstance(order, list) and len(order) == len(value):
        return [_in_order(*pair) for pair in zip(order, value, strict=True)]
    return value


def test_a_message_that_nests_too_deep_is_told_by_its_resource_id(database, clock, connected):
    with FakePlugin(resources=[written(1, deep(33)), written(2, {"a": 1})]) as plugin:
        result = ingest(database, clock, connected(plugin).collect({}, {}, {}, None, idle_seconds=30))

    [error] = result.errors
    assert error["error_code"] == "ERROR_INVALID_RESOURCE"
    assert "nested too deeply" in error["message"]
    assert error["additional"]["resource_id"] == "i-00001"
    assert [service["reference"]["resource_id"] for service in services(database)] == ["i-00002"]


def test_a_trial_of_a_plugin_goes_on_behind_a_broken_message(connected):
    with FakePlugin(
        resources=[written(1, {"a": 1}), written(2, deep(33)), b"\xff" * 11, written(3, {"a": 1})]
    ) as plugin:
        report = Trial(connected(plugin), TrialOptions(), on_step=lambda step: None).run()

    assert report.stream.count == 4
    found = {counted.fault.message: counted for counted in report.faults.of(Severity.VIOLATION)}
    [deep_one] = [counted for message, counted in found.items() if "nested too deeply" in message]
    [broken] = [counted for message, counted in found.items() if "cannot be decoded" in message]
    assert deep_one.examples == ["message 2, inventory.CloudService i-00002"]
    assert broken.count == 1
