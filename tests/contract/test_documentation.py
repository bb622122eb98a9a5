"""What the documentation names exists, its generated parts are what the code says, and README is short."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import tomllib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import click
import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass

from inventory.cli import cli
from inventory.connector.static.schema import PlatformContent
from inventory.observe.metric_list import all_metrics
from inventory.protobuf.api_files import all_methods, methods_of, published_files
from inventory.settings import CLIENT_VARIABLES, PREFIX, Settings
from tests import pages

PAGES = pages.names()
TEXT = "".join(map(pages.text, PAGES))
BLOCKS = [block for page in PAGES for block in pages.blocks(page)]
SHELL = "".join(block.text for block in BLOCKS if block.language == "sh").replace("\\\n", " ")
CODE = re.findall(r"`([^`\n]+)`", "".join(pages.prose(pages.written(pages.text(page))) for page in PAGES))
"""What is set as code within sentences and tables."""

CALLS = re.findall(r"\bcall (\w+)/(\w+) '(\{.*?\})'(?=\)|$| \|)", SHELL, re.MULTILINE)
POSTS = re.findall(r"^post ([\w/-]+) '(\{.*\})'$", SHELL, re.MULTILINE)
COMMANDS = [
    *re.findall(r"(?:^|\$\(|; do )inventory ([a-z].*?)(?=\s*\)$|\s*\||; done|$)", SHELL, re.MULTILINE),
    *(each.removeprefix("inventory ") for each in CODE if re.match(r"inventory [a-z]", each) and "…" not in each),
]
MAX_README_LINES = 200
MAX_README_BYTES = 12_000

URLS = re.compile(r"https?:")


@pytest.fixture(scope="module")
def docs() -> ModuleType:
    """The tool that writes the generated parts."""
    spec = importlib.util.spec_from_file_location("docs", pages.ROOT / ".ci" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Generated parts


def test_the_generated_parts_are_what_the_code_says(docs: ModuleType) -> None:
    assert docs.render(TEXT) == TEXT, "run: make docs"
    assert [str(page.relative_to(pages.ROOT)) for page in docs.pages()] == PAGES
    assert set(re.findall(r"<!-- generated: (\w+) -->", TEXT)) == docs.PARTS.keys()


def test_a_part_that_drifted_is_noticed(docs: ModuleType) -> None:
    settings = pages.text("docs/reference/settings.md")
    changed = settings.replace(
        "| `INVENTORY_MAX_ATTEMPTS` | integer ≥ 1 | `3`", "| `INVENTORY_MAX_ATTEMPTS` | integer ≥ 1 | `4`"
    )

    assert changed != settings
    assert docs.render(changed) == settings


def test_the_tables_hold_every_setting_and_every_command(docs: ModuleType) -> None:
    for name in Settings.model_fields:
        assert f"\n| `{PREFIX}{name.upper()}` |" in TEXT
    for name, _ in docs.commands():
        assert re.search(rf"^\| `inventory {name}[ `]", TEXT, re.MULTILINE), name


def test_each_row_of_a_table_has_the_cells_of_its_head() -> None:
    cells = 0
    for line in re.sub(r"^```.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL).splitlines():
        found = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not found or not cells or found == cells, line
        cells = found


def test_the_readme_is_two_screens() -> None:
    content = pages.text("README.md")
    assert content.count("\n") <= MAX_README_LINES
    assert len(content.encode()) <= MAX_README_BYTES


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, found = set(), {"README.md"}
    while found:
        page = found.pop()
        reached.add(page)
        targets = {each.partition("#")[0] for each in pages.links(pages.text(page)) if not URLS.match(each)}
        paths = {(pages.ROOT / page).parent.joinpath(each).resolve() for each in targets if each.endswith(".md")}
        found |= {str(each.relative_to(pages.ROOT)) for each in paths} - reached

    assert reached == set(PAGES)


# Requests and commands


@pytest.mark.parametrize(("service", "method", "request_"), CALLS, ids=[f"{call[0]}.{call[1]}" for call in CALLS])
def test_a_request_fits_its_message(service: str, method: str, request_: str) -> None:
    message = GetMessageClass(all_methods()[f"{service}.{method}"].input_type)()
    json_format.ParseDict(json.loads(request_), message)


def test_no_method_is_left_out() -> None:
    shown = {f"{service}.{method}" for service, method, _ in CALLS}
    assert methods_of(published_files()).keys() <= shown


@pytest.mark.parametrize(("path", "request_"), POSTS)
def test_an_http_request_fits_its_message(path: str, request_: str) -> None:
    from google.api import annotations_pb2

    (method,) = [
        each
        for each in all_methods().values()
        if each.GetOptions().Extensions[annotations_pb2.http].post == f"/inventory/v1/{path}"
    ]
    json_format.ParseDict(json.loads(request_), GetMessageClass(method.input_type)())


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_can_be_typed(line: str) -> None:
    words = shlex.split(line.partition(" >")[0] if ">>" in line or " > ~" in line else line, comments=True)
    command: click.Command = cli
    while words and isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    if words:
        # Parses, and runs nothing.
        command.make_context("inventory", words)


def test_a_value_of_the_chart_exists() -> None:
    values = yaml.safe_load((pages.ROOT / "deploy" / "helm" / "inventory" / "values.yaml").read_text(encoding="utf-8"))
    places = "|".join(values)
    named = {
        *re.findall(r"--set ([\w.]+)=", SHELL),
        *(
            each.partition("=")[0]
            for each in CODE
            if re.match(rf"(?:{places})\.\w", each) and "/" not in each and not each.endswith(".py")
        ),
    }
    assert len(named) > 10
    for name in named:
        top, *rest = name.split(".")
        if top == "settings":
            assert rest[0] in Settings.model_fields
            continue
        found = values[top]
        for part in rest:
            found = found[part]


# Names


def _code_names(pattern: str) -> set[str]:
    return set(re.findall(pattern, TEXT))


def test_every_variable_is_a_setting() -> None:
    setup = (pages.ROOT / "setup.py").read_text(encoding="utf-8")
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | CLIENT_VARIABLES
    known |= set(re.findall(r'environ\.get\("(INVENTORY_[A-Z_]+)"', setup))
    assert _code_names(r"\bINVENTORY_[A-Z_]+\b") - {"INVENTORY_"} <= known


def test_every_make_target_exists() -> None:
    makefile = (pages.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    lines = [*CODE, *SHELL.splitlines()]
    named = {word for line in lines if (m := re.match(r"make ([a-z -]+)", line)) for word in m[1].split()}
    assert named
    assert named <= targets


def test_every_metric_is_declared() -> None:
    known = {each.name for each in all_metrics()}
    assert {each for each in CODE if re.fullmatch(r"inventory_[a-z_]+", each)} <= known


def test_every_error_exists() -> None:
    named = {name for each in CODE for name in re.findall(r"\bERROR_[A-Z_]+\b(?!\*)", each)} - {"ERROR_CODE"}
    source = "".join(path.read_text(encoding="utf-8") for path in (pages.ROOT / "src" / "inventory").rglob("*.py"))
    assert {name for name in named if f'"{name}"' not in source and not name.endswith("_")} == set()


LINKS = [(page, link) for page in PAGES for link in sorted(set(pages.links(pages.text(page))))]


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_a_link_leads_somewhere(page: str, link: str) -> None:
    if URLS.match(link):
        return
    path, _, anchor = link.partition("#")
    target = (pages.ROOT / page).parent / path if path else pages.ROOT / page
    assert target.exists()
    if anchor:
        assert anchor in pages.anchors(target.read_text(encoding="utf-8"))


def _paths() -> set[str]:
    folders = "|".join(each.name for each in pages.ROOT.iterdir() if each.is_dir() and not each.name.startswith("."))
    ours = {each for each in CODE if re.fullmatch(rf"(?:{folders}|\.ci)(?:/[\w.*-]*)+", each)}
    layers = {f"src/inventory/{each}" for each in CODE if re.fullmatch(r"[a-z_]+/(?:[\w]+\.py)?", each)}
    suites = {
        f"tests/{each}{'' if '/' not in each else '.py'}"
        for each in CODE
        if re.fullmatch(r"(?:unit|contract|integration)/[\w/*]+|secrecy|chaos", each)
    }
    return ours | suites | layers


@pytest.mark.parametrize("path", sorted(_paths()))
def test_a_path_exists(path: str) -> None:
    places = (path, path.removeprefix("src/inventory/"), f"{path}.py")
    assert any(list(pages.ROOT.glob(place.rstrip("/"))) for place in places) or path == "bench-results/"


@pytest.mark.parametrize("named", sorted({each for each in CODE if re.fullmatch(r"tests/[\w/]+\.py::\w+", each)}))
def test_a_named_test_exists(named: str) -> None:
    path, _, name = named.partition("::")
    assert f"\ndef {name}(" in (pages.ROOT / path).read_text(encoding="utf-8")


# Files


def _yaml(mark: str) -> list[Mapping[str, Any]]:
    return [yaml.safe_load(block.text) for block in BLOCKS if block.language == "yaml" and block.mark.startswith(mark)]


def test_the_settings_file_can_be_loaded() -> None:
    (content,) = _yaml("config")
    assert Settings(**content).platform == "grpc"


def test_a_platform_file_can_be_read() -> None:
    (content,) = _yaml("platform")
    assert PlatformContent.model_validate(content).plugins


def test_the_layers_are_drawn_as_they_are_checked() -> None:
    tools = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    layers = next(each["layers"] for each in tools["importlinter"]["contracts"] if each["type"] == "layers")
    (drawn,) = [block.text for block in pages.blocks("docs/design/architecture.md") if block.text.startswith("cli  ")]
    checked = [name.removeprefix("inventory.") for layer in layers for name in re.split(r" [|:] ", layer)]
    places = [re.search(rf"\b{name.replace('.', '/')}\b", drawn) for name in checked]
    assert None not in places, checked
    assert [place.start() for place in places if place] == sorted(place.start() for place in places if place)


def test_the_marks_of_blocks_are_known() -> None:
    marks = {block.mark for block in BLOCKS}
    assert marks <= {
        "",
        "run",
        "run background",
        "config",
        "platform",
        "file=folder_plugin.py",
        "file=account_plugin.py",
        "cloud",
        "file=accounts.csv",
        "walk",
        "held",
    }
