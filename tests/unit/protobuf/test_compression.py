"""Compressed requests are decompressed within a bound, and nothing else is taken for one."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import LimitExceededError
from inventory.protobuf.compression import decompress

MIB = 1024 * 1024
MESSAGE = b"\x0a\x03abc" * 50


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_compressed_message_is_decompressed(compress: type[bytes]) -> None:
    assert decompress(compress(MESSAGE), len(MESSAGE)) == MESSAGE


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_no_more_is_decompressed_than_a_message_may_hold(compress: type[bytes]) -> None:
    bomb = compress(bytes(50 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceededError, match=r"limit = 1048576 bytes in one request"):
            decompress(bomb, MIB)
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\x78\x9c" + rest))
def test_any_other_message_stays_as_it_is(data: bytes) -> None:
    assert decompress(data, MIB) == data


@pytest.mark.parametrize("cut", [1, 4, 10])
def test_a_cut_one_is_left_to_the_parser(cut: int) -> None:
    data = zlib.compress(MESSAGE)[:-cut]
    assert decompress(data, MIB) == data
