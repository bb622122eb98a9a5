"""The commands as such: each has an example that can be typed, each method of the API a command, failures one line."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import structlog
from click.testing import CliRunner

from inventory.cli import cli, main
from inventory.cli.command_form import Command
from inventory.cli.commands import processes
from inventory.cli.failures import report
from inventory.domain.job.advice import ADVICE, ELSEWHERE, advice_for
from inventory.errors import InventoryError, NotFoundError, SettingsError
from inventory.protobuf.api_files import methods_of, published_files

COMMANDS_OF_METHODS = {
    "Collector.create": "collector create",
    "Collector.update": "collector update",
    "Collector.update_plugin": "collector update-plugin",
    "Collector.verify_plugin": "collector verify",
    "Collector.delete": "collector delete",
    "Collector.get": "collector show",
    "Collector.enable": "collector enable",
    "Collector.disable": "collector disable",
    "Collector.list": "collector list",
    "Collector.stat": "collector stat",
    "Collector.collect": "collect",
    "Collector.add_schedule": "schedule add",
    "Collector.get_schedule": "schedule show",
    "Collector.update_schedule": "schedule update",
    "Collector.delete_schedule": "schedule delete",
    "Collector.list_schedules": "schedule list",
    "Job.delete": "job delete",
    "Job.get": "job show",
    "Job.list": "job list",
    "Job.stat": "job stat",
    "JobTask.delete": "task delete",
    "JobTask.get": "task show",
    "JobTask.list": "task list",
    "JobTask.stat": "task stat",
    "CloudService.analyze": "resource analyze",
    "ChangeHistory.list": "history list",
    "ChangeHistory.stat": "history stat",
    "CollectorRule.change_order": "rule move",
    **{
        f"{service}.{method}": f"{word} {command}"
        for service, word in (
            ("CloudService", "resource"),
            ("CloudServiceType", "type"),
            ("Region", "region"),
            ("CollectorRule", "rule"),
        )
        for method, command in (
            ("create", "create"),
            ("update", "update"),
            ("delete", "delete"),
            ("get", "show"),
            ("list", "list"),
            ("stat", "stat"),
        )
    },
}


def _leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, (*path, name))
        elif not command.hidden:
            yield (*path, name), command


LEAVES = {" ".join(path): command for path, command in _leaves(cli)}


@pytest.mark.parametrize("path", LEAVES)
def test_the_help_of_a_command_ends_with_an_example_that_can_be_typed(path: str, monkeypatch: Any) -> None:
    command = LEAVES[path]
    assert isinstance(command, Command)
    assert command.example
    assert command.example.splitlines()[-1] in CliRunner().invoke(cli, [*path.split(), "--help"]).output
    for line in command.example.splitlines():
        words = shlex.split(line.partition(" >")[0] if " > " in line or ">>" in line else line)
        arguments = words[words.index("inventory") + 1 :]
        assert " ".join(arguments).startswith(path)
        # Parses, and runs nothing.
        command.make_context(path, arguments[len(path.split()) :])


def test_every_method_of_the_api_has_a_command() -> None:
    assert COMMANDS_OF_METHODS.keys() == methods_of(published_files()).keys()
    assert set(COMMANDS_OF_METHODS.values()) <= LEAVES.keys()


def test_a_mistyped_command_is_answered_with_what_was_nearly_typed() -> None:
    result = CliRunner().invoke(cli, ["collector", "creat"])
    assert result.exit_code == 2
    assert "No such command 'creat'. Did you mean create?" in result.output


@pytest.mark.parametrize("old", [["collector", "get"], ["job", "get"], ["resource", "get"], ["job", "cancel"]])
def test_the_names_of_earlier_versions_are_still_understood(old: list[str]) -> None:
    assert CliRunner().invoke(cli, [*old, "--help"]).exit_code == 0


# Advice


def _codes(error: type[InventoryError] = InventoryError) -> set[str]:
    """The codes of ``inventory.errors``; those that single modules add end a process's start."""
    own = {error.code} if error.__module__ == InventoryError.__module__ else set()
    return own.union(*(_codes(each) for each in error.__subclasses__()))


def test_there_is_advice_for_every_error_that_a_job_may_hold() -> None:
    assert ADVICE.keys() | ELSEWHERE == _codes()
    assert not ADVICE.keys() & ELSEWHERE


def test_a_code_of_a_newer_server_gets_advice_too() -> None:
    assert "does not know the error code" in advice_for("ERROR_OF_TOMORROW")


def test_advice_is_about_the_reason_where_that_says_more() -> None:
    refused = "Secret data cannot be read. (secret_id = s, reason = ERROR_AUTHENTICATE_FAILURE: refused)"
    assert advice_for("ERROR_COLLECTOR_SECRET", refused) == ADVICE["ERROR_AUTHENTICATE_FAILURE"]
    away = "Collect could not be initialized. (stage = secrets, reason = ERROR_PERMISSION_DENIED: Permission denied.)"
    assert advice_for("ERROR_COLLECT_INITIALIZE", away) == ADVICE["ERROR_PERMISSION_DENIED"]

    for reason in ("ERROR_NOT_FOUND", "UNKNOWN: ERROR_AUTHENTICATE_FAILURE: of a cloud", "data_file s.json: absent"):
        assert advice_for("ERROR_COLLECTOR_SECRET", f"(reason = {reason})") == ADVICE["ERROR_COLLECTOR_SECRET"]
    plugin = "Plugin failed. (reason = ERROR_AUTHENTICATE_FAILURE: of a cloud)"
    assert advice_for("ERROR_PLUGIN", plugin) == ADVICE["ERROR_PLUGIN"]


