"""Structs keep what goes through them; secret values don't get through at all."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from inventory.connector.ports import ResourceMessage
from inventory.domain.redact import Redactor, redact
from inventory.errors import InvalidParameterTypeError
from inventory.protobuf.struct import to_dict, to_struct

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.dictionaries(
    TEXT,
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=10,
    ),
    max_size=4,
)


@given(JSON)
def test_what_goes_into_a_struct_comes_out_again(content: dict[str, Any]) -> None:
    struct = to_struct(content, name="x")
    assert to_dict(struct) == content
    assert to_dict(Struct.FromString(struct.SerializeToString())) == content


def test_doubles_without_a_fraction_become_ints_and_huge_ones_stay() -> None:
    struct = Struct()
    json_format.ParseDict({"one": 1.0, "half": 0.5, "huge": 1e300, "negative": -7.0}, struct)
    found = to_dict(struct)
    assert {key: type(value) for key, value in found.items()} == {
        "one": int,
        "half": float,
        "huge": float,
        "negative": int,
    }


def test_numbers_that_json_lacks_do_no_harm() -> None:
    struct = Struct()
    struct.fields["nan"].number_value = math.nan
    struct.fields["inf"].number_value = math.inf
    struct.fields["unset"].SetInParent()
    found = to_dict(struct)
    assert found["nan"] is None
    assert found["inf"] is None
    assert found["unset"] is None


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", "\ud800", {1: "number as a key"}])
def test_what_json_lacks_is_refused(value: object) -> None:
    with pytest.raises(InvalidParameterTypeError, match="options"):
        to_struct({"key": value}, name="options")


def test_content_is_decoded_once_and_only_when_asked_for() -> None:
    decoded: list[int] = []

    def decode() -> dict[str, Any]:
        decoded.append(1)
        return {"a": 1}

    message = ResourceMessage("inventory.Region", 4, "", {}, decode, 10)
    assert decoded == []
    assert message.resource is message.resource
    assert decoded == [1]


class TestRedact:
    SECRET = {
        "password": "hunter22",
        "longer": "hunter22-and-more",
        "nested": [{"deep": "deep-value"}, ["in-list"]],
        "short": "abc",
        "number": 12345,
        "quoted": 'a"quoted\nvalue',
        "pem": "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END KEY-----\n",
        "empty": "",
    }

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("login with hunter22 failed", "login with *** failed"),
            ("hunter22-and-more!", "***!"),
            ("deep-value in-list", "*** ***"),
            ("abc stays", "abc stays"),
            ("", ""),
            ("line MIIEvQIBADANBgkqhkiG is bad", "line *** is bad"),
            (json.dumps({"v": 'a"quoted\nvalue'}), '{"v": "***"}'),
            ("nothing to hide", "nothing to hide"),
        ],
    )
    def test_secret_values_are_blotted_out(self, text: str, expected: str) -> None:
        assert redact(text, self.SECRET) == expected

    def test_without_secrets_the_text_stays(self) -> None:
        assert redact("text", {}) == "text"

    @given(st.lists(st.text("ABC\n\\\"'.[", min_size=4, max_size=12), min_size=1, max_size=4))
    def test_no_value_of_four_characters_survives(self, values: list[str]) -> None:
        hidden = Redactor({"values": values})(" and ".join(values))
        assert all(value not in hidden for value in values)
