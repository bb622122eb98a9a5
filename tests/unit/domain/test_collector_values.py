"""What a collector's own values may be."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.domain.collector.values import changed_plugin_info, checked_priority, new_plugin_info, optional_text
from inventory.errors import InvalidParameterError, InvalidParameterTypeError, RequiredParameterError


@pytest.mark.parametrize(("sent", "kept"), [(0, 0), (99, 99), (5.0, 5)])
def test_priorities_from_0_to_99_are_taken(sent: object, kept: int) -> None:
    assert checked_priority(sent) == kept


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (-1, InvalidParameterError),
        (100, InvalidParameterError),
        ("1", InvalidParameterTypeError),
        (True, InvalidParameterTypeError),
        (1.5, InvalidParameterTypeError),
    ],
)
def test_other_priorities_are_refused(sent: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        checked_priority(sent)


@pytest.mark.parametrize("name", ["x" * 256, "a\0b"])
def test_texts_are_bounded_and_without_nul(name: str) -> None:
    with pytest.raises(InvalidParameterError):
        optional_text({"name": name}, "name")
    assert optional_text({"name": "x" * 255}, "name")


def test_a_new_plugin_info_is_auto_and_drops_metadata() -> None:
    info = new_plugin_info({"plugin_id": "p", "metadata": {"a": 1}, "provider": "aws", "secret_id": ""})
    assert info == {"plugin_id": "p", "options": {}, "upgrade_mode": "AUTO", "provider": "aws"}


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({}, "plugin_info.plugin_id"),
        ({"plugin_id": "p", "upgrade_mode": "MANUAL"}, "plugin_info.version"),
    ],
)
def test_what_a_plugin_info_needs(raw: dict[str, Any], field: str) -> None:
    with pytest.raises(RequiredParameterError) as raised:
        new_plugin_info(raw)
    assert raised.value.field == field


def test_an_unknown_upgrade_mode_is_refused() -> None:
    with pytest.raises(InvalidParameterError):
        new_plugin_info({"plugin_id": "p", "upgrade_mode": "SOMETIMES"})


def test_a_change_touches_version_options_and_upgrade_mode_only() -> None:
    stored = {"plugin_id": "p", "version": "1", "options": {"a": 1}, "upgrade_mode": "AUTO", "secret_id": "s"}
    sent = {"plugin_id": "q", "version": "2", "options": {}, "upgrade_mode": "MANUAL", "secret_id": "t"}
    changed = {"version": "2", "options": {}, "upgrade_mode": "MANUAL"}
    assert changed_plugin_info(stored, sent) == {**stored, **changed}
    assert changed_plugin_info(stored, {"version": "", "upgrade_mode": "NONE"}) == stored
