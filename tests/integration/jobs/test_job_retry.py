"""A retry collects what failed in a job, and nothing else; what both saw together is one complete view."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from pymongo.client_session import ClientSession

from inventory.connector.ports import SecretInformation
from inventory.domain.job.states import JobStatus
from inventory.domain.plain import Json
from inventory.domain.principal import Principal
from inventory.errors import (
    CollectorStateError,
    ConnectionFailureError,
    JobNotRetryableError,
    NotFoundError,
    PermissionDeniedError,
)
from inventory.manager.collector.rules import CollectorRuleManager
from inventory.manager.deletion.holds import HoldManager
from inventory.manager.job import new_job
from inventory.manager.job.failed_tasks import FailedTasks
from inventory.manager.reader import Reader
from inventory.manager.resource.filter_cache import FilterCacheStore
from inventory.manager.resource.lookup import ResourceLookup
from inventory.model.indexes import build_indexes
from inventory.query.schemas import COLLECTOR, JOB
from inventory.service.collector.plugin import CollectorPluginService
from inventory.service.job.collect import CollectRequest, CollectService, PlanLimits
from inventory.service.job.manage import CollectorReferences, JobService
from inventory.service.job.plan import CollectPlanner
from inventory.service.job.retry import RetryService
from inventory.service.job.retry_plan import RetryPlanner
from tests.fakes.plugin import Call, Failure, FakePlugin
from tests.fakes.resources import Message, cloud_service
from tests.integration.jobs.jobs_kit import DOMAIN, JobsKit
from tests.manual_clock import ManualClock

Document = dict[str, Any]

ME = Principal(domain_id=DOMAIN)
BROKEN = Failure(details="the region is on fire")
REGION_FILTER = {"key": "region", "type": "list", "resource_type": "CUSTOM"}
LEASE = timedelta(minutes=3)
HOUR = timedelta(hours=1)


class World:
    """A collector with some secrets, whose plugin fails where it is told to.

    Attributes:
        broken: what fails, as (secret, region); without slices the region is empty.
        there: what is to be seen, by (secret, region).
    """

    def __init__(self, kit: JobsKit, clock: ManualClock, plugin: FakePlugin) -> None:
        build_indexes(kit.database)
        self.kit, self.clock, self.plugin = kit, clock, plugin
        self.secrets: list[str] = ["secret-1", "secret-2", "secret-3"]
        self.broken: set[tuple[str, str]] = set()
        self.there: dict[tuple[str, str], list[str]] = {}
        platform: Any = kit.platform
        platform.list_secrets = self._secrets
        platform.get_data = lambda secret_id, _principal: {"secret": secret_id}
        plugin.resources = self._stream
        self.collector_id = kit.insert_collector(metadata={"supported_features": ["garbage_collection"]})
        kit.database["collector"].update_one({}, {"$set": {"plugin_info.provider": "aws"}})
        planner = CollectPlanner(
            secrets=kit.secrets,
            collector_plugins=CollectorPluginService(
                collectors=kit.collectors,
                rules=CollectorRuleManager(database=kit.database),
                plugins=kit.plugins,
                clock=clock,
            ),
            lookups=ResourceLookup(database=kit.database, timeout_seconds=10),
            caches=FilterCacheStore(database=kit.database),
            clock=clock,
        )
        failed = FailedTasks(database=kit.database)
        retries = RetryPlanner(jobs=kit.jobs, failed=failed, planner=planner)
        self.collects = CollectService(
            collectors=kit.collectors,
            jobs=kit.jobs,
            tasks=kit.tasks,
            planner=planner,
            retries=retries,
            queue=kit.queue,
            clock=clock,
            owner="server-1",
        )

        def reader(name: str, schema: Any) -> Reader:
            return Reader(database=kit.database, collection=name, schema=schema, timeout_seconds=10)

        references = CollectorReferences(collectors=kit.collectors, reader=reader("collector", COLLECTOR))
        jobs = JobService(jobs=kit.jobs, reader=reader("job", JOB), references=references, clock=clock)
        self.service = RetryService(
            jobs=kit.jobs,
            failed=failed,
            tasks=kit.tasks,
            reader=jobs,
            collect=self.collects,
            planner=retries,
            holds=HoldManager(database=kit.database),
        )

    def _secrets(self, _selector: Any, _principal: Principal) -> Sequence[SecretInformation]:
        return [SecretInformation(name, "aws", f"sa-{name}", f"project-{name}") for name in self.secrets]

    def _stream(self, call: Call) -> Iterator[Message]:
        place = (call.secret_data["secret"], (call.task_options or {}).get("region", ""))
        for name in self.there.get(place, [f"{'-'.join(place)}-i"]):
            yield cloud_service(name)
        if place in self.broken:
            raise BROKEN

    def collect(self, **request: Any) -> str:
        """Collect now, to the end, and return the job's id."""
        job = self.collects.collect(ME, CollectRequest(self.collector_id, **request))
        self.run()
        return str(job["job_id"])

    def retry(self, job_id: str) -> str:
        """Retry the job to the end; return the id of the job that did."""
        made = self.service.retry(ME, job_id).job
        self.run()
        return str(made["job_id"])

    def run(self) -> None:
        """Do what was enqueued, also what that enqueues."""
        worker = self.kit.worker()
        while self.kit.queue.enqueued:
            worker.run(self.kit.queue.enqueued.pop(0))

    def called(self) -> list[tuple[str, str]]:
        """Return what was collected since the last look, as (secret, region)."""
        calls = [call for call in self.plugin.calls if call.method == "collect"]
        self.plugin.calls.clear()
        return sorted((call.secret_data["secret"], (call.task_options or {}).get("region", "")) for call in calls)

    def status(self, job_id: str) -> str:
        return str(self.kit.job(job_id)["status"])

    def alive(self) -> set[str]:
        found = self.kit.database["cloud_service"].find({"state": "ACTIVE"})
        return {each["reference"]["resource_id"] for each in found}

    def parts(self, job_id: str) -> tuple[list[Document], list[Document]]:
        """Return the tasks and slices of a job, less what time and chance make of them."""
        tasks = self.kit.database["job_task"].find({"job_id": job_id}).sort("secret_id", 1)
        slices = self.kit.database["slice"].find({"job_id": job_id}).sort([("secret_id", 1), ("number", 1)])
        shown = ("secret_id", "status", "number", "task_options", "filter", "full_collect", "view_resources_seen")
        return tuple([{key: one.get(key) for key in shown} for one in found] for found in (tasks, slices))  # type: ignore[return-value]


