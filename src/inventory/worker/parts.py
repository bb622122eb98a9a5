"""What a worker process is made of; ``bootstrap`` builds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from inventory.service.job.running import RunningSlices
from inventory.settings import Settings


class Consumer(Protocol):
    """Takes messages from the queue and hands them to handlers, on threads of its own."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self, timeout_seconds: float) -> bool:
        """Take no more messages, and wait for running handlers, so long at most; return whether all have ended."""


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
"""Builds the parts; a function of a module, so that a spawned process finds it."""
