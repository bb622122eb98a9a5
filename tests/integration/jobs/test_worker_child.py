"""The end of a worker process: what hangs neither keeps it alive nor sees its connections close under it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inventory.errors import ConnectionFailureError
from inventory.service.job.running import RunningSlices
from inventory.settings import Settings
from inventory.worker import child
from inventory.worker.parts import Consumer

FOLDER = "TEST_WORKER_FOLDER"
HANGS = "TEST_WORKER_HANGS"


class StubbornConsumer:
    """A consumer with one handler, which hangs on a thread that an interpreter would wait for."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs
        self._pool = ThreadPoolExecutor(1)
        self._go_on = threading.Event()

    def start(self) -> None:
        (Path(os.environ[FOLDER]) / "started").touch()
        if self._hangs:
            self._pool.submit(self._go_on.wait, 300)

    def stop(self, timeout_seconds: float) -> bool:
        time.sleep(timeout_seconds if self._hangs else 0)
        return not self._hangs


class AwayClaims:
    """MongoDB is away."""

    def hand_back(self, _claimed: object) -> bool:
        raise ConnectionFailureError(service="mongodb")


class NotingParts:
    """Leaves a file where its connections are closed."""

    def __init__(self, _settings: Settings) -> None:
        self._hangs = os.environ[HANGS] == "yes"
        self.consumer: Consumer = StubbornConsumer(hangs=self._hangs)
        self.running = RunningSlices(claims=AwayClaims())  # type: ignore[arg-type]
        if self._hangs:
            self.running.tracking({"owner": "mine"}).__enter__()

    def close(self) -> None:
        (Path(os.environ[FOLDER]) / "closed").touch()


class PartsOfAStoppedProcess(NotingParts):
    """SIGTERM comes while the process starts."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("hangs", [True, False])
def test_connections_are_closed_only_where_nothing_hangs_and_the_process_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setenv(HANGS, "yes" if hangs else "no")
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(
        target=child.main,
        args=(Settings(drain_seconds=0.5 if hangs else 20), NotingParts),
        kwargs={"number": 0, "on_ready": ready.set},
    )
    process.start()
    try:
        assert ready.wait(90)
        process.terminate()
        process.join(60)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join()
    assert (tmp_path / "closed").exists() is not hangs


def test_a_process_that_is_stopped_while_it_starts_takes_no_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setenv(HANGS, "no")
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(
        target=child.main,
        args=(Settings(drain_seconds=0.5), PartsOfAStoppedProcess),
        kwargs={"number": 0, "on_ready": ready.set},
    )
    process.start()
    try:
        process.join(30)
        assert process.exitcode == 0
    finally:
        process.kill()
        process.join()
    assert not ready.is_set()
    assert [file.name for file in tmp_path.iterdir()] == ["closed"]