@pytest.fixture
def world(kit: JobsKit, clock: ManualClock, plugin: FakePlugin) -> World:
    return World(kit, clock, plugin)


def sliced(world: World) -> None:
    """Let the plugin tell three slices of each secret."""
    world.plugin.tasks = [{"region": name} for name in ("a", "b", "c")]


def test_only_the_secrets_that_failed_are_collected_again(world: World) -> None:
    world.broken = {("secret-2", "")}
    job_id = world.collect()
    world.called()

    world.broken.clear()
    retry_id = world.retry(job_id)

    assert world.called() == [("secret-2", "")]
    assert (world.status(job_id), world.status(retry_id)) == ("ERROR", "SUCCESS")
    retry = world.kit.job(retry_id)
    assert (retry["retry_of"], retry["total_tasks"], retry["projects"]) == (job_id, 1, ["project-secret-2"])


def test_filter_mode_and_cache_are_those_of_the_job(world: World) -> None:
    world.broken = {("secret-1", "")}
    world.kit.database["collector"].update_one(
        {},
        {"$set": {"plugin_info.metadata.filter_format": [REGION_FILTER]}},
    )
    job_id = world.collect(filter={"region": ["here"]}, collect_mode="UPDATE", use_cache=True)

    retry = world.kit.job(world.retry(job_id))

    assert (retry["filter"], retry["collect_mode"], retry["use_cache"]) == ({"region": ["here"]}, "UPDATE", True)
    assert world.plugin.calls[-1].filter == {"region": ["here"]}


