"""Write the parts of README.md that are generated from the code: its commands, methods and settings.

Usage: ``python .ci/docs.py [--check]``; with --check nothing is written, and exit code 1 says that README is out of
date.

A part lies between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import annotated_types
import click
from google.api import annotations_pb2
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from inventory.cli import cli
from inventory.gateway.documentation import texts
from inventory.protobuf.api_files import all_methods
from inventory.settings import CLIENT_VARIABLES, PREFIX, Settings

README: Final = Path(__file__).parents[1] / "README.md"

MADE: Final = {
    "server_processes": "as many as cores, at most 8",
    "worker_processes": "as many as cores, at most 8",
}
"""Defaults that are computed at start, in words."""

GROUPS: Final = ("collector", "schedule", "job", "task", "resource", "type", "region", "history", "rule")
"""What the commands are about that are clients of the API, in the order of the table."""

CENTURY: Final = tuple(100 * 365 * each for each in (1, 24, 86_400))
"""A hundred years in days, hours and seconds: the bound of all durations, told once above the table."""

_PART = re.compile(r"(<!-- generated: (\w+) -->).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write README, or compare; return the exit code."""
    text = README.read_text(encoding="utf-8")
    made = render(text)
    if "--check" not in sys.argv[1:]:
        README.write_text(made, encoding="utf-8")
    elif made != text:
        print("README.md is out of date: make docs", file=sys.stderr)
        return 1
    return 0


def render(text: str) -> str:
    """Return README's ``text`` with its generated parts made anew.

    Raises:
        KeyError: a part has a name that is none.
    """
    return _PART.sub(lambda found: "\n".join([found[1], "", *PARTS[found[2]](), "", found[3]]), text)


# Commands


def commands(group: click.Group = cli, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield each command with what is typed for it after ``inventory``."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        elif not command.hidden:
            yield f"{path}{name}", command


def _command_table() -> Iterator[str]:
    yield "| command | does | options |"
    yield "| --- | --- | --- |"
    order = [*sorted({name.split()[0] for name, _ in commands()} - {*GROUPS}), *GROUPS]
    for name, command in sorted(commands(), key=lambda each: (order.index(each[0].split()[0]), each[0])):
        arguments = " ".join(_argument(each) for each in command.params if isinstance(each, click.Argument))
        options = " ".join(f"`{each.opts[0]}`" for each in command.params if isinstance(each, click.Option))
        about = _cell(command.get_short_help_str(limit=1000))
        yield f"| `inventory {_cell(f'{name} {arguments}')}` | {about} | {options} |"
    shared = " ".join(f"`{each.opts[0]}`" for each in cli.params if isinstance(each, click.Option))
    yield ""
    yield f"Before the command: {shared}."


def _argument(argument: click.Argument) -> str:
    name = argument.make_metavar(click.Context(click.Command("x")))
    return name if argument.required or name.startswith("[") else f"[{name}]"


# Methods


def _method_list() -> Iterator[str]:
    yield "```sh"
    for service, text in texts().items():
        yield f"# {service}: {text.about}"
        for name, method in text.methods.items():
            route = all_methods()[f"{service}.{name}"].GetOptions().Extensions[annotations_pb2.http].post
            yield f"# {method.summary} POST {route}"
            yield f"call {service}/{name} '{json.dumps(method.example, ensure_ascii=False)}'"
        yield ""
    yield "```"


# Settings


def _setting_table() -> Iterator[str]:
    yield "| setting | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    group = ""
    groups = _groups()
    for name, field in Settings.model_fields.items():
        if groups[name] != group:
            group = groups[name]
            yield f"| **{group}** | | | |"
        about = _cell(field.description or "")
        yield f"| `{PREFIX}{name.upper()}` | {_kind(field)} | {_default(name, field)} | {about} |"


def _groups() -> dict[str, str]:
    """Return under which comment of its class each setting stands."""
    found, group = {}, ""
    for line in inspect.getsource(Settings).splitlines():
        if title := re.fullmatch(r"    # (.+)", line):
            group = title[1]
        elif setting := re.match(r"    (\w+): ", line):
            found[setting[1]] = group
    return found


def _kind(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{each}`" for each in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    words = {
        bool: "`true` or `false`",
        int: "integer",
        float: "number",
        str: "text",
        SecretStr: "text, secret",
        Path: "file",
        tuple: "JSON list",
        dict: "JSON object",
    }
    bounds = " ".join(filter(None, (_bound(each) for each in field.metadata)))
    return f"{words[get_origin(annotation) or annotation]} {bounds.replace(' ≤', ' and ≤')}".strip()


def _bound(constraint: object) -> str:
    match constraint:
        case annotated_types.Gt(gt=limit):
            return f"> {limit}"
        case annotated_types.Ge(ge=limit):
            return f"≥ {limit}"
        case annotated_types.Le(le=limit) if limit in CENTURY:
            return ""
        case annotated_types.Le(le=limit):
            return f"≤ {limit}"
        case _:
            return ""


def _default(name: str, field: FieldInfo) -> str:
    if field.default_factory is not None:
        return MADE[name]
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value is None or value == "" or value == ():
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _client_table() -> Iterator[str]:
    yield "| variable | option | meaning |"
    yield "| --- | --- | --- |"
    options = {str(each.envvar): each for each in cli.params if isinstance(each, click.Option) and each.envvar}
    for name in sorted(CLIENT_VARIABLES & options.keys()):
        yield f"| `{name}` | `{options[name].opts[0]}` | {_cell(options[name].help or '')} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PARTS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "commands": _command_table,
    "methods": _method_list,
    "settings": _setting_table,
    "client_variables": _client_table,
}


if __name__ == "__main__":
    sys.exit(main())
