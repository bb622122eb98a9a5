"""The collector plugin of the benchmark: ``python -m tests.bench.plugin PORT``.

Messages are encoded beforehand and sent as bytes, so that the plugin costs as little as a plugin can. What it streams
is told by ``options``: ``{"kind": "small" | "large", "count": 100, "version": 0, "stir": 0}``; resources differ by
secret and number, and their content by ``version``: all of them, or with ``stir`` one in so many.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty

from inventory.process.stop_flag import StopFlag
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2
from tests.bench.documents import large_messages, small_messages, stirred_messages

THREADS = 64
STREAM_FILE = "INVENTORY_TEST_STREAM"
"""Environment variable with the path of a recorded stream of large resources (see ``tests.streams.recording``)."""


@functools.lru_cache(maxsize=4096)
def messages(kind: str, owner: str, count: int, version: int, path: str) -> tuple[bytes, ...]:
    """Return the encoded messages of one stream."""
    if kind == "large":
        return tuple(large_messages(owner, count, version, Path(path) if path else None))
    return tuple(small_messages(owner, count, version))


class Plugin(grpc.GenericRpcHandler):
    """Answers ``init``, ``verify`` and ``collect`` of ``spaceone.api.inventory.plugin.Collector``."""

    def __init__(self, stream_path: str) -> None:
        self._stream_path = stream_path

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Return the handler of a method; None where there is none (``Job.get_tasks``)."""
        service, _, method = details.method.lstrip("/").partition("/")
        if not service.endswith("plugin.Collector"):
            return None
        if method == "init":
            answer = collector_pb2.PluginInfo()
            answer.metadata.update({"supported_resource_type": ["inventory.CloudService"]})
            ready = answer.SerializeToString()
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: ready)
        if method == "verify":
            empty = Empty().SerializeToString()
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: empty)
        if method == "collect":
            return grpc.unary_stream_rpc_method_handler(self._collect)
        return None

    def _collect(self, data: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        request = collector_pb2.CollectRequest.FromString(data)
        options = json_format.MessageToDict(request.options)
        secret = json_format.MessageToDict(request.secret_data)
        owner = str(secret.get("n", secret.get("key", "")))
        if stir := int(options.get("stir", 0)):
            # Too many to keep them all.
            yield from stirred_messages(owner, int(options["count"]), int(options["version"]), stir)
            return
        yield from messages(
            str(options.get("kind", "small")),
            owner,
            int(options.get("count", 100)),
            int(options.get("version", 0)),
            self._stream_path,
        )


def main() -> None:
    """Serve until SIGTERM."""
    stop = StopFlag()
    stop.set_by_signals()
    server = grpc.server(ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((Plugin(os.environ.get(STREAM_FILE, "")),))
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    stop.wait()
    server.stop(0).wait(5)


if __name__ == "__main__":
    main()
