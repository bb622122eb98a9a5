"""Scheduler processes over real databases: they fire, tell how they are, die, and stop when asked to."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from inventory.devruntime.child import wait_until
from inventory.domain.clock import SystemClock
from inventory.domain.schedule.due import ON_TIME
from inventory.service.schedule.stored import read_skips
from tests.integration.scheduler.scheduler_kit import SchedulerKit
from tests.manual_clock import ManualClock
from tests.ports import free_port

pytestmark = pytest.mark.timeout(400)
DEADLINE_SECONDS = 90.0
SWEEP_SECONDS = 0.5
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)

# A part leaves a file, and never ends.
HANGS = """
import sys, threading
from pathlib import Path
from inventory import scheduler
from inventory.scheduler.engine import SchedulerPart
from inventory.settings import load

def hang():
    Path(sys.argv[1]).touch()
    threading.Event().wait()

scheduler.Census.part = lambda _census: SchedulerPart("hangs", 60, hang)
sys.exit(scheduler.run(load()))
"""


@dataclass
class Scheduler:
    """A scheduler in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int

    def page(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as exc:
            return exc.code, exc.read().decode()
        except OSError:
            return 0, ""

    def is_ready(self) -> bool:
        return self.page("/readyz")[0] == 200

    def metric(self, name: str) -> float:
        """Return a metric's value, its labels in the name."""
        lines = dict(line.rsplit(" ", 1) for line in self.page("/metrics")[1].splitlines() if line[:1] != "#")
        return float(lines.get(name, 0))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)


Start = Callable[..., Scheduler]


@pytest.fixture
def start(database: Database[dict[str, Any]], mongo_uri: str, redis_url: str) -> Iterator[Start]:
    """Starts schedulers; what still runs is killed in the end."""
    started: list[Scheduler] = []

    def make(*arguments: str, **overrides: str) -> Scheduler:
        port = free_port()
        settings = {
            "MONGO_URI": mongo_uri,
            "MONGO_DATABASE": database.name,
            "REDIS_URL": redis_url,
            "QUEUE_NAMESPACE": database.name,
            "SCHEDULER_HEALTH_PORT": str(port),
            "TICK_SECONDS": "0.1",
            "SWEEP_SECONDS": str(SWEEP_SECONDS),
            "DRAIN_SECONDS": "5",
        } | overrides
        environment = os.environ | {f"INVENTORY_{key}": value for key, value in settings.items()}
        command = arguments or ("-m", "inventory", "scheduler")
        process = subprocess.Popen([sys.executable, *command], env=environment)
        started.append(Scheduler(process, port))
        return started[-1]

    yield make
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait(DEADLINE_SECONDS)


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for the condition."""
    assert wait_until(condition, timeout_seconds=DEADLINE_SECONDS)


def test_two_schedulers_fire_every_second_once_though_one_is_killed(
    database: Database[dict[str, Any]], start: Start
) -> None:
    now = SystemClock().now()
    kit = SchedulerKit(database, ManualClock(now))
    schedule_id = kit.add(kit.collector(), {"interval": 1})
    first, second = start(), start()
    eventually(lambda: first.is_ready() and second.is_ready())
    eventually(lambda: len(kit.fired(schedule_id)) >= 2)
    first.process.kill()
    before = len(kit.fired(schedule_id))
    eventually(lambda: len(kit.fired(schedule_id)) >= before + 3)
    assert_each_second_fired_once(kit, schedule_id)
    eventually(lambda: second.page("/livez")[0] == 200)
    assert second.stop() == 0
    duties = {duty["name"] for duty in database["duty"].find({})}
    assert duties == {"sweep", "housekeeping"}


def assert_each_second_fired_once(kit: SchedulerKit, schedule_id: str) -> None:
    """Look at the jobs but the first. Only where the machine stalled, one of them stands for several fire times."""
    _, *jobs = kit.database["job"].find({"schedule_id": schedule_id}).sort("fire_at", 1)
    skipped = []
    for earlier, later in itertools.pairwise(jobs):
        step = later["fire_at"] - earlier["fire_at"]
        assert step >= SECOND
        assert step % SECOND == timedelta()
        missing = [earlier["fire_at"] + number * SECOND for number in range(1, step // SECOND)]
        assert not missing or later["created_at"] - missing[0] > ON_TIME
        skipped += missing

    def are_told() -> bool:
        spans = read_skips(kit.stored(schedule_id))
        return all(any(span.first <= each <= span.last for span in spans) for each in skipped)

    eventually(are_told)


def test_metrics_of_two_schedulers_tell_each_fire_and_each_duty_once(
    database: Database[dict[str, Any]], start: Start
) -> None:
    began = SystemClock().now()
    kit = SchedulerKit(database, ManualClock(began))
    late = kit.add(kit.collector(), {"interval": 3600})
    database["schedule"].update_one({}, {"$set": {"anchor_at": began - 1.5 * HOUR, "next_fire_at": began - HOUR / 2}})
    rests = kit.add(kit.collector(state="DISABLED"), {"interval": 1})
    both = [start(), start()]
    sweeps, tidied = (f'inventory_duties_total{{duty="{name}",outcome="done"}}' for name in ("sweep", "housekeeping"))

    def total(name: str) -> float:
        return sum(each.metric(name) for each in both)

    eventually(lambda: total(sweeps) >= 4 and total(tidied) >= 1 and total("inventory_schedules_skipped_total") >= 2)
    swept, seconds = total(sweeps), (SystemClock().now() - began).total_seconds()
    assert swept <= seconds / SWEEP_SECONDS + 1
    # Two, where the test runs over a full hour.
    assert total(tidied) <= 1 + (began.hour != SystemClock().now().hour)
    assert (len(kit.fired(late)), len(kit.fired(rests))) == (1, 0)
    assert total("inventory_schedule_lateness_seconds_count") == 1
    assert 1800 <= total("inventory_schedule_lateness_seconds_sum") < 1800 + seconds + 1
    assert all("inventory_schedules_due " in each.page("/metrics")[1] for each in both)


def test_a_scheduler_that_cannot_reach_redis_says_so_and_fires(
    database: Database[dict[str, Any]], start: Start
) -> None:
    kit = SchedulerKit(database, ManualClock(SystemClock().now()))
    schedule_id = kit.add(kit.collector(), {"interval": 1})
    scheduler = start(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    eventually(lambda: len(kit.fired(schedule_id)) >= 2)

    def says_so() -> bool:
        status, page = scheduler.page("/readyz")
        checks = json.loads(page)["checks"] if page else {}
        told = (status, checks.get("mongodb"), checks.get("ticks"))
        return told == (503, "ok", "ok") and checks.get("redis") != "ok"

    eventually(says_so)
    eventually(lambda: scheduler.page("/livez")[0] == 200)
    assert scheduler.stop() == 0


def test_a_part_that_hangs_does_not_keep_the_process_from_ending(start: Start, tmp_path: Path) -> None:
    scheduler = start("-c", HANGS, str(tmp_path / "hangs"), DRAIN_SECONDS="1")
    eventually((tmp_path / "hangs").exists)

    scheduler.process.send_signal(signal.SIGTERM)

    assert scheduler.process.wait(30) == 0
