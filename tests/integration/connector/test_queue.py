"""The queue on a real Redis."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dramatiq.brokers.redis
import dramatiq.common
import dramatiq.worker
import pytest
import redis

from inventory.connector.queue import BANDS, QueueConsumer, RedisQueue, band_of
from inventory.connector.queue.broker import HEARTBEAT_MS, PIPELINED, BandConsumer, WorkBroker
from inventory.connector.queue_port import JobToPlan
from inventory.devruntime.databases.redis_server import EmbeddedRedis
from inventory.errors import ConnectionFailureError
from tests.chaos import stores
from tests.manual_clock import ManualClock
from tests.ports import free_port

STALL_SECONDS = 2.0


class Recorder:
    """Handlers that write down what they were called with, and may block or raise."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str]] = []
        self.changed = threading.Condition()
        self.started = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.raises: Exception | None = None

    def plan_job(self, domain_id: str, job_id: str) -> None:
        self._record("plan_job", domain_id, job_id)

    def run_slice(self, domain_id: str, slice_id: str) -> None:
        self._record("run_slice", domain_id, slice_id)

    def dry_run(self, domain_id: str, dry_run_id: str) -> None:
        raise AssertionError("nobody asks for a dry run")

    def _record(self, *call: str) -> None:
        self.started.set()
        self.go_on.wait(60)
        with self.changed:
            self.calls.append(call)  # type: ignore[arg-type]
            self.changed.notify_all()
        if self.raises is not None:
            raise self.raises

    def wait_for(self, count: int, timeout: float = 20) -> list[tuple[str, str, str]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.calls) >= count, timeout), self.calls
            return list(self.calls)


def wait_until(condition: Callable[[], bool], timeout: float = 20) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "the condition did not become true in time"
        time.sleep(0.02)


@pytest.fixture
def namespace() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def queue(redis_url: str, namespace: str) -> Iterator[RedisQueue]:
    queue = RedisQueue(url=redis_url, namespace=namespace)
    yield queue
    queue.close()


def raw_content(redis_url: str, namespace: str) -> bytes:
    """Everything that Redis holds under the namespace, glued together."""
    client = redis.Redis.from_url(redis_url)
    parts = []
    for key in client.keys(f"{namespace}:*"):
        kind = client.type(key)
        if kind == b"hash":
            parts += [b"".join(pair) for pair in client.hgetall(key).items()]
        elif kind == b"list":
            parts += client.lrange(key, 0, -1)
        elif kind == b"set":
            parts += client.smembers(key)
        parts.append(key)
    client.close()
    return b"\n".join(parts)


def message_count(redis_url: str, namespace: str) -> int:
    with redis.Redis.from_url(redis_url) as client:
        return sum(int(client.hlen(f"{namespace}:{band}.msgs")) for band in BANDS)


def test_jobs_and_slices_reach_their_handlers(redis_url: str, namespace: str, queue: RedisQueue) -> None:
    handlers = Recorder()
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=handlers, threads=2):
        queue.plan_job("job-1", domain_id="domain-1", priority=10)
        queue.run_slices(["slice-1", "slice-2"], domain_id="domain-1", priority=99)
        calls = handlers.wait_for(3)
    assert sorted(calls) == [
        ("plan_job", "domain-1", "job-1"),
        ("run_slice", "domain-1", "slice-1"),
        ("run_slice", "domain-1", "slice-2"),
    ]


def test_many_jobs_sent_together_all_arrive_each_in_its_band(redis_url: str, namespace: str, queue: RedisQueue) -> None:
    jobs = [JobToPlan(f"job-{number}", f"domain-{number % 3}", number % 100) for number in range(PIPELINED + 1)]
    queue.plan_jobs([])
    queue.plan_jobs(jobs)

    waiting = {state.band: state.waiting for state in queue.states()}
    assert waiting == {band: sum(band_of(job.priority) == band for job in jobs) for band in BANDS}
    handlers = Recorder()
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=handlers, threads=4):
        calls = handlers.wait_for(len(jobs))
    assert sorted(calls) == sorted(("plan_job", job.domain_id, job.job_id) for job in jobs)


