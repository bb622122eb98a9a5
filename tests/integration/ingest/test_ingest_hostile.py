"""One bad resource never fails its neighbours, and nothing secret or oversized is told of it."""

from __future__ import annotations

import json

from tests.integration.ingest.ingest_tools import ingest, services
from tests.streams import hostile
from tests.streams.build import service


def test_every_malformation_fails_alone(database, clock):
    result = ingest(database, clock, hostile.stream())

    assert [doc["reference"]["resource_id"] for doc in services(database)] == [f"i-{name}" for name in hostile.GOOD]
    assert result.complete
    assert result.counts.created == 3
    assert result.counts.failure == len(hostile.malformed())
    assert result.counts.uncounted == len(hostile.passed_over())


def test_each_malformation_has_an_error_that_names_it(database, clock):
    for message in hostile.malformed():
        result = ingest(database, clock, [message])
        assert result.counts.failure == 1, message
        [error] = result.errors
        assert error["error_code"].startswith("ERROR_")
        assert error["additional"]["resource_type"] == message.resource_type


def test_errors_are_small_and_hold_no_secret(database, clock):
    result = ingest(database, clock, hostile.malformed())
    for error in result.errors:
        written = json.dumps(error, ensure_ascii=False)
        assert len(written.encode()) <= 2048
        assert hostile.SECRET not in written
        assert set(error["additional"]) <= {
            "resource_type",
            "resource_id",
            "provider",
            "cloud_service_group",
            "cloud_service_type",
            "region_code",
        }


def test_strange_content_comes_back_as_it_was_sent(database, clock):
    ingest(database, clock, hostile.odd_but_fine())
    ingest(database, clock, hostile.odd_but_fine()[:1], collector_id="collector-2", job_task_id="job_task-2")
    first, second, third = services(database)

    assert first["account"] == "123456789012"
    assert "name" not in first
    assert "region_code" not in first
    assert first["instance_size"] == 2.0
    assert first["ip_addresses"] == ["10.0.0.1", "5"]
    assert first["tags"] == {"aws": {"a%2Eb/%24c": "x"}}
    assert first["tag_keys"] == {"aws": ["a.b/$c"]}
    assert "name" not in second
    assert third["data"] == {"a": 1}
    assert third["metadata"] == {"aws": {"view": {}}}
    assert database["record"].count_documents({"action": "UPDATE"}) == 0


def test_a_record_too_large_to_be_stored_is_cut_short(database, clock):
    keys = {f"key-{number:07d}": "x" * 20 for number in range(250_000)}
    result = ingest(database, clock, [service("wide", data=keys), service("long", data={"a": "x" * 15_900_000})])
    assert (result.counts.created, result.counts.failure) == (2, 0)
    wide = database["record"].find_one({"diff_count": {"$gt": 1000}})
    assert wide["diff_count"] > 250_000 > len(wide["diff"]) > 1000


def test_a_merge_that_grows_too_large_fails_alone(database, clock):
    ingest(database, clock, [service(1, data={"a": "x" * 9_000_000})])
    result = ingest(database, clock, [service(1, data={"b": "x" * 9_000_000}), service(2)])
    assert (result.counts.created, result.counts.failure) == (1, 1)
    assert database["record"].count_documents({}) == 2


def test_only_the_first_hundred_errors_are_kept_and_all_are_counted(database, clock):
    bad = [hostile.malformed()[7]] * 250
    result = ingest(database, clock, bad)
    assert len(result.errors) == 100
    assert result.error_count == 250
    assert result.counts.failure == 250
