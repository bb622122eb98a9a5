"""One `up` per data folder, and clear words about ports."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.devruntime.lock import DataDirLock
from inventory.devruntime.ports import free_port, is_taken, require_free
from inventory.errors import SettingsError

HOLDER = """
import sys, pathlib
from inventory.devruntime.lock import DataDirLock
with DataDirLock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with DataDirLock(tmp_path / "data"), pytest.raises(SettingsError, match=rf"already runs .*process {os.getpid()}\)"):
        DataDirLock(tmp_path / "data").acquire()


def test_the_folder_is_free_again_after_release(tmp_path: Path) -> None:
    with DataDirLock(tmp_path):
        pass
    with DataDirLock(tmp_path):
        pass


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(SettingsError, match=f"process {holder.pid}"):
        DataDirLock(tmp_path).acquire()

    holder.kill()
    holder.communicate(timeout=10)

    with DataDirLock(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SettingsError, match="Cannot use the data folder"):
        DataDirLock(tmp_path / "file" / "data").acquire()


def test_a_taken_port_is_told_with_the_setting_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        assert is_taken(port)
        with pytest.raises(SettingsError, match=rf"Port {port} .*the gRPC server.*INVENTORY_PORT"):
            require_free(port, purpose="the gRPC server", setting="INVENTORY_PORT")


def test_a_port_shared_with_reuseport_counts_as_taken() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as listener:
        assert is_taken(listener.getsockname()[1])


def test_a_free_port_is_free() -> None:
    assert not is_taken(free_port())
