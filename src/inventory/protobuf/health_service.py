"""``grpc.health.v1.Health``, which sends nothing while it holds a lock.

The servicer of grpcio-health-checking sends to watching clients under its lock, and takes the same lock when one has
gone, on the thread that completes what is being sent: a client that leaves at that moment, or that reads nothing, stops
the whole server (https://github.com/grpc/grpc/pull/43403).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import OVERALL_HEALTH

from inventory.protobuf.call_threads import CallThreads

MOST_WATCHES: Final = 256
"""How many clients can watch at a time, each by a thread of its own; a further one gets no answer until one leaves."""

HealthAnswer: TypeAlias = health_pb2.HealthCheckResponse
AllHealth: TypeAlias = health_pb2.HealthListResponse

_SERVING: Final[int] = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final[int] = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN: Final[int] = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class HealthService:
    """Answers with the statuses that were set; see https://github.com/grpc/grpc/blob/master/doc/health-checking.md.

    Args:
        *names: full names of the services, NOT_SERVING at first; the empty name, for the whole server, is added.
    """

    def __init__(self, *names: str) -> None:
        self._changed = threading.Condition()
        self._statuses = dict.fromkeys((OVERALL_HEALTH, *names), _NOT_SERVING)
        self._drains = False
        self.Watch = _WatchBehavior(self._watch)

    def add_to(self, server: grpc.Server) -> None:
        """Serve it."""
        health_pb2_grpc.add_HealthServicer_to_server(self, server)

    def set(self, *, serving: bool) -> None:
        """Set the status of all services, until :meth:`drain`."""
        with self._changed:
            if not self._drains:
                self._set(_SERVING if serving else _NOT_SERVING)

    def drain(self) -> None:
        """Report NOT_SERVING for good; watching clients get it, and their calls end."""
        with self._changed:
            self._drains = True
            self._set(_NOT_SERVING)

    def _set(self, status: int) -> None:
        self._statuses = dict.fromkeys(self._statuses, status)
        self._changed.notify_all()

    def Check(self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext) -> HealthAnswer:
        """Answer with the status of a service, or NOT_FOUND."""
        status = self._statuses.get(request.service)
        if status is None:
            context.set_code(grpc.StatusCode.NOT_FOUND)
        return HealthAnswer(status=status)

    def List(self, _request: health_pb2.HealthListRequest, _context: grpc.ServicerContext) -> AllHealth:
        """Answer with the statuses of all services."""
        return AllHealth(statuses={name: HealthAnswer(status=status) for name, status in self._statuses.items()})

    def _watch(self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext) -> Iterator[HealthAnswer]:
        """Yield the status of a service now and whenever it changes, until the client leaves or the server drains."""
        watch = _Watch(request.service)

        def leave() -> None:
            with self._changed:
                watch.is_over = True
                self._changed.notify_all()

        if not context.add_callback(leave):
            return
        is_last = False
        while not is_last:
            status, is_last = self._next(watch)
            if status != watch.sent and not watch.is_over:
                watch.sent = status
                yield HealthAnswer(status=status)

    def _next(self, watch: _Watch) -> tuple[int, bool]:
        """Wait until there is news for a client; return the status, and whether there will be no further one."""
        with self._changed:
            self._changed.wait_for(lambda: watch.is_over or self._drains or self._status(watch.service) != watch.sent)
            return self._status(watch.service), watch.is_over or self._drains

    def _status(self, service: str) -> int:
        return self._statuses.get(service, _UNKNOWN)


@dataclass(slots=True)
class _Watch:
    """A client that watches.

    Attributes:
        service: the full name.
        sent: the status that was sent last; None: none yet.
        is_over: the call has ended.
    """

    service: str
    sent: int | None = None
    is_over: bool = False


class _WatchBehavior:
    """The method ``Watch``, with the attribute by which grpcio gives it threads of its own."""

    def __init__(self, watch: Callable[[Any, Any], Iterator[HealthAnswer]]) -> None:
        self._watch = watch
        self.experimental_thread_pool = CallThreads(MOST_WATCHES, thread_name_prefix="watch")

    def __call__(self, request: Any, context: Any) -> Iterator[HealthAnswer]:
        return self._watch(request, context)
