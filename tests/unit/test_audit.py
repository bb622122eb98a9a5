"""The dependency audit of ``make check`` finds what it is there for."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", Path(__file__).parents[2] / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "line", ["grpcio", "grpcio>=1.0", "grpcio==1.*", "grpcio==", "-e .", "grpcio @ https://x.invalid/y"]
)
def test_a_line_that_pins_nothing_is_told(audit: ModuleType, line: str) -> None:
    pins, faults = audit.read_lock(f"# versions\nredis==8.1.0\n\n{line}\n")

    assert pins == {"redis": "8.1.0"}
    assert len(faults) == 1


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
