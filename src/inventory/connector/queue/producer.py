"""The producer's side of the queue."""

from __future__ import annotations

from collections.abc import Sequence

import redis
from dramatiq import Message

from inventory.connector.queue.bands import BANDS, DRY_RUN, PLAN_JOB, RUN_SLICE, actor_name, band_of
from inventory.connector.queue.broker import PATIENT, Broker, RedisTimeouts, age_seconds, failure
from inventory.connector.queue_port import BandState, JobToPlan
from inventory.domain.clock import Clock, SystemClock
from inventory.observe import tracing


class RedisQueue:
    """See :class:`~inventory.connector.ports.Queue`."""

    def __init__(
        self, *, url: str, namespace: str, clock: Clock | None = None, timeouts: RedisTimeouts = PATIENT
    ) -> None:
        """Prepare; nothing connects yet.

        Args:
            namespace: prefix of the queue's keys.
            clock: gives the time of a message, and its age; absent: this machine's clock.
            timeouts: how long to wait for Redis.
        """
        self._clock = clock or SystemClock()
        self._broker = Broker(url=url, namespace=namespace, timeouts=timeouts)

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        """See the port."""
        self.plan_jobs([JobToPlan(job_id, domain_id, priority)])

    def plan_jobs(self, jobs: Sequence[JobToPlan]) -> None:
        """See the port."""
        self._send([self._message(PLAN_JOB, job.domain_id, job.job_id, job.priority) for job in jobs])

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        """See the port."""
        self._send([self._message(RUN_SLICE, domain_id, slice_id, priority) for slice_id in slice_ids])

    def dry_run(self, dry_run_id: str, *, domain_id: str, priority: int) -> None:
        """See the port."""
        self._send([self._message(DRY_RUN, domain_id, dry_run_id, priority)])

    def ping(self) -> None:
        """See the port."""
        try:
            self._broker.client.ping()
        except redis.RedisError as exc:
            raise failure(exc) from exc

    def states(self) -> list[BandState]:
        """Return the state of each band, most urgent first. Raises ``ConnectionFailureError``."""
        try:
            return [self._state(band) for band in BANDS]
        except redis.RedisError as exc:
            raise failure(exc) from exc

    def close(self) -> None:
        """Close the connections."""
        self._broker.close()

    def _send(self, messages: Sequence[Message[None]]) -> None:
        try:
            if len(messages) == 1:
                self._broker.enqueue(messages[0])
            else:
                self._broker.enqueue_all(messages)
        except redis.RedisError as exc:
            raise failure(exc) from exc

    def _state(self, band: str) -> BandState:
        key = f"{self._broker.namespace}:{band}"
        first = self._broker.client.lindex(key, 0)
        data = self._broker.client.hget(f"{key}.msgs", first) if first is not None else None
        age = age_seconds(Message.decode(data), self._clock) if isinstance(data, bytes) else 0.0
        return BandState(band=band, waiting=self._broker.waiting([band])[0], oldest_seconds=age)

    def _message(self, action: str, domain_id: str, each: str, priority: int) -> Message[None]:
        band = band_of(priority)
        return Message(
            queue_name=band,
            actor_name=actor_name(action, band),
            args=(domain_id, each),
            kwargs=dict(tracing.metadata()),
            options={},
            message_timestamp=int(self._clock.now().timestamp() * 1000),
        )
