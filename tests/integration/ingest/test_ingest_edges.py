"""What is easily overlooked: values that Python takes for equal, limits, and who really saw a resource last."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import PluginEndpoint
from inventory.domain.clock import SystemClock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.principal import system_principal
from inventory.ingest import metrics, pipeline
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.resource.removal import ResourceRemover
from inventory.service.resource.housekeeping import Housekeeping
from tests.fakes.plugin import FakePlugin
from tests.integration.ingest.ingest_tools import ingest, services
from tests.integration.ingest.test_ingest_garbage import HOUR, collect, succeeded
from tests.streams import ec2
from tests.streams.build import message, padded, region, service, service_type
from tests.streams.recording import on_the_wire

PAIR = {"domain_id": "domain-1", "collector_id": "collector-1", "secret_id": "secret-1"}
SLOW_SECONDS = 30.0
"""Ten times what 300 large resources take on a small machine."""


@pytest.fixture(autouse=True)
def _living_collectors(database):
    """The collectors exist: what one that was deleted has seen ages."""
    database["collector"].insert_many(
        {"collector_id": f"collector-{number}", "domain_id": "domain-1", "name": str(number)} for number in (1, 2)
    )


def test_true_is_not_one(database, clock):
    ingest(database, clock, [service(1, data={"a": 1.0, "b": {"c": [False]}}, tags={"t": 0})])
    ingest(database, clock, [service(1, data={"a": True, "b": {"c": [0]}}, tags={"t": False})])

    [stored] = services(database)
    assert repr(stored["data"]) == repr({"a": True, "b": {"c": [0]}})
    assert stored["tags"]["aws"]["t"] is False
    record = database["record"].find_one({"action": "UPDATE"})
    assert sorted(entry["key"] for entry in record["diff"]) == ["data.a", "data.b.c", "tags.aws.t"]


def test_history_names_a_provider_as_it_is_called(database, clock):
    ingest(database, clock, [service(1, provider="my.cloud", tags={"a.b": "x"})])
    [record] = database["record"].find()
    assert "tags.my.cloud.a.b" in [entry["key"] for entry in record["diff"]]


def test_a_filter_cache_that_grows_too_large_fails_alone(database, clock):
    caches = [message("inventory.FilterCache", {key: [key + "x" * 9_000_000]}) for key in "ab"]
    result = ingest(database, clock, [service(1), *caches, service(2)])
    assert result.complete
    assert (result.counts.created, result.counts.uncounted, result.counts.failure) == (2, 1, 1)
    assert list(FilterCacheStore(database=database).get(**PAIR, now=clock.now())) == ["a"]


def test_a_rule_whose_indexed_key_has_no_value_stays_within_the_provider(database, clock):
    rules = {"1": ["reference.resource_id", "name"]}
    ingest(database, clock, [service(1, provider="azure", reference=None)])
    result = ingest(database, clock, [service(1, reference=None, match_rules=rules)])
    assert (result.counts.created, result.counts.updated) == (1, 0)
    assert ingest(database, clock, [service(1, reference=None, match_rules=rules)]).counts.updated == 1


def test_an_unknown_type_is_told_once_and_names_without_end_are_not(database, clock, monkeypatch):
    told = []
    monkeypatch.setattr(pipeline._log, "warning", lambda event, **values: told.append(values["resource_type"]))
    monkeypatch.setattr(metrics, "_named", set())
    before = metrics.UNKNOWN_TYPES.labels("inventory.Dream")._value.get()
    silent = [message("inventory.Namespace", {}), message("inventory.Metric", {})]
    endless = [message(f"inventory.Dream{number}", {}) for number in range(300)]
    dreams = [message("inventory.Dream", {"x": number}) for number in range(5)]

    tasks = database["job_task"]
    tasks.insert_one({"domain_id": "domain-1", "job_task_id": "job_task-1", "job_id": "job-1", "secret_id": "secret-1"})

    result = ingest(database, clock, [*silent, *dreams, *endless])
    ingest(database, clock, dreams, slice_id="slice-2")

    assert told[0] == "inventory.Dream"
    assert len(told) == len(set(told)) == 100
    assert metrics.UNKNOWN_TYPES.labels("inventory.Dream")._value.get() == before + 1
    assert (result.counts.uncounted, result.counts.failure) == (307, 0)


def test_types_and_regions_that_a_mode_passes_over_do_not_age(database, clock):
    stream = [service_type(), region()]
    ingest(database, clock, stream)
    before = [database[name].find_one()["updated_at"] for name in ("cloud_service_type", "region")]
    clock.advance(49 * HOUR)
    ingest(database, clock, stream, collect_mode=CollectMode.CREATE)
    assert [database[name].find_one()["updated_at"] for name in ("cloud_service_type", "region")] == before
    clock.advance(HOUR)
    succeeded(database, clock)
    assert Housekeeping(database=database).run(clock.now())["domain-1"].types == 0
    clock.advance(48 * HOUR)
    counts = Housekeeping(database=database).run(clock.now())["domain-1"]
    assert (counts.types, counts.regions) == (1, 1)


def test_a_resource_ages_by_whoever_saw_it_last_in_whatever_mode(database, clock):
    ingest(database, clock, [service(1)])
    clock.advance(HOUR)
    ingest(database, clock, [service(1)], collector_id="collector-2", collect_mode=CollectMode.CREATE)
    clock.advance(49 * HOUR)
    succeeded(database, clock)
    assert Housekeeping(database=database).run(clock.now())["domain-1"].deleted == 0
    succeeded(database, clock, collector_id="collector-2")
    assert Housekeeping(database=database).run(clock.now())["domain-1"].deleted == 1
    assert database["record"].find_one({"action": "DELETE"})["collector_id"] == "collector-2"


def large(number):
    """Return a resource of more than 20 KB with metadata 17 levels deep."""
    whole = padded(number, bytes_of_data=40 * 1024)
    return service(number, data=whole.resource["data"], metadata=ec2.deep_metadata())


def test_large_and_deep_resources_are_neither_slow_nor_too_much(database):
    messages = on_the_wire([large(number) for number in range(300)])
    assert min(found.ByteSize() for found in messages) > 20 * 1024
    connector = GrpcPluginConnector(max_message_bytes=64 * 1024 * 1024, init_timeout_seconds=5)
    took = []
    with FakePlugin(resources=messages) as plugin:
        remote = connector.connect(PluginEndpoint(plugin.endpoint), system_principal("domain-1"))
        for outcome in ("created", "updated"):
            began = time.monotonic()
            stream = remote.collect({}, {}, {}, None, idle_seconds=20)
            assert getattr(ingest(database, SystemClock(), stream).counts, outcome) == 300
            took.append(time.monotonic() - began)
    connector.close()
    assert max(took) < SLOW_SECONDS
    assert ec2.depth(services(database)[0]["metadata"]["aws"]) == ec2.METADATA_DEPTH


@pytest.mark.parametrize("age", [timedelta(hours=23), timedelta(hours=25)])
def test_a_filter_cache_is_kept_for_a_day(database, clock, age):
    ingest(database, clock, [message("inventory.FilterCache", {"region_name": ["a"]})])
    clock.advance(age)
    Housekeeping(database=database).run(clock.now())
    assert database["filter_cache"].count_documents({}) == (1 if age < timedelta(days=1) else 0)


def test_what_another_collector_sees_while_garbage_is_collected_stays(database, clock, monkeypatch):
    collect(database, clock, [service(1), service(2)], "t0")
    collect(database, clock, [service(2)], "o0", collector_id="collector-2")
    for task in ("t1", "t2"):
        clock.advance(2 * HOUR)
        collect(database, clock, [service(1)], task)
    clock.advance(2 * HOUR)
    delete = ResourceRemover.delete

    lonely_ones = []

    def meanwhile(self, lonely, **how):
        lonely_ones.append(len(lonely))
        if len(lonely_ones) == 1:
            ingest(database, clock, [service(2)], collector_id="collector-2", job_task_id="o1")
        return delete(self, lonely, **how)

    monkeypatch.setattr(ResourceRemover, "delete", meanwhile)
    assert collect(database, clock, [service(1)], "t3").deleted == 0
    # What was decided before it was seen is decided anew.
    assert lonely_ones == [1, 0]
    assert len(services(database)) == 2


def commands(database):
    """Return how many commands that read or write mongod has had."""
    told = database.client.admin.command("serverStatus")["metrics"]["commands"]
    return sum(told[name]["total"] for name in ("find", "insert", "update", "delete", "aggregate"))


@pytest.mark.parametrize("change", [{}, {"name": "new"}])
def test_a_batch_costs_the_same_commands_however_many_resources_it_holds(database, clock, change):
    used = []
    ingest(database, clock, [service_type(), region()])
    for first, count in ((0, 10), (1000, 400)):
        stream = [service(number) for number in range(first, first + count)]
        ingest(database, clock, stream)
        before = commands(database)
        ingest(database, clock, [service(number, **change) for number in range(first, first + count)])
        used.append(commands(database) - before)
    few, many = used
    # mongod counts its own few, too.
    assert many <= few + 2
    # Two of them look up the type and the region, which the stream does not send.
    assert few < 12


@pytest.mark.parametrize(
    ("one", "other"),
    [(["tags.Name"], ["name", "provider", "tags.Name"]), (["region_code"], ["region_code", "name"])],
)
def test_one_resource_under_rules_of_different_lengths_is_one(database, clock, one, other):
    """What a rule implies stands behind its keys, which for some are in no order then."""
    stream = [service(1, match_rules={"1": rule}) for rule in (one, other)]

    counts = ingest(database, clock, stream).counts

    assert (counts.created, counts.updated, counts.failure) == (1, 1, 0)
    assert ingest(database, clock, stream[:1]).counts.failure == 0
