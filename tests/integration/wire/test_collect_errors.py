"""What goes wrong with a collect, row by row of the contract's table (section 6): the RPC's answer, and the job's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from inventory.bootstrap import Container
from inventory.manager.job.from_schedules import Fire, ScheduledJobManager
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import Call, Failure, FakePlugin
from tests.fakes.resources import Message, cloud_service, error_resource
from tests.integration.wire.client import Client, Json
from tests.integration.wire.wire_kit import Home, Wire
from tests.ports import free_port

INVALID = "INVALID_ARGUMENT"
FILTER_FORMAT = [{"key": "region", "name": "Region", "type": "str", "resource_type": "CUSTOM"}]


def jobs_of(home: Home, collector: Json) -> list[Json]:
    return list(home.client.call("Job.list", {"collector_id": collector["collector_id"]}).get("results", []))


def refused(home: Home, collector: Json, **fields: object) -> tuple[str, str]:
    """Return how a collect was refused that must leave no job."""
    answer = home.client.fails("Collector.collect", {"collector_id": collector["collector_id"], **fields})
    assert jobs_of(home, collector) == []
    assert "last_collected_at" not in home.client.call("Collector.get", {"collector_id": collector["collector_id"]})
    return answer


def scheduled(
    wire: Wire, home: Home, collector: Json, container: Container | None = None, *, waits: bool = False
) -> Json:
    """Return the job of a schedule as soon as it has ended; planned by ``container``, or by the worker.

    With ``waits`` it is returned as the one attempt of ``container`` leaves it.
    """
    fire = Fire(
        domain_id=home.domain_id,
        schedule_id="sched-000000000001",
        fire_at=datetime.now(UTC).replace(microsecond=0),
        collector_id=collector["collector_id"],
        priority=10,
        collect_mode="ALL",
        filter={},
    )
    (made,) = ScheduledJobManager(database=wire.database, clock=wire.container.clock).insert([fire])
    if container is None:
        wire.container.queue.plan_job(made.job_id, domain_id=home.domain_id, priority=10)
    else:
        container.collect.plan_job(home.domain_id, made.job_id)
    if waits:
        return dict(home.client.call("Job.get", {"job_id": made.job_id}))
    return home.client.finished({"job_id": made.job_id})


def error_codes(document: Json) -> list[str]:
    return [error["error_code"] for error in document.get("errors", [])]


# Before a job


def test_an_unknown_collector(home: Callable[..., Home]) -> None:
    unknown = {"collector_id": "collector-000000000000"}

    assert home().client.fails("Collector.collect", unknown) == (INVALID, "ERROR_NOT_FOUND")


def test_a_disabled_collector(home: Callable[..., Home]) -> None:
    own = home()
    collector = own.create()
    own.client.call("Collector.disable", {"collector_id": collector["collector_id"]})

    assert refused(own, collector) == (INVALID, "ERROR_COLLECTOR_STATE")


def test_an_unknown_mode_and_a_filter_key_that_the_plugin_does_not_know(
    home: Callable[..., Home], plugin: FakePlugin
) -> None:
    plugin.metadata = {"filter_format": FILTER_FORMAT}
    own = home()
    collector = own.create()

    assert refused(own, collector, collect_mode="SOME") == (INVALID, "ERROR_INVALID_PARAMETER")
    assert refused(own, collector, filter={"zone": "z"}) == (INVALID, "ERROR_UNSUPPORTED_FILTER_KEY")


def test_an_endpoint_that_is_not_known(wire: Wire, home: Callable[..., Home]) -> None:
    own = home()
    collector = own.create()
    plugins = [each for each in wire.platform["plugins"] if each["plugin_id"] != own.plugin_id]
    wire.write_platform({**wire.platform, "plugins": plugins})

    assert refused(own, collector) == (INVALID, "ERROR_NOT_FOUND")
    job = scheduled(wire, own, collector)
    assert (job["status"], error_codes(job)) == ("ERROR", ["ERROR_NOT_FOUND"])


def test_an_upgrade_whose_init_fails(wire: Wire, home: Callable[..., Home], plugin: FakePlugin) -> None:
    own = home(versions=["1.0", "2.0"])
    collector = own.create({"upgrade_mode": "MANUAL"})
    latest = [
        {**each, "latest": "2.0"} if each["plugin_id"] == own.plugin_id else each for each in wire.platform["plugins"]
    ]
    wire.write_platform({**wire.platform, "plugins": latest})
    wire.database["collector"].update_one(
        {"collector_id": collector["collector_id"]}, {"$set": {"plugin_info.upgrade_mode": "AUTO"}}
    )
    plugin.init_failure = Failure()

    assert refused(own, collector) == ("INTERNAL", "ERROR_INIT_PLUGIN_FAILURE")
    job = scheduled(wire, own, collector)
    assert (job["status"], error_codes(job)) == ("ERROR", ["ERROR_INIT_PLUGIN_FAILURE"])
    kept = own.client.call("Collector.get", {"collector_id": collector["collector_id"]})
    assert kept["plugin_info"]["version"] == "1.0"


# A job that is stored as ERROR


def test_a_secret_that_is_none_of_the_collectors(home: Callable[..., Home]) -> None:
    own = home(secrets=2)
    collector = own.create({"secret_id": own.secret_ids[0]})

    answer = own.client.fails(
        "Collector.collect", {"collector_id": collector["collector_id"], "secret_id": own.secret_ids[1]}
    )

    assert answer == ("INTERNAL", "ERROR_COLLECT_INITIALIZE")
    (job,) = jobs_of(own, collector)
    assert (job["status"], error_codes(job)) == ("ERROR", ["ERROR_COLLECT_INITIALIZE"])
    assert own.client.tasks(job) == []


# A task that fails


def only_task(home: Home, job: Json) -> Json:
    (task,) = home.client.tasks(job)
    return task


def test_secret_data_that_cannot_be_read(wire: Wire, home: Callable[..., Home], tmp_path: Path) -> None:
    own = home()
    secrets = [
        {**each, "data": None, "data_file": str(tmp_path / "absent.json")}
        if each["secret_id"] == own.secret_ids[0]
        else each
        for each in wire.platform["secrets"]
    ]
    wire.write_platform({**wire.platform, "secrets": secrets})

    job = own.client.finished(own.collect(own.create()))

    assert job["status"] == "ERROR"
    task = only_task(own, job)
    assert (task["status"], error_codes(task)) == ("FAILURE", ["ERROR_COLLECTOR_SECRET"])


def test_a_plugin_that_breaks_off(home: Callable[..., Home], plugin: FakePlugin) -> None:
    own = home()
    plugin.resources = [cloud_service(f"i-{number}") for number in range(3)]
    plugin.abort = (2, Failure(details=f"refused: very-secret-value-of-{own.secret_ids[0]}"))

    job = own.client.finished(own.collect(own.create()))

    assert job["status"] == "ERROR"
    task = only_task(own, job)
    assert (task["status"], task["created_count"]) == ("FAILURE", 2)
    (error,) = task["errors"]
    assert error["error_code"] == "ERROR_COLLECTOR_COLLECTING"
    assert error["message"] == "Collecting failed. (reason = UNKNOWN: refused: ***)"
    assert own.client.call("CloudService.list")["total_count"] == 2


def test_a_plugin_that_cannot_be_reached(wire: Wire, home: Callable[..., Home]) -> None:
    own = home()
    collector = own.create()
    nowhere = f"grpc://127.0.0.1:{free_port()}"
    moved = [
        {**each, "versions": {"1.0": nowhere}} if each["plugin_id"] == own.plugin_id else each
        for each in wire.platform["plugins"]
    ]
    wire.write_platform({**wire.platform, "plugins": moved})

    job = own.client.finished(own.collect(collector))

    assert job["status"] == "ERROR"
    task = only_task(own, job)
    assert (task["status"], error_codes(task)) == ("FAILURE", ["ERROR_COLLECTOR_COLLECTING"])


def test_a_failed_task_leaves_the_others(home: Callable[..., Home], plugin: FakePlugin) -> None:
    own = home(secrets=2)
    broken = f"very-secret-value-of-{own.secret_ids[0]}"

    def stream(call: Call) -> Iterator[Message]:
        yield cloud_service("i-1", account=call.secret_data["key"].removeprefix("very-secret-value-of-"))
        if call.secret_data["key"] == broken:
            raise Failure

    plugin.resources = stream

    job = own.client.finished(own.collect(own.create()))

    assert (job["status"], job.get("remained_tasks", 0), job["total_tasks"]) == ("ERROR", 0, 2)
    assert sorted(task["status"] for task in own.client.tasks(job)) == ["FAILURE", "SUCCESS"]


def test_what_a_plugin_tells_of_a_secret_is_kept_nowhere(
    wire: Wire, home: Callable[..., Home], plugin: FakePlugin, capfd: pytest.CaptureFixture[str]
) -> None:
    own = home()
    collector = own.create()
    ids = {"collector_id": collector["collector_id"]}
    planted = f"very-secret-value-of-{own.secret_ids[0]}"
    told = Failure(details=f"refused: {planted}")
    plugin.resources = [error_resource(f"denied for {planted}", resource_id=planted)]
    plugin.abort = (1, told)
    job = own.client.finished(own.collect(collector))
    plugin.verify_failure = plugin.tasks_failure = told
    answers = [own.client.failure_of("Collector.verify_plugin", ids)]
    plugin.tasks = []
    failed = own.client.finished(own.collect(collector))

    answers += [str(own.client.tasks(each)) for each in (job, failed)]
    documents = [str(each) for found in wire.dump(own.domain_id).values() for each in found]
    logged = capfd.readouterr()
    assert [each["status"] for each in (job, failed)] == ["ERROR", "ERROR"]
    assert [text for text in (*answers, *documents, logged.out, logged.err) if planted in text] == []


# Over the platform's own services


@dataclass
class OverGrpc:
    """The service over the platform's gRPC services: one server for secrets, one for the rest."""

    container: Container
    home: Home
    platform: FakePlatform
    secrets: FakePlatform


