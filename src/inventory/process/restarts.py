"""When a process that died is restarted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 5
WINDOW_SECONDS: Final = 60.0
FIRST_DELAY_SECONDS: Final = 0.2
"""Wait before the first restart, doubled for each further one within the window, so that a process that dies at once
does not keep the machine busy."""


@dataclass(frozen=True, kw_only=True)
class RestartPolicy:
    """A process is restarted at most ``limit`` times within ``window_seconds``; then its parent gives up."""

    limit: int = LIMIT
    window_seconds: float = WINDOW_SECONDS


class Restarts:
    """The deaths of one process.

    Args:
        policy: how many of them are tolerated.
    """

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._deaths: deque[float] = deque()

    def __len__(self) -> int:
        """Return the number of restarts within the window."""
        return len(self._deaths)

    def after_death(self, now: float) -> float | None:
        """Count a death at ``now``; return when to restart the process, or None to give up.

        Args:
            now: monotonic time, s; the returned time is on the same clock.
        """
        while self._deaths and now - self._deaths[0] > self._policy.window_seconds:
            self._deaths.popleft()
        if len(self._deaths) >= self._policy.limit:
            return None
        delay: float = FIRST_DELAY_SECONDS * 2 ** len(self._deaths)
        self._deaths.append(now)
        return now + delay
