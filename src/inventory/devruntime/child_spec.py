"""What a supervisor runs, and how starting it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inventory.errors import InventoryError


class ChildStartError(InventoryError):
    """A child ended or stayed unhealthy while it was being started."""

    code = "ERROR_CHILD_START"

    def __init__(self, *, name: str, reason: str, last_lines: Sequence[str]) -> None:
        said = "\n".join(f"  {line}" for line in last_lines)
        super().__init__(f"{name} {reason}" + (f"; it said last:\n{said}" if said else ""), field=name)


class StopRequestedError(Exception):
    """A stop was requested while children were being started."""


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to run and how to check its health.

    Attributes:
        name: printed before each of its lines.
        argv: the command line.
        healthy: returns whether it is ready to serve; called often, must return soon and not raise.
        env: its whole environment; absent: that of this process.
        start_timeout_seconds: how long it may take to become healthy.
        grace_seconds: how long it may take to stop before it is killed.
        explain: returns from its own log why it failed, if its output does not show it.
        quiet: its output is kept for a failure to start, and not shown.
        stops_first: it is stopped before all others, whenever it was started.
    """

    name: str
    argv: Sequence[str]
    healthy: Callable[[], bool]
    env: Mapping[str, str] | None = None
    start_timeout_seconds: float = 120.0
    grace_seconds: float = 15.0
    explain: Callable[[], Sequence[str]] | None = None
    quiet: bool = False
    stops_first: bool = False
