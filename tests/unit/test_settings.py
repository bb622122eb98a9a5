"""Settings: what is wrong is named with where it came from and why, never with its value."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory import settings
from inventory.cli import cli
from inventory.errors import SettingsError
from inventory.worker import check_lease


def _complaint() -> str:
    with pytest.raises(SettingsError) as raised:
        settings.load()
    return raised.value.message


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file."""
    path = tmp_path / "settings.yaml"
    monkeypatch.setenv("INVENTORY_CONFIG", str(path))
    return path


def test_a_wrong_variable_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_PORT", "hunter2")
    assert _complaint().startswith("port (INVENTORY_PORT): Input should be a valid integer")
    assert "hunter2" not in _complaint()


def test_what_is_wrong_in_the_file_is_named_with_the_file(file: Path) -> None:
    file.write_text("port: hunter2\nprot: 1\n")
    complaint = _complaint()
    assert f"port (in {file}): Input should be a valid integer" in complaint
    assert f"prot (in {file}): is not the name of a setting" in complaint
    assert "hunter2" not in complaint


def test_a_file_that_is_not_yaml_is_named_with_its_line(file: Path) -> None:
    file.write_text("port: 1\nmongo_uri: [hunter2\n")
    assert f"{file}: line 3" in _complaint()
    assert "hunter2" not in _complaint()


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("port: 1\nhost: '::1'\n")
    monkeypatch.setenv("INVENTORY_PORT", "2")
    assert (settings.load().port, settings.load().host) == (2, "::1")
    assert settings.load(port=3).port == 3


def test_config_masks_secrets_and_names_variables_that_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_PROT", "1")
    monkeypatch.setenv("INVENTORY_ENDPOINT", "127.0.0.1:1")
    monkeypatch.setenv("INVENTORY_MONGO_URI", "mongodb://user:hunter2@127.0.0.1/")
    result = CliRunner().invoke(cli, ["config"])
    assert result.exit_code == 0
    assert "hunter2" not in result.output
    assert (
        "note: INVENTORY_PROT is set, but is not the name of a setting; did you mean INVENTORY_PORT?\n" in result.stderr
    )
    assert "INVENTORY_ENDPOINT" not in result.stderr


def test_config_shows_values_as_they_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_HOUSEKEEPING_EXCLUDED_DOMAINS", '["domain-1"]')
    result = CliRunner().invoke(cli, ["config"])
    assert result.exit_code == 0
    shown = dict(line.split()[:2] for line in result.stdout.splitlines() if line.startswith("INVENTORY_"))
    assert shown["INVENTORY_HOUSEKEEPING_EXCLUDED_DOMAINS"] == '["domain-1"]'
    assert shown["INVENTORY_MIGRATE_AT_START"] == "true"
    assert "None" not in result.stdout


def test_a_lease_that_heartbeats_cannot_keep_is_refused() -> None:
    check_lease(settings.load())
    check_lease(settings.load(lease_seconds=6, heartbeat_seconds=2))

    with pytest.raises(SettingsError, match=r"INVENTORY_LEASE_SECONDS.*heartbeat_seconds"):
        check_lease(settings.load(lease_seconds=5, heartbeat_seconds=2))