@pytest.fixture
def over_grpc(wire: Wire, home: Callable[..., Home]) -> Iterator[OverGrpc]:
    own = home()
    with FakePlatform(wire.platform) as platform, FakePlatform(wire.platform) as secrets:
        endpoints = dict.fromkeys(("plugin_endpoint", "repository_endpoint", "identity_endpoint"), platform.endpoint)
        values = {"platform": "grpc", "secret_endpoint": secrets.endpoint, **endpoints}
        container = Container(wire.settings.model_copy(update=values))
        container.database = wire.database
        over = own.with_client(Client(wire.serve(container), own.domain_id))
        yield OverGrpc(container, over, platform, secrets)
        container.queue.close()
        container.plugin_connector.close()


def test_a_plugin_service_that_cannot_be_reached(wire: Wire, over_grpc: OverGrpc) -> None:
    own = over_grpc.home
    collector = own.create()
    over_grpc.platform.stop()

    assert refused(own, collector) == ("UNAVAILABLE", "ERROR_GRPC_CONNECTION")
    job = scheduled(wire, own, collector, over_grpc.container, waits=True)
    assert (job["status"], error_codes(job)) == ("CREATED", ["ERROR_GRPC_CONNECTION"])
    assert job["errors"][0]["additional"]["next_attempt"] > job["created_at"]


