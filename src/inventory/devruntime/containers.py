"""Removes containers of plugins, which can outlive the `docker run` that started them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Final

from inventory.devruntime import child
from inventory.errors import SettingsError

REMOVAL_SECONDS: Final = 10.0
"""How long `docker rm` may take before it is killed, s."""


class ContainerRemoval:
    """A running ``docker rm --force NAME``; a missing container is not an error.

    Args:
        name: of the container.
        environment: of the command.
        now: monotonic time, s.

    Attributes:
        name: of the container.
        timed_out: whether Docker did not answer in time, so that the container may still exist.
    """

    def __init__(self, name: str, environment: Mapping[str, str], now: float) -> None:
        self.name = name
        self.timed_out = False
        self._deadline = now + REMOVAL_SECONDS
        self._process: subprocess.Popen[bytes] | None = None
        # Without Docker there is no container.
        with contextlib.suppress(SettingsError):
            self._process = child.spawn(("docker", "rm", "--force", name), env=environment)

    def ended(self, now: float) -> bool:
        """Return whether the command has ended; kills it after its time limit."""
        process = self._process
        if process is None:
            return True
        if process.poll() is None:
            if now < self._deadline:
                return False
            self.timed_out = True
        child.send(process, signal.SIGKILL)
        process.wait()
        self._process = None
        return True

    def wait(self) -> None:
        """Wait until the command has ended."""
        while not self.ended(time.monotonic()):
            time.sleep(child.POLL_SECONDS)
