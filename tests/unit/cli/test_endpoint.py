"""Which server a client command calls if none is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
import pytest
from click.testing import CliRunner, Result

from inventory.cli import cli
from inventory.cli.options import ClientOptions
from inventory.devruntime.lock import DataDirLock, is_locked
from inventory.devruntime.running import FILE_NAME, RunningFile

Called = Callable[..., str]
PLATFORM = """
plugins: [{plugin_id: mine, endpoint: 'grpc://127.0.0.1:1'}]
secrets: [{secret_id: mine, data: {}}]
"""
COMMANDS = {
    "job list": (),
    "collector list": (),
    "collect x": (),
    "schedule list": (),
    "resource stat": (),
    "freshness": (),
    "call Collector.list": (),
    "plugin remove mine": (),
    "secret remove mine": (),
    "doctor": ("--no-plugins",),
}


@contextmanager
def _up(folder: Path, endpoint: str) -> Iterator[RunningFile]:
    with DataDirLock(folder), RunningFile(folder) as running:
        running.write({"static_file": str(folder / "platform.yaml")}, endpoint=endpoint)
        yield running


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Called:
    """Runs a command in an empty folder and returns the server that it calls, which does not exist."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INVENTORY_ENDPOINT", raising=False)
    for folder in (".inventory", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "platform.yaml").write_text(PLATFORM)
    seen: list[str] = []

    def refuse(options: ClientOptions) -> NoReturn:
        seen.append(options.endpoint)
        raise click.ClickException("refused")

    for module in ("inventory.cli.client", "inventory.cli.commands.doctor"):
        monkeypatch.setattr(f"{module}.open_channel", refuse)

    def run(*words: str, **env: str) -> str:
        seen.clear()
        answer = CliRunner().invoke(cli, words, env=env)
        assert seen, (answer.output, answer.exception)
        return seen[0]

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_calls_the_up_of_this_folder_unless_another_server_is_named(called: Called, command: str) -> None:
    words = (*command.split(), *COMMANDS[command])
    assert called(*words) == "127.0.0.1:50051"
    with _up(Path(".inventory"), "127.0.0.1:50151"):
        assert called(*words) == "127.0.0.1:50151"
        assert called(*words, INVENTORY_ENDPOINT="env:1") == "env:1"
        assert called("--endpoint", "option:2", *words, INVENTORY_ENDPOINT="env:1") == "option:2"
    assert called(*words) == "127.0.0.1:50051"


def test_a_command_with_a_data_folder_calls_the_up_of_that_folder(called: Called) -> None:
    with _up(Path(".inventory"), "127.0.0.1:1"), _up(Path("other"), "127.0.0.1:2"):
        for words in ("plugin remove mine", "secret remove mine", "doctor --no-plugins"):
            assert called(*words.split(), "--data-dir", "other") == "127.0.0.1:2"


def test_the_file_of_another_user_is_not_followed(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = os.stat_result((0o600, 0, 0, 1, os.getuid() + 2, *[0] * 5))
    with _up(Path(".inventory"), "127.0.0.1:50151"), monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: os.getuid() + 1)
        patched.setattr(os, "fstat", lambda _: stranger)
        assert called("job", "list") == "127.0.0.1:50051"


def test_the_file_of_an_up_that_was_killed_is_not_followed_though_its_process_id_lives(called: Called) -> None:
    folder = Path(".inventory")
    with _up(folder, "127.0.0.1:50151"):
        left = (folder / FILE_NAME).read_text()
    (folder / FILE_NAME).write_text(left)
    assert not is_locked(folder)
    assert called("job", "list") == "127.0.0.1:50051"


def _unreached(*words: str) -> Result:
    return CliRunner().invoke(cli, ["--timeout", "0.2", *words, "job", "list"])


def test_a_server_that_does_not_answer_is_named_with_where_its_address_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(".inventory")
    folder.mkdir()
    told = {"--endpoint": _unreached("--endpoint", "127.0.0.1:1").stderr}
    with _up(folder, "127.0.0.1:1"):
        told["up"] = _unreached().stderr
        left = (folder / FILE_NAME).read_text()
    monkeypatch.setattr("inventory.cli.endpoint.DEFAULT_ENDPOINT", "127.0.0.1:2")
    told["default"] = _unreached().stderr
    (folder / FILE_NAME).write_text(left)
    told["killed"] = _unreached().stderr

    assert "error: 127.0.0.1:1 cannot be reached" in told["--endpoint"]
    assert "error: 127.0.0.1:1 (the `inventory up` on .inventory) cannot be reached" in told["up"]
    assert "error: 127.0.0.1:2 (the default) cannot be reached" in told["default"]
    assert "error: 127.0.0.1:2 (the default, since the `inventory up` on .inventory has ended)" in told["killed"]
    assert all("--endpoint names another" in told[case] for case in ("up", "default", "killed"))
