"""What plugins print, as commands show it: a plugin may print its secret."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from inventory.cli import cli
from inventory.cli.standalone import start
from inventory.cli.standalone.start import wait_until_it_answers
from inventory.devruntime.child import TAIL_BYTES, tail
from inventory.devruntime.lock import DataDirLock
from inventory.devruntime.running import RunningFile
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.plugin_state import PluginState, State, log_file, write_states

SECRET = "hush-hush/value+of=the plugin"
LINES = "-----BEGIN-----\nhush-hush-line-1\nhush-hush-line-2"
PLATFORM = """\
plugins:
  - {plugin_id: mine, provider: aws, endpoint: "grpc://127.0.0.1:1", access_token: hush-hush-token}
secrets:
  - {secret_id: inline, provider: other, data: {key: "hush-hush-inline", pem: "%s"}}
  - {secret_id: file, provider: aws, data_file: file.json}
  - {secret_id: elsewhere, provider: aws, data_env: NOT_SET_HERE}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder beside which a plugin has printed what it should not."""
    path = tmp_path / "platform.yaml"
    path.write_text(PLATFORM % LINES.replace("\n", "\\n"))
    (tmp_path / "file.json").write_text(json.dumps({"aws_secret_access_key": SECRET, "region_name": "us-east-1"}))
    for each in (path, tmp_path / "file.json"):
        each.chmod(0o600)
    log = log_file(tmp_path, "mine")
    log.parent.mkdir()
    written = [
        f"signing in with {SECRET} in us-east-1",
        json.dumps({"key": SECRET, "pem": LINES}),
        repr({"key": "hush-hush-inline", "pem": LINES}),
        LINES,
        "GET /?key=hush-hush%2Fvalue%2Bof%3Dthe%20plugin&token=hush-hush-token",
        "GET /?key=hush-hush%2Fvalue%2Bof%3Dthe+plugin",
    ]
    log.write_text("\n".join([*written, "done", ""]))
    write_states(tmp_path, {"mine": PluginState(State.FAILED, 7, 1, "ended with exit code 1")})
    with DataDirLock(tmp_path), RunningFile(tmp_path) as running:
        running.write({"static_file": str(path)}, endpoint="127.0.0.1:1")
        yield tmp_path


def _logs(folder: Path, *more: str) -> Result:
    where = ("--data-dir", str(folder), "--platform-file", str(folder / "platform.yaml"))
    return CliRunner().invoke(cli, ["plugin", "logs", "mine", *where, *more])


def test_logs_are_shown_without_the_secrets_that_the_platform_file_knows(folder: Path) -> None:
    shown = _logs(folder)

    assert shown.exit_code == 0, shown.output
    assert "hush-hush" not in shown.output
    assert "signing in with *** in us-east-1" in shown.output
    assert shown.stdout.splitlines()[-1] == "done"
    assert "not redacted: elsewhere" in shown.stderr


def test_the_last_lines_of_a_plugin_that_failed_are_shown_without_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_file(folder, "mine")
    printed = log.read_text()
    log.write_text("")
    write_states(folder, {})

    def fail(_seconds: float) -> None:
        log.write_text(printed)
        write_states(folder, {"mine": PluginState(State.RESTARTING, 7, 1, "ended with exit code 1")})

    # The plugin fails once the command waits.
    monkeypatch.setattr(start, "time", SimpleNamespace(monotonic=time.monotonic, sleep=fail))
    context = click.Context(cli)
    context.meta["inventory.data_dir"] = folder
    entry = {"plugin_id": "mine", "endpoint": "grpc://127.0.0.1:1"}
    with context, pytest.raises(click.ClickException) as failed:
        wait_until_it_answers(PlatformFile(folder / "platform.yaml"), entry, 60)

    assert "hush-hush" not in failed.value.message
    assert failed.value.message.startswith("mine: ended with exit code 1; it said last:\n  signing in with ***")


def test_a_line_that_is_cut_is_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("x" * (TAIL_BYTES - 20) + " " + SECRET * 3 + "\nwhole\n")
    assert tail(log) == ["whole"]
    log.write_text("one\ntwo\n")
    assert tail(log) == ["one", "two"]