def test_many_messages_are_sent_to_a_redis_that_has_forgotten_the_script(
    redis_url: str, namespace: str, queue: RedisQueue
) -> None:
    jobs = [JobToPlan(f"job-{number}", "d", 10) for number in range(3)]
    queue.plan_jobs(jobs)
    with redis.Redis.from_url(redis_url) as client:
        client.script_flush()

    queue.plan_jobs(jobs)

    assert message_count(redis_url, namespace) == 6


def test_an_urgent_message_overtakes_those_that_came_before(redis_url: str, namespace: str, queue: RedisQueue) -> None:
    handlers = Recorder()
    handlers.go_on.clear()
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=handlers, threads=1):
        queue.run_slices(["running"], domain_id="d", priority=50)
        assert handlers.started.wait(10)
        queue.run_slices(["low"], domain_id="d", priority=50)
        queue.run_slices(["urgent"], domain_id="d", priority=0)
        handlers.go_on.set()
        calls = handlers.wait_for(3)
    assert [each for _, _, each in calls] == ["running", "urgent", "low"]


def test_a_handler_that_raises_is_done_and_leaves_no_trace_in_redis(
    redis_url: str, namespace: str, queue: RedisQueue
) -> None:
    handlers = Recorder()
    handlers.raises = RuntimeError("planted-secret-value")
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=handlers, threads=1):
        queue.run_slices(["slice-1"], domain_id="d", priority=10)
        handlers.wait_for(1)
        wait_until(lambda: message_count(redis_url, namespace) == 0)
        handlers.raises = None
        queue.run_slices(["slice-2"], domain_id="d", priority=10)
        calls = handlers.wait_for(2)
    assert [each for _, _, each in calls] == ["slice-1", "slice-2"]
    assert b"planted-secret-value" not in raw_content(redis_url, namespace)


def test_a_worker_takes_no_more_than_it_has_threads_for(redis_url: str, namespace: str, queue: RedisQueue) -> None:
    handlers = Recorder()
    handlers.go_on.clear()
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=handlers, threads=2):
        queue.run_slices([f"slice-{n}" for n in range(10)], domain_id="d", priority=10)
        assert handlers.started.wait(10)
        wait_until(lambda: queue.states()[1].waiting == 8)
        state = queue.states()[1]
        assert state.band == "normal"
        assert 0 <= state.oldest_seconds < 20
        handlers.go_on.set()
        handlers.wait_for(10)
    wait_until(lambda: message_count(redis_url, namespace) == 0)


def test_what_a_busy_worker_has_no_thread_for_is_left_to_others(
    redis_url: str, namespace: str, queue: RedisQueue
) -> None:
    busy, idle = Recorder(), Recorder()
    busy.go_on.clear()
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=busy, threads=1):
        queue.run_slices(["long"], domain_id="d", priority=10)
        assert busy.started.wait(10)
        for priority in (0, 10, 99):
            queue.run_slices([f"priority-{priority}"], domain_id="d", priority=priority)
        with QueueConsumer(url=redis_url, namespace=namespace, handlers=idle, threads=1):
            calls = idle.wait_for(3)
        busy.go_on.set()
    assert [each for _, _, each in calls] == ["priority-0", "priority-10", "priority-99"]


