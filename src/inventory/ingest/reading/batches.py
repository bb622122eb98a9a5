"""Splits a stream into batches, which are read and decoded in a thread while the previous batch is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from inventory.connector.ports import ResourceMessage
from inventory.domain.clock import Clock
from inventory.errors import CollectorCollectingError, InventoryError
from inventory.ingest.context import IngestLimits
from inventory.observe.logs import get_logger

_log = get_logger(__name__)


class BatchReader:
    """Reads at most one batch ahead of the writer, whatever the stream's length.

    Use as a context manager: leaving it ends the stream and its thread. Inside, :meth:`take` returns the batches.

    Attributes:
        decodes: whether contents are decoded when they are read, while the writer waits for MongoDB; set it if most of
            them will be needed.
    """

    def __init__(self, stream: Iterable[ResourceMessage], *, limits: IngestLimits, clock: Clock) -> None:
        self._stream = stream
        self._limits = limits
        self._clock = clock
        self.decodes = False
        self._condition = threading.Condition()
        self._batch: list[ResourceMessage] = []
        self._bytes = 0
        self._began = 0.0
        self._ended = False
        self._blocked = False
        self._closed = False
        self._failure: InventoryError | None = None
        self._thread = threading.Thread(target=self._read, name="ingest-reader", daemon=True)

    @property
    def failure(self) -> InventoryError | None:
        """What broke the stream, once it has ended."""
        return self._failure

    def __enter__(self) -> BatchReader:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream: cancel it if possible, and let its thread end."""
        with self._condition:
            self._closed = True
            running = not self._ended
            self._condition.notify_all()
        cancel: Callable[[], None] | None = getattr(self._stream, "cancel", None)
        if running and cancel is not None:
            cancel()
        self._thread.join(timeout=5.0)

    def take(self, patience: float) -> list[ResourceMessage] | None:
        """Return the next batch: full, old enough or the last one.

        Args:
            patience: how long to wait, s.

        Returns:
            An empty list if none was due in that time, None if the stream has ended and all batches were taken.
        """
        deadline = self._clock.monotonic() + patience
        with self._condition:
            while not self._due():
                remaining = min(deadline, self._age_limit()) - self._clock.monotonic()
                if not self._condition.wait(max(remaining, 0.0)) and not self._due():
                    return []
            if not self._batch and self._ended:
                return None
            batch, self._batch, self._bytes, self._blocked = self._batch, [], 0, False
            self._condition.notify_all()
            return batch

    def _age_limit(self) -> float:
        return self._began + self._limits.batch_seconds if self._batch else float("inf")

    def _full(self) -> bool:
        return len(self._batch) >= self._limits.batch_count or self._bytes >= self._limits.batch_bytes

    def _due(self) -> bool:
        if self._full() or self._blocked or self._ended:
            return True
        return bool(self._batch) and self._age_limit() <= self._clock.monotonic()

    def _read(self) -> None:
        failure: InventoryError | None = None
        try:
            for message in self._stream:
                if self.decodes:
                    message.decode()
                if not self._add(message):
                    break
        except InventoryError as exc:
            failure = exc
        except Exception as exc:  # noqa: BLE001 - the outermost loop of this thread
            _log.exception("stream_broke", error=type(exc).__name__)
            failure = CollectorCollectingError(reason="the stream broke")
        finally:
            with self._condition:
                self._failure = failure
                self._ended = True
                self._condition.notify_all()

    def _add(self, message: ResourceMessage) -> bool:
        """Append ``message``, waiting while the batch is full; False if nobody wants it any more."""
        with self._condition:
            while not self._closed and self._batch and self._full_with(message):
                self._blocked = True
                self._condition.notify_all()
                self._condition.wait()
            self._blocked = False
            if self._closed:
                return False
            if not self._batch:
                self._began = self._clock.monotonic()
            self._batch.append(message)
            self._bytes += message.size
            if self._full() or len(self._batch) == 1:
                self._condition.notify_all()
            return True

    def _full_with(self, message: ResourceMessage) -> bool:
        """Whether the batch must wait for the writer: it is full, or ``message`` would exceed its bytes."""
        return self._full() or self._bytes + message.size > self._limits.batch_bytes
