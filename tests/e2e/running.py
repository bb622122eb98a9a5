"""Starting `inventory up` as a newcomer does, and what its tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port

START_SECONDS = 150.0
STOP_SECONDS = 90.0
READY = "Ctrl-C stops everything; collected resources are kept."
DATA = ".inventory"


@dataclass
class Up:
    """A running `inventory up`."""

    process: subprocess.Popen[str]
    endpoint: str
    lines: list[str]
    settings: dict[str, str] = field(default_factory=dict)

    def wait_for(self, text: str, seconds: float) -> None:
        """Return once a line with ``text`` was printed."""
        deadline = time.monotonic() + seconds
        while not any(text in line for line in self.lines):
            assert self.process.poll() is None, "".join(self.lines)
            assert time.monotonic() < deadline, "".join(self.lines)
            time.sleep(0.05)

    def cli(self, *arguments: str, code: int | None = 0) -> Any:
        """Run a client command, which must end with ``code``, if any; return what it printed, decoded if it is JSON."""
        command = [sys.executable, "-m", "inventory", "--endpoint", self.endpoint, *arguments]
        env = os.environ | self.settings
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
        assert code in (None, done.returncode), done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr

    def stop(self) -> int:
        """Stop it as Ctrl-C does and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


def start(folder: Path, settings: dict[str, str]) -> Up:
    """Start it with ``settings`` beside the environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "inventory", "up", "--demo", "--data-dir", DATA, *store_ports()],
        cwd=folder,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    up = Up(process, f"127.0.0.1:{settings['INVENTORY_PORT']}", [], settings)
    threading.Thread(target=lambda: up.lines.extend(iter(process.stdout.readline, "")), daemon=True).start()  # type: ignore[union-attr]
    return up


def ports() -> dict[str, str]:
    """Return settings with free ports."""
    names = ("PORT", "WORKER_HEALTH_PORT", "SCHEDULER_HEALTH_PORT", "GATEWAY_PORT")
    return {f"INVENTORY_{name}": str(free_port()) for name in names}


def store_ports() -> list[str]:
    """Return options with free ports for what has no setting of its own."""
    return [f"--{name}-port={free_port()}" for name in ("mongo", "redis", "plugin")]