def test_of_a_task_with_slices_only_those_that_failed_are_collected_with_their_stored_options(world: World) -> None:
    sliced(world)
    world.broken = {("secret-1", "b"), ("secret-3", "a"), ("secret-3", "c")}
    job_id = world.collect()
    world.called()

    # What the plugin would tell now does not matter.
    world.plugin.tasks = [{"region": "elsewhere"}]
    world.broken.clear()
    retry_id = world.retry(job_id)

    assert world.called() == [("secret-1", "b"), ("secret-3", "a"), ("secret-3", "c")]
    assert world.status(retry_id) == "SUCCESS"
    tasks = world.kit.database["job_task"].find({"job_id": retry_id})
    counts = {task["secret_id"]: task["total_count"] for task in tasks}
    assert counts == {"secret-1": 1, "secret-3": 2}


def test_a_secret_of_which_every_slice_failed_is_planned_anew(world: World) -> None:
    sliced(world)
    world.secrets = ["secret-1"]
    world.broken = {("secret-1", name) for name in ("a", "b", "c")}
    job_id = world.collect()
    world.called()

    world.broken.clear()
    world.plugin.tasks = [{"region": "d"}]
    world.retry(job_id)

    assert world.called() == [("secret-1", "d")]


@pytest.mark.parametrize("stop", [JobStatus.CANCELED, JobStatus.TIMEOUT])
def test_what_was_canceled_or_timed_out_is_collected_again(world: World, stop: JobStatus) -> None:
    job = world.collects.collect(ME, CollectRequest(world.collector_id))
    world.kit.worker().run(world.kit.queue.enqueued[0])
    world.kit.queue.enqueued.clear()
    world.kit.jobs.cancel_job(DOMAIN, job["job_id"], stop)
    world.called()

    world.retry(job["job_id"])

    assert world.called() == [("secret-2", ""), ("secret-3", "")]


# What is proven to be gone


def test_what_a_job_and_its_retry_saw_together_is_one_complete_collect(world: World) -> None:
    sliced(world)
    world.secrets = ["secret-1"]
    world.there = {("secret-1", "a"): ["a-1", "gone"], ("secret-1", "b"): ["b-1"], ("secret-1", "c"): ["c-1", "too"]}
    world.collect()
    world.clock.advance(HOUR)
    world.there = {("secret-1", "a"): ["a-1"], ("secret-1", "b"): [], ("secret-1", "c"): ["c-1"]}
    world.broken = {("secret-1", "b")}
    job_id = world.collect()
    assert world.alive() == {"a-1", "gone", "b-1", "c-1", "too"}

    world.clock.advance(HOUR)
    world.broken.clear()
    retry_id = world.retry(job_id)

    assert world.alive() == {"a-1", "c-1"}
    (task,) = world.kit.database["job_task"].find({"job_id": retry_id})
    assert (task["deleted_count"], task["view_resources_seen"]) == (3, 2)


def test_as_long_as_a_part_is_missing_nothing_is_deleted(world: World) -> None:
    sliced(world)
    world.secrets = ["secret-1"]
    world.there = {("secret-1", "a"): ["a-1", "gone"], ("secret-1", "b"): ["b-1"], ("secret-1", "c"): ["c-1"]}
    world.collect()
    world.clock.advance(HOUR)
    world.there[("secret-1", "a")] = ["a-1"]
    world.broken = {("secret-1", "b"), ("secret-1", "c")}
    job_id = world.collect()

    world.broken = {("secret-1", "c")}
    again_id = world.retry(job_id)
    assert (world.status(again_id), "gone" in world.alive()) == ("ERROR", True)

    world.clock.advance(HOUR)
    world.broken.clear()
    world.called()
    last_id = world.retry(again_id)

    assert world.called() == [("secret-1", "c")]
    assert (world.status(last_id), world.alive()) == ("SUCCESS", {"a-1", "b-1", "c-1"})


