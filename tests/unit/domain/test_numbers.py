"""One rule says which numbers are integers, wherever they come from."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.numbers import finite, whole, written_integer, written_number
from inventory.ingest.reading.json_text import read_json
from inventory.protobuf.requests import struct_to_dict
from inventory.protobuf.struct import to_dict, to_struct
from inventory.protobuf.struct_reader import StructReader
from inventory.query.values import plain_value

EXACT = 2.0**53


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (15.0, 15),
        (-0.0, 0),
        (0.5, 0.5),
        (EXACT - 1, 2**53 - 1),
        (1 - EXACT, 1 - 2**53),
        (EXACT, EXACT),
        (-EXACT, -EXACT),
        (1e300, 1e300),
    ],
)
def test_an_integral_double_below_2_to_the_53_is_an_integer_by_whatever_way_it_comes(
    number: float, expected: float
) -> None:
    struct = to_struct({"n": number}, name="x")
    by_every_way: list[Any] = [
        whole(number),
        finite(number),
        to_dict(struct)["n"],
        StructReader().read(struct.SerializeToString(deterministic=True))["n"],
        struct_to_dict(struct)["n"],
        read_json(repr(number)),
        plain_value(number, "key"),
    ]
    assert [repr(found) for found in by_every_way] == [repr(expected)] * len(by_every_way)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("15", 15),
        (str(2**53 - 1), 2**53 - 1),
        (str(2**53 + 1), EXACT),
        (str(2**63), 2.0**63),
        (str(-(2**64) - 1), -(2.0**64)),
        ("1" + "0" * 5000, sys.float_info.max),
        ("-" + "9" * 400, -sys.float_info.max),
    ],
)
def test_a_written_integer_beyond_a_double_is_the_nearest_double(written: str, expected: float) -> None:
    assert repr(written_integer(written)) == repr(expected)


def test_a_written_number_that_overflows_is_the_largest_double() -> None:
    assert written_number("-1e999") == -sys.float_info.max
    assert written_number("1.5e1") == 15
    assert type(written_number("1.5e1")) is int


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_does_not_know_is_none(number: float) -> None:
    struct = Struct()
    struct.fields["n"].number_value = number
    assert finite(number) is None
    assert to_dict(struct) == {"n": None}
    assert StructReader().read(struct.SerializeToString(deterministic=True)) == {"n": None}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_changes_its_value(number: float) -> None:
    assert whole(number) == finite(number) == written_number(repr(number)) == number
