"""Splits an iterable into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Each = TypeVar("Each")


def batched(each: Iterable[Each], size: int) -> Iterator[list[Each]]:
    """Yield all of ``each`` in lists of ``size``; the last one may be shorter, but none is empty."""
    left = iter(each)
    while batch := list(islice(left, size)):
        yield batch
