"""The hot modules are compiled where they can be, and only where that is wanted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

import pytest

from inventory.version import compiled
from tests.unit.deploy.deploy_kit import ROOT

TESTED = bool(os.environ.get("TESTED_COMPILED"))
"""Whether this run is to test the compiled modules, see ``make test-compiled``."""


def listed() -> list[str]:
    """Return the paths below the package that setup.py names."""
    block = (ROOT / "setup.py").read_text(encoding="utf-8").partition("COMPILED = (")[2].partition(")")[0]
    return re.findall(r'"([^"]+)"', block)


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "setup.py",
            "--quiet",
            "build",
            "--build-base",
            str(folder),
            "--build-lib",
            str(folder / "lib"),
        ],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("module", listed())
def test_each_hot_module_is_the_source_or_compiled_from_it(module: str) -> None:
    assert (ROOT / f"src/inventory/{module}.py").is_file()
    found = find_spec(f"inventory.{module.replace('/', '.')}")

    assert found is not None
    assert str(found.origin).endswith(tuple(EXTENSION_SUFFIXES)) == TESTED


def test_the_version_tells_whether_the_hot_modules_are_compiled() -> None:
    command = [sys.executable, "-m", "inventory", "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert compiled() == TESTED
    assert told.endswith("(compiled)\n" if TESTED else "(pure Python)\n")


@pytest.mark.parametrize("environment", [{"CC": "no-such-cc"}, {"INVENTORY_COMPILE": "0"}])
def test_without_a_compiler_or_where_it_is_forbidden_all_is_python(tmp_path: Path, environment: dict[str, str]) -> None:
    assert build(tmp_path, **environment).returncode == 0

    assert (tmp_path / "lib/inventory/domain/equality.py").is_file()
    assert not [file for file in (tmp_path / "lib").rglob("*") if file.name.endswith(tuple(EXTENSION_SUFFIXES))]


def test_a_compiler_that_is_asked_for_and_missing_fails_the_build(tmp_path: Path) -> None:
    failed = build(tmp_path, CC="no-such-cc", INVENTORY_COMPILE="1")

    assert failed.returncode != 0
    assert failed.stderr.endswith("INVENTORY_COMPILE=1, but the C compiler no-such-cc is missing\n")
