"""Other programs on the machine: one that answers at a port that is ours, and one whose connection holds it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Say that all is well, as any program may."""
        body = b'{"status": "ready", "checks": {}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def another_program(port: int) -> Iterator[None]:
    """Answer every page on ``port`` with 200."""
    server = HTTPServer(("127.0.0.1", port), _Well)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def port_of_a_client() -> Iterator[int]:
    """Hold a port as the near end of a connection to elsewhere, and give it back at once in the end."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere, socket.socket() as client:
        # Closed with a reset, it leaves no TIME_WAIT.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.connect(elsewhere.getsockname())
        yield client.getsockname()[1]
