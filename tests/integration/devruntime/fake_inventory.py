"""Stand-in for `python -m inventory NAME`: serves each process's health where `up` looks for it, and nothing else."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from inventory.process.stop_flag import StopFlag

HTTP_PORTS = {
    "worker": "INVENTORY_WORKER_HEALTH_PORT",
    "scheduler": "INVENTORY_SCHEDULER_HEALTH_PORT",
}


class Ready(BaseHTTPRequestHandler):
    """Answers /readyz."""

    def do_GET(self) -> None:
        """Say that all is well."""
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def main() -> None:
    """Play the process named by the first argument until SIGTERM."""
    name = sys.argv[1]
    folder = Path(os.environ["FAKE_FOLDER"])
    if (folder / f"{name}.fails").exists():
        sys.exit(f"{name} does not like its settings")
    seen = {key: value for key, value in os.environ.items() if key.startswith("INVENTORY_")}
    (folder / f"{name}.env").write_text(json.dumps(seen))
    done = StopFlag()
    done.set_by_signals()
    # What one of them needs, the others don't import: tests start many.
    if name == "server":
        import grpc
        from grpc_health.v1 import health, health_pb2, health_pb2_grpc

        checks = health.HealthServicer()
        checks.set("", health_pb2.HealthCheckResponse.SERVING)
        server = grpc.server(futures.ThreadPoolExecutor(1))
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)
        server.add_insecure_port(f"127.0.0.1:{os.environ['INVENTORY_PORT']}")
        server.start()
    elif name in HTTP_PORTS:
        from inventory import settings
        from inventory.observe import logs
        from inventory.observe.health_pages import HealthServer
        from inventory.observe.page_owner import PageOwner
        from inventory.settings.installation import store_mark

        logs.setup(level="info", form="text", process=name)
        owner = PageOwner(name, store_mark(settings.load()))
        HealthServer(host="127.0.0.1", port=int(os.environ[HTTP_PORTS[name]]), checks={}, owner=owner).start()
    elif name == "gateway":
        pages = HTTPServer(("127.0.0.1", int(os.environ["INVENTORY_GATEWAY_PORT"])), Ready)
        threading.Thread(target=pages.serve_forever, daemon=True).start()
    else:
        listener = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
        listener.listen()
    print(f"{name} is ready", flush=True)
    done.wait()


main()
