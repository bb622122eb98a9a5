"""Processes whose machines' clocks are five minutes off, either way: one clock judges, that of MongoDB."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

import inventory
from inventory.bootstrap import Container
from inventory.domain.clock import SystemClock
from inventory.manager.duty import DutyManager
from inventory.model.connection import server_time
from inventory.settings import Settings
from tests.fakes.plugin import FakePlugin
from tests.integration.jobs.jobs_kit import JobsKit
from tests.integration.scheduler.scheduler_kit import SchedulerKit

Document = dict[str, Any]

AHEAD, BEHIND = 300.0, -300.0
CLOSE = timedelta(seconds=2)
"""How far apart two readings of one clock may be on a busy machine."""
FOLLOW_MACHINE = {
    "cli/view/output.py": "how long ago something was, on the terminal of a client",
    "console/visit.py": "how long ago something was, on the pages of a client",
    "connector/static/file.py": "how old a file is: by the clock that stamps files",
    "domain/clock.py": "this machine's clock itself",
    "manager/object_ids.py": "the seconds in an ObjectId, by which nothing is judged",
    "observe/logs.py": "when a line is logged",
    "standalone/platform_file.py": "how old a file is: by the clock that stamps files",
    "scheduler/engine.py": "APScheduler's own clock, which only sets off ticks",
}
"""Modules that may read the machine's wall clock, and why."""


@pytest.fixture
def machine(mongo_uri: str, redis_url: str, database: Database[Document]) -> Iterator[Callable[[float], Container]]:
    """Make the container of a process on a machine whose clock is so many seconds ahead."""
    clocks: list[Any] = []

    def make(offset: float) -> Container:
        settings = Settings(
            mongo_uri=mongo_uri,  # type: ignore[arg-type]
            redis_url=redis_url,  # type: ignore[arg-type]
            mongo_database=database.name,
            clock_offset_seconds=offset,
        )
        container = Container(settings)
        # A process has one connection; here all have the test's.
        vars(container)["database"] = database
        clocks.append(container.clock)
        return container

    yield make
    for clock in clocks:
        clock.stop()


@pytest.mark.parametrize("offset", [AHEAD, BEHIND])
def test_every_process_goes_by_mongodbs_clock(
    machine: Callable[[float], Container], database: Database[Document], offset: float
) -> None:
    container = machine(offset)

    assert abs(container.clock.now() - server_time(database)) < CLOSE
    assert abs(container.machine_clock.now() - server_time(database)) > timedelta(seconds=290)


@pytest.mark.parametrize(("worker", "scheduler"), [(AHEAD, BEHIND), (BEHIND, AHEAD)])
def test_a_live_slice_is_left_to_its_worker_and_its_job_runs_on(
    machine: Callable[[float], Container],
    database: Database[Document],
    plugin: FakePlugin,
    worker: float,
    scheduler: float,
) -> None:
    ours = JobsKit(database, machine(worker).clock, plugin.endpoint)
    theirs = JobsKit(database, machine(scheduler).clock, plugin.endpoint)
    job_id, [task], [slice_id] = ours.plan(ours.insert_collector())
    claimed = ours.claim(slice_id, "owner-1")

    report = theirs.sweeper(job_timeout_seconds=200).sweep()

    assert theirs.slice(slice_id)["owner"] == claimed["owner"] == "owner-1"
    assert (report.requeued, report.lost, theirs.job(job_id)["status"]) == (0, 0, "IN_PROGRESS")
    assert not isinstance(theirs.claim(slice_id, "owner-2"), dict)
    for date in (theirs.job(job_id)["created_at"], theirs.task(task)["created_at"], claimed["lease_until"]):
        assert abs(date - server_time(database)) < timedelta(seconds=40)
    ours.connector.close()
    theirs.connector.close()


@pytest.mark.parametrize("offset", [AHEAD, BEHIND])
def test_a_fire_time_comes_when_mongodb_says_so(
    machine: Callable[[float], Container], database: Database[Document], offset: float
) -> None:
    container = machine(offset)
    kit: Any = SchedulerKit(database, container.clock)  # type: ignore[arg-type]
    now = server_time(database)
    for name, due_in in (("past", -60), ("future", 60)):
        due_at = now + timedelta(seconds=due_in)
        database["schedule"].insert_one(
            {
                "schedule_id": name,
                "collector_id": "c",
                "domain_id": "domain-1",
                "state": "ENABLED",
                "next_fire_at": due_at,
            }
        )

    found = kit.schedules.due(container.clock.now(), limit=10)

    assert [each["schedule_id"] for each in found] == ["past"]


def test_a_duty_is_done_once_by_two_schedulers_ten_minutes_apart(
    machine: Callable[[float], Container], database: Database[Document]
) -> None:
    one, other = (
        DutyManager(database=database, clock=machine(offset).clock, owner=str(offset), lease_seconds=30)
        for offset in (AHEAD, BEHIND)
    )
    period_seconds = 3650 * 86_400.0

    assert one.claim("sweep", period_seconds) is not None
    assert other.claim("sweep", period_seconds) is None


def test_nothing_else_reads_a_machines_wall_clock() -> None:
    source = Path(inventory.__file__).parent
    reads: dict[str, set[str]] = {}
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        if name.startswith("stubs/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {
                "time.time",
                "time.time_ns",
                "datetime.now",
                "datetime.utcnow",
                "date.today",
                "datetime.today",
            }:
                reads.setdefault(name, set()).add(ast.unparse(node))

    assert reads.keys() == FOLLOW_MACHINE.keys()


def test_the_machines_clock_is_made_only_where_it_is_not_stored() -> None:
    assert abs(SystemClock(AHEAD).now() - SystemClock().now() - timedelta(seconds=AHEAD)) < CLOSE
