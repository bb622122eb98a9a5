"""Searching a whole run of tests for what must stay secret.

Every secret value that a test hands to the service holds ``PLANTED``, and a token looks like no other text: so both
are found wherever they leak to, whoever put them there. Searched are:

- what each test that passed printed and logged, with the processes it started;
- the text and the details of every error that a server of the test process answered;
- every document that anybody ever wrote into the session's MongoDB: its oplog;
- every command that changed a Redis, and every log file, below the session's temporary folder;
- every metric of the test process, its labels included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bson import decode_all
from prometheus_client import REGISTRY, generate_latest
from pymongo import MongoClient

PLANTED = "very-secret"
"""In every secret value of the tests."""

OPLOG_MEGABYTES = 990.0
"""The least that MongoDB takes; holds what a suite writes."""

_SECRET = re.compile(rb"very-secret|eyJ[\w-]{10,}\.eyJ[\w-]{10,}")
_AROUND = 60
_BLOCK_BYTES = 1 << 20


def secrets_in(content: bytes | str) -> list[str]:
    """Return each place in ``content`` that shows a secret, with what stands around it."""
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    places = (raw[max(found.start() - _AROUND, 0) : found.end() + _AROUND] for found in _SECRET.finditer(raw))
    return [place.decode("utf-8", "replace") for place in places]


def keep_oplog(client: MongoClient[dict[str, Any]]) -> None:
    """Let the oplog hold all that is written from now on."""
    client.admin.command({"replSetResizeOplog": 1, "size": OPLOG_MEGABYTES})


def secrets_in_oplog(client: MongoClient[dict[str, Any]]) -> Iterator[str]:
    """Yield the namespace and place of each secret that was ever written."""
    oplog = client["local"]["oplog.rs"]
    first = oplog.find_one(sort=[("$natural", 1)])
    if first is None or (first.get("o") or {}).get("msg") != "initiating set":
        yield "the oplog has lost its beginning: not all that was written can be searched"
    for batch in oplog.find_raw_batches(sort=[("$natural", 1)], batch_size=1000):
        if _SECRET.search(batch):
            for entry in decode_all(batch):
                yield from (f"MongoDB {entry['ns']}: {place}" for place in secrets_in(str(entry)))


def secrets_in_metrics() -> Iterator[str]:
    """Yield each secret in a metric of this process."""
    yield from (f"metrics: {place}" for place in secrets_in(generate_latest(REGISTRY)))


def secrets_in_files(folder: Path) -> Iterator[str]:
    """Yield each secret in log files and in what Redis servers wrote down, below ``folder``."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".log", ".aof"} and path.is_file():
            yield from (f"{path}: {place}" for place in _in_file(path))


def _in_file(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        carried = b""
        while block := file.read(_BLOCK_BYTES):
            yield from secrets_in(carried + block)
            carried = block[-_AROUND:]
