"""Every command against a server whose every text is hostile: what is printed is only shown, and nothing is hidden."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import grpc
import pytest
import rich.markup
import yaml
from click.testing import CliRunner, Result
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct
from rich.console import Console

from inventory.cli import cli, completion, listing
from inventory.cli.commands import doctor, migrate
from inventory.cli.standalone import try_plugin
from inventory.cli.view.output import console
from inventory.domain.finding import Finding, Level
from inventory.plugin_check.fault import CountedFault, Fault, Severity
from inventory.protobuf.api_files import all_methods

MARKUP = "[/] [prod] [bold]b[/bold] :smile:"
STEERING = "\x1b[31m\x1b]0;t\x07\x9b2J\x7f\u202e\u2066\u061c"
HOSTILE = f"{MARKUP}{STEERING}\nforged line é\U0001f600"
SHOWN = f"{MARKUP}[31m]0;t2J forged line é\U0001f600"
ODD = {
    "nan": float("nan"),
    "inf": float("inf"),
    "huge": 1e308,
    "a.b": 2.0**63,
    "$set": HOSTILE,
    HOSTILE: [HOSTILE, None],
}
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What rich itself tells a terminal."""

ID = "collector-0123456789ab"
COMMANDS: dict[str, list[str]] = {
    "health": [],
    "migrate": [],
    "doctor": [],
    "config": [],
    "completion": [],
    "plugin try": [],
    "collector list": [],
    "collector show": [HOSTILE],
    "collector create": ["--name", "a", "--plugin", "b"],
    "collector update": [HOSTILE, "--name", "a"],
    "collector update-plugin": [HOSTILE, "--version", "1"],
    "collector verify": [HOSTILE],
    "collector enable": [HOSTILE],
    "collector disable": [HOSTILE],
    "collector delete": [HOSTILE],
    "collector stat": ["--by", "name"],
    "collect": [HOSTILE, "--watch"],
    "freshness": [],
    "job list": [],
    "job show": ["--watch"],
    "job retry": ["job-0123456789ab"],
    "job delete": ["job-0123456789ab"],
    "job stat": ["--by", "status"],
    "dry-run show": ["dry-run-0123456789ab"],
    "dry-run changes": ["dry-run-0123456789ab"],
    "dry-run cancel": ["dry-run-0123456789ab"],
    "deletion list": [],
    "deletion show": ["hold-0123456789ab"],
    "deletion approve": ["hold-0123456789ab"],
    "deletion discard": ["hold-0123456789ab"],
    "deletion undo": ["hold-0123456789ab"],
    "task list": [],
    "task show": ["job_task-0123456789ab"],
    "task delete": ["job_task-0123456789ab"],
    "task stat": [],
    "schedule list": [],
    "schedule show": [ID, "sched-0123456789ab"],
    "schedule explain": [ID, "sched-0123456789ab"],
    "schedule add": [ID, "--hours", "1"],
    "schedule update": [ID, "sched-0123456789ab", "--name", "a"],
    "schedule delete": [ID, "sched-0123456789ab"],
    "rule list": [],
    "rule show": [HOSTILE],
    "rule create": [ID, "--change-project", "p"],
    "rule update": [HOSTILE, "--name", "a"],
    "rule move": [HOSTILE, "1"],
    "rule delete": [HOSTILE],
    "rule stat": [],
    "resource list": [],
    "resource show": [HOSTILE],
    "resource explain": ["cloud-svc-0123456789ab"],
    "resource create": ["--provider", "a", "--group", "b", "--type", "c"],
    "resource update": [HOSTILE, "--name", "a"],
    "resource delete": [HOSTILE],
    "resource stat": ["--distinct", "name"],
    "resource analyze": ["{}"],
    "type list": [],
    "type show": [HOSTILE],
    "type explain": ["cloud-svc-type-0123456789ab"],
    "type create": ["--provider", "a", "--group", "b", "--name", "c"],
    "type update": [HOSTILE, "--label", "a"],
    "type delete": [HOSTILE],
    "type stat": [],
    "region list": [],
    "region show": [HOSTILE],
    "region create": ["--provider", "a", "--code", "b"],
    "region update": [HOSTILE, "--name", "a"],
    "region delete": [HOSTILE],
    "region stat": [],
    "history list": ["cloud-svc-0123456789ab"],
    "history stat": ["cloud-svc-0123456789ab"],
    "call": ["CloudService.list"],
    **{f"plugin {name}": [] for name in ("add", "list", "show", "remove", "upgrade", "run", "logs", "catalogue")},
    **{f"secret {name}": [] for name in ("add", "list", "show", "check", "remove")},
    **{f"project {name}": [] for name in ("add", "list")},
    "quickstart": [],
}
STANDALONE = {path for path in COMMANDS if path.split()[0] in ("plugin", "secret", "project", "quickstart")}
"""About the platform file; tested below."""
ELSEWHERE = {"health", "migrate", "doctor", "config", "completion", "plugin try"}
"""Print what no server sends; tested below."""
PROCESSES = {"up", "server", "worker", "scheduler", "gateway", "plugin-local"}
ASKING = sorted(COMMANDS.keys() - ELSEWHERE - STANDALONE)


