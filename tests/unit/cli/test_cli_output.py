"""What the command line prints: data as it is, whatever brackets it holds, and a plain word for wrong options."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from inventory.cli import cli
from inventory.cli.commands.demo import Demonstration
from inventory.cli.view.job_story import explain_job
from inventory.cli.view.output import cell, console, table_of

MARKUP = "[/red] [Errno 111] [bold]"


def _console() -> Console:
    return Console(file=StringIO(), width=200, emoji=False)


def _printed(out: Console) -> str:
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def test_what_others_sent_does_not_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = console()
    out.file = StringIO()
    out.print(table_of([{"name": "a\x1b]0;title\x07b\x9bc\x7f é\U0001f600"}], [("name", "name")]))
    assert "a]0;titlebc é\U0001f600" in _printed(out)
    assert "\x1b[1m" in _printed(out)  # the title's bold is rich's own


def test_a_summary_shows_errors_and_ids_that_look_like_markup_as_they_are() -> None:
    task = {
        "job_task_id": "job_task-1",
        "secret_id": MARKUP,
        "status": "FAILURE",
        "errors": [{"error_code": "ERROR_COLLECTOR_COLLECTING", "message": f"Collecting failed. {MARKUP}"}],
    }
    out = _console()

    explain_job({"job_id": "job-1", "status": "ERROR", "tasks": [task]}, out)

    lines = _printed(out).splitlines()
    assert MARKUP in lines[1]
    assert f"ERROR_COLLECTOR_COLLECTING in 1 task: Collecting failed. {MARKUP}" in lines


@pytest.mark.parametrize("value", [MARKUP, "C:\\[a]", "plain", "SUCCESS"])
def test_a_cell_shows_its_value_as_it_is(value: str) -> None:
    out = _console()
    out.print(cell({"name": value}, "name"))
    assert _printed(out).rstrip("\n") == value


@pytest.mark.parametrize("option", ["--port", "--mongo-port", "--redis-port", "--plugin-port"])
@pytest.mark.parametrize("value", ["-3", "65536", "http"])
def test_up_refuses_a_port_that_is_none_before_anything_starts(option: str, value: str) -> None:
    result = CliRunner().invoke(cli, ["up", option, value])
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.output


def test_a_demonstration_that_fails_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise click.ClickException(f"no plugin {MARKUP}")

    monkeypatch.setattr("inventory.cli.client.Client.call", refuse)
    out = _console()

    Demonstration(out, tmp_path)("127.0.0.1:1")

    assert _printed(out) == f"this machine was not collected: no plugin {MARKUP}\n"


def test_a_demonstration_leaves_the_users_own_collectors_and_resources_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {"mine": "collector-1", "this machine": "collector-2"}
    collected: list[str] = []

    def answer(_: object, method: str, **request: Any) -> dict[str, Any]:
        match method:
            case "Collector.list":
                wanted = {each["v"] for each in request.get("query", {}).get("filter", []) if each["k"] == "name"}
                found = {name: each for name, each in named.items() if not wanted or name in wanted}
                return {"results": [{"name": name, "collector_id": each} for name, each in found.items()]}
            case "Collector.list_schedules":
                return {"results": [{}]}
            case "Collector.collect":
                collected.append(request["collector_id"])
                return {"job_id": "job-1"}
            case _:
                return {"total_count": 5 if request.get("provider") == "local" else 9}

    monkeypatch.setattr("inventory.cli.client.Client.call", answer)
    monkeypatch.setattr("inventory.cli.commands.demo.watch_job", lambda *_, **__: {})
    monkeypatch.setattr("inventory.cli.commands.demo.explain_job", lambda *_: None)
    out = _console()

    Demonstration(out, tmp_path)("127.0.0.1:1")

    assert collected == ["collector-2"]
    assert "5 resources of this machine" in _printed(out)
