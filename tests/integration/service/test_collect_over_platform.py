"""Collectors and collects over the SpaceONE services, and what their failing does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.grpc.plugin import GrpcPluginDirectory
from inventory.connector.grpc.repository import GrpcRepository
from inventory.connector.grpc.secret import GrpcSecretStore
from inventory.domain.principal import Principal
from inventory.errors import (
    CollectInitializeError,
    ConnectionFailureError,
    InvalidParameterError,
    NotFoundError,
    RequiredParameterError,
    VerifyPluginFailureError,
)
from inventory.process.tls import TlsFiles
from inventory.service.job.collect import CollectRequest
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import Failure
from tests.integration.service.collector_kit import ME, Kit

CALLER = Principal(domain_id="domain-1", token="token-1", transaction_id="tx-1")


@pytest.fixture
def platform(kit: Kit) -> Iterator[FakePlatform]:
    """The plugin and repository services."""
    with FakePlatform(kit.content) as running:
        yield running


@pytest.fixture
def secrets(kit: Kit) -> Iterator[FakePlatform]:
    """The secret service, with two secrets."""
    kit.add_secrets("secret-1", "secret-2")
    with FakePlatform(kit.content) as running:
        yield running


@pytest.fixture
def over(kit: Kit, platform: FakePlatform, secrets: FakePlatform) -> Iterator[Kit]:
    """The kit over the real connectors to these services."""
    channels = ChannelCache(max_message_bytes=1 << 24, tls=TlsFiles())
    kit.directory = GrpcPluginDirectory(channels=channels, endpoint=platform.endpoint, timeout_seconds=30)
    kit.repository = GrpcRepository(channels=channels, endpoint=platform.endpoint, timeout_seconds=30)
    kit.store = GrpcSecretStore(channels=channels, endpoint=secrets.endpoint, timeout_seconds=30)
    kit.build()
    yield kit
    channels.close()


def jobs(kit: Kit) -> list[dict[str, Any]]:
    return list(kit.database["job"].find())


def test_a_collect_asks_each_service_once_as_the_caller(
    over: Kit, platform: FakePlatform, secrets: FakePlatform
) -> None:
    collector = over.create(CALLER)
    platform.calls.clear()
    job = over.collects.collect(CALLER, CollectRequest(collector["collector_id"]))
    assert job["total_tasks"] == 2
    assert [call.method for call in platform.calls + secrets.calls] == ["Plugin.get_plugin_endpoint", "Secret.list"]
    for call in platform.calls + secrets.calls:
        assert (call.metadata["token"], call.metadata["transaction_id"]) == ("token-1", "tx-1")


@pytest.mark.parametrize("what", ["create", "update_plugin", "collect"])
def test_without_the_plugin_service_nothing_is_made(over: Kit, platform: FakePlatform, what: str) -> None:
    collector = over.create()
    collector_id = collector["collector_id"]
    actions: dict[str, Callable[[], object]] = {
        "create": over.create,
        "update_plugin": lambda: over.collector.update_plugin(ME, {"collector_id": collector_id}),
        "collect": lambda: over.collects.collect(ME, CollectRequest(collector_id)),
    }
    platform.stop()
    with pytest.raises(ConnectionFailureError):
        actions[what]()
    assert jobs(over) == []
    assert list(over.database["collector"].find({}, {"_id": 0})) == [collector]


def test_without_the_secret_service_no_job_is_made(over: Kit, secrets: FakePlatform) -> None:
    collector = over.create()
    secrets.stop()
    with pytest.raises(ConnectionFailureError):
        over.collects.collect(ME, CollectRequest(collector["collector_id"]))
    assert jobs(over) == []


def test_a_refusing_secret_service_counts_as_failing(over: Kit, secrets: FakePlatform) -> None:
    collector = over.create()
    secrets.failure = Failure(grpc.StatusCode.PERMISSION_DENIED, "ERROR_PERMISSION_DENIED: no")
    with pytest.raises(CollectInitializeError):
        over.collects.collect(ME, CollectRequest(collector["collector_id"]))
    (job,) = jobs(over)
    assert (job["status"], job["errors"][0]["error_code"]) == ("ERROR", "ERROR_COLLECT_INITIALIZE")


def test_a_secret_group_is_refused_where_there_are_none(over: Kit) -> None:
    with pytest.raises(InvalidParameterError) as raised:
        over.create(plugin_info={"secret_group_id": "group"})
    assert raised.value.field == "secret_group_id"
    assert over.database["collector"].count_documents({}) == 0


def test_the_plugin_service_names_an_absent_version_or_it_is_required(over: Kit, platform: FakePlatform) -> None:
    assert over.create(plugin_info={"version": ""})["plugin_info"]["version"] == "1.0"
    entry = platform.content["plugins"][0]
    entry.pop("latest")
    entry["endpoint"] = over.plugin.endpoint
    with pytest.raises(RequiredParameterError) as raised:
        over.create(plugin_info={"version": ""})
    assert raised.value.field == "plugin_info.version"


def test_an_unknown_plugin_or_version_is_not_found(over: Kit) -> None:
    with pytest.raises(NotFoundError):
        over.create(plugin_info={"plugin_id": "plugin-none"})
    with pytest.raises(NotFoundError):
        over.create(plugin_info={"version": "7", "upgrade_mode": "MANUAL"})


def test_verify_over_the_secret_service(over: Kit, secrets: FakePlatform) -> None:
    collector = over.create()
    over.collector.verify_plugin(ME, collector["collector_id"])
    secrets.encrypted = True
    with pytest.raises(VerifyPluginFailureError):
        over.collector.verify_plugin(ME, collector["collector_id"])
    secrets.stop()
    with pytest.raises(ConnectionFailureError):
        over.collector.verify_plugin(ME, collector["collector_id"])