def _leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, (*path, name))
        elif not command.hidden:
            yield " ".join((*path, name))


def _fill(message: Message, depth: int = 0) -> Message:
    """Fill every field: texts are hostile, numbers odd, enums at a value that ends what waits."""
    for field in message.DESCRIPTOR.fields:
        value = _value(field, depth)
        if value is None:
            continue
        if field.is_repeated:
            getattr(message, field.name).extend([value, value])
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)
    return message


def _value(field: FieldDescriptor, depth: int) -> Any:
    if field.message_type is not None:
        return None if depth > 4 else _message(field, depth)
    if field.enum_type is not None:
        names = {each.name: each.number for each in field.enum_type.values}
        return names.get("SUCCESS", max(names.values()))
    if field.type == FieldDescriptor.TYPE_STRING:
        return HOSTILE
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        return float("nan")
    return 2


def _message(field: FieldDescriptor, depth: int) -> Message:
    made = GetMessageClass(field.message_type)()
    match field.message_type.full_name:
        case "google.protobuf.Struct":
            odd: dict[str, Any] = {**ODD}
            if field.name in ("facts", "results"):
                odd |= {"schedule_id": HOSTILE, "collector_enabled": True}
            made.update(odd)  # type: ignore[attr-defined]
        case "google.protobuf.ListValue":
            made.extend([HOSTILE, ODD])  # type: ignore[attr-defined]
        case "google.protobuf.Value":
            made.string_value = HOSTILE  # type: ignore[attr-defined]
        case _:
            return _fill(made, depth + 1)
    return made


