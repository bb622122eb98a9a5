"""Whatever happens to a stream on its way, the store stays true to what was received."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from inventory.errors import CollectorCollectingError
from inventory.ingest.context import IngestLimits
from inventory.ingest.decision.history import diff
from tests.integration.ingest.ingest_tools import ingest, services
from tests.streams.build import region, service, service_type

VOLATILE = {"_id", "updated_at", "collection_info", "stamps", "cloud_service_id", "created_at"}


def content(database):
    """Return what is stored of resources, types and regions, less times and random ids."""
    found = []
    for collection in ("cloud_service", "cloud_service_type", "region"):
        for document in database[collection].find({"domain_id": "domain-1"}):
            skipped = {*VOLATILE, f"{collection}_id"}
            found.append((collection, sorted((k, repr(v)) for k, v in document.items() if k not in skipped)))
    return sorted(found, key=repr)


def assert_history_tells_the_present(database):
    """Folding the records of each resource gives the resource."""
    for stored in services(database, domain_id="domain-1"):
        told = {}
        records = database["record"].find({"cloud_service_id": stored["cloud_service_id"]}).sort("revision", 1)
        for record in records:
            for entry in record["diff"]:
                assert told.get(entry["key"]) == entry["before"]
                told[entry["key"]] = entry["after"]
        now = {entry["key"]: entry["after"] for entry in diff(None, stored)}
        assert {key: value for key, value in told.items() if value is not None} == now


def assert_no_doubles(database):
    keys = [doc["reference"]["resource_id"] for doc in services(database, domain_id="domain-1")]
    assert len(keys) == len(set(keys))
    for collection, name in (("cloud_service_type", "cloud_service_type_key"), ("region", "region_key")):
        found = [doc[name] for doc in database[collection].find({"domain_id": "domain-1"})]
        assert len(found) == len(set(found))


def base_stream(version):
    changed = {0: {}, 1: {"name": "renamed"}, 2: {"data": {"compute": {"instance_state": "STOPPED"}, "new": version}}}
    head = [service_type(), service_type("Volume"), region(), region("us-east-1")]
    return [*head, *(service(number, **changed[(number + version) % 3]) for number in range(12))]


@pytest.mark.parametrize("length", [0, 1, 5, 11, 16])
def test_replaying_a_prefix_any_number_of_times_gives_the_same_store(database, clock, length):
    stream = base_stream(0)
    ingest(database, clock, stream)
    once, records = content(database), database["record"].count_documents({})
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        ingest(database, clock, stream[:length])
    assert content(database) == once
    assert database["record"].count_documents({}) == records


@pytest.mark.parametrize("seed", range(12))
def test_mutated_streams_keep_the_invariants(database, clock, seed):
    chance = random.Random(seed)
    ingest(database, clock, base_stream(0), domain_id="domain-2")
    others = list(database["cloud_service"].find({"domain_id": "domain-2"}))
    latest: dict[str, str] = {}
    for version in range(4):
        clock.advance(timedelta(minutes=1))
        stream = base_stream(version)
        stream = [message for message in stream if chance.random() > 0.2]
        stream += chance.choices(stream, k=4)
        chance.shuffle(stream)
        stream = stream[: chance.randint(1, len(stream))]
        batch = IngestLimits(batch_count=chance.choice([1, 3, 500]))

        result = ingest(database, clock, stream, limits=batch)

        received = [m.resource for m in stream if m.resource_type == "inventory.CloudService"]
        latest.update({resource["reference"]["resource_id"]: resource["name"] for resource in received})
        assert result.counts.total == len(stream)
        assert result.counts.created + result.counts.updated == len(received)
        assert {d["reference"]["resource_id"]: d["name"] for d in services(database, domain_id="domain-1")} == latest
        assert_no_doubles(database)
    assert_history_tells_the_present(database)
    assert list(database["cloud_service"].find({"domain_id": "domain-2"})) == others


def test_what_came_before_a_break_is_stored_and_counted(database, clock):
    def stream():
        yield from (service(number) for number in range(7))
        raise CollectorCollectingError(reason="broke off")

    result = ingest(database, clock, stream(), limits=IngestLimits(batch_count=3))
    assert not result.complete
    assert isinstance(result.failure, CollectorCollectingError)
    assert result.counts.created == 7
    assert result.error_count == 0


def test_an_unforeseen_break_is_reported_without_its_text(database, clock):
    def stream():
        yield service(1)
        raise RuntimeError("s3cr3t-value")

    result = ingest(database, clock, stream())
    assert not result.complete
    assert result.failure is not None
    assert "s3cr3t" not in str(result.failure)
    assert result.counts.created == 1
