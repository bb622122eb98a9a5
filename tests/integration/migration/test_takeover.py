"""A database of the original becomes one of ours: nothing is lost, nothing doubled, whatever the run is killed by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from click.testing import CliRunner
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from inventory.api.presenters import CLOUD_SERVICE
from inventory.cli import cli
from inventory.ingest.decision.changeset import references
from inventory.ingest.garbage import GarbageCounts, collect_garbage
from inventory.migration.errors import MigrationPendingError
from inventory.migration.migrator import Migrator
from inventory.migration.original import resources
from inventory.migration.original.takeover import LEDGER, LEFT, PARTS, Takeover, TakeoverError
from inventory.model import connection
from inventory.model.connection import CODEC
from inventory.service.schedule.stored import times_or_problem
from inventory.stubs.spaceone.api.inventory.v1 import cloud_service_pb2
from tests.integration.ingest.ingest_tools import CONTEXT, ingest
from tests.manual_clock import ManualClock
from tests.streams.build import region, service, service_type

Store = Database[dict[str, Any]]
DUMP = Path(__file__).parents[2] / "data" / "original" / "dump.json"
NAME = "test_original"
COLLECTOR = "collector-0a0000000001"
SEEN = {
    "name": "i-1",
    "cloud_service_group": "Compute",
    "cloud_service_type": "Server",
    "region_code": "region-1",
    "reference": {"resource_id": "arn:i-1"},
    "data": {"os": "linux"},
    "tags": {"aws:autoscaling.group/name": "web"},
}


@pytest.fixture
def source(mongo_client: MongoClient[dict[str, Any]]) -> Iterator[Store]:
    """The dump, as the original left it."""
    mongo_client.drop_database(NAME)
    database = mongo_client.get_database(NAME, codec_options=CODEC)
    options = json_util.JSONOptions(tz_aware=True)
    for name, documents in json_util.loads(DUMP.read_text(encoding="utf-8"), json_options=options).items():
        database[name].insert_many(documents)
    yield database
    mongo_client.drop_database(NAME)


@pytest.fixture
def takeover(source: Store, database: Store, clock: ManualClock) -> Takeover:
    """From the dump into the test's database."""
    return Takeover(source=source, target=database, clock=clock)


def content(database: Store) -> dict[str, list[dict[str, Any]]]:
    """Everything that is stored, less the ledger."""
    names = sorted(set(database.list_collection_names()) - {LEDGER})
    return {name: found for name in names if (found := list(database[name].find().sort("_id", 1)))}


def test_a_dry_run_tells_what_a_run_does_and_writes_nothing(takeover: Takeover, source: Store, database: Store) -> None:
    before = content(source)

    told = [report.document() for report in takeover.run(dry_run=True)]

    assert content(database) == {}
    assert told == [report.document() for report in takeover.run()]
    assert content(source) == before


def test_every_document_is_stored_or_kept_with_a_reason(takeover: Takeover, source: Store, database: Store) -> None:
    reports = {report.name: report for report in takeover.run()}

    for part in PARTS:
        keys = {each["_id"] for each in source[part.name].find()}
        here = {each["_id"] for each in database[part.name].find()}
        left = {each["_id"]["id"] for each in database[LEFT].find({"_id.collection": part.name})}
        assert here | left == keys
        assert not here & left
    assert dict(reports["collector"].left) == {"no plugin_info.plugin_id": 1}
    assert dict(reports["cloud_service_type"].left) == {"another has its domain_id, provider, group, name": 1}
    assert reports["collection_state"].left.total() == 2
    assert reports["collector"].carried["workspace_id"] == 1
    assert dict(reports["cloud_service"].carried) == {"garbage_collection": 1, resources.LEFT_COLLECTION_INFO: 1}
    assert (reports["job"].canceled, reports["job_task"].canceled, reports["schedule"].silent) == (1, 1, 1)
    assert database["cloud_service"].find_one({"name": "i-1"})["garbage_collection"] == {"seen": 3}  # type: ignore[index]
    assert takeover.elsewhere() == {"note": 1}
    # The one that was written last is kept of two with one key.
    assert database["cloud_service_type"].find_one()["service_code"] == "AmazonEC2"  # type: ignore[index]


