"""Write the parts of the documentation that are generated from the code: commands, methods, settings, errors, metrics.

Usage: ``python .ci/docs.py [--check]``; with --check nothing is written, and exit code 1 says that a page is out of
date.

A part lies between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import annotated_types
import click
from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from pydantic import SecretStr
from pydantic.fields import FieldInfo

import inventory
from inventory import errors
from inventory.api.status import status_of
from inventory.cli import cli
from inventory.gateway.errors import HTTP_STATUS
from inventory.gateway.openapi.texts import texts
from inventory.observe.metric_list import table as metric_table
from inventory.protobuf.api_files import all_methods, published_files
from inventory.settings import CLIENT_VARIABLES, PREFIX, Settings
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2 as plugin_pb2

ROOT: Final = Path(__file__).parents[1]

MADE: Final = {
    "server_processes": "as many as cores, at most 8",
    "worker_processes": "as many as cores, at most 8",
}
"""Defaults that are computed at start, in words."""

GROUPS: Final = ("collector", "schedule", "job", "task", "resource", "type", "region", "history", "rule")
"""What the commands are about that are clients of the API, in the order of the table."""

CENTURY: Final = tuple(100 * 365 * each for each in (1, 24, 86_400))
"""A hundred years in days, hours and seconds: the bound of all durations, stated once above the table."""

_PART = re.compile(r"(<!-- generated: (\w+) -->).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write the pages, or compare; return the exit code."""
    stale = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        made = render(text)
        if made == text:
            continue
        stale.append(page)
        if "--check" not in sys.argv[1:]:
            page.write_text(made, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(f"out of date: {', '.join(str(page.relative_to(ROOT)) for page in stale)}: make docs", file=sys.stderr)
        return 1
    return 0


def pages() -> list[Path]:
    """Return the pages of the documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def render(text: str) -> str:
    """Return a page's ``text`` with its generated parts regenerated.

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


# Messages


def _message_tables() -> Iterator[str]:
    for file in (*published_files(), plugin_pb2.DESCRIPTOR):
        yield f"## {file.name}"
        yield ""
        for service in file.services_by_name.values():
            yield f"### Service {service.name}"
            yield ""
            yield "| method | request | answer | HTTP |"
            yield "| --- | --- | --- | --- |"
            for method in service.methods:
                route = method.GetOptions().Extensions[annotations_pb2.http].post
                yield (
                    f"| {method.name} | {method.input_type.name} | "
                    f"{'stream of ' if method.server_streaming else ''}{method.output_type.name} | "
                    f"{f'POST {route}' if route else ''} |"
                )
            yield ""
        for message in file.message_types_by_name.values():
            yield from _message_table(message)


def _message_table(message: Descriptor) -> Iterator[str]:
    yield f"### {_short(message.full_name)}"
    yield ""
    yield "| number | field | type |"
    yield "| --: | --- | --- |"
    for field in message.fields:
        yield f"| {field.number} | {field.name} | {_field_type(field)} |"
    yield ""
    for enum in message.enum_types:
        yield f"enum {enum.name}: {', '.join(f'{each.name} = {each.number}' for each in enum.values)}"
        yield ""
    for nested in message.nested_types:
        if not nested.GetOptions().map_entry:
            yield from _message_table(nested)


def _short(full_name: str) -> str:
    return re.sub(r"^spaceone\.api\.[a-z.]+(?:v1|plugin)\.", "", full_name)


def _field_type(field: FieldDescriptor) -> str:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return f"map of text to {_field_type(field.message_type.fields_by_name['value'])}"
    named = field.message_type or field.enum_type
    name = _short(named.full_name) if named is not None else _SCALARS[field.type]
    return f"{'list of ' if field.is_repeated else ''}{name}"


_SCALARS: Final = {
    value: name.removeprefix("TYPE_").lower()
    for name, value in vars(FieldDescriptor).items()
    if name.startswith("TYPE_") and isinstance(value, int)
}


# Errors


def _error_table() -> Iterator[str]:
    # Some errors are defined beside what raises them.
    for module in walk_packages(inventory.__path__, "inventory."):
        if not module.name.startswith(("inventory.stubs", "inventory.__main__", "inventory.devruntime.launch")):
            import_module(module.name)
    yield "| code | gRPC status | HTTP | meaning |"
    yield "| --- | --- | --- | --- |"
    rows: dict[str, tuple[str, str, list[str]]] = {}
    # A branch of the tree says in general what the classes below it say precisely.
    for kind in (each for each in _kinds(errors.InventoryError) if not each.__subclasses__()):
        stored = issubclass(kind, errors.TaskError)
        status = status_of(kind)
        row = ("stored", "", []) if stored else (status.name, str(HTTP_STATUS[status]), [])
        rows.setdefault(kind.code, row)[2].append(_cell((kind.__doc__ or "").partition("\n\n")[0].replace("``", "`")))
    for code in sorted(rows):
        shown, http, meanings = rows[code]
        yield f"| `{code}` | {shown} | {http} | {' '.join(dict.fromkeys(meanings))} |"


def _where(kind: type) -> tuple[bool, str, int]:
    """Order of the classes below one: those of the tree's own module as they stand there, then all others by name."""
    own = kind.__module__ == errors.__name__
    return (not own, "" if own else kind.__name__, list(vars(errors)).index(kind.__name__) if own else 0)


def _kinds(kind: type[errors.InventoryError]) -> Iterator[type[errors.InventoryError]]:
    for each in sorted(kind.__subclasses__(), key=_where):
        if each.__module__.startswith("inventory."):
            yield each
        yield from _kinds(each)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PARTS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "commands": _command_table,
    "methods": _method_list,
    "settings": _setting_table,
    "client_variables": _client_table,
    "messages": _message_tables,
    "errors": _error_table,
    "metrics": metric_table,
}


if __name__ == "__main__":
    sys.exit(main())
