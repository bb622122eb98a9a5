"""A process without file descriptors refuses connections, says so once a second, and does not spin."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from inventory.devruntime.child import wait_until

SERVER = """
import asyncio, json, resource, sys
from inventory.observe import logs
from inventory.process.descriptors import Listener
logs.setup(level="info", form="json", process="p")

async def main():
    async def answer(reader, writer):
        if await reader.read(1):
            writer.write(b"!")
        writer.close()
    listener = Listener(2)
    listener.bind(("127.0.0.1", 0))
    await asyncio.start_server(answer, sock=listener, backlog=1024)
    print(listener.getsockname()[1], flush=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime + usage.ru_stime)
"""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    """A server that may have 30 files open."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdin=-1, stdout=-1, stderr=-1, text=True)
    yield process
    process.kill()
    process.communicate()


def test_it_refuses_what_it_cannot_take_and_goes_on(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    port = int(server.stdout.readline())

    clients = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(100)]
    begun = time.monotonic()
    refused = sum(_is_closed(client) for client in clients[-50:])
    for client in clients:
        client.close()

    assert refused == 50
    assert wait_until(lambda: _answers(port), timeout_seconds=30)
    out, err = server.communicate("", timeout=60)
    lines = [json.loads(line) for line in err.splitlines()]
    assert {line["event"] for line in lines} == {"connections_refused"}
    assert len(lines) <= 2 + time.monotonic() - begun
    assert float(out) < 5.0, "s of CPU, its start included"


def _is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"?")
            return client.recv(1) == b"!"
    except OSError:
        return False
