"""How current each secret of a collector is, from what jobs and tasks store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from inventory.domain.job.freshness import FreshnessState
from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus
from inventory.domain.principal import Principal
from inventory.errors import DuplicateJobError, InvalidParameterError, NotFoundError, WorkerLostError
from inventory.manager.job.collect_history import CollectHistory
from inventory.manager.resource.seen_types import SeenTypes
from inventory.manager.schedule.manager import ScheduleManager
from inventory.model.indexes import build_indexes
from inventory.scheduler.freshness import FreshnessWatch
from inventory.scheduler.metrics import OLDEST_SUCCESS, SECRETS
from inventory.service.job.freshness import FreshnessPage, FreshnessService
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit
from tests.manual_clock import ManualClock

Document = dict[str, Any]

ANYONE = Principal(domain_id=DOMAIN)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ERROR = {"error_code": "ERROR_COLLECTOR_SECRET", "message": "the secret's data cannot be read"}


class World:
    """A collector that collects, one job after the other."""

    def __init__(self, kit: JobsKit, clock: ManualClock) -> None:
        self.kit = kit
        self.clock = clock
        self.collector_id = kit.insert_collector()
        self.service = FreshnessService(
            collectors=kit.collectors,
            schedules=ScheduleManager(database=kit.database),
            history=CollectHistory(database=kit.database),
            types=SeenTypes(database=kit.database),
            clock=clock,
            spread_seconds=0,
            job_timeout_seconds=7200,
        )

    def collect(self, *, full: bool = True, **statuses: TaskStatus) -> list[Document]:
        """Make a job of these secrets (their dashes underscores) and let each task end as it is said."""
        by_secret = {name.replace("_", "-"): status for name, status in statuses.items()}
        _, tasks, _ = self.kit.plan(self.collector_id, secrets=list(by_secret), full_collect=full)
        for task in tasks:
            self.end(task, by_secret[task["secret_id"]])
        return tasks

    def end(self, task: Document, status: TaskStatus, outcome: Outcome | None = None) -> None:
        failed = status is TaskStatus.FAILURE
        self.kit.tasks.start(DOMAIN, task["job_task_id"])
        outcome = outcome or (Outcome(error_count=1, errors=[ERROR]) if failed else Outcome(5, 2, 3))
        assert self.kit.tasks.finish(DOMAIN, task["job_task_id"], status, outcome)

    def schedule(self, **fields: Any) -> None:
        anchor = self.clock.now() - timedelta(days=30)
        self.kit.database["schedule"].insert_one(
            {
                "schedule_id": f"sched-{len(fields)}",
                "domain_id": DOMAIN,
                "collector_id": self.collector_id,
                "collect_mode": "ALL",
                "schedule": {"minutes": [0]},
                "anchor_at": anchor,
                "next_fire_at": anchor,
                **fields,
            }
        )

    def page(self, who: Principal = ANYONE, **request: Any) -> FreshnessPage:
        return self.service.list(who, request)

    def states(self, **request: Any) -> dict[str, str]:
        return {view.secret_id: view.verdict.state.value for view in self.page(**request).results}

    def row(self, secret_id: str) -> Document:
        (view,) = self.page(secret_id=secret_id).results
        return view.document()


@pytest.fixture
def world(kit: JobsKit, clock: ManualClock) -> World:
    build_indexes(kit.database)
    return World(kit, clock)


OK, FAILED, CANCELED = TaskStatus.SUCCESS, TaskStatus.FAILURE, TaskStatus.CANCELED


def test_each_secret_has_the_state_that_its_tasks_make(world: World) -> None:
    world.schedule()
    world.collect(secret_stale=OK, secret_late=OK, secret_fresh=OK, secret_never=FAILED)
    for _ in range(3):
        world.clock.advance(HOUR)
        world.collect(secret_stale=FAILED, secret_late=OK, secret_fresh=OK, secret_never=FAILED)
    world.clock.advance(HOUR / 2)
    world.collect(secret_stale=FAILED, secret_late=FAILED, secret_fresh=OK, secret_never=FAILED)

    found = world.page()

    assert [(view.secret_id, view.verdict.state.value) for view in found.results] == [
        ("secret-never", "NEVER"),
        ("secret-stale", "STALE"),
        ("secret-late", "LATE"),
        ("secret-fresh", "FRESH"),
    ]
    assert found.counts == dict.fromkeys(FreshnessState, 1)


def test_a_row_tells_the_last_success_the_last_attempt_and_its_error_in_words(world: World) -> None:
    (good,) = world.collect(secret_1=OK)
    succeeded_at = world.clock.now()
    for _ in range(2):
        world.clock.advance(HOUR)
        (bad,) = world.collect(secret_1=FAILED)

    row = world.row("secret-1")

    assert (row["last_success_at"], row["last_success_job_id"]) == (succeeded_at, good["job_id"])
    assert (row["last_attempt_at"], row["last_attempt_job_task_id"]) == (world.clock.now(), bad["job_task_id"])
    assert (row["last_attempt_status"], row["consecutive_failures"]) == ("FAILURE", 2)
    assert row["last_error"] == ERROR
    assert (row["resources"], row["stale_after_seconds"]) == (5, 24 * 3600)
    assert (row["state"], row["reason"]) == ("LATE", "the last attempt failed")


def test_after_a_success_nothing_is_left_of_earlier_failures(world: World) -> None:
    world.collect(secret_1=FAILED)
    world.clock.advance(HOUR)
    world.collect(secret_1=OK)

    row = world.row("secret-1")

    assert (row["state"], row["consecutive_failures"], row["last_attempt_status"]) == ("FRESH", 0, "SUCCESS")
    assert "last_error" not in row


def test_a_collect_with_a_filter_or_in_another_mode_is_no_complete_success(world: World) -> None:
    world.collect(full=False, secret_1=OK)

    assert world.row("secret-1")["state"] == "NEVER"
    assert world.row("secret-1")["last_attempt_status"] == "SUCCESS"


def test_a_task_that_was_refused_as_a_duplicate_is_no_failure(world: World) -> None:
    world.collect(secret_1=OK)
    world.clock.advance(MINUTE)
    _, (task,), _ = world.kit.plan(world.collector_id, secrets=["secret-1"], full_collect=True)
    duplicate = DuplicateJobError(collector_id="c", secret_id="s", job_task_id="t")
    world.kit.tasks.refuse(DOMAIN, task["job_task_id"], duplicate)

    row = world.row("secret-1")

    assert (row["state"], row["consecutive_failures"], row["last_attempt_status"]) == ("FRESH", 0, "SUCCESS")


def test_a_canceled_attempt_counts_as_one_that_failed(world: World) -> None:
    world.collect(secret_1=OK)
    world.clock.advance(MINUTE)
    world.collect(secret_1=CANCELED)

    assert world.row("secret-1")["state"] == "LATE"
    assert world.row("secret-1")["consecutive_failures"] == 1


def test_a_missed_fire_time_is_told_though_nothing_failed(world: World) -> None:
    world.schedule()
    world.collect(secret_1=OK)
    world.clock.advance(2.1 * HOUR)

    assert world.row("secret-1")["state"] == "LATE"
    assert "led to no complete success" in world.row("secret-1")["reason"]


def test_schedules_that_collect_a_part_promise_nothing(world: World) -> None:
    world.schedule(collect_mode="CREATE")
    world.schedule(filter={"region_name": ["x"]}, schedule_id="sched-other")
    world.collect(secret_1=OK)
    world.clock.advance(5 * HOUR)

    assert world.row("secret-1")["state"] == "FRESH"


def test_a_secret_that_the_collector_no_longer_has_is_left_out(world: World) -> None:
    world.collect(secret_gone=OK, secret_stays=OK)
    world.clock.advance(HOUR)
    world.collect(secret_stays=OK)

    assert world.states() == {"secret-stays": "FRESH"}


def test_while_a_job_of_all_secrets_runs_none_is_left_out(world: World) -> None:
    world.collect(secret_1=OK, secret_2=OK)
    world.clock.advance(HOUR)
    world.kit.plan(world.collector_id, secrets=["secret-1", "secret-2"], full_collect=True)

    assert world.states() == {"secret-1": "FRESH", "secret-2": "FRESH"}


def test_a_collector_that_never_collected_has_one_row_without_a_secret(world: World) -> None:
    assert world.states() == {"": "NEVER"}
    watch = FreshnessWatch(freshness=world.service, domains=world.kit.collectors.domains, clock=world.clock)
    watch.look()
    assert shown()["never"] == world.page(states=["NEVER"], enabled_only=True).total_count == 1


def test_a_disabled_collector_is_shown_and_left_out_where_that_is_asked_for(world: World) -> None:
    world.collect(secret_1=OK)
    world.kit.collectors.disable(DOMAIN, world.collector_id, world.clock.now())
    world.clock.advance(25 * HOUR)

    assert world.row("secret-1")["state"] == "STALE"
    assert world.row("secret-1")["collector_enabled"] is False
    assert world.states(enabled_only=True) == {}
    assert world.service.of_enabled(DOMAIN) == []


def test_a_page_holds_what_is_asked_for_and_the_counts_all(world: World) -> None:
    world.collect(secret_1=OK, secret_2=FAILED, secret_3=FAILED)

    found = world.page(states=["NEVER"], page={"start": 2, "limit": 1})

    assert [view.secret_id for view in found.results] == ["secret-3"]
    assert (found.total_count, found.counts) == (2, {FreshnessState.FRESH: 1, FreshnessState.NEVER: 2})
    with pytest.raises(InvalidParameterError, match="at most 1000"):
        world.page(page={"limit": 1001})


def test_a_caller_bound_to_projects_sees_their_secrets_only(world: World) -> None:
    world.collect(secret_mine=OK, secret_other=OK)
    for name in ("mine", "other"):
        world.kit.database["job_task"].update_many({"secret_id": f"secret-{name}"}, {"$set": {"project_id": name}})
    bound = Principal(domain_id=DOMAIN, projects=frozenset({"mine"}))

    found = world.page(bound)

    assert [view.secret_id for view in found.results] == ["secret-mine"]
    assert (found.total_count, found.counts) == (1, {FreshnessState.FRESH: 1})
    assert world.service.list(Principal(domain_id="domain-other"), {}).total_count == 0
    with pytest.raises(NotFoundError):
        world.service.get(bound, world.collector_id, "secret-other")


def test_the_types_of_a_secret_tell_when_they_were_seen_and_how_many_the_last_collect_did_not_see(world: World) -> None:
    world.collect(secret_1=OK)
    now = world.clock.now()
    # Not yet a miss: it was seen within the grace period.
    for number, (kind, hours) in enumerate((("Server", 0), ("Server", 1), ("Disk", 0))):
        key = {"domain_id": DOMAIN, "cloud_service_id": f"cloud-svc-{number}"}
        kinds = {"provider": "aws", "cloud_service_group": "Compute", "cloud_service_type": kind, "state": "ACTIVE"}
        world.kit.database["cloud_service"].insert_one(key | kinds)
        seen = {"seen_at": now - timedelta(hours=hours), "disconnected_count": 0}
        pair = {"collector_id": world.collector_id, "secret_id": "secret-1"}
        world.kit.database["collection_state"].insert_one(key | pair | seen)

    found = world.service.get(ANYONE, world.collector_id, "secret-1")

    assert found.types_complete
    disk, server = (each.seen for each in found.types)
    assert (disk.cloud_service_type, disk.resources, disk.missing) == ("Disk", 1, 0)
    assert (server.cloud_service_type, server.resources, server.missing) == ("Server", 2, 1)
    assert (server.last_seen_at, server.oldest_seen_at) == (now, now - timedelta(hours=1))
    assert [each.verdict.state.value for each in found.types] == ["FRESH", "FRESH"]
    missed = {"disconnected_count": 1, "seen_at": now - timedelta(hours=2)}
    world.kit.database["collection_state"].update_many({}, {"$set": missed})
    late, _ = world.service.get(ANYONE, world.collector_id, "secret-1").types
    assert (late.verdict.state.value, late.verdict.reason) == (
        "LATE",
        "the last full collect saw none; one was seen 2 hours ago",
    )
    world.kit.database["cloud_service"].update_one({"cloud_service_type": "Disk"}, {"$set": {"project_id": "mine"}})
    world.kit.database["job_task"].update_many({}, {"$set": {"project_id": "mine"}})
    bound = Principal(domain_id=DOMAIN, projects=frozenset({"mine"}))
    [own] = world.service.get(bound, world.collector_id, "secret-1").types
    assert own.seen.cloud_service_type == "Disk", "resources in other projects are not counted"


class Commands(CommandListener):
    """Notes which commands are sent."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: Any) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: object) -> None:
        """Nothing to note."""

    def failed(self, event: object) -> None:
        """Nothing to note."""


