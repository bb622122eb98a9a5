"""A dry run from its request to its end: what it may ask for, who runs it, and what stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from inventory.bootstrap.dry_run import ScratchContainer
from inventory.domain.plain import Document
from inventory.errors import CollectorStateError, InvalidParameterError, NotFoundError
from inventory.manager.dry_run.scratch import PREFIX
from inventory.model.indexes import build_indexes
from inventory.service.dry_run.manage import DryRunService
from tests.fakes.plugin import Call, Failure, FakePlugin, Gate
from tests.fakes.resources import Message, cloud_service
from tests.integration.dry_run.conftest import Rehearsals
from tests.integration.ingest.whole_kit import DOMAIN, GARBAGE, USER, Whole
from tests.manual_clock import ManualClock

ONE = {"secret_id": "secret-1"}


@pytest.fixture
def collector_id(whole: Whole) -> str:
    build_indexes(whole.database)
    return whole.collector()


def scratch_collections(whole: Whole) -> list[str]:
    return [name for name in whole.database.list_collection_names() if name.startswith(PREFIX)]


def in_background(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def stopped_at_the_gate(
    rehearsals: Rehearsals, plugin: FakePlugin, collector_id: str
) -> tuple[str, Gate, threading.Thread]:
    """Return a dry run whose stream hangs, and the thread that runs it."""
    plugin.resources = [cloud_service("a"), cloud_service("b")]
    plugin.gate = Gate(after=1)
    dry_run_id = rehearsals.start(collector_id, **ONE)
    thread = in_background(rehearsals.work)
    assert plugin.gate.reached.wait(20)
    return dry_run_id, plugin.gate, thread


def test_a_collector_has_one_dry_run_at_a_time(rehearsals: Rehearsals, collector_id: str) -> None:
    first = rehearsals.start(collector_id)

    with pytest.raises(InvalidParameterError, match=f"its dry run {first} has not ended"):
        rehearsals.start(collector_id)

    rehearsals.work()
    assert rehearsals.start(collector_id) != first


def test_what_cannot_be_asked_for_is_refused_with_its_field(rehearsals: Rehearsals, collector_id: str) -> None:
    with pytest.raises(NotFoundError, match="collector-000000000000"):
        rehearsals.start("collector-000000000000")
    with pytest.raises(InvalidParameterError, match=r"key = secret_id, reason = is not one of the collector's"):
        rehearsals.start(collector_id, secret_id="secret-of-others")
    with pytest.raises(InvalidParameterError, match=r"key = endpoint, reason = must be grpc"):
        rehearsals.start(collector_id, endpoint="http://127.0.0.1:80")
    with pytest.raises(InvalidParameterError, match="exclude each other"):
        rehearsals.start(collector_id, endpoint="grpc://127.0.0.1:80", plugin_version="2")
    rehearsals.whole.container.collector_service.disable(USER, collector_id)
    with pytest.raises(CollectorStateError):
        rehearsals.start(collector_id)
    assert rehearsals.whole.database["dry_run"].count_documents({}) == 0


def test_secrets_go_to_no_endpoint_that_the_operator_did_not_allow(whole: Whole, collector_id: str) -> None:
    container = whole.container

    def service(*endpoints: str, loopback: bool = False) -> DryRunService:
        return DryRunService(
            runs=container.dry_runs,
            collectors=container.collectors,
            secrets=container.secrets,
            queue=whole.queue,  # type: ignore[arg-type]
            endpoints=endpoints,
            loopback=loopback,
        )

    def allowed(endpoint: str, by: DryRunService) -> bool:
        try:
            started = by.start(USER, {"collector_id": collector_id, "endpoint": endpoint})
        except InvalidParameterError as exc:
            assert "dry_run_endpoints" in exc.message  # noqa: PT017
            return False
        by.cancel(USER, started["dry_run_id"])
        return True

    assert not allowed("grpc://127.0.0.1:50051", service())
    assert allowed("grpc://127.0.0.1:50051", service(loopback=True))
    assert allowed("grpc://[::1]:50051", service(loopback=True))
    assert not allowed("grpc://plugin.example:50051", service("plugin.example:50052", loopback=True))
    assert allowed("grpc+ssl://plugin.example:50051", service("*.example:50051"))
    assert not allowed("grpc://127.0.0.1.example:1", service(loopback=True))


def test_another_endpoint_is_asked_for_its_metadata_and_the_collector_stays(
    whole: Whole, plugin: FakePlugin, rehearsals: Rehearsals, collector_id: str
) -> None:
    before = whole.container.collectors.get(DOMAIN, collector_id)
    rules = {
        "collector_rules": [{"name": "r", "conditions_policy": "ALWAYS", "actions": {"change_project": "project-sent"}}]
    }
    with FakePlugin(metadata=GARBAGE | rules, resources=[cloud_service("a")]) as newer:
        report = rehearsals.run(collector_id, endpoint=newer.endpoint, options={"regions": ["a.b"]}, **ONE)

    assert (report["status"], report["counts"]["created"]) == ("SUCCESS", 1)
    assert [call.method for call in newer.calls] == ["init", "get_tasks", "collect"]
    assert [call.options["regions"] for call in newer.calls_of("collect")] == [["a.b"]]
    assert plugin.calls_of("collect") == []
    [change] = rehearsals.changes(report)
    assert change["resource"]["project_id"] == "project-sent"
    assert whole.container.collectors.get(DOMAIN, collector_id) == before
    assert whole.database["collector_rule"].count_documents({}) == 0


def test_a_version_that_cannot_be_had_is_told_and_the_collector_stays(
    whole: Whole, rehearsals: Rehearsals, collector_id: str
) -> None:
    before = whole.container.collectors.get(DOMAIN, collector_id)

    report = rehearsals.run(collector_id, plugin_version="9.9")

    assert report["status"] == "FAILURE"
    assert "9.9" in report["errors"][0]["message"]
    assert whole.container.collectors.get(DOMAIN, collector_id) == before


def test_slices_are_collected_one_after_the_other_and_what_none_saw_would_be_deleted(
    whole: Whole, plugin: FakePlugin, clock: ManualClock, rehearsals: Rehearsals, collector_id: str
) -> None:
    plugin.tasks = [{"region": "r1"}, {"region": "r2"}]
    seen = {"r1": ["a", "b", "c"], "r2": ["d"]}

    def resources(call: Call) -> Iterator[Message]:
        assert call.task_options is not None
        yield from (cloud_service(each) for each in seen[call.task_options["region"]])

    plugin.resources = resources
    whole.collect(collector_id, **ONE)
    clock.advance(timedelta(hours=2))
    seen["r1"] = ["a"]
    whole.collect(collector_id, **ONE)
    clock.advance(timedelta(hours=2))

    report = rehearsals.run(collector_id, **ONE)

    assert {name: report["counts"][name] for name in ("deleted", "missed", "unchanged")} == {
        "deleted": 2,
        "missed": 0,
        "unchanged": 2,
    }
    deleted = rehearsals.changes(report, "DELETE")
    assert sorted(each["resource"]["reference"]["resource_id"] for each in deleted) == ["b", "c"]
    assert len(whole.listed()) == 4


def test_a_stream_that_breaks_off_is_told_and_proves_nothing(
    whole: Whole, plugin: FakePlugin, clock: ManualClock, rehearsals: Rehearsals, collector_id: str
) -> None:
    plugin.resources = [cloud_service("a"), cloud_service("b")]
    whole.collect(collector_id, **ONE)
    clock.advance(timedelta(hours=2))
    plugin.abort = (1, Failure(details="the credentials very-secret-1-value expired"))

    report = rehearsals.run(collector_id, **ONE)

    assert report["status"] == "FAILURE"
    [error] = report["tasks"][0]["error_list"]
    assert "expired" in error["message"]
    assert "very-secret" not in str(report)
    assert [report["counts"][name] for name in ("deleted", "missed", "unseen")] == [0, 0, 0]


@pytest.mark.parametrize("then", [["a"], []])
def test_what_is_not_seen_is_reported_however_recently_it_was_seen(
    whole: Whole, plugin: FakePlugin, clock: ManualClock, rehearsals: Rehearsals, collector_id: str, then: list[str]
) -> None:
    plugin.resources = [cloud_service(each) for each in "abc"]
    whole.collect(collector_id, **ONE)
    clock.advance(timedelta(minutes=10))
    plugin.resources = [cloud_service(each) for each in then]

    report = rehearsals.run(collector_id, **ONE)

    lost = {"a", "b", "c"} - {*then}
    counted = ("unchanged", "deleted", "held", "missed", "unseen")
    assert [report["counts"][name] for name in counted] == [len(then), 0, 0, 0, len(lost)]
    assert report["tasks"][0]["unseen"] == len(lost)
    assert {each["resource"]["reference"]["resource_id"] for each in rehearsals.changes(report, "UNSEEN")} == lost
    assert scratch_collections(whole) == []


def test_a_hold_that_is_only_forecast_is_not_logged_as_one(
    whole: Whole, plugin: FakePlugin, clock: ManualClock, rehearsals: Rehearsals, collector_id: str
) -> None:
    def collect(machines: int) -> None:
        plugin.resources = [cloud_service(str(number)) for number in range(machines)]
        whole.collect(collector_id, **ONE)
        clock.advance(timedelta(hours=2))

    collect(22)
    collect(1)
    with capture_logs() as forecast:
        assert rehearsals.run(collector_id, **ONE)["counts"]["held"] == 21
    with capture_logs() as logs:
        collect(1)

    assert [entry["event"] for entry in (*forecast, *logs)].count("deletion_held") == 1
    assert "deletion_held" not in {entry["event"] for entry in forecast}

    # What is held by now is no loss of the next collect.
    again = rehearsals.run(collector_id, **ONE)
    counted = ("deleted", "held", "missed", "unseen", "held_already")
    assert [again["counts"][name] for name in counted] == [0, 0, 0, 0, 21]
    assert rehearsals.changes(again) == []


def test_what_others_deleted_or_a_filter_or_a_mode_leaves_out_is_not_unseen(
    whole: Whole, plugin: FakePlugin, rehearsals: Rehearsals, collector_id: str
) -> None:
    plugin.resources = [cloud_service(each) for each in "ab"]
    whole.collect(collector_id, **ONE)
    plugin.resources = [cloud_service("a")]
    assert rehearsals.run(collector_id, collect_mode="CREATE", **ONE)["counts"]["unseen"] == 0
    assert rehearsals.run(collector_id, **ONE)["counts"]["unseen"] == 1

    whole.container.cloud_service_service.delete(USER, whole.named("b")["cloud_service_id"])

    assert rehearsals.run(collector_id, **ONE)["counts"]["unseen"] == 0


def test_features_that_a_plugin_no_longer_supports_are_reported_and_what_it_loses_nevertheless(
    whole: Whole, plugin: FakePlugin, rehearsals: Rehearsals, collector_id: str
) -> None:
    plugin.resources = [cloud_service("a")]
    whole.collect(collector_id, **ONE)
    assert rehearsals.run(collector_id, **ONE)["dropped_features"] == []
    with FakePlugin(metadata={}, resources=[cloud_service("b")]) as newer:
        report = rehearsals.run(collector_id, endpoint=newer.endpoint, **ONE)

    assert (report["status"], report["dropped_features"]) == ("SUCCESS", ["garbage_collection"])
    assert (report["counts"]["created"], report["counts"]["unseen"]) == (1, 1)


def test_changes_are_listed_page_by_page_those_that_delete_first(
    whole: Whole, plugin: FakePlugin, rehearsals: Rehearsals, collector_id: str
) -> None:
    plugin.resources = [cloud_service(f"{number}") for number in range(5)]
    report = rehearsals.run(collector_id, **ONE)

    def page(**params: Any) -> tuple[list[int], int]:
        found, total = rehearsals.service.list_changes(USER, {"dry_run_id": report["dry_run_id"], **params})
        return [each["number"] for each in found], total

    assert page(page={"start": 1, "limit": 2}) == ([1, 2], 5)
    assert page(page={"start": 5, "limit": 2}) == ([5], 5)
    assert page(action="UPDATE") == ([], 0)
    with pytest.raises(InvalidParameterError, match="key = action"):
        page(action="NONE")


def test_a_canceled_dry_run_stops_its_stream_and_leaves_nothing(
    whole: Whole, plugin: FakePlugin, rehearsals: Rehearsals, collector_id: str
) -> None:
    dry_run_id, _, thread = stopped_at_the_gate(rehearsals, plugin, collector_id)
    assert scratch_collections(whole)

    assert rehearsals.service.cancel(USER, dry_run_id)["status"] == "CANCELED"
    whole.clock.advance(timedelta(seconds=10))  # a renewal is due
    thread.join(20)

    assert not thread.is_alive()
    assert plugin.calls_of("collect")[0].ended == "canceled"
    assert rehearsals.service.get(USER, dry_run_id)["status"] == "CANCELED"
    assert scratch_collections(whole) == []
    rehearsals.start(collector_id)


def test_a_worker_that_stops_hands_it_back_and_another_begins_anew(
    whole: Whole, plugin: FakePlugin, rehearsals: Rehearsals, collector_id: str
) -> None:
    dry_run_id, gate, thread = stopped_at_the_gate(rehearsals, plugin, collector_id)

    whole.container.running.stop_all()
    thread.join(20)

    assert not thread.is_alive()
    assert rehearsals.service.get(USER, dry_run_id)["status"] == "PENDING"
    assert whole.queue.dry_runs == [dry_run_id]
    assert scratch_collections(whole) == []
    whole.container.running._stopping = False  # as in another worker
    gate.open()
    rehearsals.work()
    report = rehearsals.service.get(USER, dry_run_id)
    assert (report["status"], report["counts"]["created"]) == ("SUCCESS", 2)


def test_a_dry_run_of_a_killed_worker_is_enqueued_by_who_waits_for_it(
    whole: Whole, plugin: FakePlugin, clock: ManualClock, rehearsals: Rehearsals, collector_id: str
) -> None:
    plugin.resources = [cloud_service("a")]
    dry_run_id = rehearsals.start(collector_id, **ONE)
    whole.queue.dry_runs.clear()
    claimed = whole.container.dry_runs.claim(DOMAIN, dry_run_id, owner="killed")
    assert claimed is not None
    ScratchContainer(whole.container, claimed).scratch.create()
    clock.advance(timedelta(seconds=20))

    rehearsals.service.get(USER, dry_run_id)
    assert whole.queue.dry_runs == []
    clock.advance(timedelta(minutes=5))
    for _ in range(3):
        rehearsals.service.get(USER, dry_run_id)
    assert whole.queue.dry_runs == [dry_run_id]

    rehearsals.work()
    report = rehearsals.service.get(USER, dry_run_id)
    assert (report["status"], report["counts"]["created"]) == ("SUCCESS", 1)
    assert not whole.container.dry_runs.renew(claimed)
    assert scratch_collections(whole) == []


def test_what_killed_workers_left_is_removed_and_what_runs_is_not(
    whole: Whole, clock: ManualClock, rehearsals: Rehearsals, collector_id: str
) -> None:
    runs = whole.container.dry_runs

    def begin(owner: str) -> Document:
        claimed = runs.claim(DOMAIN, rehearsals.start(collector_id), owner=owner)
        assert claimed is not None
        ScratchContainer(whole.container, claimed).scratch.create()
        return claimed

    dead = begin("killed")
    runs.cancel(DOMAIN, dead["dry_run_id"])
    alive = begin("alive")

    assert runs.drop_left_over() == 1

    assert {name.split(".")[1] for name in scratch_collections(whole)} == {alive["dry_run_id"]}
    clock.advance(timedelta(hours=1))
    assert runs.drop_left_over() == 1
    assert scratch_collections(whole) == []


def test_a_dry_run_that_takes_too_long_ends(
    whole: Whole, plugin: FakePlugin, rehearsals: Rehearsals, collector_id: str
) -> None:
    dry_run_id, _, thread = stopped_at_the_gate(rehearsals, plugin, collector_id)

    whole.clock.advance(timedelta(seconds=whole.container.settings.job_timeout_seconds + 1))
    thread.join(20)

    report = rehearsals.service.get(USER, dry_run_id)
    assert report["status"] == "FAILURE"
    assert [error["error_code"] for error in report["errors"]] == ["ERROR_JOB_TIMEOUT"]
    assert scratch_collections(whole) == []