def _answer(output: Descriptor, request: Any) -> Message:
    if output.full_name == "google.protobuf.Struct":
        answer = Struct()
        answer.update({"results": [ODD, {"count": 1.0, "name": HOSTILE}]})
        return answer
    message = _fill(GetMessageClass(output)())
    if hasattr(message, "total_count"):
        # One that is found by its name is the only one of it.
        message.total_count = 2
        named = getattr(getattr(request, "query", None), "page", None)
        if named is not None and named.limit == 5:
            message.total_count = 1
            del message.results[1:]
    return message


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that answers every method with hostile text."""
    with ThreadPoolExecutor(4) as pool:
        running = grpc.server(pool)
        services: dict[str, dict[str, grpc.RpcMethodHandler]] = {}
        for method in all_methods().values():

            def serve(request: Any, _context: grpc.ServicerContext, output: Descriptor = method.output_type) -> Message:
                return _answer(output, request)

            services.setdefault(method.containing_service.full_name, {})[method.name] = (
                grpc.unary_unary_rpc_method_handler(
                    serve,
                    request_deserializer=GetMessageClass(method.input_type).FromString,
                    response_serializer=lambda message: message.SerializeToString(),
                )
            )
        for name, handlers in services.items():
            running.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
        port = running.add_insecure_port("127.0.0.1:0")
        running.start()
        yield f"127.0.0.1:{port}"
        running.stop(None).wait()


def _run(server: str, path: str, *more: str, charset: str = "utf-8") -> Result:
    arguments = ["--endpoint", server, *path.split(), *COMMANDS[path], *more]
    result = CliRunner(charset=charset).invoke(cli, arguments)
    assert result.exit_code == 0, (result.output, result.exc_info)
    return result


def test_every_command_is_walked_over() -> None:
    assert set(_leaves(cli)) - PROCESSES == COMMANDS.keys()


@pytest.mark.parametrize("path", ["plugin list", "secret list", "project list", "secret show s"])
def test_a_platform_file_is_only_shown(path: str, tmp_path: Path) -> None:
    hostile = {"name": HOSTILE, "provider": HOSTILE}
    content = {
        "plugins": [{"plugin_id": HOSTILE, "endpoint": "grpc://127.0.0.1:1", **hostile}],
        "secrets": [{"secret_id": "s", "project_id": HOSTILE, "groups": [HOSTILE], "data": {HOSTILE: 1}, **hostile}],
        "projects": [{"project_id": HOSTILE, "name": HOSTILE}],
    }
    (tmp_path / "platform.yaml").write_text(yaml.safe_dump(content))

    result = CliRunner().invoke(cli, [*path.split(), "--platform-file", str(tmp_path / "platform.yaml")])

    assert result.exit_code == 0, (result.output, result.exc_info)
    assert SHOWN.split()[0] in result.stdout
    assert not FORBIDDEN.search(result.output)


@pytest.mark.parametrize("charset", ["utf-8", "ascii"])
@pytest.mark.parametrize("path", ASKING)
def test_a_command_only_shows_hostile_text(server: str, path: str, charset: str) -> None:
    result = _run(server, path, charset=charset)

    assert result.stdout.strip()
    assert not FORBIDDEN.search(result.output)


@pytest.mark.parametrize("charset", ["utf-8", "ascii"])
@pytest.mark.parametrize("path", ASKING)
def test_json_of_a_command_holds_hostile_text_whole_and_escaped(server: str, path: str, charset: str) -> None:
    result = _run(server, path, "--json", charset=charset)

    assert not FORBIDDEN.search(result.stdout)
    decoded = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert HOSTILE in _texts(decoded) or "delete" in path or "verify" in path


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_texts(each) for each in (*value, *value.values())))
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("path", [each for each in ASKING if each.endswith(" list")])
def test_every_column_of_a_list_shows_markup_as_it_is_on_a_terminal_too(
    server: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "1000")

    rows = ANSI.sub("", _run(server, path).stdout).splitlines()[1:-1]

    assert len(rows) == (4 if path == "schedule list" else 2)
    for row in rows:
        assert not FORBIDDEN.search(row)
        assert row.count(SHOWN) >= 3


@pytest.mark.parametrize("path", ["collector list", "job list", "task list", "resource list", "schedule list"])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_watched_list_only_shows_hostile_text(
    server: str, path: str, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "1000")
    shown = MARKUP if terminal else "[prod]"

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    # Not the module's own sleep: other threads of this process sleep, too.
    monkeypatch.setattr(listing, "time", SimpleNamespace(sleep=interrupt))

    output = ANSI.sub("", _run(server, path, "--watch").stdout).replace("\r", "")

    assert shown in output
    assert not FORBIDDEN.search(output)


def test_the_progress_of_a_watched_job_only_shows_hostile_text(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "1000")

    output = ANSI.sub("", _run(server, "job show").stdout).replace("\r", "")

    assert MARKUP in output
    assert not FORBIDDEN.search(output)


# What no server sends


def test_findings_of_the_doctor_are_only_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding(HOSTILE, level, HOSTILE, HOSTILE) for level in Level]
    monkeypatch.setattr(doctor, "_findings", lambda *_, **__: iter(found))
    result = CliRunner(charset="ascii").invoke(cli, ["doctor"])
    assert not FORBIDDEN.search(result.output)
    assert result.output.count(MARKUP) == 3 * len(Level)
    told = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).output)
    assert told["checks"][0]["message"] == HOSTILE


def test_what_a_tried_plugin_sends_is_only_shown(capsys: pytest.CaptureFixture[str]) -> None:
    stream = SimpleNamespace(
        shares={(HOSTILE, "SUCCESS"): SimpleNamespace(bytes=2, count=1, largest=2)},
        samples={HOSTILE: HOSTILE},
        reported=Counter({HOSTILE: 2}),
    )
    counted = CountedFault(Fault(Severity.VIOLATION, HOSTILE, HOSTILE, HOSTILE), 1, [HOSTILE])
    report = SimpleNamespace(stream=stream, faults=SimpleNamespace(of=lambda _severity: [counted]))

    try_plugin._print(console(), report, samples=True)  # type: ignore[arg-type]
    try_plugin._print_step(SimpleNamespace(good=False, name="init", words=HOSTILE, seconds=1.0))  # type: ignore[arg-type]

    printed = capsys.readouterr().out
    assert not FORBIDDEN.search(printed)
    assert printed.count(MARKUP) == 13


def test_names_of_a_newer_versions_migrations_are_only_shown(capsys: pytest.CaptureFixture[str]) -> None:
    record = SimpleNamespace(name=HOSTILE, since=HOSTILE, finished_at=None, version=HOSTILE)
    state = SimpleNamespace(pending=(), unknown=(SimpleNamespace(number=9),), records={9: record})
    migrate._show(state, as_json=False)  # type: ignore[arg-type]
    printed = capsys.readouterr().out
    assert not FORBIDDEN.search(printed)
    assert printed.count(MARKUP) == 3


def test_settings_are_only_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_DEFAULT_DOMAIN_ID", MARKUP + "\u202e")
    result = CliRunner(charset="ascii").invoke(cli, ["config"])
    assert result.exit_code == 0
    assert MARKUP in result.output
    assert not FORBIDDEN.search(result.output)


def test_a_shell_is_offered_the_id_of_a_collector_whose_name_would_steer_it(server: str) -> None:
    context = click.Context(cli)
    context.params = {"endpoint": server}
    assert completion.collector_names(context, click.Argument(["x"]), "") == []


@pytest.mark.parametrize("command", ["collector show nobody", "job show job-0123456789ab"])
def test_an_error_of_the_server_is_one_line_that_is_only_shown(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.INTERNAL

        def details(self) -> str:
            return f"ERROR_UNKNOWN: {HOSTILE}"

    def refuse(*_: Any, **__: Any) -> Any:
        raise Refused

    monkeypatch.setattr("grpc._channel.Channel.unary_unary", lambda *_, **__: refuse)
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 1
    assert MARKUP in result.stderr
    assert not FORBIDDEN.search(result.output)
    assert len(result.stderr.splitlines()) == 1


def test_a_real_ascii_terminal_gets_every_row_and_all_json(server: str) -> None:
    for more in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "inventory", "--endpoint", server, "resource", "list", *more],
            capture_output=True,
            env={"PYTHONIOENCODING": "ascii", "LANG": "C", "PATH": "/usr/bin"},
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()
        assert done.stdout.count(b"[prod]") >= 10


def test_no_command_prints_past_the_one_place_that_makes_text_harmless() -> None:
    """A new command that prints by itself would have to be walked over by hand; it cannot."""
    folder = Path(inspect.getfile(listing)).parent
    for path in folder.rglob("*.py"):
        if path.name != "terminal.py":
            text = path.read_text(encoding="utf-8")
            assert "click.echo(" not in text, path.name
            assert rich.markup.__name__ not in text, path.name
            assert not re.search(r"(?<![A-Za-z_])Console\(", text), path.name


def test_a_console_of_its_own_reads_no_markup_either(capsys: pytest.CaptureFixture[str]) -> None:
    out = console()
    assert isinstance(out, Console)
    out.print(HOSTILE)
    assert MARKUP in capsys.readouterr().out
