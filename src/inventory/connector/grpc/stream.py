"""A running ``collect`` call: yields messages, translates errors, and can be canceled from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias, TypeVar

import grpc

from inventory.connector.grpc.call import status_of
from inventory.connector.grpc.decode import MessageDecoder, Received
from inventory.connector.grpc.errors import plugin_reason, unavailable_reason
from inventory.connector.ports import ResourceMessage
from inventory.domain.redact import Redactor
from inventory.errors import CollectorCollectingError, InventoryError, JobTimeoutError, PluginUnavailableError

MessageT = TypeVar("MessageT", covariant=True)


class StreamOf(Protocol[MessageT]):
    """The part of a streaming grpc call that is used here."""

    def __iter__(self) -> Iterator[MessageT]: ...

    def cancel(self) -> object: ...


StreamCall: TypeAlias = StreamOf[Received]


class CollectStream:
    """See :class:`~inventory.connector.ports.ResourceStream`. Iterate once."""

    def __init__(
        self,
        *,
        start: Callable[[], StreamCall],
        idle_seconds: float,
        end: float,
        redactor: Redactor,
        on_end: Callable[[str], None] = lambda _status: None,
    ) -> None:
        """Prepare; the call starts with the iteration.

        Args:
            start: starts the call.
            idle_seconds: how long the plugin may stay silent, s.
            end: time by ``time.monotonic()`` at which the call's own deadline expires; infinity for none.
            redactor: redacts the secret's values in the plugin's messages.
            on_end: called with the call's gRPC status; ``CANCELLED`` if this side ended it.
        """
        self._start = start
        self._idle_seconds = idle_seconds
        self._end = end
        self._redactor = redactor
        self._on_end = on_end
        self._decoder = MessageDecoder(redactor=redactor)
        self._lock = threading.Lock()
        self._call: StreamCall | None = None
        self._canceled = False
        self._silent = False
        self._finished = threading.Event()
        # When the reader began to wait for the plugin; None while it processes a message.
        self._waiting_since: float | None = None

    def cancel(self) -> None:
        """See the port."""
        with self._lock:
            self._canceled = True
            if self._call is not None:
                self._call.cancel()

    def __iter__(self) -> Iterator[ResourceMessage]:
        started = time.monotonic()
        status = grpc.StatusCode.CANCELLED
        call = self._begin()
        watchdog = threading.Thread(target=self._watch, args=(call,), name="stream-watchdog", daemon=True)
        watchdog.start()
        try:
            for message, size in self._timed(call):
                yield self._decoder.decode(message, size)
            status = grpc.StatusCode.OK
        except grpc.RpcError as exc:
            status = status_of(exc)[0]
            raise self._translate(exc, started) from exc
        finally:
            self._on_end(status.name)
            self._finished.set()
            call.cancel()

    def _begin(self) -> StreamCall:
        with self._lock:
            if self._canceled:
                raise CollectorCollectingError(reason="canceled")
            try:
                self._call = self._start()
            except ValueError as exc:
                # grpc's text for a closed channel: this process is about to stop.
                raise PluginUnavailableError(reason="the connection was closed") from exc
            return self._call

    def _timed(self, call: StreamCall) -> Iterator[Received]:
        messages = iter(call)
        while True:
            self._waiting_since = time.monotonic()
            received = next(messages, None)
            self._waiting_since = None
            if received is None:
                return
            yield received

    def _watch(self, call: StreamCall) -> None:
        """End the call when the plugin has been silent too long; the reader's own time does not count."""
        wait = self._idle_seconds
        while not self._finished.wait(wait):
            since = self._waiting_since
            wait = self._idle_seconds
            if since is None:
                continue
            wait -= time.monotonic() - since
            if wait <= 0:
                self._silent = True
                call.cancel()
                return

    def _translate(self, error: grpc.RpcError, started: float) -> InventoryError:
        status, details = status_of(error)
        if self._canceled:
            return CollectorCollectingError(reason="canceled")
        if self._silent:
            return JobTimeoutError(limit_seconds=self._idle_seconds)
        if status is grpc.StatusCode.DEADLINE_EXCEEDED and time.monotonic() >= self._end:
            return JobTimeoutError(limit_seconds=round(self._end - started, 3))
        if status is grpc.StatusCode.UNAVAILABLE:
            return PluginUnavailableError(reason=unavailable_reason(details, self._redactor))
        return CollectorCollectingError(reason=plugin_reason(status, details, self._redactor))