@pytest.mark.parametrize("after", range(1, 14))
def test_a_run_that_was_killed_anywhere_is_ended_by_the_next(
    takeover: Takeover, database: Store, monkeypatch: pytest.MonkeyPatch, after: int, clock: ManualClock
) -> None:
    class KilledError(BaseException):
        pass

    left = [after]

    def dying(method: Any) -> Any:
        def write(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
            return method(*args, **kwargs)

        return write

    with monkeypatch.context() as patch:
        for name in ("insert_many", "update_one"):
            patch.setattr(Collection, name, dying(getattr(Collection, name)))
        with pytest.raises(KilledError):
            takeover.run()
    clock.advance(timedelta(hours=1))
    migrator = Migrator(database=database, clock=clock, owner="test")
    with pytest.raises(MigrationPendingError, match="--from-original test_original"):
        migrator.check()
    takeover.run()
    found = content(database)

    for part in PARTS:
        database[part.name].delete_many({})
    database[LEFT].drop()
    database[LEDGER].update_one({}, {"$unset": {"finished_at": ""}})
    takeover.run()
    assert found == content(database)
    migrator.run()


def test_what_was_taken_over_reads_as_it_was(takeover: Takeover, database: Store) -> None:
    takeover.run()
    shown = cloud_service_pb2.CloudServiceInfo.FromString(
        CLOUD_SERVICE.one(database["cloud_service"].find_one({"name": "i-1"}) or {})
    )

    assert dict(shown.tags["aws"]) == {"aws:autoscaling.group/name": "web"}
    assert list(shown.tag_keys["aws"]) == ["aws:autoscaling.group/name"]
    assert shown.instance_size == 2
    assert shown.reference.resource_id == "arn:i-1"
    gone = database["cloud_service"].find_one({"reference.resource_id": "i-gone"}) or {}
    assert gone["tags"] == {"aws": {"env": "prod", "a%2Eb": "c"}}
    assert gone["collection_info"][0]["collector_id"] == COLLECTOR
    job = database["job"].find_one({"job_id": "job-0a0000000002"}) or {}
    assert (job["status"], job["collector_id"], job["projects"]) == ("CANCELED", COLLECTOR, [])
    task = database["job_task"].find_one({"job_task_id": "job_task-0a0000000002"}) or {}
    assert (task["job_id"], task["collector_id"]) == ("job-0a0000000002", COLLECTOR)
    done = database["job_task"].find_one({"job_task_id": "job_task-0a0000000001"}) or {}
    assert (done["total_count"], done["uncounted_count"]) == (4, 2)
    record = database["record"].find_one() or {}
    assert record["diff"][0]["before"] == '{"a": 2, "b": 1}'


def test_a_schedule_goes_on_firing_and_an_unreadable_one_tells_so(
    takeover: Takeover, database: Store, clock: ManualClock
) -> None:
    takeover.run()
    good = database["schedule"].find_one({"schedule_id": "sched-0a0000000001"}) or {}
    bad = database["schedule"].find_one({"schedule_id": "sched-0a0000000002"}) or {}

    assert good["schedule"] == {"hours": [0, 6, 12, 18]}
    assert good["filter"] == {"region_code": "us-east-1"}
    assert good["priority"] == 3
    assert clock.now() < good["next_fire_at"] <= clock.now() + timedelta(hours=6)
    assert good["last_scheduled_at"] == datetime(2023, 9, 20, tzinfo=UTC)
    assert times_or_problem(good, 0)[1] == ""
    assert "cron" in times_or_problem(bad, 0)[1]


def test_a_collect_updates_and_creates_nothing_and_misses_count_on(
    takeover: Takeover, database: Store, clock: ManualClock
) -> None:
    takeover.run()
    context = replace(CONTEXT, collector_id=COLLECTOR, job_task_id="job_task-new", slice_id="slice-new")
    stream = [service("1", **SEEN), service_type("Server", group="Compute"), region("region-1")]
    before = {name: database[name].count_documents({}) for name in ("cloud_service_type", "region", "cloud_service")}

    counts = ingest(database, clock, stream, context=context).counts
    garbage = collect_garbage(database, context=context, task_started_at=clock.now(), clock=clock)

    assert (counts.created, counts.updated, counts.failure) == (0, 1, 0)
    assert {name: database[name].count_documents({}) for name in before} == before
    assert database["record"].count_documents({"cloud_service_id": "cloud-svc-0a0000000001"}) <= 2
    # Two misses had been counted by the original; this one is the third.
    assert garbage == GarbageCounts(deleted=1)
    assert (database["cloud_service"].find_one({"reference.resource_id": "i-gone"}) or {})["state"] == "DELETED"
    assert (database["cloud_service"].find_one({"name": "made by hand"}) or {})["state"] == "ACTIVE"


def test_the_keys_of_types_and_regions_are_those_of_ingest(takeover: Takeover, database: Store) -> None:
    takeover.run()
    for each in database["cloud_service"].find():
        made = references(each)
        assert {key: each[key] for key in made} == made


@pytest.mark.parametrize("wrong", ["not empty", "its own", "nothing of the original", "one of this service"])
def test_a_wrong_pair_of_databases_is_refused_before_anything_is_written(
    takeover: Takeover, source: Store, database: Store, clock: ManualClock, wrong: str
) -> None:
    match wrong:
        case "not empty":
            database["region"].insert_one({"region_id": "region-1", "domain_id": "d"})
        case "its own":
            takeover = Takeover(source=source, target=source, clock=clock)
        case "nothing of the original":
            source["collector"].drop()
            source["cloud_service"].drop()
        case _:
            source["slice"].insert_one({"slice_id": "slice-1"})
    before = content(database)

    with pytest.raises(TakeoverError, match=r"not empty|own|nothing of the original|one of this service"):
        takeover.run()

    assert content(database) == before


def test_a_second_takeover_is_refused_once_the_first_has_ended(takeover: Takeover) -> None:
    takeover.run()
    with pytest.raises(TakeoverError, match="taken over before"):
        takeover.run()


def test_the_command_tells_first_then_does_it(
    source: Store,
    database: Store,
    mongo_client: MongoClient[dict[str, Any]],
    mongo_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = mongo_client[database.name]
    connection.disconnect()  # the command opens its own
    monkeypatch.setenv("INVENTORY_MONGO_URI", mongo_uri)
    monkeypatch.setenv("INVENTORY_MONGO_DATABASE", database.name)
    monkeypatch.setenv("SOURCE_URI", mongo_uri)

    dry = CliRunner().invoke(cli, ["migrate", "--from-original", source.name, "--dry-run"])
    assert dry.exit_code == 0, dry.output
    assert "nothing was written" in dry.output
    assert target["collector"].count_documents({}) == 0
    done = CliRunner().invoke(
        cli, ["--json", "migrate", "--from-original", source.name, "--original-uri-env", "SOURCE_URI"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["not_taken_over"] == {"note": 1}
    assert target["collector"].count_documents({}) == 1
    assert CliRunner().invoke(cli, ["migrate", "--check"]).exit_code == 0
