"""Finding programs: order of choice and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.devruntime.databases import binaries
from inventory.errors import SettingsError


def program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_mongod_on_path_wins_over_the_wheels(tmp_path: Path) -> None:
    on_path = program(tmp_path / "bin" / "mongod")
    program(tmp_path / "site" / binaries.MONGOD_IN_WHEEL)

    assert binaries.find_mongod(path=str(tmp_path / "bin"), search=[str(tmp_path / "site")]) == on_path


def test_the_wheels_are_searched_next(tmp_path: Path) -> None:
    mongod = program(tmp_path / "site" / binaries.MONGOD_IN_WHEEL)
    redis = program(tmp_path / "site" / binaries.REDIS_SERVER_IN_WHEEL)

    assert binaries.find_mongod(path="", search=[str(tmp_path / "site")]) == mongod
    assert binaries.find_redis_server(path="", search=[str(tmp_path / "site")]) == redis


def test_without_a_mongod_the_error_says_how_to_get_one() -> None:
    with pytest.raises(SettingsError) as caught:
        binaries.find_mongod(path="", search=[])

    assert all(word in str(caught.value) for word in ("embedded", "mongodb-org-server", "INVENTORY_MONGO_URI"))


def test_without_a_redis_server_the_error_says_how_to_get_one() -> None:
    with pytest.raises(SettingsError) as caught:
        binaries.find_redis_server(path="", search=[])

    assert all(word in str(caught.value) for word in ("embedded", "apt install redis-server", "INVENTORY_REDIS_URL"))


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (
            "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file",
            ["libcurl.so.4", "apt install libcurl4"],
        ),
        (
            "mongod: error while loading shared libraries: libssl.so.3: cannot open shared object file",
            ["libssl.so.3", "apt install libssl3"],
        ),
        ("mongod: /lib/libcrypto.so.3: version `OPENSSL_3.0.9' not found", ["OPENSSL_3.0.9", "libcrypto.so.3"]),
        ("Illegal instruction", ["Illegal instruction"]),
    ],
)
def test_a_mongod_that_cannot_load_says_what_is_missing(tmp_path: Path, stderr: str, words: list[str]) -> None:
    program(tmp_path / "mongod", f"/bin/cat >&2 <<'END'\n{stderr}\nEND\nexit 127")

    with pytest.raises(SettingsError) as caught:
        binaries.find_mongod(path=str(tmp_path), search=[])

    assert all(word in str(caught.value) for word in words)


def test_a_program_for_another_machine_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_bytes(b"\x7fELFnonsense")
    broken.chmod(0o755)

    with pytest.raises(SettingsError, match="cannot be run"):
        binaries.find_redis_server(path=str(tmp_path), search=[])
