"""Settings: what is wrong is named with where it came from and why, never with its value."""

from __future__ import annotations

import multiprocessing
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import grpc
import pymongo
import pytest
from click.testing import CliRunner

from inventory import settings
from inventory.cli import cli
from inventory.errors import SettingsError

NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)

BY_TYPE: Final = "resource_max_age_hours_by_type"

DURATIONS: Final = {
    name: match[1]
    for name in settings.Settings.model_fields
    if name not in {BY_TYPE, "clock_offset_seconds"} and (match := re.search(r"_(seconds|hours|days)$", name))
}
"""The unit of each setting that is a duration."""

LONGEST: Final = {"seconds": 100 * 365 * 86_400, "hours": 100 * 365 * 24, "days": 100 * 365}

HANDED_ON: Final = {
    "connection_age_seconds",
    "connection_idle_seconds",
    "drain_seconds",
    "mongo_timeout_seconds",
    "query_timeout_seconds",
    "retry_backoff_seconds",
}
"""Whoever gets these counts in milliseconds of 32 bits or less, or doubles them."""


def _longest(name: str) -> int:
    return 864_000 if name in HANDED_ON else LONGEST[DURATIONS[name]]


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


@pytest.mark.parametrize("name", DURATIONS)
def test_a_duration_may_be_long_but_not_endless(name: str) -> None:
    longest = _longest(name)
    if name != "heartbeat_seconds":  # Its lease bounds it before.
        assert getattr(settings.load(**{name: longest}), name) == longest

    for too_long in (longest * 1.01, 1e300, float("inf"), float("nan"), "inf", "nan"):
        with pytest.raises(SettingsError) as raised:
            settings.load(**{name: too_long})
        assert raised.value.message == (
            f"{name} (INVENTORY_{name.upper()}): Input should be less than or equal to {longest}"
        )


@pytest.mark.parametrize("name", DURATIONS)
def test_the_longest_duration_leaves_no_calendar(name: str) -> None:
    longest = timedelta(**{DURATIONS[name]: _longest(name)})
    assert (NOW - longest).year > 1900
    assert (NOW + longest).year < 2200


def test_the_longest_waits_suit_the_libraries_that_get_them() -> None:
    waits: dict[str, Any] = dict.fromkeys(HANDED_ON, 864_000)
    longest = settings.load(**waits)

    milliseconds = int(longest.mongo_timeout_seconds * 1000)
    age = round(longest.connection_age_seconds * 1000)
    limits: dict[str, Any] = {"serverSelectionTimeoutMS": milliseconds, "connectTimeoutMS": milliseconds}
    pymongo.MongoClient("mongodb://127.0.0.1:1", connect=False, **limits).close()
    assert longest.query_timeout_seconds * 1000 < 2**31
    idle = round(longest.connection_idle_seconds * 1000)
    options = [("grpc.max_connection_age_ms", age), ("grpc.max_connection_idle_ms", idle)]
    grpc.server(ThreadPoolExecutor(1), options=options).stop(None)
    ready, theirs = multiprocessing.Pipe()
    theirs.send(True)
    assert ready.poll(longest.drain_seconds + 60)


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("value", [-1, float("-inf")])
def test_no_duration_is_negative(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"{name} .*greater than"):
        settings.load(**{name: value})


@pytest.mark.parametrize("hours", [876_001, float("inf"), float("nan")])
def test_the_age_of_one_type_is_bounded_like_that_of_all(hours: float) -> None:
    assert settings.load(**{BY_TYPE: {"aws.EC2.Instance": 876_000}})
    with pytest.raises(SettingsError, match=rf"{BY_TYPE}\.aws\.EC2\.Instance .*less than or equal to 876000$"):
        settings.load(**{BY_TYPE: {"aws.EC2.Instance": hours}})


@pytest.mark.parametrize("name", ["rate_limit_per_second", "tracing_sample_ratio"])
@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_no_number_is_infinite_or_none(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} .*finite number"):
        settings.load(**{name: value})


def test_every_number_with_a_fraction_is_bounded_or_finite() -> None:
    for name, field in settings.Settings.model_fields.items():
        if field.annotation is float:
            values: dict[str, Any] = {name: float("inf")}
            with pytest.raises(SettingsError, match=name):
                settings.load(**values)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"port: 1\nmongo_database: 2024-13-45\n", "line 2, column 17: is not YAML"),
        (b"port: 1\nmongo_database: !!int 'hunter2'\n", "line 2, column 17: is not YAML"),
        (b"mongo_database: hunter2\xff\n", "is not UTF-8"),
        (b"mongo_database: " + b"[" * 5000 + b"]" * 5000, "is not YAML"),
    ],
)
def test_a_file_that_yaml_cannot_make_sense_of_is_told(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    assert _complaint() == f"{file}: {words}"


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
    assert "note: INVENTORY_PROT is set, but there is no such setting; did you mean INVENTORY_PORT?\n" in result.stderr
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
    settings.load()
    settings.load(lease_seconds=6, heartbeat_seconds=2)

    with pytest.raises(SettingsError, match=r"INVENTORY_LEASE_SECONDS.*heartbeat_seconds"):
        settings.load(lease_seconds=5, heartbeat_seconds=2)


def test_config_tells_what_a_process_would_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TLS_KEY_FILE": "key.pem",
        "TLS_CLIENT_CA_FILE": "ca.pem",
        "PLATFORM_KEY_FILE": "key.pem",
        "AUTHORIZATION": "identity",
        "HOST": "0.0.0.0",
    }.items():
        monkeypatch.setenv(f"INVENTORY_{name}", value)

    told = CliRunner().invoke(cli, ["config", "--json"])

    assert told.exit_code == 2
    for words in (
        "tls_certificate_file and tls_key_file: one needs the other",
        "tls_client_ca_file: needs",
        "platform_certificate_file and platform_key_file: one needs the other",
        "identity needs platform grpc",
        "identity needs authentication jwt",
        "host (INVENTORY_HOST): with authentication none",
    ):
        assert words in told.stderr


def test_config_tells_a_lease_that_heartbeats_cannot_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVENTORY_LEASE_SECONDS", "5")
    result = CliRunner().invoke(cli, ["config"])
    assert isinstance(result.exception, SettingsError)
    words = "lease_seconds (INVENTORY_LEASE_SECONDS): must be at least 3 times heartbeat_seconds"
    assert result.exception.message == words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("housekeeping_excluded_domains", "x", "is not JSON"),
        ("resource_max_age_hours_by_type", "{x", "is not JSON"),
        ("redis_url", "http://x:hunter2@y", "must begin with redis://"),
        ("mongo_database", "a b.$", "should match pattern"),
        ("mongo_database", "a" * 64, "at most 63 characters"),
        ("plugin_endpoint", "http://x:1", "must be grpc://host:port or grpc+ssl://host:port"),
        ("identity_endpoint", "grpc://x", "must be grpc://host:port"),
    ],
)
def test_what_would_fail_later_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"INVENTORY_{name.upper()}", value)
    with pytest.raises(SettingsError, match=name) as caught:
        settings.load()

    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "redis://x:1/0", "rediss://:password@x:1/0", "unix:///run/redis.sock"])
def test_a_redis_url_may_have_any_of_its_forms(value: str) -> None:
    assert settings.load(redis_url=value).redis_url.get_secret_value() == value