@pytest.mark.parametrize("good", [1, 30])
def test_a_page_costs_one_command_more_for_each_secret_that_failed(world: World, mongo_uri: str, good: int) -> None:
    world.collect(**{f"secret_{n}": OK for n in range(good)}, secret_bad=FAILED, secret_worse=FAILED)
    commands = Commands()
    with MongoClient[Document](mongo_uri, tz_aware=True, event_listeners=[commands]) as client:
        world.service.history = CollectHistory(database=client[world.kit.database.name])
        world.page()
        found = list(commands.names)

    # Last ended, last complete, the newest job of all; the failures of two secrets, and the errors of the page.
    assert found == ["aggregate", "aggregate", "find", "find", "find", "find"]


def test_the_newest_task_of_each_secret_is_read_without_reading_the_others(world: World) -> None:
    for _ in range(4):
        world.clock.advance(MINUTE)
        world.collect(secret_1=OK, secret_2=OK, secret_3=OK)
    profiled = world.kit.database
    profiled.command("profile", 2)
    try:
        world.page()
    finally:
        profiled.command("profile", 0)
    ran = list(profiled["system.profile"].find({"command.aggregate": "job_task"}))
    assert [each["planSummary"].split()[0] for each in ran] == ["DISTINCT_SCAN", "DISTINCT_SCAN"]
    assert max(each["docsExamined"] for each in ran) == 3


