"""How the threads of a process take turns."""

from __future__ import annotations

import sys
from typing import Final

SWITCH_SECONDS: Final = 0.001
"""How long a thread may hold the interpreter while others wait for it, s.

A call gives it up some ten times, for each answer of MongoDB and each message of grpc, and waits as long to get it back
for every thread that computes. Python's own 5 ms make 0.3 s of that beside two requests that are dear to decode.
"""


def switch_often() -> None:
    """Let those that need little wait less for those that compute."""
    sys.setswitchinterval(SWITCH_SECONDS)
