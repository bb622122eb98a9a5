"""One running `inventory up --demo` for all tests of this suite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running import READY, START_SECONDS, Up, ports, start
from tests.fakes import docker


@pytest.fixture(scope="session")
def up_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it runs."""
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="session")
def up(up_folder: Path, mongo_uri: str, redis_url: str) -> Iterator[Up]:
    """One that has shown its demonstration."""
    settings = ports() | {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_REDIS_URL": redis_url}
    settings["INVENTORY_MONGO_TIMEOUT_SECONDS"] = "30"
    # Containers are what a stand-in serves.
    settings["PATH"] = f"{docker.install(up_folder / 'docker')}:{os.environ['PATH']}"
    settings |= {"INVENTORY_MONGO_DATABASE": "up", "INVENTORY_WORKER_PROCESSES": "1", "INVENTORY_SERVER_PROCESSES": "1"}
    running = start(up_folder, settings)
    try:
        running.wait_for(READY, START_SECONDS)
        yield running
    finally:
        running.process.kill()
        running.process.wait(60)