def test_a_lost_worker_is_the_error_in_words(world: World) -> None:
    _, (task,), _ = world.kit.plan(world.collector_id, secrets=["secret-1"], full_collect=True)
    error = WorkerLostError(attempts=3)
    world.end(task, FAILED, Outcome(error_count=1, errors=[{"error_code": error.code, "message": error.message}]))

    assert world.row("secret-1")["last_error"]["error_code"] == "ERROR_WORKER_LOST"


def test_the_scheduler_counts_the_secrets_of_enabled_collectors_by_state(world: World) -> None:
    watch = FreshnessWatch(freshness=world.service, domains=world.kit.collectors.domains, clock=world.clock)
    world.collect(secret_1=OK, secret_2=FAILED)
    world.clock.advance(25 * HOUR)
    world.collect(secret_1=FAILED, secret_2=OK)

    watch.look()

    assert shown() == {"fresh": 1, "stale": 1, "late": 0, "never": 0, "oldest": 25 * 3600}

    world.kit.collectors.disable(DOMAIN, world.collector_id, world.clock.now())
    watch.look()

    assert shown() == {"fresh": 0, "stale": 0, "late": 0, "never": 0, "oldest": 0}


def shown() -> dict[str, float]:
    """Return what the scheduler shows of freshness."""
    states = {metric.labels["state"]: metric.value for metric in next(iter(SECRETS.collect())).samples}
    return states | {"oldest": next(iter(OLDEST_SUCCESS.collect())).samples[0].value}
