"""Several processes of one kind below a parent that replaces the dead and stops them together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from types import FrameType
from typing import Any, Final

from inventory.observe.logs import get_logger
from inventory.process.interrupts import deaf_to_interrupts
from inventory.process.stop_flag import StopFlag

log = get_logger(__name__)

MAX_DEATHS: Final = 10
"""Deaths within ``DEATHS_WINDOW_SECONDS`` after which the parent gives up."""
DEATHS_WINDOW_SECONDS: Final = 60.0
RESTART_PAUSE_SECONDS: Final = 0.5
"""Wait before a dead process is replaced, so that one that dies at once does not spin."""
KILL_AFTER_SECONDS: Final = 5.0
"""How long beyond the drain time a process may take to end."""

EXIT_GAVE_UP: Final = 1


@dataclass
class Family:
    """What others may know of the processes.

    Attributes:
        running: how many do.
        on_death: told the process id of one that died.
    """

    running: int = 0
    on_death: Callable[[int], None] = lambda _pid: None


def supervise(
    target: Callable[..., int],
    arguments: Sequence[Any],
    *,
    count: int,
    drain_seconds: float,
    max_deaths: int = MAX_DEATHS,
    family: Family | None = None,
) -> int:
    """Run ``count`` processes of ``target`` until SIGTERM or SIGINT; return the exit code.

    Args:
        target: a function of a module, run in each process; its result is the process's exit code.
        arguments: picklable.
        count: processes.
        drain_seconds: how long a process may take to end after SIGTERM, s.
        max_deaths: within ``DEATHS_WINDOW_SECONDS``, before the parent gives up with exit code 1.
        family: kept up to date.
    """
    supervisor = _Supervisor(target, arguments, count, drain_seconds, max_deaths, family or Family())
    signal.signal(signal.SIGTERM, supervisor.on_signal)
    signal.signal(signal.SIGINT, supervisor.on_signal)
    return supervisor.run()


class _Supervisor:
    def __init__(
        self,
        target: Callable[..., int],
        arguments: Sequence[Any],
        count: int,
        drain_seconds: float,
        max_deaths: int,
        family: Family,
    ) -> None:
        self._family = family
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._arguments = (target, os.getpid(), *arguments)
        self._count = count
        self._patience = drain_seconds + KILL_AFTER_SECONDS
        self._deaths: deque[float] = deque(maxlen=max_deaths)
        self._stop = StopFlag()

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def run(self) -> int:
        processes = [self._spawn() for _ in range(self._count)]
        try:
            while not self._stop.is_set():
                wait([process.sentinel for process in processes], timeout=0.2)
                self._family.running = sum(process.is_alive() for process in processes)
                processes = [process if process.is_alive() else self._replace(process) for process in processes]
                if self._gave_up():
                    log.error("supervisor_gave_up", deaths=len(self._deaths))
                    return EXIT_GAVE_UP
        finally:
            self._end(processes)
        return 0

    def _spawn(self) -> SpawnProcess:
        process = self._context.Process(target=_child, args=self._arguments)
        with deaf_to_interrupts():
            process.start()
        return process

    def _replace(self, process: SpawnProcess) -> SpawnProcess:
        if self._stop.is_set():
            return process
        self._deaths.append(time.monotonic())
        log.warning("process_died", pid=process.pid, exit_code=process.exitcode)
        self._family.on_death(process.pid or 0)
        self._stop.wait(RESTART_PAUSE_SECONDS)
        return self._spawn()

    def _gave_up(self) -> bool:
        full = len(self._deaths) == self._deaths.maxlen
        return full and self._deaths[-1] - self._deaths[0] < DEATHS_WINDOW_SECONDS

    def _end(self, processes: Sequence[SpawnProcess]) -> None:
        for process in processes:
            if process.is_alive():
                process.terminate()
        deadline = time.monotonic() + self._patience
        for process in processes:
            process.join(max(deadline - time.monotonic(), 0.0))
            if process.is_alive():
                log.warning("process_killed", pid=process.pid)
                process.kill()
                process.join()


def _child(target: Callable[..., int], parent: int, *arguments: Any) -> None:
    threading.Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()
    raise SystemExit(target(*arguments))


def _end_with(parent: int) -> None:
    """Stop this process when its parent is gone, however that ended: a killed parent leaves no orphans."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)
