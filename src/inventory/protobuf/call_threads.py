"""Threads that run calls for a server of grpcio."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_log = logging.getLogger(__name__)


class CallThreads(ThreadPoolExecutor):
    """Runs calls; one for which no thread can be started waits for the next that is free.

    grpcio submits calls on its thread for all events. An exception would end that thread, and the server would neither
    accept nor answer any call from then on.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit a call, without exceptions; the future of one that has to wait is not used."""
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError:  # the call is queued already
            _log.warning("a call waits, since no thread can be started")
            return Future()
