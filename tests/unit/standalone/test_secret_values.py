"""The values of secrets are those that were written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from inventory.cli.parameters import STRUCT
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
    "9007199254740992": 2**53,
    "9007199254740993": "9007199254740993",
    "-116503598123456789012": "-116503598123456789012",
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
    numbers = '{"a": 12345678901234567890, "b": [9007199254740992, 1e2, 1e999, 0.12345678901234567891]}'
    assert load_as_written(numbers) == {
        "a": "12345678901234567890",
        "b": [2**53, 100.0, "1e999", "0.12345678901234567891"],
    }


def test_what_a_file_or_an_option_contains_reaches_a_message_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "116503598123456789012"
    path = tmp_path / "x.yaml"
    path.write_text(f"client_id: {number}\naccount: {{id: {number}}}\n")
    monkeypatch.setenv("VALUES", f'{{"client_id": {number}, "account": {{"id": {number}}}}}')
    for found in (
        mapping_from(file=str(path), variable_name=None),
        mapping_from(file=None, variable_name="VALUES"),
        STRUCT.convert(f'{{"client_id": {number}, "account": {{"id": {number}}}}}', None, None),
    ):
        message = Struct()
        message.update(found)
        assert json_format.MessageToDict(message) == {"client_id": number, "account": {"id": number}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: very-secret\nb: {c: 1}\na: very-secret\n", "line 3, column 1: this key is there twice"),
        ("a:\n  c: very-secret\n  'c': 2\n", "line 3, column 3: this key is there twice"),
        ('{"a": "very-secret",\n "a": 1}', "line 2, column 2: this key is there twice"),
        ('{\n\t"a": "very-secret",\n\t"a": 1}', "a key is there twice"),
    ],
)
def test_a_repeated_key_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(click.UsageError, match=said) as caught:
        mapping_from(file=str(path), variable_name=None)
    assert "very-secret" not in caught.value.message
    monkeypatch.setenv("VALUES", '{"a": 1, "a": 2}')
    with pytest.raises(click.UsageError, match="variable VALUES: a key is there twice"):
        mapping_from(file=None, variable_name="VALUES")
    with pytest.raises(click.BadParameter, match="a key is there twice"):
        STRUCT.convert('{"a": 1, "a": 2}', None, None)
    assert load_as_written("x: &x {a: 1}\ny: {<<: *x, a: 2}\n") == {"x": {"a": 1}, "y": {"a": 2}}


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
