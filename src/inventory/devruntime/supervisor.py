"""Supervises named child processes: checks their health, restarts them, stops them in order and leaves no orphans."""

from __future__ import annotations

import collections
import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from inventory.devruntime import child, guard
from inventory.devruntime.child_spec import ChildSpec, ChildStartError, StopRequestedError
from inventory.process.restarts import RestartPolicy, Restarts
from inventory.process.stop_flag import StopFlag

POLL_SECONDS = 0.05
LAST_LINES = 12
SETTLE_SECONDS = 1.0
"""Minimum age at which a restarted process is reported as healthy again, because it may die again immediately, s."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class _Running:
    spec: ChildSpec
    process: subprocess.Popen[bytes]
    started_at: float
    restarts: Restarts
    lines: collections.deque[str] = field(default_factory=lambda: collections.deque(maxlen=LAST_LINES))
    restart_at: float | None = None
    well: bool = False
    buried: bool = False
    pump: threading.Thread | None = None


class Supervisor:
    """Starts children in stages, watches them, stops them in reverse order.

    All methods except ``request_stop`` must be called from the main thread, which receives signals, and because the
    kernel ends a child with the thread that started it.

    Args:
        emit: receives each line of output, those of children as ``name | line``; called from several threads.
        restarts: how often a child is restarted.
        guard_grace_seconds: how long children may live on after this process was killed.
    """

    def __init__(
        self,
        *,
        emit: Callable[[str], None],
        restarts: RestartPolicy | None = None,
        guard_grace_seconds: float = guard.GRACE_SECONDS,
    ) -> None:
        self._emit = emit
        self._policy = restarts or RestartPolicy()
        self._stages: list[list[_Running]] = []
        self._stop = StopFlag()
        self._hurry = StopFlag()
        self._guard = subprocess.Popen(
            [sys.executable, "-I", str(Path(guard.__file__)), str(guard_grace_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each child by its name."""
        return {running.spec.name: running.process.pid for stage in self._stages for running in stage}

    @contextlib.contextmanager
    def handling_signals(self) -> Iterator[None]:
        """Have SIGINT, SIGTERM and SIGHUP request a stop during the block."""
        # Under nohup, SIGHUP stays ignored.
        wanted = [one for one in STOP_SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
        before = {signum: signal.signal(signum, self._on_signal) for signum in wanted}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def request_stop(self) -> None:
        """Request a clean stop, from any thread; when requested again, children are killed without grace."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def start(self, *specs: ChildSpec) -> None:
        """Start one stage: start all of ``specs`` at once, and return when all are healthy.

        Raises:
            ChildStartError: one ended or was not healthy in time; the others keep running, call ``stop``.
            StopRequestedError: a stop was requested meanwhile.
        """
        self.begin(*specs)()

    def begin(self, *specs: ChildSpec) -> Callable[[], None]:
        """Start one stage, and return a function that waits until each is healthy, and raises like ``start``."""
        stage: list[_Running] = []
        self._stages.append(stage)
        for spec in specs:
            restarts = Restarts(self._policy)
            stage.append(_Running(spec=spec, process=self._spawn(spec), started_at=time.monotonic(), restarts=restarts))
            self._attend(stage[-1])

        def await_health() -> None:
            for running in stage:
                self._await_first_health(running)

        return await_health

    def watch(self, each_round: Callable[[], None] = lambda: None) -> int:
        """Restart children that die, until a stop is requested.

        Args:
            each_round: called between the rounds, many times a second; must return soon and not raise.

        Returns:
            0 when a stop was requested, 1 when a child died more often than the policy allows.
        """
        while not self._stop.wait(POLL_SECONDS):
            each_round()
            for stage in self._stages:
                for running in stage:
                    if not self._tend(running):
                        return 1
        return 0

    def stop(self) -> None:
        """Stop all children, the last stage first, and wait for them; kill those that outlast their grace time."""
        self._stop.set()
        first = [running for stage in self._stages for running in stage if running.spec.stops_first]
        stages = [[running for running in stage if not running.spec.stops_first] for stage in self._stages]
        self._stages.clear()
        for stage in (first, *reversed(stages)):
            for running in stage:
                if running.process.poll() is None:
                    running.process.terminate()
            begun = time.monotonic()
            for running in stage:
                self._end(running, begun + running.spec.grace_seconds)
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        self._guard.wait()

    def guard_group(self, group: int) -> None:
        """Let the process group ``group``, which this object did not start, be ended if this process is killed."""
        self._notify_guard("+", group)

    def release_group(self, group: int) -> None:
        """Undo :meth:`guard_group`: the group has ended."""
        self._notify_guard("-", group)

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self.request_stop()

    def _spawn(self, spec: ChildSpec) -> subprocess.Popen[bytes]:
        process = child.spawn(spec.argv, env=spec.env, stdout=subprocess.PIPE)
        self._notify_guard("+", process.pid)
        return process

    def _attend(self, running: _Running) -> None:
        running.pump = threading.Thread(
            target=self._pump, args=(running, running.process), name=f"pump-{running.spec.name}", daemon=True
        )
        running.pump.start()

    def _pump(self, running: _Running, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip()
                running.lines.append(line)
                if not running.spec.quiet:
                    self._say(running.spec.name, line)

    def _say(self, name: str, line: str) -> None:
        # A closed terminal must not stop the pumps: children would block on a full pipe.
        with contextlib.suppress(OSError, ValueError):
            self._emit(f"{name:<12} | {line}")

    def _await_first_health(self, running: _Running) -> None:
        spec = running.spec
        deadline = running.started_at + spec.start_timeout_seconds
        while not self._is_well(running):
            if self._stop.is_set():
                raise StopRequestedError
            if (code := running.process.poll()) is not None:
                raise self._start_error(running, f"ended with exit code {code} while it started")
            if time.monotonic() >= deadline:
                raise self._start_error(running, f"is not healthy after {spec.start_timeout_seconds:g} s")
            time.sleep(POLL_SECONDS)
        running.well = True

    def _start_error(self, running: _Running, reason: str) -> ChildStartError:
        if running.process.poll() is not None:
            self._join_pump(running)
        explain = running.spec.explain
        lines = list(running.lines) if explain is None else list(explain())
        return ChildStartError(name=running.spec.name, reason=reason, last_lines=lines)

    def _is_well(self, running: _Running) -> bool:
        # Another process may answer at its port, so a child must also be alive to be healthy.
        return running.spec.healthy() and running.process.poll() is None

    def _tend(self, running: _Running) -> bool:
        """Supervise one child; return whether to continue."""
        now = time.monotonic()
        name = running.spec.name
        if running.restart_at is not None:
            if now >= running.restart_at:
                running.restart_at = None
                running.buried = False
                running.process = self._spawn(running.spec)
                running.started_at = now
                self._attend(running)
            return True
        if (code := running.process.poll()) is not None:
            return self._on_death(running, code, now)
        if not running.well and now - running.started_at > SETTLE_SECONDS and running.spec.healthy():
            running.well = True
            self._say("up", f"{name} is healthy again")
        return True

    def _on_death(self, running: _Running, code: int, now: float) -> bool:
        name, recent = running.spec.name, running.restarts
        child.send(running.process, signal.SIGKILL)
        self._notify_guard("-", running.process.pid)
        running.well = False
        running.buried = True
        running.restart_at = recent.after_death(now)
        if running.restart_at is None:
            window = f"{self._policy.window_seconds:g} s"
            self._say("up", f"{name} died {len(recent) + 1} times within {window} (exit code {code}): giving up")
            return False
        self._say("up", f"{name} died with exit code {code}; restart {len(recent)} of {self._policy.limit}")
        return True

    def _end(self, running: _Running, deadline: float) -> None:
        if running.buried:
            # Another process may have its id by now.
            return
        process = running.process
        while process.poll() is None and time.monotonic() < deadline and not self._hurry.is_set():
            time.sleep(POLL_SECONDS)
        if process.poll() is None:
            self._say("up", f"{running.spec.name} does not stop: killed")
        child.stop(process, grace_seconds=0.0)
        self._notify_guard("-", process.pid)
        self._join_pump(running)

    def _join_pump(self, running: _Running) -> None:
        if running.pump is not None:
            running.pump.join(1.0)

    def _notify_guard(self, sign: str, group: int) -> None:
        assert self._guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.write(f"{sign}{group}\n".encode("ascii"))
            self._guard.stdin.flush()
