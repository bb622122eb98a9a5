"""A small process that ends the supervisor's children if the supervisor itself was killed.

The kernel's parent-death signal asks each child to stop, but a hanging child or a grandchild would survive. The guard
reads ``+GROUP`` and ``-GROUP`` lines (process group ids) from its standard input, which only the supervisor holds open;
when that closes, it kills the remaining groups after a grace time.

It is a script that imports nothing from the package, so that it starts quickly and cannot fail for the same reason as
the supervisor.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 10.0
POLL_SECONDS = 0.05


def main(grace_seconds: float = GRACE_SECONDS) -> None:
    """Read group ids until the supervisor has ended, then end those groups."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        if line.startswith("+"):
            groups.add(int(line[1:]))
        else:
            groups.discard(int(line[1:]))
    if not sys.platform.startswith("linux"):
        _signal(groups, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and any(_exists(group) for group in groups):
        time.sleep(POLL_SECONDS)
    _signal(groups, signal.SIGKILL)


def _signal(groups: set[int], signum: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signum)


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else GRACE_SECONDS)
