"""The parts of a worker process; ``bootstrap`` builds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from inventory.service.job.running import RunningSlices
from inventory.settings import Settings


class Consumer(Protocol):
    """Takes messages from the queue and passes them to handlers, on threads of its own."""

    def start(self) -> None:
        """Start, and return at once."""

    def stop(self, timeout_seconds: float) -> bool:
        """Take no more messages and wait at most ``timeout_seconds`` for handlers; return whether all have ended."""


class WorkerParts(Protocol):
    """The parts of one worker process."""

    @property
    def running(self) -> RunningSlices:
        """The slices that the process collects."""

    @property
    def consumer(self) -> Consumer:
        """Calls ``RunSlice.run`` and ``CollectService.plan_job``."""

    def close(self) -> None:
        """Close all connections."""


PartsFactory = Callable[[Settings], WorkerParts]
"""Builds the parts; a module-level function, so that a spawned process can import it."""
