"""The commands that `up` shows can be typed as they are."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.devruntime.typed import typed_grpcurl, typed_inventory

MOVED = "127.0.0.1:50151"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command of a virtual environment in the current folder, which is not on the PATH."""
    path = tmp_path / ".venv" / "bin" / "inventory"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(path.with_name("python")))
    return path


def test_the_command_is_shown_as_the_shell_finds_it(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed_inventory("127.0.0.1:50051", Path("elsewhere")) == ".venv/bin/inventory"
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    assert typed_inventory("127.0.0.1:50051", Path("elsewhere")) == "inventory"
    program.unlink()
    assert typed_inventory("127.0.0.1:50051", Path("elsewhere")) == ".venv/bin/python -m inventory"


def test_a_moved_server_is_named_only_where_the_command_would_not_find_it(program: Path, tmp_path: Path) -> None:
    assert typed_inventory(MOVED, tmp_path / ".inventory") == ".venv/bin/inventory"
    assert typed_inventory(MOVED, tmp_path / "other") == f".venv/bin/inventory --endpoint {MOVED}"
    subprocess.run(shlex.split(typed_inventory(MOVED, tmp_path / "other")), check=True)


def test_grpcurl_is_shown_only_where_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert typed_grpcurl(MOVED, "list") == ()
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert typed_grpcurl(MOVED, "list") == (f"grpcurl -plaintext {MOVED} list",)
    assert typed_grpcurl(f"grpc+ssl://{MOVED}", "list") == ()