def test_slices_of_two_versions_of_a_plugin_are_no_complete_view(world: World) -> None:
    sliced(world)
    world.secrets = ["secret-1"]
    world.there = {("secret-1", "a"): ["a-1", "gone"]}
    world.collect()
    world.clock.advance(HOUR)
    world.there.clear()
    world.broken = {("secret-1", "b")}
    job_id = world.collect()

    world.broken.clear()
    world.kit.database["collector"].update_one({}, {"$set": {"plugin_info.version": "2.0"}})
    retry_id = world.retry(job_id)

    assert world.status(retry_id) == "SUCCESS"
    assert "gone" in world.alive()


def test_a_resource_that_an_earlier_slice_saw_is_not_missed_by_a_retry_days_later(world: World) -> None:
    sliced(world)
    world.secrets = ["secret-1"]
    world.broken = {("secret-1", "c")}
    job_id = world.collect()
    before = world.alive()

    world.clock.advance(timedelta(days=3))
    world.broken.clear()
    retry_id = world.retry(job_id)

    (task,) = world.kit.database["job_task"].find({"job_id": retry_id})
    assert (task["deleted_count"], task["disconnected_count"]) == (0, 0)
    assert world.alive() == before


# Once


def test_while_the_retry_runs_a_second_call_answers_with_the_same_job(world: World) -> None:
    world.broken = {("secret-1", "")}
    job_id = world.collect()

    first = world.service.retry(ME, job_id)
    second = world.service.retry(ME, job_id)

    assert first.job["job_id"] == second.job["job_id"]
    assert world.kit.database["job"].count_documents({"retry_of": job_id}) == 1
    assert world.service.get(ME, job_id).not_retryable == f"{first.job['job_id']} already retries it"


class Killed(BaseException):
    """Ends a process in the middle."""


STEPS = {
    "before the job": ("jobs", "insert", 1),
    "after the job": ("tasks", "insert_tasks", 1),
    "after the tasks": ("slices", "_insert", 1),
    "after the failed slices, before slice 0 of each task": ("slices", "_insert", 2),
    "after all parts": ("jobs", "mark_planned", 1),
    "before they are enqueued": ("queue", "run_slices", 1),
}
"""Where a retry of more than is stored at once is killed: part of the kit, method, and which call of it."""
AT_ONCE = {
    "before the tasks": (new_job, "_insert", 1),
    "before the slices": (new_job, "_insert", 2),
    "before the commit": (ClientSession, "commit_transaction", 1),
    "before the collector is marked": ("collectors", "mark_collected", 1),
    "before all are enqueued": ("queue", "run_slices", 1),
}
"""Where one is killed that is stored at once."""
PARTS = ("job", "job_task", "slice")
NEVER_THERE = {"before the job", "before the tasks", "before the slices", "before the commit"}


@pytest.mark.parametrize("point", [*STEPS, *AT_ONCE])
@pytest.mark.parametrize("by", ["a second call", "a worker"])
def test_a_retry_that_is_killed_is_whole_after_a_second_call_or_was_never_there(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str, by: str
) -> None:
    sliced(world)
    world.broken = {("secret-1", "b"), *(("secret-2", name) for name in ("a", "b", "c"))}
    job_id = world.collect()
    whole = World.parts(world, _undisturbed(world, job_id))
    if point in STEPS:
        monkeypatch.setattr(world.collects, "_limits", PlanLimits(at_once=0))

    stored = [world.kit.database[name].count_documents({}) for name in PARTS]
    part, name, number = {**STEPS, **AT_ONCE}[point]
    with monkeypatch.context() as patch:
        target = getattr(world.kit, part) if isinstance(part, str) else part
        patch.setattr(target, name, _killed_at(number, getattr(target, name)))
        with pytest.raises(Killed):
            world.service.retry(ME, job_id)
    left = world.kit.jobs.retry_of(DOMAIN, job_id)
    assert (left is None) == (point in NEVER_THERE)
    if left is None:
        assert [world.kit.database[name].count_documents({}) for name in PARTS] == stored
    for task in world.kit.database["job_task"].find({"job_id": (left or {}).get("job_id")}):
        # As the sweeper does with a task that has no open slice.
        world.kit.settler.settle_task(DOMAIN, task["job_task_id"])
    world.clock.advance(LEASE)
    if by == "a worker" and left is not None:
        world.collects.plan_job(DOMAIN, left["job_id"])
    made = world.service.retry(ME, job_id).job

    assert left is None or made["job_id"] == left["job_id"]
    assert made["status"] == "IN_PROGRESS"
    assert world.parts(made["job_id"]) == whole
    world.broken.clear()
    slices = world.kit.database["slice"].find({"job_id": made["job_id"]})
    world.kit.queue.enqueued[:] = [one["slice_id"] for one in slices]
    world.run()
    assert world.status(made["job_id"]) == "SUCCESS"


