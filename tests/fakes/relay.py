"""A TCP relay whose far side is slow to speak, as a peer in another part of the world is."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Self


class SlowRelay:
    """Relays connections on a free port of 127.0.0.1; of each, the first answer comes late.

    Args:
        port: where the connections go, on 127.0.0.1.
        delay_seconds: how late.
    """

    def __init__(self, port: int, *, delay_seconds: float) -> None:
        self._target = ("127.0.0.1", port)
        self._delay_seconds = delay_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in list(self._sockets):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                threading.Thread(target=_pump, args=(near, far, 0.0), daemon=True).start()
                threading.Thread(target=_pump, args=(far, near, self._delay_seconds), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, delay_seconds: float) -> None:
    with contextlib.suppress(OSError):
        time.sleep(delay_seconds)
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