def test_a_repository_that_cannot_be_reached_makes_no_collector(over_grpc: OverGrpc) -> None:
    own = over_grpc.home
    over_grpc.platform.stop()

    info = {"plugin_id": own.plugin_id, "version": "1.0"}
    answer = own.client.fails("Collector.create", {"name": "x", "plugin_info": info})

    assert answer == ("UNAVAILABLE", "ERROR_GRPC_CONNECTION")
    assert own.client.call("Collector.list") == {}


def test_a_secret_service_that_cannot_be_reached(wire: Wire, over_grpc: OverGrpc) -> None:
    own = over_grpc.home
    collector = own.create()
    over_grpc.secrets.stop()

    assert refused(own, collector) == ("UNAVAILABLE", "ERROR_GRPC_CONNECTION")
    later = scheduled(wire, own, collector, over_grpc.container, waits=True)
    assert (later["status"], error_codes(later)) == ("CREATED", ["ERROR_GRPC_CONNECTION"])


@pytest.mark.parametrize("status", [grpc.StatusCode.INTERNAL, grpc.StatusCode.FAILED_PRECONDITION])
def test_a_secret_service_that_refuses(wire: Wire, over_grpc: OverGrpc, status: grpc.StatusCode) -> None:
    own = over_grpc.home
    collector = own.create()
    over_grpc.secrets.failure = Failure(status, "ERROR_VAULT: the vault at 10.0.0.1:8200 is sealed")

    told = own.client.fails("Collector.collect", {"collector_id": collector["collector_id"]})

    assert told == ("INTERNAL", "ERROR_COLLECT_INITIALIZE")
    (job,) = jobs_of(own, collector)
    assert (job["status"], error_codes(job)) == ("ERROR", ["ERROR_COLLECT_INITIALIZE"])
    assert f"answered {status.name}: ERROR_VAULT: the vault at *** is sealed" in job["errors"][0]["message"]
    later = scheduled(wire, own, collector, over_grpc.container)
    assert (later["status"], error_codes(later)) == ("ERROR", ["ERROR_COLLECT_INITIALIZE"])
    verified = own.client.fails("Collector.verify_plugin", {"collector_id": collector["collector_id"]})
    assert verified == ("INTERNAL", "ERROR_VERIFY_PLUGIN_FAILURE")
