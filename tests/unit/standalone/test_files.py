"""Files that commands write: whose they are, and what a crash or another command does to them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inventory.devruntime.platform_file import ensure_platform_file
from inventory.devruntime.running import RunningFile
from inventory.standalone import secrets
from inventory.standalone.files import private_folder, private_log
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.plugin_state import FOLDER, PluginState, State, write_states

OWNER = (4711, 4712)


@pytest.fixture
def chowned(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[int, int]]:
    """What root gave to whom, by inode; tests need not run as root."""
    found: dict[int, tuple[int, int]] = {}
    known: Callable[..., os.stat_result] = os.fstat

    def fchown(descriptor: int, uid: int, gid: int) -> None:
        found[known(descriptor).st_ino] = (uid, gid)

    monkeypatch.setattr(os, "fchown", fchown)
    return found


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of another user."""
    known = Path.stat

    def stat_(path: Path, **options: bool) -> os.stat_result:
        result = known(path, **options)
        if os.path.normpath(path) != str(tmp_path):
            return result
        return os.stat_result((*result[:4], *OWNER, *result[6:]))

    monkeypatch.setattr(Path, "stat", stat_)
    return tmp_path


def test_what_root_writes_into_a_users_folder_is_the_users(users: Path, chowned: dict[int, tuple[int, int]]) -> None:
    ensure_platform_file(users / "platform.yaml")
    private_folder(users / "secrets")
    private_folder(users / FOLDER)
    with RunningFile(users) as running:
        running.write({}, endpoint="127.0.0.1:1")
        made = [users / name for name in ("platform.yaml", "secrets", FOLDER, "running.json")]
        assert [chowned.get(path.stat().st_ino) for path in made] == [OWNER] * 4


def test_a_replaced_file_keeps_its_owner(users: Path, chowned: dict[int, tuple[int, int]]) -> None:
    path = users / "platform.yaml"
    ensure_platform_file(path, plugin_port=1111)
    ensure_platform_file(path, plugin_port=2222)
    # It is root's, as far as the file system knows.
    assert path.stat().st_ino not in chowned


def test_states_and_logs_of_plugins_are_private(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    private_folder(folder)
    write_states(tmp_path, {"mine": PluginState(State.RUNNING, 1)})
    for text in (b"one", b"two"):
        with open(private_log(folder / "mine.log"), "ab") as log:
            log.write(text)
    assert (folder / "mine.log").read_bytes() == b"onetwo"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_is_not_followed_for_a_log(tmp_path: Path) -> None:
    (tmp_path / "mine.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        private_log(tmp_path / "mine.log")
    assert not (tmp_path / "elsewhere").exists()


def test_up_changes_its_port_while_commands_change_the_file_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    ensure_platform_file(path, plugin_port=1000)
    os.link(path, tmp_path / "before")  # else the system may give the new file the old one's inode
    names = [f"account-{number}" for number in range(8)]

    def add(name: str) -> None:
        entry = {"secret_id": name, "provider": "aws"}
        secrets.add(PlatformFile(path), [(entry, {"key": "value"})])

    with ThreadPoolExecutor(4) as pool:
        ports = pool.map(lambda port: ensure_platform_file(path, plugin_port=port), range(2000, 2008))
        added = pool.map(add, names)
        assert list(ports) == list(range(2000, 2008))
        assert list(added) == [None] * 8

    content = PlatformFile(path).content()
    assert sorted(secret.secret_id for secret in content.secrets) == [*names, "secret-local"]
    assert str(content.plugins[0].endpoint).startswith("grpc://127.0.0.1:200")
    # Replaced as a whole: no reader ever sees half of it.
    assert not path.samefile(tmp_path / "before")
