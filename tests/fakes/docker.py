"""A stand-in for docker: it notes how it is called, and `docker run` serves a plugin on the published port.

Put :func:`install`'s folder first on the PATH. Beside it lie `docker.calls`, a line of JSON a call, and `images`, a
line for each image that is there. An image whose name holds `broken` ends at once; one with `absent` cannot be pulled;
the container of a `stubborn` one ignores SIGTERM and outlives its `docker run`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CALLS = "docker.calls"
IMAGES = "images"
STUCK = "stuck"
"""While this file is there, `docker rm` hangs."""


def install(folder: Path) -> Path:
    """Write the command into ``folder`` and return it."""
    folder.mkdir(exist_ok=True)
    root = Path(__file__).parents[2]
    path = folder / "docker"
    path.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m tests.fakes.docker {folder} "$@"\n')
    path.chmod(0o755)
    (folder / IMAGES).touch()
    return folder


def calls(folder: Path) -> list[list[str]]:
    """Return how it was called."""
    path = folder / CALLS
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main(folder: Path, arguments: list[str]) -> int:
    """Do what docker would."""
    with (folder / CALLS).open("a") as notes:
        notes.write(json.dumps(arguments) + "\n")
    images = (folder / IMAGES).read_text().splitlines()
    image = arguments[-1]
    match arguments[0]:
        case "image":
            return 0 if image in images else 1
        case "pull":
            if "absent" in image:
                print(f"Error: manifest for {image} not found", file=sys.stderr)
                return 1
            with (folder / IMAGES).open("a") as there:
                there.write(f"{image}\n")
        case "run":
            if "broken" in image:
                print("ModuleNotFoundError: No module named 'spaceone'", file=sys.stderr)
                return 1
            port = int(arguments[arguments.index("--publish") + 1].split(":")[1])
            if "stubborn" in image:
                _contain(folder / arguments[arguments.index("--name") + 1], port)
            else:
                _serve(image, port)
        case "rm":
            if (folder / STUCK).exists():
                time.sleep(60)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int((folder / image).read_text()), signal.SIGKILL)
    return 0


def _contain(container: Path, port: int) -> None:
    """Run a container that outlives this process; its pid is in the file ``container``."""
    ignoring = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); import http.server as h; "
    serving = "h.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"
    process = subprocess.Popen([sys.executable, "-c", ignoring + serving, str(port)], start_new_session=True)
    container.write_text(str(process.pid))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    process.wait()


def _serve(image: str, port: int) -> None:
    from inventory.plugin import CloudService, CloudServiceType, Plugin, Refused, Region, Request, Resource, main

    class Cloud(Plugin):
        """Collects two servers of each account."""

        def init(self, request: Request) -> dict[str, Any]:
            return {**self.metadata, "image": image}

        def verify(self, request: Request) -> None:
            if "wrong" in json.dumps(dict(request.secret_data)):
                raise Refused("the key is not accepted")

        def collect(self, request: Request) -> Iterator[Resource]:
            # Told apart by their secrets, of which no resource may hold anything.
            account = hashlib.sha256(json.dumps(dict(request.secret_data)).encode()).hexdigest()[:12]
            kind = {"provider": "aws", "group": "EC2", "type": "Instance", "region_code": "us-east-1"}
            yield CloudServiceType(provider="aws", group="EC2", name="Instance", columns={"data.state": "State"})
            yield Region(provider="aws", region_code="us-east-1", name="US East")
            for name in ("web", "db"):
                data = {"state": "running"}
                yield CloudService(resource_id=f"{account}/{name}", name=name, account=account, data=data, **kind)

    print(f"{image} serves", flush=True)
    main(Cloud(), ["--port", str(port)])


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
