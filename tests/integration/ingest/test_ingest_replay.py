"""Streams over the real plugin protocol: recorded, replayed, stored."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import PluginEndpoint
from inventory.domain.clock import SystemClock
from inventory.domain.principal import system_principal
from tests.fakes.plugin import FakePlugin
from tests.integration.ingest.ingest_tools import ingest, services
from tests.streams import ec2, newer_sdk
from tests.streams.build import service
from tests.streams.recording import on_the_wire, record, record_plugin, replay


@pytest.fixture
def collect(database):
    """Collect from a fake plugin that sends the messages given, and store them."""
    connector = GrpcPluginConnector(max_message_bytes=64 * 1024 * 1024, init_timeout_seconds=5)

    def run(messages, **changes):
        with FakePlugin(resources=messages) as plugin:
            remote = connector.connect(PluginEndpoint(plugin.endpoint), system_principal("domain-1"))
            return ingest(database, SystemClock(), remote.collect({}, {}, {}, None, idle_seconds=20), **changes)

    yield run
    connector.close()


def test_a_recording_is_replayed_as_it_was_sent_less_its_secrets(collect, database, tmp_path):
    secret = {"aws_secret_access_key": "s3cr3t-value"}
    sent = on_the_wire([*ec2.stream(20), service("told", data={"password": "my s3cr3t-value"})])
    path = tmp_path / "stream.jsonl.gz"
    with FakePlugin(resources=sent) as plugin:
        count = record_plugin(plugin.endpoint.removeprefix("grpc://"), path, options={}, secret=secret)
    assert count == len(sent)
    assert b"s3cr3t" not in gzip.decompress(path.read_bytes())

    result = collect(replay(path))

    assert (result.counts.created, result.counts.failure) == (21, 0)
    assert services(database)[-1]["data"] == {"password": "my ***"}


def test_an_ec2_stream_over_the_wire_is_recognized_the_second_time(collect, database):
    messages = on_the_wire(ec2.stream(300))
    assert collect(messages).counts.created == 300
    stamps = database["cloud_service"].count_documents({"stamps": {"$exists": True}})
    assert collect(messages).counts.updated == 300
    assert database["cloud_service"].count_documents({"stamps": {"$exists": True}}) == stamps == 0
    stored = services(database)
    assert ec2.depth(stored[0]["metadata"]["aws"]) == ec2.METADATA_DEPTH


def test_newer_streams_over_the_wire(collect, database):
    for number, stream in enumerate(newer_sdk.tasks(5)):
        assert collect(on_the_wire(stream), slice_id=f"slice-{number}").error_count == 0
    assert len(services(database)) == 20


@pytest.fixture
def recorded(tmp_path):
    """A recording: the one that INVENTORY_TEST_STREAM names, else one of a constructed stream."""
    named = os.environ.get("INVENTORY_TEST_STREAM")
    if named:
        return Path(named)
    path = tmp_path / "constructed.jsonl.gz"
    record(on_the_wire([*ec2.stream(), *(message for task in newer_sdk.tasks(5) for message in task)]), path)
    return path


def test_a_recorded_stream_is_stored_whole_and_recognized(collect, database, recorded):
    messages = replay(recorded)
    first = collect(messages)
    assert (first.counts.failure, first.counts.total) == (0, len(messages))
    again = collect(messages)
    assert again.counts.updated == first.counts.created
    assert database["record"].count_documents({"action": "UPDATE"}) == 0
