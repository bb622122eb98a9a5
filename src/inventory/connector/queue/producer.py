"""The sender's side of the queue."""

from __future__ import annotations

import time
from collections.abc import Sequence

import redis
from dramatiq import Message

from inventory.connector.queue.bands import BANDS, PLAN_JOB, RUN_SLICE, BandState, actor_name, band_of
from inventory.connector.queue.broker import Broker, failure


class RedisQueue:
    """See :class:`~inventory.connector.ports.Queue`."""

    def __init__(self, *, url: str, namespace: str) -> None:
        """Prepare; nothing connects yet.

        Args:
            url: of Redis.
            namespace: prefix of the queue's keys.
        """
        self._broker = Broker(url=url, namespace=namespace)

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        """See the port."""
        self._send(PLAN_JOB, domain_id, [job_id], priority)

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        """See the port."""
        self._send(RUN_SLICE, domain_id, slice_ids, priority)

    def ping(self) -> None:
        """See the port."""
        try:
            self._broker.client.ping()
        except redis.RedisError as exc:
            raise failure(exc) from exc

    def states(self) -> list[BandState]:
        """Return how each band looks, most urgent first. Raises ``ConnectionFailureError``."""
        try:
            return [self._state(band) for band in BANDS]
        except redis.RedisError as exc:
            raise failure(exc) from exc

    def close(self) -> None:
        """Close the connections."""
        self._broker.close()

    def _send(self, action: str, domain_id: str, ids: Sequence[str], priority: int) -> None:
        band = band_of(priority)
        try:
            for each in ids:
                message: Message[None] = Message(
                    queue_name=band,
                    actor_name=actor_name(action, band),
                    args=(domain_id, each),
                    kwargs={},
                    options={},
                )
                self._broker.enqueue(message)
        except redis.RedisError as exc:
            raise failure(exc) from exc

    def _state(self, band: str) -> BandState:
        key = f"{self._broker.namespace}:{band}"
        first = self._broker.client.lindex(key, 0)
        data = self._broker.client.hget(f"{key}.msgs", first) if first is not None else None
        age = time.time() - Message.decode(data).message_timestamp / 1000 if isinstance(data, bytes) else 0.0
        return BandState(band=band, waiting=self._broker.waiting([band])[0], oldest_seconds=max(age, 0.0))
