"""dramatiq's Redis broker, adapted to this service."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import redis
from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.common import compute_backoff
from dramatiq.errors import ConnectionClosed
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from inventory.connector.queue.bands import BANDS, more_urgent_than
from inventory.connector.queue.metrics import QUEUE_WAIT_SECONDS
from inventory.domain.clock import Clock
from inventory.errors import ConnectionFailureError, InventoryError, own_words

HEARTBEAT_MS: Final = 5_000
"""A worker silent for this long counts as dead, and its messages go to others."""

SIGN_OF_LIFE_SECONDS: Final = 1.0
"""How often a worker with nothing to fetch sends a command to Redis."""

MAINTENANCE_CHANCE: Final = 100_000
"""How many of a million commands look for dead workers; at tens of commands per second, about one per second."""

REDIS_TIME: Final = b"""
local now = redis.call("time")
ARGV[2] = now[1] * 1000 + math.floor(now[2] / 1000)
"""
"""Prepended to dramatiq's script. Its second argument is the caller's wall clock, by which the script decides which
workers are dead: a worker whose clock is slow would lose its messages while it works. So Redis's own clock is used."""

PIPELINED: Final = 500
"""Number of messages that are sent together."""


@dataclass(frozen=True, slots=True)
class RedisTimeouts:
    """How long to wait for Redis.

    Attributes:
        connect_seconds: for a connection, s.
        answer_seconds: for the answer to a command, s.
        retries: how often a command is repeated after that, or after a broken connection.
    """

    connect_seconds: float
    answer_seconds: float
    retries: int


PATIENT: Final = RedisTimeouts(connect_seconds=2.0, answer_seconds=5.0, retries=2)
"""Waits up to 15 s for a Redis that accepts connections but does not answer, rather than fail."""
IMPATIENT: Final = RedisTimeouts(connect_seconds=0.5, answer_seconds=1.0, retries=0)
"""Fails within about a second, for whoever can do without Redis but must not be late."""


class Broker(RedisBroker):
    """The producer's side, with the bands as its queues. It has no delay queues, since no message is delayed."""

    def __init__(self, *, url: str, namespace: str, timeouts: RedisTimeouts = PATIENT) -> None:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=timeouts.connect_seconds,
            socket_timeout=timeouts.answer_seconds,
            socket_keepalive=True,
            health_check_interval=30,
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=timeouts.retries),
        )
        # The default middleware would store exception texts in Redis (Retries) and stop long slices (TimeLimit).
        super().__init__(  # type: ignore[no-untyped-call]
            client=client,
            namespace=namespace,
            middleware=[],
            heartbeat_timeout=HEARTBEAT_MS,
            maintenance_chance=MAINTENANCE_CHANCE,
        )
        script: Any = self.scripts["dispatch"].script
        self.scripts = {**self.scripts, "dispatch": client.register_script(REDIS_TIME + script)}
        for band in BANDS:
            self.declare_queue(band)

    def declare_queue(self, queue_name: str) -> None:
        """Make the queue known, once."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def enqueue_all(self, messages: Sequence[Message[None]]) -> None:
        """Enqueue many messages in few round trips. If one fails, those before it stay enqueued."""
        for start in range(0, len(messages), PIPELINED):
            with self.client.pipeline(transaction=False) as pipeline:
                # dramatiq enqueues by calling a script: a copy of this broker calls it within the pipeline.
                sender = copy(self)
                sender.scripts = {**self.scripts, "dispatch": partial(self.scripts["dispatch"], client=pipeline)}
                for message in messages[start : start + PIPELINED]:
                    sender.enqueue(message)
                pipeline.execute()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def waiting(self, bands: list[str]) -> list[int]:
        """Return how many messages wait in each of ``bands``."""
        with self.client.pipeline(transaction=False) as pipeline:
            for band in bands:
                pipeline.llen(f"{self.namespace}:{band}")
            return [int(length) for length in pipeline.execute()]


class WorkBroker(Broker):
    """The worker's side: takes no more messages than it has threads, urgent bands first.

    dramatiq itself prefetches per queue. A message prefetched by a busy worker would have to wait for as long as a
    slice of another band takes, while other workers are idle.
    """

    def __init__(self, *, url: str, namespace: str, threads: int, clock: Clock) -> None:
        super().__init__(url=url, namespace=namespace)
        self.clock = clock
        self.taking = threading.Lock()
        self.consumers: dict[str, BandConsumer] = {}
        self._threads = threads

    @property
    def consumer_class(self) -> type[BandConsumer]:
        """The class that reads a queue."""
        return BandConsumer

    def free_slots(self) -> int:
        """Return how many more messages this process has threads for."""
        taken = sum(int(consumer.outstanding_message_count) for consumer in list(self.consumers.values()))
        return self._threads - taken

    def is_overtaken(self, band: str) -> bool:
        """Return whether messages more urgent than those of ``band`` are waiting."""
        urgent = more_urgent_than(band)
        return bool(urgent) and any(self.waiting(urgent))


class BandConsumer(_RedisConsumer):
    """Reads one band for a :class:`WorkBroker`; dramatiq calls it from a thread of its own."""

    def __init__(self, broker: WorkBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        self._work_broker = broker
        self._spoke_at = 0.0
        # The consumer created after a broken connection replaces the earlier one.
        broker.consumers[queue_name] = self

    def __next__(self) -> MessageProxy | None:
        """Return the next message, or None after a short wait."""
        if not self.message_cache:
            try:
                self._take()
            except redis.RedisError as exc:
                raise ConnectionClosed(exc) from None
        if self.message_cache:
            message: MessageProxy | None = super().__next__()  # type: ignore[no-untyped-call]
            if message is not None:
                # As long as MongoDB was never reached, the age of a message is unknown.
                with contextlib.suppress(InventoryError):
                    QUEUE_WAIT_SECONDS.labels(self.queue_name).observe(age_seconds(message, self._work_broker.clock))
            return message
        self.misses, backoff_ms = compute_backoff(self.misses, max_backoff=self.timeout)
        time.sleep(backoff_ms / 1000)
        return None

    def ack(self, message: MessageProxy) -> None:
        """Remove a handled message from Redis.

        Raises:
            ConnectionClosed: Redis does not answer, or refuses writes (its disk is full, or it is a replica). In either
                case the caller retries. dramatiq's own method retries only the former: other messages would stay in
                Redis and be handled again after the worker's restart.
        """
        try:
            super().ack(message)  # type: ignore[no-untyped-call]
        except redis.RedisError as exc:
            raise ConnectionClosed(exc) from None

    def _take(self) -> None:
        # One band at a time; otherwise two bands could take the last slot.
        with self._work_broker.taking:
            free = self._work_broker.free_slots()
            if free > 0 and not self._work_broker.is_overtaken(self.queue_name):
                self.message_cache = self._work_broker.do_fetch(self.queue_name, free)
            elif time.monotonic() - self._spoke_at >= SIGN_OF_LIFE_SECONDS:
                # Any command renews the heartbeat.
                self._work_broker.do_qsize(self.queue_name)
            else:
                return
            self._spoke_at = time.monotonic()


def age_seconds(message: Message[None] | MessageProxy, clock: Clock) -> float:
    """Return the age of ``message``, s; never less than 0."""
    return max(clock.now().timestamp() - message.message_timestamp / 1000, 0.0)


def failure(exc: redis.RedisError) -> ConnectionFailureError:
    """Return the corresponding error of ours."""
    return ConnectionFailureError(service="redis", reason=own_words(exc))
