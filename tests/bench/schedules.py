"""The full hour: 100,000 schedules of which 10,000 are due at once, with one scheduler and with three.

The floor is what pymongo alone takes for the two writes of each: the job, and the schedule's next fire time.

Usage: ``python -m tests.bench.schedules`` prints the figures; ``measure`` gives them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from bson import ObjectId
from pymongo import UpdateOne
from pymongo.database import Database

from inventory.connector.queue import RedisQueue
from inventory.devruntime.databases.mongod import EmbeddedMongod
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from inventory.devruntime.ports import free_port
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.job.from_schedules import ScheduledJobManager
from inventory.manager.schedule.due_batch import DueBatchManager
from inventory.manager.schedule.manager import ScheduleManager
from inventory.model import connection
from inventory.model.indexes import build_indexes
from inventory.service.schedule.ticks import ScheduleTicker
from tests.manual_clock import ManualClock

HOUR = datetime(2026, 1, 5, 13, tzinfo=UTC)
SCHEDULES = 100_000
DUE = 10_000
COLLECTORS = 1000
DATABASE = "bench_schedules"
_CHUNK = 500

Document = dict[str, Any]


def seed(database: Database[Document], *, schedules: int, due: int) -> None:
    """Store collectors and their schedules, ``due`` of them due at :data:`HOUR`."""
    collector_ids = [f"collector-{number:012x}" for number in range(COLLECTORS)]
    database["collector"].insert_many(
        {
            "collector_id": collector_id,
            "domain_id": "domain-1",
            "name": collector_id,
            "state": "ENABLED",
            "priority": number % 100,
        }
        for number, collector_id in enumerate(collector_ids)
    )
    every = schedules // due
    database["schedule"].insert_many(
        {
            "schedule_id": f"sched-{number:012x}",
            "domain_id": "domain-1",
            "collector_id": collector_ids[number % COLLECTORS],
            "collect_mode": "ALL",
            "filter": {},
            "priority": number % COLLECTORS % 100,
            "schedule": {"hours": [13 if number % every == 0 else 14]},
            "created_at": HOUR - timedelta(hours=2),
            "anchor_at": HOUR - timedelta(hours=2),
            "next_fire_at": HOUR + timedelta(hours=0 if number % every == 0 else 1),
        }
        for number in range(schedules)
    )


def reset(database: Database[Document]) -> None:
    """Let it be the full hour again."""
    database["job"].delete_many({})
    database["schedule"].update_many({"schedule.hours": 13}, {"$set": {"next_fire_at": HOUR}})


def floor(database: Database[Document]) -> float:
    """Return how long pymongo takes for the bare writes, s."""
    due = list(database["schedule"].find({"next_fire_at": {"$lte": HOUR}}))
    began = time.perf_counter()
    for chunk in _chunks(due):
        database["job"].insert_many(
            [
                {**{key: each[key] for key in each if key != "_id"}, "job_id": str(ObjectId()), "fire_at": HOUR}
                for each in chunk
            ],
            ordered=False,
        )
        database["schedule"].bulk_write(
            [UpdateOne({"_id": each["_id"]}, {"$set": {"next_fire_at": HOUR + timedelta(days=1)}}) for each in chunk],
            ordered=False,
        )
    return time.perf_counter() - began


def _chunks(documents: list[Document]) -> Iterator[list[Document]]:
    for start in range(0, len(documents), _CHUNK):
        yield documents[start : start + _CHUNK]


def replica(mongo_uri: str, redis_url: str, number: int) -> None:
    """Fire what is due, as one scheduler, and print when each job was made."""
    database = connection.connect(uri=mongo_uri, database=DATABASE, timeout_seconds=10)
    clock = ManualClock(HOUR)
    made: list[float] = []
    ticker = ScheduleTicker(
        schedules=ScheduleManager(database=database),
        collectors=CollectorManager(database=database, timeout_seconds=10),
        jobs=ScheduledJobManager(database=database, clock=clock),
        batches=DueBatchManager(database=database, clock=clock, owner=f"scheduler-{number}"),
        queue=RedisQueue(url=redis_url, namespace=DATABASE),
        clock=clock,
        grace_seconds=3600,
        observe_lateness=lambda _: made.append(time.time()),
    )
    ticker.backlog(1)
    print("ready", flush=True)
    sys.stdin.readline()
    cpu = time.process_time()
    ticker.tick()
    found = {
        "made": made,
        "ended": time.time(),
        "memory_mib": psutil.Process().memory_info().rss / 1024**2,
        "cpu_seconds": time.process_time() - cpu,
    }
    print(json.dumps(found), flush=True)


def _mongod_cpu(database: Database[Document]) -> float:
    """Return how much processor time MongoDB has taken, s."""
    found = database.command("serverStatus")["extra_info"]
    return float(found["user_time_us"] + found["system_time_us"]) / 1e6


def run_replicas(database: Database[Document], mongo_uri: str, redis_url: str, count: int) -> Document:
    """Let ``count`` schedulers meet the full hour and return the figures.

    Processor time is what tells, where a machine has fewer cores than there are processes.
    """
    command = [sys.executable, "-m", "tests.bench.schedules", mongo_uri, redis_url]
    pipe = subprocess.PIPE
    started = [subprocess.Popen([*command, str(each)], stdin=pipe, stdout=pipe, text=True) for each in range(count)]
    try:
        for each in started:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        mongod_cpu = _mongod_cpu(database)
        began = time.time()
        for each in started:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        found = [json.loads(each.communicate(timeout=300)[0]) for each in started]
    finally:
        for each in started:
            if each.poll() is None:
                each.kill()
    lateness = sorted(moment - began for one in found for moment in one["made"])
    return {
        "jobs": len(lateness),
        "seconds_until_all_exist": lateness[-1],
        "seconds_until_all_enqueued": max(one["ended"] for one in found) - began,
        "lateness_p50_seconds": statistics.median(lateness),
        "lateness_p99_seconds": lateness[int(len(lateness) * 0.99)],
        "memory_mib": max(one["memory_mib"] for one in found),
        "cpu_seconds": sum(one["cpu_seconds"] for one in found),
        "mongod_cpu_seconds": _mongod_cpu(database) - mongod_cpu,
    }


def measure(mongo_uri: str, redis_url: str, *, schedules: int = SCHEDULES, due: int = DUE) -> Document:
    """Return the figures of a full hour: the floor's, and those of one and of three schedulers."""
    database = connection.connect(uri=mongo_uri, database=DATABASE, timeout_seconds=10)
    try:
        build_indexes(database)
        seed(database, schedules=schedules, due=due)
        figures: Document = {"floor_seconds": floor(database)}
        for count in (1, 3):
            reset(database)
            figures[f"schedulers_{count}"] = run_replicas(database, mongo_uri, redis_url, count)
            assert database["job"].count_documents({}) == due
        return figures
    finally:
        database.client.drop_database(DATABASE)
        connection.disconnect()


def main() -> None:
    """Measure on databases of its own."""
    with tempfile.TemporaryDirectory(prefix="inventory-bench-") as name:
        folder = Path(name)
        with (
            EmbeddedMongod(folder / "mongod", free_port(), folder / "mongod.log") as mongod,
            EmbeddedRedis(folder / "redis", free_port(), folder / "redis.log") as redis,
        ):
            print(json.dumps(measure(mongod.uri, redis.url), indent=2))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        replica(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
