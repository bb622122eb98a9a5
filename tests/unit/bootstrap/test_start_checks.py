"""What a worker's children would trip over is refused by their parent, in one line, before it starts any."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inventory import worker
from inventory.errors import SettingsError
from inventory.settings import Settings

RUNS = [worker.run]
ENDPOINTS = {f"{name}_endpoint": "grpc://127.0.0.1:1" for name in ("plugin", "repository", "secret", "identity")}
GRPC: dict[str, Any] = {"platform": "grpc", "system_token": "a.b.c", **ENDPOINTS}


STORES = {"mongo_uri": "mongodb://127.0.0.1:1/", "redis_url": "redis://127.0.0.1:1/0"}


def refused(run: Callable[[Settings], int], **changes: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        run(Settings(**STORES | changes))
    assert not multiprocessing.active_children(), "no child was started"
    assert "\n" not in raised.value.message
    return raised.value.message


@pytest.mark.parametrize("run", RUNS)
def test_no_platform_file(run: Callable[[Settings], int]) -> None:
    assert "INVENTORY_STATIC_FILE" in refused(run, platform="static", static_file=None)


@pytest.mark.parametrize("run", RUNS)
def test_a_platform_file_that_is_not_there_or_wrong(run: Callable[[Settings], int], tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    assert str(file) in refused(run, platform="static", static_file=file)

    file.write_text("plugins: 7\n")
    assert "plugins" in refused(run, platform="static", static_file=file)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_that_is_missing(run: Callable[[Settings], int], name: str) -> None:
    assert name in refused(run, **GRPC | {name: ""})


@pytest.mark.parametrize("run", RUNS)
def test_a_ca_that_cannot_be_read(run: Callable[[Settings], int], tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"

    assert str(file) in refused(run, **GRPC, platform_ca_file=file)


@pytest.mark.parametrize("run", RUNS)
def test_a_client_certificate_without_its_key(run: Callable[[Settings], int], tmp_path: Path) -> None:
    file = tmp_path / "client.crt"
    file.write_text("")

    assert "go together" in refused(run, **GRPC, platform_certificate_file=file)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", ["mongo_uri", "redis_url"])
def test_a_store_that_is_not_named(run: Callable[[Settings], int], tmp_path: Path, name: str) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text("{}\n")

    assert name in refused(run, platform="static", static_file=file, **{name: ""})
