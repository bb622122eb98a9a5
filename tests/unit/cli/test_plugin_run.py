"""``plugin run``: what it refuses, and what it leaves."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from inventory.cli import cli
from inventory.cli.standalone import docker
from inventory.cli.standalone.docker import require_image
from inventory.devruntime.lock import DataDirLock
from inventory.devruntime.running import RunningFile

PLATFORM = "# mine\nplugins: []\n"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The data folder of an `up`, which in fact starts nothing."""
    path = tmp_path / "platform.yaml"
    path.write_text(PLATFORM)
    path.chmod(0o600)
    with DataDirLock(tmp_path), RunningFile(tmp_path) as running:
        running.write({"static_file": str(path)}, endpoint="127.0.0.1:1")
        yield tmp_path


@pytest.fixture
def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script that is run as docker."""
    path = tmp_path / "bin" / "docker"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    return path


def _run(folder: Path, *more: str) -> Result:
    where = ("--data-dir", str(folder), "--platform-file", str(folder / "platform.yaml"))
    return CliRunner().invoke(cli, ["plugin", "run", "mine", "--provider", "x", *where, *more])


def test_a_port_on_which_another_process_listens_is_refused(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = _run(folder, "--command", "sleep 60", "--port", str(other.getsockname()[1]))
    assert done.exit_code != 0
    assert "is taken by another process" in done.output + str(done.exception)
    assert (folder / "platform.yaml").read_text() == PLATFORM


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_it_waits_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, signum: signal.Signals
) -> None:
    path = folder / "platform.yaml"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    # Whoever runs the tests under nohup has them ignore it, which the command respects.
    hung_up_before = signal.signal(signal.SIGHUP, signal.SIG_DFL)

    def sleep(_: float) -> None:
        assert "mine" in path.read_text()
        os.kill(os.getpid(), signum)

    monkeypatch.setattr(time, "sleep", sleep)
    try:
        done = _run(folder, "--command", "sleep 60")
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGHUP, hung_up_before)
    assert done.exit_code == (1 if signum == signal.SIGINT else 128 + signum)
    assert "mine\n" not in path.read_text().replace("# mine", "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--image", "-v/:/host", "--version", "1"), "--image -v/:/host:1: is not the reference of an image"),
        (("--image", "a:1", "--memory", "lots"), "--memory lots: must be a whole number"),
        (("--image", f"a@sha256:{'0' * 64}"), "give --version"),
    ],
)
def test_what_docker_could_not_use_is_refused_before_docker_is_called(
    folder: Path, fake_docker: Path, arguments: tuple[str, ...], reason: str
) -> None:
    fake_docker.write_text(f"#!/bin/sh\ntouch {folder}/called\n")
    done = _run(folder, *arguments)
    assert (done.exit_code, reason in done.output.replace("\n", " ")) == (2, True), done.output
    assert not (folder / "called").exists()
    assert (folder / "platform.yaml").read_text() == PLATFORM


def test_an_image_with_a_digest_has_the_version_that_is_given(
    folder: Path, fake_docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.cli.standalone.start.is_up", lambda _: False)
    assert fake_docker.exists()
    image = f"a@sha256:{'0' * 64}"
    done = _run(folder, "--image", image, "--version", "1.0")
    assert done.exit_code == 0, done.output
    written = (folder / "platform.yaml").read_text()
    assert f"image: '{image}'" in written
    assert "latest: '1.0'" in written.replace('"', "'")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("sleep 60 & wait", "docker does not answer within 0.3 s"),
        ('[ "$1" = image ] && exit 1; sleep 60 & wait', "docker pull a:1 has not ended within 0.3 s"),
    ],
)
def test_a_docker_that_hangs_is_reported_and_ended(
    fake_docker: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    fake_docker.write_text(f"#!/bin/sh\n{script}\n")
    monkeypatch.setattr(docker, "INSPECT_SECONDS", 0.3)
    monkeypatch.setattr(docker, "STOP_SECONDS", 0.1)
    with pytest.raises(click.ClickException, match=reason):
        require_image("a:1", 0.3)


def test_the_progress_of_a_pull_is_shown_on_stderr(fake_docker: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fake_docker.write_text('#!/bin/sh\n[ "$1" = image ] && exit 1; echo "layer of $*"\n')
    require_image("a:1")
    shown = capfd.readouterr()
    assert (shown.out, "layer of pull a:1" in shown.err) == ("", True)
