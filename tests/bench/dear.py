"""``python -m tests.bench.dear KIND ADDRESS``: sends dear requests, or asks for large answers, until stdin ends.

Kinds: ``numbers`` (16 MB of small numbers), ``zipped`` (400 MB zipped), ``json`` (15 MB of JSON, to the gateway),
``lists`` (8 large lists at once), ``unread`` (8 clients of the gateway that read nothing).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import sys
import threading
from collections.abc import Callable

import grpc

from inventory.protobuf.encoder import delimited
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.bench.rpc import SERVICE

MIB = 1024 * 1024
SENDERS = 2
CLIENTS = 8
LARGE_DOMAIN = "domain-large"
_OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]
Stop = threading.Event


def numbers(address: str, stop: Stop) -> None:
    """Send 16 MB of small numbers in one list."""
    field = collector_pb2.CreateCollectorRequest.DESCRIPTOR.fields_by_name["tags"].number
    value = delimited(b"\x32", (b"\x0a\x09\x11" + bytes(8)) * 1_450_000)
    entry = delimited(b"\x0a", b"\x0a\x01a" + delimited(b"\x12", value))
    _call(address, "create", delimited(bytes([field << 3 | 2]), entry), stop)


def zipped(address: str, stop: Stop) -> None:
    """Send 400 MB that are 400 KB on their way."""
    _call(address, "create", bytes(400 * MIB), stop, compression=grpc.Compression.Gzip)


def _call(address: str, method: str, request: bytes, stop: Stop, compression: grpc.Compression | None = None) -> None:
    with grpc.insecure_channel(address, _OPTIONS) as channel:
        call = channel.unary_unary(f"{SERVICE}/{method}")
        while not stop.is_set():
            with contextlib.suppress(grpc.RpcError):
                call(request, timeout=30, compression=compression)


def as_json(address: str, stop: Stop) -> None:
    """Send 15 MB of JSON, small numbers and then large texts."""
    bodies = [
        json.dumps({"name": "x", "tags": {"a": [1] * 5_000_000}}, separators=(",", ":")).encode(),
        json.dumps({"name": "x", "tags": {str(number): "y" * 300 for number in range(48_000)}}).encode(),
    ]
    while not stop.is_set():
        for body in bodies:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection(address, timeout=30)
                connection.request("POST", "/inventory/v1/collector/create", body, {"Content-Type": "application/json"})
                connection.getresponse().read()
                connection.close()


def lists(address: str, stop: Stop) -> None:
    """Ask for all large collectors, again and again."""
    _call(address, "list", collector_pb2.CollectorQuery(domain_id=LARGE_DOMAIN).SerializeToString(), stop)


def unread(address: str, stop: Stop) -> None:
    """Ask the gateway for all large collectors, and do not read them."""
    host, _, port = address.rpartition(":")
    body = json.dumps({"domain_id": LARGE_DOMAIN}).encode()
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        head = f"POST /inventory/v1/collector/list HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        connection.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        stop.wait()


KINDS: dict[str, tuple[Callable[[str, Stop], None], int]] = {
    "numbers": (numbers, SENDERS),
    "zipped": (zipped, SENDERS),
    "json": (as_json, SENDERS),
    "lists": (lists, CLIENTS),
    "unread": (unread, CLIENTS),
}


def main() -> None:
    """Send until stdin ends."""
    send, count = KINDS[sys.argv[1]]
    stop = Stop()
    threads = [threading.Thread(target=send, args=(sys.argv[2], stop)) for _ in range(count)]
    for thread in threads:
        thread.start()
    print("begun", flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join(60)


if __name__ == "__main__":
    main()
