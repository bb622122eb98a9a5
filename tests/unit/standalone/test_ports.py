"""Which port a plugin gets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from inventory.errors import SettingsError
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.plugins import FIRST_PORT, port_for

OTHERS: list[dict[str, Any]] = [
    {"plugin_id": "one", "endpoint": "grpc://127.0.0.1:50070"},
    {"plugin_id": "two", "versions": {"1": "grpc://localhost:50071"}},
    {"plugin_id": "elsewhere", "endpoint": "grpc://cloud.example:50072"},
]


def test_the_first_port_is_taken_that_no_plugin_and_no_process_has() -> None:
    assert port_for(OTHERS, None, lambda _: False) == 50072
    assert port_for(OTHERS, None, lambda port: port < 50080) == 50080


@pytest.mark.parametrize(("port", "reason"), [(50071, "that of two"), (50099, "taken by another process")])
def test_a_wanted_port_of_another_is_refused(port: int, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        port_for(OTHERS, port, lambda port: port == 50099)


def test_plugins_that_are_added_at_once_get_a_port_each(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text("plugins: []\n")

    def add(number: int) -> str:
        def make(others: list[dict[str, Any]]) -> dict[str, Any]:
            port = port_for(others, None, lambda _: False)
            run = {"command": ["x"]}
            return {"plugin_id": f"p{number}", "endpoint": f"grpc://127.0.0.1:{port}", "run": run}

        return str(PlatformFile(path).add_made("plugins", make)["endpoint"])

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(6))) == [f"grpc://127.0.0.1:{FIRST_PORT + each}" for each in range(6)]


def test_a_file_in_which_two_plugins_are_run_at_one_port_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    entry = '{{plugin_id: {}, endpoint: "grpc://127.0.0.1:50070", run: {{command: [x]}}}}'
    path.write_text(f"plugins:\n- {entry.format('one')}\n- {entry.format('two')}\n")
    with pytest.raises(SettingsError, match="'one' and 'two' are both run at"):
        PlatformFile(path).content()
