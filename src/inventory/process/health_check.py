"""``inventory health``: asks the processes on this machine whether they are ready.

Orchestrators run it every few seconds in every container, so it imports only the standard library and reads the few
settings it needs from the environment. With ``INVENTORY_CONFIG``, a YAML file, all settings must be loaded instead.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping
from typing import Final

from inventory.observe.page_owner import owner_of
from inventory.process.addresses import bare, family_of, reachable

PORTS: Final[Mapping[str, tuple[str, int]]] = {
    "server": ("INVENTORY_SERVER_HEALTH_PORT", 50065),
    "worker": ("INVENTORY_WORKER_HEALTH_PORT", 50061),
    "scheduler": ("INVENTORY_SCHEDULER_HEALTH_PORT", 50062),
    "gateway": ("INVENTORY_GATEWAY_PORT", 8080),
    "plugin-local": ("", 50060),
}
"""The setting of each process's health port, and its default; the bundled plugin has no page and a fixed port."""

DEFAULT_HOST: Final = "127.0.0.1"
TIMEOUT_SECONDS: Final = 5.0
EXIT_WELL: Final = 0
EXIT_ILL: Final = 1
_MAX_ANSWER_BYTES: Final = 65_536


def applies(arguments: list[str], environment: Mapping[str, str]) -> bool:
    """Return whether the command line is a plain ``health [KIND]`` and all its settings are in ``environment``."""
    return (
        arguments[:1] == ["health"]
        and len(arguments) <= 2
        and all(kind in PORTS for kind in arguments[1:])
        and not environment.get("INVENTORY_CONFIG")
        and all(
            environment.get(name, "1").isdecimal() and 0 < int(environment.get(name, "1")) <= 65535
            for name, _ in PORTS.values()
            if name
        )
    )


def main(arguments: list[str]) -> int:
    """Run ``health [KIND]`` for a command line to which :func:`applies`; return the exit code."""
    ports = {kind: int(os.environ.get(name) or default) for kind, (name, default) in PORTS.items()}
    kind = arguments[1] if len(arguments) > 1 else None
    lines = check(kind, host=os.environ.get("INVENTORY_HOST") or DEFAULT_HOST, ports=ports)
    for line in lines:
        sys.stderr.write(f"{line}\n")
    return EXIT_ILL if lines else EXIT_WELL


def check(kind: str | None, *, host: str, ports: Mapping[str, int]) -> list[str]:
    """Return the problems, one line each; nothing if the process ``kind`` is ready.

    Args:
        kind: the process asked for; None: every one that listens, and one has to. What another program answers at
            the port of one is not that process.
        host: the address that the processes listen on.
        ports: the health port of each kind of process.
    """
    found, wrong = 0, []
    for each in [kind] if kind else ports:
        try:
            problem = None if each == "plugin-local" and _listens(host, ports[each]) else _ask(each, host, ports[each])
        except ConnectionRefusedError:
            continue
        except _NotOursError as exc:
            if kind is None:
                continue
            problem = str(exc)
        except OSError as exc:
            problem = f"its health page does not answer: {exc.strerror or 'timed out'}"
        found += 1
        if problem is not None:
            wrong.append(f"{each} is not ready: {problem}")
    if not found:
        wrong.append(f"{kind or 'any process'} should listen here, but does not")
    return wrong


def _listens(host: str, port: int) -> bool:
    _connected(host, port).close()
    return True


def _connected(host: str, port: int) -> socket.socket:
    address = reachable(host)
    connection = socket.socket(family_of(address))
    connection.settimeout(TIMEOUT_SECONDS)
    try:
        connection.connect((bare(address), port))
    except OSError:
        connection.close()
        raise
    return connection


class _NotOursError(Exception):
    """Something else answers at the port of a process."""


def _ask(kind: str, host: str, port: int) -> str | None:
    """Return the problem reported by the page of readiness; None if there is none.

    Raises:
        _NotOursError: it is not the page of such a process.
    """
    with _connected(host, port) as connection:
        connection.sendall(f"GET /readyz HTTP/1.0\r\nHost: {bare(reachable(host))}\r\n\r\n".encode())
        answer = b""
        while len(answer) < _MAX_ANSWER_BYTES and (part := connection.recv(_MAX_ANSWER_BYTES)):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    owner = owner_of(body)
    if owner is None or owner.process != kind:
        other = f"inventory's {owner.process}" if owner else "another program"
        raise _NotOursError(f"{other} answers at its port {port}")
    if status == [b"200"]:
        return None
    try:
        content = json.loads(body)
        broken = [f"{name}: {result}" for name, result in content["checks"].items() if result != "ok"]
        return ", ".join(broken) or str(content["status"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"its health page answers {(status or [b'nothing'])[0].decode('latin-1')}"
