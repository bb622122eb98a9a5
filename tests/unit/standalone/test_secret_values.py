"""The values of secrets are those that were written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from inventory.cli.standalone.input import mapping_from
from inventory.errors import SettingsError
from inventory.process.yaml_text import load_as_written
from inventory.standalone.catalogue import provider_of
from inventory.standalone.secret_values import complete

WRITTEN = {
    "012345670123": "012345670123",
    "no": "no",
    "1_000": "1_000",
    "0x1F": "0x1F",
    "1:30": "1:30",
    "1.10": "1.10",
    ".inf": ".inf",
    "2024-01-01": "2024-01-01",
    "2024-13-45": "2024-13-45",
    "=": "=",
    "True": "True",
    "true": True,
    "12": 12,
    "1.5": 1.5,
    "~": None,
    "'12'": "12",
}


@pytest.mark.parametrize(("text", "value"), WRITTEN.items())
def test_yaml_turns_no_value_into_another(text: str, value: object) -> None:
    found = load_as_written(f"a: {text}\nb: [{{c: {text}}}]\n")
    assert found == {"a": value, "b": [{"c": value}]}


def test_json_is_json() -> None:
    assert load_as_written('{"a": 1.0, "b": "\\ud83d\\ude00", "c": null}') == {"a": 1.0, "b": "\U0001f600", "c": None}
    assert load_as_written('{"a": NaN}') == {"a": "NaN"}


def test_known_fields_of_a_file_are_texts_and_neither_lists_nor_mappings(tmp_path: Path) -> None:
    aws = provider_of("aws")
    path = tmp_path / "x.yaml"
    path.write_text("aws_access_key_id: 12\naws_secret_access_key: 012345670123\nmore: {port: 80}\n")
    found = mapping_from(file=str(path), variable_name=None)
    assert found is not None
    assert complete(aws, found, of="x") == {
        "aws_access_key_id": "12",
        "aws_secret_access_key": "012345670123",
        "more": {"port": 80},
    }
    with pytest.raises(SettingsError, match="x: aws_access_key_id must be a text, not a list or a mapping"):
        complete(aws, {**found, "aws_access_key_id": ["very-secret"]}, of="x")
    path.write_text("a: !!set {very-secret}\n")
    with pytest.raises(click.UsageError, match="a value that JSON does not have"):
        mapping_from(file=str(path), variable_name=None)
