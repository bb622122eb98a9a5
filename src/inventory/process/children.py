"""A parent process with several children of one kind: it starts them, replaces those that die, and stops them."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final, TypeAlias

from inventory.errors import InventoryError
from inventory.observe import log_stream
from inventory.observe.logs import get_logger
from inventory.process.interrupts import deaf_to_interrupts, without_interrupts
from inventory.process.restarts import RestartPolicy, Restarts
from inventory.process.stop_flag import StopFlag

_POLL_SECONDS: Final = 0.1
_PARENT_SECONDS: Final = 1.0
_KILL_AFTER_SECONDS: Final = 5.0
"""How much longer than its drain time a child may take before it is killed, s."""
_THREADS: Final = Path("/proc/self/task")
"""Linux lists the threads of this process here, including those of C libraries."""

_log = get_logger(__name__)


ChildMain: TypeAlias = Callable[..., int]
"""Runs in a child until SIGTERM, which the child also receives when its parent has ended; returns the exit code.

A module-level function, so that a spawned process can import it. Besides the arguments of :class:`ChildProcesses` it
receives ``number``, its number among its siblings, from 0, and ``on_ready``, to be called once it works.
"""


class NotRunningError(InventoryError):
    """A child process has died, or has not started yet."""

    code = "ERROR_NOT_RUNNING"

    def __init__(self, *, kind: str, running: int, wanted: int) -> None:
        super().__init__(f"{kind.capitalize()} processes are not running. (running = {running}, wanted = {wanted})")


@dataclass
class _Child:
    number: int
    process: BaseProcess
    ready: Connection
    restarts: Restarts
    start: Connection | None = None
    restart_at: float | None = None
    is_ready: bool = False


@dataclass(frozen=True, slots=True)
class _Gate:
    """The pipes of a forked child, with both ends of each, which a fork inherits.

    Attributes:
        start: receives a value once the child shall work.
        alive: nothing is ever sent; it ends with the parent.
    """

    start: tuple[Connection, Connection]
    alive: tuple[Connection, Connection]


class ChildProcesses:
    """The children of this process. Belongs to the main thread, except ``ready`` and ``check``.

    A process that calls ``fork`` before it has threads starts them without importing anything again; what dies later is
    replaced by a spawned process.

    Args:
        main: runs in each child.
        arguments: its positional arguments, picklable.
        kind: the kind of process, for logs, errors and process names: ``server`` or ``worker``.
        count: number of children.
        drain_seconds: how long a child may take to end after SIGTERM, s; 5 s later it is killed.
        on_death: called with the process id of each child that died.
        restarts: how often a child is restarted.
    """

    def __init__(
        self,
        main: ChildMain,
        arguments: Sequence[Any],
        *,
        kind: str,
        count: int,
        drain_seconds: float,
        on_death: Callable[[int], None] = lambda _: None,
        restarts: RestartPolicy | None = None,
    ) -> None:
        self._main = main
        self._arguments = tuple(arguments)
        self._kind = kind
        self._count = count
        self._drain_seconds = drain_seconds
        self._on_death = on_death
        self._policy = restarts or RestartPolicy()
        # Forking a process with threads and connections breaks both.
        self._context = multiprocessing.get_context("spawn")
        self._alive: tuple[Connection, Connection] | None = None
        self._children: list[_Child] = []
        self._stop = StopFlag()

    def handle_signals(self) -> None:
        """Have SIGTERM and SIGINT request a stop."""
        self._stop.set_by_signals()

    def await_stop(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for a stop to be requested; return whether one was."""
        return self._stop.wait(seconds)

    def fork(self) -> bool:
        """Fork all children now, to begin in ``run``; ``stop`` must follow, also where ``run`` is not reached.

        They share the memory of everything that is imported by now. Only a process with a single thread may fork, which
        can be checked only on Linux; otherwise nothing happens, and ``run`` spawns them.

        Returns:
            Whether they were forked.
        """
        if not _has_one_thread():
            return False
        # A collection in a child would copy all pages that it shares with this process.
        gc.freeze()
        context = multiprocessing.get_context("fork")
        self._alive = multiprocessing.Pipe(duplex=False)
        for number in range(self._count):
            ready, theirs = multiprocessing.Pipe(duplex=False)
            gate = _Gate(start=multiprocessing.Pipe(duplex=False), alive=self._alive)
            process = context.Process(
                target=_run_forked, args=(self._main, self._arguments, number, theirs, gate), name=self._name(number)
            )
            with without_interrupts():
                process.start()
            theirs.close()
            gate.start[0].close()
            self._children.append(_Child(number, process, ready, Restarts(self._policy), gate.start[1]))
        return True

    def ready(self) -> int:
        """Return how many children are working."""
        return sum(one.is_ready and one.process.is_alive() for one in list(self._children))

    def check(self) -> None:
        """Return if all children are working. Raises ``NotRunningError``."""
        running = self.ready()
        if running < self._count:
            raise NotRunningError(kind=self._kind, running=running, wanted=self._count)

    def run(self) -> int:
        """Start the children and replace those that die until a stop is requested; ``stop`` must follow.

        Returns:
            0 after a requested stop, 1 if a child died too often.
        """
        if not self._children:
            for number in range(self._count):
                self._children.append(_Child(number, *self._spawn(number), Restarts(self._policy)))
        for one in self._children:
            if one.start is not None:
                with contextlib.suppress(BrokenPipeError):
                    one.start.send(True)
        while not self._stop.wait(_POLL_SECONDS):
            given_up = [one.number for one in self._children if not self._tend(one)]
            if given_up:
                return 1
        return 0

    def stop(self) -> None:
        """Stop all children: SIGTERM, and SIGKILL for those that do not end in time."""
        for one in self._children:
            if one.process.is_alive():
                one.process.terminate()
        deadline = time.monotonic() + self._drain_seconds + _KILL_AFTER_SECONDS
        for one in self._children:
            one.process.join(max(deadline - time.monotonic(), 0.0))
            if one.process.is_alive():
                _log.warning(f"{self._kind}_process_killed", pid=one.process.pid)
                one.process.kill()
                one.process.join()
            one.ready.close()
            if one.start is not None:
                one.start.close()
        for end in self._alive or ():
            end.close()

    def _name(self, number: int) -> str:
        return f"{self._kind}-{number}"

    def _spawn(self, number: int) -> tuple[BaseProcess, Connection]:
        ready, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_run_spawned, args=(self._main, self._arguments, number, theirs), name=self._name(number)
        )
        with deaf_to_interrupts():
            process.start()
        theirs.close()
        return process, ready

    def _tend(self, one: _Child) -> bool:
        """Supervise one child; return whether to continue."""
        now = time.monotonic()
        if one.restart_at is not None:
            if now >= one.restart_at:
                one.restart_at = None
                one.process, one.ready = self._spawn(one.number)
            return True
        if one.process.is_alive():
            if not one.is_ready and one.ready.poll():
                one.is_ready = _is_ready(one.ready)
            return True
        return self._bury(one, now)

    def _bury(self, one: _Child, now: float) -> bool:
        one.is_ready = False
        one.ready.close()
        self._on_death(one.process.pid or 0)
        one.restart_at = one.restarts.after_death(now)
        if one.restart_at is None:
            _log.error(f"{self._kind}_process_given_up", number=one.number, exit_code=one.process.exitcode)
            return False
        _log.warning(f"{self._kind}_process_died", number=one.number, exit_code=one.process.exitcode)
        return True