def _killed_at(number: int, method: Callable[..., object]) -> Callable[..., object]:
    """Return the method, but the process is killed in this call of it."""
    calls = count(1)

    def called(*arguments: object, **named: object) -> object:
        if next(calls) == number:
            raise Killed
        return method(*arguments, **named)

    return called


def _undisturbed(world: World, job_id: str) -> str:
    """Retry the job in one go, look at it, and take it away again; return the id under which its parts stay."""
    made = world.service.retry(ME, job_id).job
    world.kit.queue.enqueued.clear()
    world.kit.database["job"].update_one({"job_id": made["job_id"]}, {"$unset": {"retry_of": ""}})
    return str(made["job_id"])


# Refusals


def refused(world: World, job_id: str) -> str:
    before = world.kit.database["job"].count_documents({})
    with pytest.raises(JobNotRetryableError) as raised:
        world.service.retry(ME, job_id)
    assert world.kit.database["job"].count_documents({}) == before
    reason = raised.value.message.partition("reason = ")[2].removesuffix(")")
    assert world.service.get(ME, job_id).not_retryable in {reason, ""}
    return reason


def test_a_job_that_runs_is_refused(world: World) -> None:
    job = world.collects.collect(ME, CollectRequest(world.collector_id))

    assert refused(world, job["job_id"]) == "it still runs"


def test_a_job_without_failures_is_refused(world: World) -> None:
    assert refused(world, world.collect()) == "nothing failed in it"


def test_a_job_without_tasks_is_refused(world: World) -> None:
    world.secrets = []

    assert refused(world, world.collect()) == "it has no tasks: collect again instead"


def test_a_job_that_was_retried_points_at_the_one_that_did(world: World) -> None:
    world.broken = {("secret-1", "")}
    job_id = world.collect()
    retry_id = world.retry(job_id)

    assert refused(world, job_id) == f"{retry_id} has retried it and ended as ERROR: retry that one instead"

    world.broken.clear()
    second_id = world.retry(retry_id)
    assert world.status(second_id) == "SUCCESS"
    assert refused(world, retry_id) == f"{second_id} has retried it and ended as SUCCESS"


def test_a_retry_that_could_not_be_planned_can_be_retried(world: World) -> None:
    world.broken = {("secret-1", "")}
    job_id = world.collect()
    retry_id = world.service.retry(ME, job_id).job["job_id"]
    world.kit.queue.enqueued.clear()
    unplanned = {"planned": False, "total_tasks": 0, "status": "CREATED"}
    world.kit.database["job"].update_one({"job_id": retry_id}, {"$set": unplanned})
    world.kit.tasks.delete_of_jobs(DOMAIN, [retry_id])
    world.kit.jobs.fail(DOMAIN, retry_id, CollectorStateError(collector_id="c", state="DISABLED"))

    world.broken.clear()

    assert world.status(world.retry(retry_id)) == "SUCCESS"
    assert ("secret-1", "") in world.called()


