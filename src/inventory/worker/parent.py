"""The worker's parent process: starts its children, brings back those that die, answers for their health."""

from __future__ import annotations

import collections
import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

from inventory.errors import InventoryError
from inventory.observe.logs import get_logger
from inventory.process.interrupts import deaf_to_interrupts
from inventory.process.stop_flag import StopFlag
from inventory.settings import Settings
from inventory.worker import child
from inventory.worker.parts import PartsFactory

RESTARTS: Final = 5
"""So often within :data:`WINDOW_SECONDS` one child may die and is brought back; then the worker ends."""
WINDOW_SECONDS: Final = 60.0

_POLL_SECONDS: Final = 0.1
_FIRST_DELAY_SECONDS: Final = 0.2
_KILL_AFTER_SECONDS: Final = 5.0
"""How much longer than the grace a child may take until it is killed, s."""

_log = get_logger(__name__)


class NotStartedError(InventoryError):
    """A child does not take messages: it still starts, or has died."""

    code = "ERROR_NOT_STARTED"

    def __init__(self, *, running: int, wanted: int) -> None:
        super().__init__(f"Worker processes are not running. (running = {running}, wanted = {wanted})")


@dataclass
class _Child:
    number: int
    process: BaseProcess
    ready: Connection
    deaths: collections.deque[float] = field(default_factory=collections.deque)
    restart_at: float | None = None
    is_ready: bool = False


class WorkerFleet:
    """The child processes of a worker. Belongs to the main thread, but for ``check`` and ``request_stop``.

    Args:
        settings: in force; ``worker_processes`` children, ``drain_seconds`` grace.
        factory: builds the parts of a child.
        on_death: told the process id of a child that died.
    """

    def __init__(
        self, *, settings: Settings, factory: PartsFactory, on_death: Callable[[int], None] = lambda _: None
    ) -> None:
        self._settings = settings
        self._factory = factory
        self._tell_death = on_death
        # Spawned: forking a process that has threads and connections breaks both.
        self._context = multiprocessing.get_context("spawn")
        self._children: list[_Child] = []
        self._stop = StopFlag()

    @property
    def pids(self) -> list[int]:
        """The process ids of the children that live."""
        return [one.process.pid for one in self._children if one.process.pid and one.process.is_alive()]

    def request_stop(self) -> None:
        """Ask for a clean stop, from any thread or a signal handler."""
        self._stop.set()

    def await_stop(self, seconds: float) -> bool:
        """Wait so long at most for somebody to ask for a stop; return whether that was so."""
        return self._stop.wait(seconds)

    def ready(self) -> int:
        """Return how many children take messages."""
        return sum(one.is_ready and one.process.is_alive() for one in list(self._children))

    def check(self) -> None:
        """Return if all children take messages. Raises ``NotStartedError``."""
        wanted = self._settings.worker_processes
        running = self.ready()
        if running < wanted:
            raise NotStartedError(running=running, wanted=wanted)

    def run(self) -> int:
        """Start the children and look after them until a stop is asked for.

        Returns:
            0 after a stop that was asked for, 1 where a child died more often than it is brought back.
        """
        for number in range(self._settings.worker_processes):
            self._children.append(_Child(number, *self._spawn(number)))
        while not self._stop.wait(_POLL_SECONDS):
            given_up = [one.number for one in self._children if not self._tend(one)]
            if given_up:
                return 1
        return 0

    def stop(self) -> None:
        """Stop all children: SIGTERM, and SIGKILL to what outlasts its grace."""
        for one in self._children:
            if one.process.is_alive():
                one.process.terminate()
        deadline = time.monotonic() + self._settings.drain_seconds + _KILL_AFTER_SECONDS
        for one in self._children:
            one.process.join(max(deadline - time.monotonic(), 0.0))
            if one.process.is_alive():
                _log.warning("worker_process_killed", pid=one.process.pid)
                one.process.kill()
                one.process.join()
            one.ready.close()

    def _spawn(self, number: int) -> tuple[BaseProcess, Connection]:
        ready, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=child.main, args=(self._settings, self._factory, theirs, number), name=f"worker-{number}"
        )
        with deaf_to_interrupts():
            process.start()
        theirs.close()
        return process, ready

    def _tend(self, one: _Child) -> bool:
        """Look after one child; tell whether to go on."""
        now = time.monotonic()
        if one.restart_at is not None:
            if now >= one.restart_at:
                one.restart_at = None
                one.process, one.ready = self._spawn(one.number)
            return True
        if one.process.is_alive():
            if not one.is_ready and one.ready.poll():
                one.is_ready = _told(one.ready)
            return True
        return self._on_death(one, now)

    def _on_death(self, one: _Child, now: float) -> bool:
        one.is_ready = False
        one.ready.close()
        self._tell_death(one.process.pid or 0)
        while one.deaths and now - one.deaths[0] > WINDOW_SECONDS:
            one.deaths.popleft()
        if len(one.deaths) >= RESTARTS:
            _log.error("worker_process_given_up", number=one.number, exit_code=one.process.exitcode)
            return False
        one.restart_at = now + _FIRST_DELAY_SECONDS * 2 ** len(one.deaths)
        one.deaths.append(now)
        _log.warning("worker_process_died", number=one.number, exit_code=one.process.exitcode)
        return True


def handle_signals(fleet: WorkerFleet) -> None:
    """Let SIGTERM and SIGINT stop the fleet."""
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: fleet.request_stop())


def _told(ready: Connection) -> bool:
    try:
        return bool(ready.recv())
    except EOFError:
        return False