def _is_ready(ready: Connection) -> bool:
    try:
        return bool(ready.recv())
    except EOFError:
        return False


def _has_one_thread() -> bool:
    try:
        return len(list(_THREADS.iterdir())) == 1
    except OSError:
        return False


def _run_forked(main: ChildMain, arguments: Sequence[Any], number: int, ready: Connection, gate: _Gate) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for _, parents_end in (gate.start, gate.alive):
        parents_end.close()
    threading.Thread(target=_end_after, args=(gate.alive[0],), name="parent-watch", daemon=True).start()
    with contextlib.suppress(EOFError):
        gate.start[0].recv()
        _run(main, arguments, number, ready)


def _run_spawned(main: ChildMain, arguments: Sequence[Any], number: int, ready: Connection) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), name="parent-watch", daemon=True).start()
    _run(main, arguments, number, ready)


def _run(main: ChildMain, arguments: Sequence[Any], number: int, ready: Connection) -> None:
    def on_ready() -> None:
        # If the parent died meanwhile, the watch notices and stops this process cleanly.
        with contextlib.suppress(BrokenPipeError):
            ready.send(True)

    try:
        code = main(*arguments, number=number, on_ready=on_ready)
    finally:
        # Exit handlers registered in a forked process do not run.
        log_stream.drain()
    raise SystemExit(code)


def _end_after(parent: Connection | int) -> None:
    """Stop this process when its parent has ended in any way.

    Another process that inherited the parent's end of the pipe would keep it open, so the parent's id is checked too.
    """
    former = multiprocessing.parent_process()
    while not wait([parent], _PARENT_SECONDS) and (former is None or os.getppid() == former.pid):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
