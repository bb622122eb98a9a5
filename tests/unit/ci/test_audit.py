"""What ``make check`` looks for in code and dependencies, it finds."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", Path(__file__).parents[3] / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "line", ["grpcio", "grpcio>=1.0", "grpcio==1.*", "grpcio==", "-e .", "grpcio @ https://x.invalid/y"]
)
def test_a_line_that_pins_nothing_is_told(audit: ModuleType, line: str) -> None:
    pins, faults = audit.read_lock(f"# versions\nredis==8.1.0 \\\n    {HASH}\n\n{line} {HASH}\n")

    assert pins == {"redis": "8.1.0"}
    assert len(faults) == 1


def test_a_pin_for_some_platforms_only_is_one_and_a_pin_without_a_hash_is_told(audit: ModuleType) -> None:
    lock = f"a==1 ; sys_platform == 'win32' \\\n    {HASH} \\\n    {HASH}\nb==2\n"

    pins, faults = audit.read_lock(lock)

    assert pins == {"a": "1", "b": "2"}
    assert faults == ["requirements.lock: b==2: has no hash"]


def test_an_image_of_other_versions_than_the_tests_have_is_told(audit: ModuleType) -> None:
    found = list(audit.differing({"redis": "8.1", "h11": "1", "x": "1"}, {"redis": "8.1", "h11": "2"}))

    assert [fault.split(": ")[1] for fault in found] == ["h11==1", "x==1"]


def test_a_pin_that_is_absent_or_beyond_its_bounds_is_told(audit: ModuleType) -> None:
    requirements = audit.declared(
        {"dependencies": ["redis>=8.1", "PyYAML>=6.0.3"], "optional-dependencies": {"dev": ["pytest>=9,<10", "ruff"]}}
    )

    found = list(audit.unbound(requirements, {"redis": "8.1.0", "pyyaml": "6.0.2", "pytest": "10.0"}))

    assert [fault.partition(":")[0] for fault in found] == ["PyYAML>=6.0.3", "pytest>=9,<10", "ruff"]


def test_what_is_needed_is_followed_to_the_end(audit: ModuleType) -> None:
    found = audit.reached(["httpx>=0.28", "no-such-package"])

    assert {"httpx", "httpcore", "h11", "anyio", "idna"} <= set(found)
    assert found["no-such-package"] == ""
    assert "socksio" not in found, "an extra that nobody asked for"


def test_what_is_installed_besides_or_otherwise_is_told(audit: ModuleType) -> None:
    installed = {"pip": "1.0", "redis": "8.1.0", "ruff": "1.0", "stranger": "2.0"}

    found = list(audit.drifted(installed, {"redis": "8.1.0", "ruff": "0.9"}))

    assert [fault.split()[0] for fault in found] == ["ruff", "stranger"]


def test_a_planted_fault_fails_the_check(audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = (audit.ROOT / "requirements.lock").read_text()
    shutil.copy(audit.ROOT / "pyproject.toml", tmp_path)
    shutil.copy(audit.ROOT / "requirements-runtime.lock", tmp_path)
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0))

    (tmp_path / "requirements.lock").write_text(lock)
    assert audit.main() == 0
    (tmp_path / "requirements.lock").write_text(lock.replace("h11==", "h11==0"))
    assert audit.main() == 1


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("subprocess.run(x, shell=True)", "S602"),
        ("eval(x)", "S307"),
        ("pickle.loads(x)", "S301"),
        ("hashlib.md5(x)", "S324"),
        ("yaml.load(x)", "S506"),
        ('password = "hunter2"', "S105"),
        ("ssl._create_unverified_context()", "S323"),
        ('requests.get("https://x", verify=False)', "S501"),
    ],
)
def test_the_lint_knows_what_is_unsafe(audit: ModuleType, line: str, rule: str) -> None:
    code = f"import hashlib, pickle, requests, ssl, subprocess, yaml\nx = input()\n{line}\n"
    command = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--stdin-filename"]

    found = subprocess.run(
        [*command, "src/inventory/planted.py", "-"], input=code, capture_output=True, text=True, cwd=audit.ROOT
    )

    assert found.returncode == 1
    assert f" {rule} " in found.stdout
