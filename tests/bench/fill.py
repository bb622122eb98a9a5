"""Stores many documents quickly, before something is measured: up to millions, told and bounded in time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pymongo import WriteConcern
from pymongo.database import Database

Document = dict[str, Any]
Make = Callable[[range], Mapping[str, Sequence[Document]]]
"""Makes the documents with some numbers, by collection; is called by several threads."""

CHUNK = 1_000
WRITERS = 2
TELL_SECONDS = 10.0
PATIENCE_SECONDS = 3600.0


def fill(database: Database[Document], what: str, numbers: range, make: Make) -> None:
    """Store what ``make`` makes of ``numbers``, and let MongoDB finish what it still has to write of that.

    Progress goes to stderr where it takes long.

    Args:
        database: where.
        what: names the documents to people.
        numbers: of the documents.
        make: makes them.

    Raises:
        RuntimeError: it takes more than ``PATIENCE_SECONDS``.
    """
    # Nothing is lost that could not be made again, so nobody waits for the journal.
    quick = {name: database.get_collection(name, write_concern=WriteConcern(w=1)) for name in make(numbers[:1])}

    def write(start: int) -> int:
        part = numbers[start : start + CHUNK]
        for name, documents in make(part).items():
            quick[name].insert_many(documents, ordered=False)
        return start + len(part)

    began = told = time.monotonic()
    pool = ThreadPoolExecutor(WRITERS)
    try:
        for done in pool.map(write, range(0, len(numbers), CHUNK)):
            now = time.monotonic()
            if now - began > PATIENCE_SECONDS:
                raise RuntimeError(f"storing {what}: {done:,} of {len(numbers):,} after {now - began:.0f} s")
            if now - told > TELL_SECONDS:
                told = now
                rate = done / (now - began)
                print(f"storing {what}: {done:,} of {len(numbers):,}, {rate:,.0f}/s", file=sys.stderr, flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    settle(database)


def settle(database: Database[Document]) -> None:
    """Let MongoDB write what it has changed, so that this does not fall into what is measured next."""
    database.client.admin.command("fsync")
