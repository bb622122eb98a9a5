"""Ports for servers that are started a moment later.

Whoever binds port 0, as most servers of tests do, and every client get a port of the range that the system hands out. A
port of it that was found free may so be taken by another run before its server starts. These lie below that range.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from inventory.devruntime.ports import LOOPBACK, is_taken

FIRST: Final = 20_000
END: Final = 32_000
"""Below 32768, where the range of Linux begins unless it is configured."""
SLICE: Final = 300
"""How many ports one process of tests has for itself."""
SYSTEM_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")

_claims: list[socket.socket] = []


def free_port() -> int:
    """Return a TCP port on which nobody listens, and that no other process gets from here."""
    for port in itertools.islice(_own_ports(os.getpid()), SLICE):
        if not is_taken(port):
            return port
    raise RuntimeError("something listens on all ports of this process")


@cache
def _own_ports(pid: int) -> Iterator[int]:
    """Return the ports of a slice in turn. It is claimed until this process ends, by its first port, which is bound."""
    firsts = range(FIRST, min(END, _system_begin()) - SLICE + 1, SLICE)
    for number in range(len(firsts)):
        first = firsts[(pid + number) % len(firsts)]
        claim = socket.socket()
        try:
            claim.bind((LOOPBACK, first))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return itertools.cycle(range(first + 1, first + SLICE))
    raise RuntimeError(f"other processes have all ports from {FIRST}")


def _system_begin() -> int:
    """Return the first port of those that the system hands out."""
    try:
        return int(SYSTEM_RANGE.read_text().split()[0])
    except FileNotFoundError:
        return END
