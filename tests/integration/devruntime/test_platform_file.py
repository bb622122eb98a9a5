"""The platform file that `up` keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.connector.static.file import StaticFile
from inventory.devruntime.platform_file import DEFAULT_PLUGIN_PORT, ensure_platform_file
from inventory.errors import SettingsError


def test_an_absent_file_is_written_with_the_local_plugin_and_its_secret(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"

    assert ensure_platform_file(path) == DEFAULT_PLUGIN_PORT

    content = StaticFile(path).content
    (plugin,), (secret,) = content.plugins, content.secrets
    assert (plugin.plugin_id, plugin.provider) == ("plugin-local", "local")
    assert plugin.endpoint == f"grpc://127.0.0.1:{DEFAULT_PLUGIN_PORT}"
    assert (secret.secret_id, secret.provider, secret.data) == ("secret-local", "local", {})
    assert path.stat().st_mode & 0o077 == 0


def test_what_somebody_added_stays_when_the_port_changes(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    ensure_platform_file(path, plugin_port=1111)
    path.write_text(path.read_text() + "# mine\n")

    assert ensure_platform_file(path) == 1111
    assert ensure_platform_file(path, plugin_port=2222) == 2222

    assert "grpc://127.0.0.1:2222 " in path.read_text()
    assert path.read_text().endswith("# mine\n")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=str(tmp_path)):
        ensure_platform_file(tmp_path)
