"""JSON text is read as the same content in a Struct is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from inventory.ingest.reading.json_text import read_json
from inventory.protobuf.struct_reader import StructReader

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.dictionaries(
    TEXT,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)),
    max_size=4,
)


@given(JSON, st.booleans())
def test_any_content_is_the_same_as_json_text_and_as_a_struct(content: dict[str, Any], ascii_only: bool) -> None:
    as_doubles = _as_doubles(content)
    struct = json_format.ParseDict(as_doubles, Struct())
    by_struct = StructReader().read(struct.SerializeToString(deterministic=True))

    by_text = read_json(json.dumps(content, ensure_ascii=ascii_only))

    assert json.dumps(by_text, sort_keys=True) == json.dumps(by_struct, sort_keys=True)


def _as_doubles(value: Any) -> Any:
    """Return content as a Struct holds it: every number a double."""
    if isinstance(value, dict):
        return {key: _as_doubles(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_as_doubles(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[NaN, Infinity, -Infinity, 1]", [None, None, None, 1]),
        (r'{"\ud800": "a\udfff", "nul\u0000": "\u0000"}', {"\ufffd": "a\ufffd", "nul\ufffd": "\ufffd"}),
        (r'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        ('\ufeff{"line": "a\nb"}', {"line": "a\nb"}),
    ],
)
def test_what_neither_json_nor_the_store_can_hold_is_replaced(written: str, expected: Any) -> None:
    assert read_json(written) == expected