class StallWatch(threading.Thread):
    """Wakes up often, and notes the longest time between two wake-ups, s: so long the machine stood still."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self._stopped = threading.Event()

    def run(self) -> None:
        before = time.monotonic()
        while not self._stopped.wait(0.1):
            now = time.monotonic()
            self.longest, before = max(self.longest, now - before), now

    def __enter__(self) -> StallWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.join(60)


def _is_left_alone_while_busy(redis_url: str, namespace: str) -> bool:
    """Return whether a worker keeps the message that it works on while another looks for messages of the dead."""
    busy, other, queue = Recorder(), Recorder(), RedisQueue(url=redis_url, namespace=namespace)
    busy.go_on.clear()
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=busy, threads=1):
        queue.run_slices(["long"], domain_id="d", priority=10)
        assert busy.started.wait(60)
        with QueueConsumer(url=redis_url, namespace=namespace, handlers=other, threads=1):
            # Longer than the heartbeat's limit: a worker silent for so long loses its messages.
            alone = not other.started.wait(HEARTBEAT_MS / 1000 + 2)
        busy.go_on.set()
        assert busy.wait_for(1) == [("run_slice", "d", "long")]
    queue.close()
    return alone


def test_a_busy_worker_is_not_taken_for_dead(redis_url: str, namespace: str) -> None:
    # Where the machine stands still for that long, it is rightly taken for dead.
    for number in range(3):
        with StallWatch() as watch:
            alone = _is_left_alone_while_busy(redis_url, f"{namespace}-{number}")
        if alone or watch.longest < STALL_SECONDS:
            break
    assert alone


class _Blocking:
    """Handlers of a worker process that is about to be killed."""

    def plan_job(self, domain_id: str, job_id: str) -> None:
        time.sleep(60)

    def run_slice(self, domain_id: str, slice_id: str) -> None:
        time.sleep(60)

    def dry_run(self, domain_id: str, dry_run_id: str) -> None:
        raise AssertionError("nobody asks for a dry run")


def _consume_for_long(url: str, namespace: str) -> None:
    QueueConsumer(url=url, namespace=namespace, handlers=_Blocking(), threads=1).start()
    time.sleep(60)


def test_a_killed_workers_message_comes_to_another(redis_url: str, namespace: str, queue: RedisQueue) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_consume_for_long, args=(redis_url, namespace))
    process.start()
    try:
        queue.run_slices(["slice-1"], domain_id="d", priority=10)
        wait_until(lambda: queue.states()[1].waiting == 0)
    finally:
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join(10)
    handlers = Recorder()
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=handlers, threads=1):
        assert handlers.wait_for(1, timeout=30) == [("run_slice", "d", "slice-1")]


def test_a_redis_that_is_away_is_a_connection_failure() -> None:
    queue = RedisQueue(url=f"redis://127.0.0.1:{free_port()}/0", namespace="test")
    with pytest.raises(ConnectionFailureError, match="redis"):
        queue.ping()
    with pytest.raises(ConnectionFailureError):
        queue.plan_job("job-1", domain_id="d", priority=10)
    with pytest.raises(ConnectionFailureError):
        queue.plan_jobs([JobToPlan("job-1", "d", 10), JobToPlan("job-2", "d", 10)])
    with pytest.raises(ConnectionFailureError):
        queue.run_slices(["slice-1"], domain_id="d", priority=10)
    with pytest.raises(ConnectionFailureError):
        queue.states()
    queue.close()


def test_a_worker_survives_a_redis_that_restarts(tmp_path: Path, namespace: str) -> None:
    port, handlers = free_port(), Recorder()
    with EmbeddedRedis(tmp_path / "first", port, tmp_path / "redis.log") as server:
        queue = RedisQueue(url=server.url, namespace=namespace)
        consumer = QueueConsumer(url=server.url, namespace=namespace, handlers=handlers, threads=1)
        consumer.start()
        queue.run_slices(["before"], domain_id="d", priority=10)
        handlers.wait_for(1)
    with pytest.raises(ConnectionFailureError):
        queue.ping()
    # Nothing of what was queued is left: the folder is another one.
    with EmbeddedRedis(tmp_path / "second", port, tmp_path / "redis.log"):
        queue.run_slices(["after"], domain_id="d", priority=10)
        assert [each for _, _, each in handlers.wait_for(2)] == ["before", "after"]
    consumer.stop(10)
    queue.close()


@pytest.mark.parametrize("refusal", [redis.TimeoutError, redis.ResponseError])
def test_a_message_that_is_done_leaves_redis_however_redis_refuses_at_first(
    redis_url: str,
    namespace: str,
    queue: RedisQueue,
    monkeypatch: pytest.MonkeyPatch,
    refusal: type[redis.RedisError],
) -> None:
    monkeypatch.setattr(dramatiq.worker, "POST_PROCESS_MESSAGE_RETRY_DELAY_SECS", 0.05)
    refusals = [refusal("MISCONF Errors writing to the AOF file")] * 2

    def refuse(self: WorkBroker, *arguments: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return self._dispatch("ack")(*arguments)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(WorkBroker, "do_ack", refuse, raising=False)
    with QueueConsumer(url=redis_url, namespace=namespace, handlers=Recorder(), threads=1):
        queue.run_slices(["slice-1"], domain_id="d", priority=10)
        wait_until(lambda: not refusals and message_count(redis_url, namespace) == 0)


def test_a_worker_outlasts_a_redis_whose_disk_is_full(
    tmp_path: Path, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dramatiq.worker, "POST_PROCESS_MESSAGE_RETRY_DELAY_SECS", 0.05)
    handlers = Recorder()
    _, program = stores.programs(tmp_path)
    with EmbeddedRedis(tmp_path / "data", free_port(), tmp_path / "redis.log", program=program) as server:
        assert server.pid is not None
        queue = RedisQueue(url=server.url, namespace=namespace)
        with QueueConsumer(url=server.url, namespace=namespace, handlers=handlers, threads=1):
            handlers.go_on.clear()
            queue.run_slices(["before"], domain_id="d", priority=10)
            assert handlers.started.wait(20)
            stores.fill_disk(server.pid)
            wait_until(lambda: refuses(queue))
            handlers.go_on.set()
            handlers.wait_for(1)
            stores.free_disk(server.pid)
            wait_until(lambda: not refuses(queue))
            handlers.wait_for(2)
            wait_until(lambda: message_count(server.url, namespace) == 0)
        queue.close()


def refuses(queue: RedisQueue) -> bool:
    try:
        queue.run_slices(["after"], domain_id="d", priority=10)
    except ConnectionFailureError:
        return True
    return False


@pytest.mark.parametrize(
    ("priority", "band"), [(0, "urgent"), (9, "urgent"), (10, "normal"), (39, "normal"), (40, "low"), (99, "low")]
)
def test_every_priority_has_its_band(priority: int, band: str) -> None:
    assert band_of(priority) == band


def test_a_worker_whose_clock_is_behind_keeps_its_messages(
    redis_url: str, namespace: str, queue: RedisQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dramatiq stamps a worker's sign of life with that worker's clock, and judges it by another's.
    behind: set[int] = set()
    real = dramatiq.common.current_millis

    def millis() -> int:
        return real() - (300_000 if threading.get_ident() in behind else 0)

    monkeypatch.setattr(dramatiq.brokers.redis, "current_millis", millis)
    slow, other = Recorder(), Recorder()
    slow.go_on.clear()
    taken = BandConsumer.__next__

    def takes(consumer: BandConsumer) -> Any:
        if consumer._work_broker is first._broker:
            behind.add(threading.get_ident())
        return taken(consumer)

    monkeypatch.setattr(BandConsumer, "__next__", takes)
    first = QueueConsumer(url=redis_url, namespace=namespace, handlers=slow, threads=1)
    with first:
        queue.run_slices(["slice-1"], domain_id="domain-1", priority=10)
        assert slow.started.wait(20)
        with QueueConsumer(url=redis_url, namespace=namespace, handlers=other, threads=1) as second:
            # Maintenance, by which dead workers are found, runs by chance: a few hundred commands make it certain.
            for _ in range(400):
                second._broker.do_qsize(band_of(10))
            assert not other.started.wait(1)
        slow.go_on.set()
        assert slow.wait_for(1) == [("run_slice", "domain-1", "slice-1")]


def test_a_messages_age_is_told_by_the_one_clock(redis_url: str, namespace: str) -> None:
    clock = ManualClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
    queue = RedisQueue(url=redis_url, namespace=namespace, clock=clock)
    queue.plan_job("job-1", domain_id="domain-1", priority=10)
    clock.advance(timedelta(seconds=90))

    ages = {state.band: state.oldest_seconds for state in queue.states()}

    assert ages[band_of(10)] == 90
    queue.close()