# Failures


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (SettingsError("port: is no number"), 2, "error: port: is no number\n"),
        (NotFoundError(key="a", value="b"), 3, "error: ERROR_NOT_FOUND: Value not found. (a = b)\n"),
        (
            KeyError("pa55word"),
            1,
            "error: unexpected KeyError; run again with --debug before the command for the traceback\n",
        ),
    ],
)
def test_a_failure_is_one_line(error: Exception, code: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(error, debug=False) == code
    assert capsys.readouterr().err == line


def test_debug_shows_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise KeyError("x")
    except KeyError as exc:
        report(exc, debug=True)
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_fault_of_ours_ends_with_one_line_and_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("mongodb://user:password@host")

    monkeypatch.setattr("inventory.cli.client.Client.call", broken)
    monkeypatch.setattr("sys.argv", ["inventory", "collector", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("error: unexpected RuntimeError;")


def test_a_fault_of_ours_in_a_process_is_logged_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("inventory.cli.failures._is_process", True)
    processes.logs.setup(level="info", form="json", process="worker")
    with pytest.raises(KeyError) as raised:
        {}["x"]
    code = report(raised.value, debug=False)
    structlog.reset_defaults()
    assert code == 1
    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["error"]) == ("process_failed", "KeyError")
    assert "test_commands.py" in told["exception"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://x:1",
        "://x",
        "grpc://",
        "localhost",
        ":50051",
        "localhost:abc",
        "x:99999",
        "x:0",
        "127.0.0.1:",
        "a b:1",
        "",
    ],
)
def test_an_endpoint_that_is_none_is_wrong_usage(endpoint: str) -> None:
    result = CliRunner().invoke(cli, ["--endpoint", endpoint, "collector", "list"])
    assert result.exit_code == 2
    assert "--endpoint must be host:port" in result.output


def test_a_mistyped_setting_is_told_when_a_process_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INVENTORY_WOKER_THREADS", "pa55word")
    monkeypatch.setattr("inventory.cli.failures._is_process", False)
    try:
        processes._start("worker")
        processes.logs.get_logger("x").info("begun")
    finally:
        structlog.reset_defaults()
    (line, _) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["process"]) == ("unknown_setting", "warning", "worker")
    assert (told["name"], told["suggestion"]) == ("INVENTORY_WOKER_THREADS", "INVENTORY_WORKER_THREADS")
    assert "pa55word" not in line


def test_up_refuses_a_static_file_that_is_named_and_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.cli.failures._is_process", False)
    absent = tmp_path / "plattform.yaml"
    env = {"INVENTORY_STATIC_FILE": str(absent)}
    result = CliRunner().invoke(cli, ["up", "--data-dir", str(tmp_path / "data")], env=env)
    structlog.reset_defaults()
    assert isinstance(result.exception, SettingsError)
    assert f"{absent} does not exist" in result.exception.message
    assert not absent.exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert "_INVENTORY_COMPLETE" in result.output


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_is_offered_a_name_with_a_space_as_one_word(tmp_path: Path) -> None:
    fake = tmp_path / "inventory"
    fake.write_text("#!/bin/sh\nprintf 'plain,this machine\\nplain,other\\n'\n")
    fake.chmod(0o755)
    script = CliRunner().invoke(cli, ["completion", "bash"]).output
    script += f"""
compopt() {{ echo "compopt $1 $2"; }}
COMP_WORDS=(inventory collect '') COMP_CWORD=2
_inventory_completion {shlex.quote(str(fake))}
printf '<%s>\\n' "${{COMPREPLY[@]}}"
"""
    told = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, check=True).stdout
    assert told.split("\n") == ["compopt -o filenames", "<this machine>", "<other>", ""]


@pytest.mark.parametrize("token", ["a\nb", "tökén"])
def test_a_token_that_is_none_is_wrong_usage(token: str) -> None:
    result = CliRunner().invoke(cli, ["--token", token, "collector", "list"])
    assert (result.exit_code, token in result.output) == (2, False)
    assert "the token (--token, INVENTORY_TOKEN)" in result.output


def test_completing_a_name_says_nothing_where_no_server_answers() -> None:
    result = CliRunner().invoke(
        cli,
        [],
        prog_name="inventory",
        complete_var="_INVENTORY_COMPLETE",
        env={
            "_INVENTORY_COMPLETE": "bash_complete",
            "COMP_WORDS": "inventory --endpoint 127.0.0.1:1 collect x",
            "COMP_CWORD": "4",
        },
    )
    assert result.output.strip() == ""
