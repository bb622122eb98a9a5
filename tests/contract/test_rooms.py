"""The house of the code: what each folder may hold, and that the tests lie beside what they test."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "inventory"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "stubs" not in path.parts)
FOLDERS = sorted({path.parent for path in MODULES})

LONGEST = 300
MOST_MODULES = 15
MOST_ROOT_FILES = 5
LONG = {"errors.py"}
"""One tree, one file: an error is found where it is expected."""

BESIDE_NO_ROOM = {"ci", "bench", "deploy"}
"""Folders of unit tests for what lies outside the package."""

PRIVATE = {
    "api/admission/receive.py": ("grpcio", r"^from grpc import _server|^from grpc\._cython"),
    "connector/queue/broker.py": ("dramatiq", r"^from dramatiq\.brokers\.redis import .*_RedisConsumer"),
    "gateway/protocol.py": ("uvicorn", r"^from uvicorn\.protocols\.http\.h11_impl"),
    "model/driver.py": ("pymongo", r"\._topology\b|\b_init_background\b"),
}
"""The modules that use what a library does not promise to keep; an upper bound in pyproject.toml protects each."""


def shown(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_the_root_holds_few_files() -> None:
    files = [path.name for path in PACKAGE.iterdir() if path.is_file()]

    assert len(files) <= MOST_ROOT_FILES, files


@pytest.mark.parametrize("folder", FOLDERS, ids=shown)
def test_a_folder_has_few_modules_and_none_of_its_own_name(folder: Path) -> None:
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]

    assert len(modules) <= MOST_MODULES, modules
    assert folder.name not in modules


def test_modules_are_short() -> None:
    lengths = {shown(path): len(path.read_text().splitlines()) for path in MODULES}

    assert {name: length for name, length in lengths.items() if length > LONGEST and name not in LONG} == {}


def test_unit_tests_lie_in_the_rooms_of_what_they_test() -> None:
    folders = {
        path.parent.relative_to(ROOT / "tests" / "unit").parts[:1]
        for path in (ROOT / "tests").glob("unit/**/test_*.py")
    }
    rooms = {(path.name,) for path in PACKAGE.iterdir() if path.is_dir()}

    assert folders - rooms - {(name,) for name in BESIDE_NO_ROOM} == set()


@pytest.mark.parametrize(("module", "library", "use"), [(name, *of) for name, of in PRIVATE.items()])
def test_what_a_library_keeps_to_itself_is_used_in_one_module_below_an_upper_bound(
    module: str, library: str, use: str
) -> None:
    users = {shown(path) for path in MODULES if re.search(use, path.read_text(), re.MULTILINE)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (requirement,) = [each for each in project["dependencies"] if re.match(rf"{library}[<>=]", each)]

    assert users == {module}
    assert re.search(r",<\d", requirement), requirement


def test_no_other_module_of_a_library_is_private() -> None:
    private = re.compile(
        r"^(?:from|import) (?:grpc|dramatiq|pymongo|redis|uvicorn|starlette|h11|joserfc)[\w.]*\._", re.MULTILINE
    )

    assert {shown(path) for path in MODULES if private.search(path.read_text())} <= set(PRIVATE)
