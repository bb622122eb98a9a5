"""A network that can be disturbed: TCP relays on loopback, in a thread of their own.

A relay forwards everything until it is told to disturb the connections of some clients, for a while:

- *cut*: connections are reset, new ones too.
- *hole*: connections are accepted, and no byte is forwarded either way, not even their end. Afterwards what was held
  back is delivered late, also what its sender has long given up, or all of these connections are reset.
- *slow*: each piece waits, and is forwarded in small parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from inventory.devruntime.ports import LOOPBACK

T = TypeVar("T")
CHUNK_BYTES = 64 * 1024
DELAY_SECONDS = 0.15
TRICKLE_BYTES = 4096
TRICKLE_SECONDS = 0.02
CALL_SECONDS = 60.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Clients = Callable[[int], set[int]]
"""From the port of a relay to the local ports of the clients whose connections are meant."""


class Kind(StrEnum):
    """What happens to a connection."""

    CUT = "cut"
    HOLE = "hole"
    SLOW = "slow"


@dataclass(eq=False, slots=True)
class Disturbance:
    """One disturbance of one relay.

    Attributes:
        clients: whose connections; None: all.
        deliver: after a hole, deliver late what was held back; else reset.
        hits: how many connections it has met.
        held: how many bytes were held back.
    """

    kind: Kind
    clients: Clients | None = None
    deliver: bool = True
    hits: int = 0
    held: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Connection:
    """A client's connection and ours to the target."""

    def __init__(self, client_port: int, writers: list[asyncio.StreamWriter]) -> None:
        self.client_port = client_port
        self.disturbance: Disturbance | None = None
        self._writers = writers

    def reset(self) -> None:
        """Close both sides at once, the client's with a reset."""
        for writer in self._writers:
            _reset(writer)

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one direction to its end."""
        while True:
            broken = False
            try:
                data = await reader.read(CHUNK_BYTES)
            except OSError:
                data, broken = b"", True
            await self._out_of_the_hole(len(data))
            if broken:
                self.reset()
                return
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            await self._send(data, writer)

    async def _out_of_the_hole(self, size: int) -> None:
        while (met := self.disturbance) is not None and met.kind is Kind.HOLE:
            met.held += size
            await met.over.wait()

    async def _send(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        met = self.disturbance
        if met is None or met.kind is not Kind.SLOW:
            writer.write(data)
            await writer.drain()
            return
        await asyncio.sleep(DELAY_SECONDS)
        for start in range(0, len(data), TRICKLE_BYTES):
            writer.write(data[start : start + TRICKLE_BYTES])
            await writer.drain()
            if not met.over.is_set():
                await asyncio.sleep(TRICKLE_SECONDS)


class Relay:
    """Listens on ``port`` and forwards to a port of loopback. Belongs to its network's thread."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._connections: set[Connection] = set()
        self._disturbances: list[Disturbance] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listen no more, and reset what is open."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.reset()

    def begin(self, met: Disturbance) -> None:
        """Disturb the connections that are open, and those to come."""
        ports = met.clients(self.port) if met.clients else None
        self._disturbances.append(met)
        for connection in list(self._connections):
            if ports is None or connection.client_port in ports:
                self._disturb(connection, met)

    def end(self, met: Disturbance) -> None:
        """Let everything pass again."""
        if met not in self._disturbances:
            return
        self._disturbances.remove(met)
        for connection in list(self._connections):
            if connection.disturbance is met:
                connection.disturbance = None
                if met.kind is Kind.HOLE and not met.deliver:
                    connection.reset()
        met.over.set()

    def _disturb(self, connection: Connection, met: Disturbance) -> None:
        met.hits += 1
        if met.kind is Kind.CUT:
            connection.reset()
        elif connection.disturbance is None:
            connection.disturbance = met

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client_port = writer.get_extra_info("peername")[1]
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
        except OSError:
            _reset(writer)
            return
        connection = Connection(client_port, [writer, far_writer])
        self._connections.add(connection)
        try:
            for met in self._disturbances:
                if met.clients is None or client_port in met.clients(self.port):
                    self._disturb(connection, met)
            with contextlib.suppress(OSError):
                await asyncio.gather(connection.forward(reader, far_writer), connection.forward(far_reader, writer))
        finally:
            self._connections.discard(connection)
            connection.reset() if connection.disturbance else _close(writer, far_writer)


class Network(threading.Thread):
    """All relays of a run. Its thread starts at once and ends with :meth:`stop`."""

    def __init__(self) -> None:
        super().__init__(name="network", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._relays: list[Relay] = []
        self.start()

    def run(self) -> None:
        """Forward."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def stop(self) -> None:
        """Close everything."""
        if self.is_alive():
            self._call(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self.join(CALL_SECONDS)
            self._loop.close()

    def relay_to(self, target: int) -> Relay:
        """Return a new relay to a port of loopback, whether anybody listens there yet or not."""
        relay = Relay(target)
        self._call(relay.open())
        self._relays.append(relay)
        return relay

    def disturb(
        self, relay: Relay, kind: Kind, seconds: float, *, clients: Clients | None = None, deliver: bool = True
    ) -> Disturbance:
        """Disturb a relay for ``seconds``, whatever becomes of the caller; return at once.

        Args:
            clients: whose connections; None: all.
            deliver: after a hole, deliver late what was held back; else reset.
        """

        async def begin() -> Disturbance:
            met = Disturbance(kind, clients, deliver)
            relay.begin(met)
            self._loop.call_later(seconds, relay.end, met)
            return met

        return self._call(begin())

    def end(self, relay: Relay, met: Disturbance) -> None:
        """End a disturbance of ``relay`` before its time."""

        async def end() -> None:
            relay.end(met)

        self._call(end())

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)

    async def _close(self) -> None:
        for relay in self._relays:
            relay.close()
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


def _close(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        with contextlib.suppress(OSError):
            writer.close()