def test_a_collector_that_is_disabled_or_gone_is_refused(world: World) -> None:
    world.broken = {("secret-1", "")}
    job_id = world.collect()

    world.kit.collectors.disable(DOMAIN, world.collector_id, world.clock.now())
    with pytest.raises(CollectorStateError, match="DISABLED"):
        world.service.retry(ME, job_id)

    world.kit.collectors.delete(DOMAIN, world.collector_id)
    with pytest.raises(NotFoundError, match=world.collector_id):
        world.service.retry(ME, job_id)
    assert world.kit.database["job"].count_documents({}) == 1


def test_secrets_that_the_collector_no_longer_has_are_left_out(world: World) -> None:
    world.broken = {("secret-1", ""), ("secret-2", "")}
    job_id = world.collect()
    world.called()

    world.secrets = ["secret-2", "secret-3"]
    world.retry(job_id)
    assert world.called() == [("secret-2", "")]

    world.broken = {("secret-3", "")}
    other_id = world.collect()
    world.secrets = ["secret-2"]
    assert refused(world, other_id) == "the collector no longer has its failed secrets"


def test_an_outage_of_the_platform_makes_no_job(world: World) -> None:
    world.broken = {("secret-1", "")}
    job_id = world.collect()

    def away(*_: object) -> Json:
        raise ConnectionFailureError(service="secret")

    platform: Any = world.kit.platform
    platform.list_secrets = away
    with pytest.raises(ConnectionFailureError):
        world.service.retry(ME, job_id)
    assert world.kit.database["job"].count_documents({}) == 1


@pytest.mark.parametrize("act", [RetryService.retry, RetryService.get], ids=["retry", "get"])
def test_a_caller_bound_to_projects_reaches_jobs_of_these_only(
    world: World, act: Callable[[RetryService, Principal, str], object]
) -> None:
    world.broken = {("secret-1", "")}
    job_id = world.collect()
    everything = frozenset(f"project-{name}" for name in world.secrets)

    def bound(*projects: str) -> Principal:
        return Principal(domain_id=DOMAIN, projects=frozenset(projects))

    for stranger in (bound("project-other"), Principal(domain_id="domain-other")):
        with pytest.raises(NotFoundError):
            act(world.service, stranger, job_id)
    if act is RetryService.retry:
        with pytest.raises(PermissionDeniedError):
            act(world.service, bound("project-secret-1"), job_id)
    act(world.service, bound(*everything), job_id)


def test_a_caller_bound_to_projects_learns_what_its_own_tasks_lacked(world: World) -> None:
    world.broken = {("secret-1", ""), ("secret-2", "")}
    job_id = world.collect()
    tasks = world.kit.database["job_task"]
    for number in (1, 2):
        lacking = {"DOUBLE": {"count": number, "example": f"of {number}"}}
        tasks.update_one({"secret_id": f"secret-{number}"}, {"$set": {"warnings": lacking}})

    everything = world.service.get(ME, job_id)
    own = world.service.get(Principal(domain_id=DOMAIN, projects=frozenset({"project-secret-1"})), job_id)

    assert (everything.failed_tasks, everything.not_retryable) == (2, "")
    # The third task sends neither the type nor the region of its resources.
    [warning] = [each for each in everything.warnings if not each["code"].startswith("NO_")]
    assert (warning["code"], warning["count"], warning["tasks"]) == ("DOUBLE", 3, 2)
    assert (own.failed_tasks, own.not_retryable) == (1, "it also collects for projects that are not yours")
    ids = {task["secret_id"]: task["job_task_id"] for task in tasks.find({"job_id": job_id})}
    first, second = (
        {"job_task_id": ids[f"secret-{n}"], "secret_id": f"secret-{n}", "count": n, "example": f"of {n}"}
        for n in (1, 2)
    )
    assert warning["of_tasks"] == [second, first]
    assert own.warnings == [{"code": "DOUBLE", "count": 1, "tasks": 1, "example": "of 1", "of_tasks": [first]}]
    [of_task] = world.service.get(ME, job_id, ids["secret-1"]).warnings
    assert (of_task["count"], of_task["of_tasks"]) == (1, [first])
