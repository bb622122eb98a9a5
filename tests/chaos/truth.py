"""What plugins have sent: a file outside of the service, against which what it stores is checked."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pymongo.database import Database

from tests.chaos.world import World, stream_ids

Document = dict[str, Any]
SHOWN = 8


class Truth:
    """Numbers the streams of each source, across restarts of the plugins, as they begin.

    Args:
        path: one line a stream, written through to the disk before the stream begins.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._last = defaultdict(int, last_versions(path))

    def begin(self, source: str) -> int:
        """Return the number of a stream that begins: newer ones have higher numbers."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            self._last[source] += 1
            version = self._last[source]
            file.write(json.dumps([source, version]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return version


def last_versions(path: Path) -> dict[str, int]:
    """Return the number of the newest stream of each source."""
    found: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            source, version = json.loads(line)
        except ValueError:
            continue  # of a plugin that was killed while it wrote
        found[source] = version
    return found


def source_of(options: Mapping[str, Any], account: str, number: int) -> str:
    """Return the name of what sends one stream after the other."""
    return f"{options['name']}/{account}/{number}"


def member_of(source: str) -> str:
    """Return the member of a resource's data that holds the number of the stream that wrote it last."""
    return f"sent by {source}"


def content_violations(
    database: Database[Document], world: World, truth: Path, *, unnumbered_until: datetime | None = None
) -> Iterator[str]:
    """What is stored is what was sent last, and the history tells, change by change, how it came about.

    Args:
        database: of the run.
        world: what there is to collect.
        truth: see :class:`Truth`.
        unnumbered_until: when the last process of 0.1 ended, whose records have no revision; None: there was none.
    """
    yield from _not_the_newest(database, world, last_versions(truth))
    broken: list[str] = []
    for stored in database["cloud_service"].find():
        records = list(database["record"].find({"cloud_service_id": stored["cloud_service_id"]}).sort("revision", 1))
        if unnumbered_until is not None:
            records = numbered(records, until=unnumbered_until)
        broken.extend(f"{stored['reference']['resource_id']}: {what}" for what in history_violations(stored, records))
    if broken:
        yield f"{len(broken)} faults of histories: {broken[:SHOWN]}"
    known = database["cloud_service"].distinct("cloud_service_id")
    orphans = database["record"].count_documents({"cloud_service_id": {"$nin": known}})
    if orphans:
        yield f"{orphans} records tell of resources that do not exist"


def numbered(records: Sequence[Document], *, until: datetime) -> list[Document]:
    """Return the records with a revision for each that 0.1 has written: in order, the next that no other record has.

    Args:
        records: of one resource.
        until: a record without a revision that was created later gets none.
    """
    taken = {record["revision"] for record in records if "revision" in record}
    free = (revision for revision in itertools.count(1) if revision not in taken)
    old = [record for record in records if "revision" not in record and record["created_at"] <= until]
    for record in sorted(old, key=lambda record: (record["created_at"], record["_id"])):
        record["revision"] = next(free)
    return sorted(records, key=lambda record: record.get("revision") or 0)


def history_violations(stored: Document, records: list[Document]) -> Iterator[str]:
    """Yield where the records of a resource are not one for each of its revisions, a chain that leads to what it is."""
    revisions = [record.get("revision") for record in records]
    if revisions != list(range(1, (stored.get("revision") or 0) + 1)):
        yield f"it is of revision {stored.get('revision')}, and its records tell of {revisions}"
    told: dict[str, str | None] = {}
    for record in records:
        if record.get("action") == "DELETE":
            told["state"] = "DELETED"
        for entry in record["diff"]:
            key, before, after = entry["key"], entry["before"], entry["after"]
            if told.get(key) != before:
                yield f"{key} was {told.get(key)}, and record {record.get('revision')} says {before}"
            told[key] = after
            # What several brief collectors send at once has no order.
            if key.startswith("data.sent by ") and "sent by brief/" not in key and int(after) <= int(before or 0):
                yield f"{key} became {after} again after {before}"
    if told.get("state", "ACTIVE") != stored.get("state", "ACTIVE"):
        yield f"it is {stored['state']}, and its history says {told.get('state')}"
    now = {f"data.{key}": str(value) for key, value in stored["data"].items()}
    if {key: value for key, value in told.items() if key.startswith("data.")} != now:
        yield "its history does not lead to its content"


def _not_the_newest(database: Database[Document], world: World, newest: Mapping[str, int]) -> Iterator[str]:
    old: list[str] = []
    for spec in world.collectors:
        for account in (f"account-{number}" for number in range(spec.accounts)):
            for number in range(spec.streams):
                source = source_of(spec.options, account, number)
                changing = stream_ids(spec.options, account, number)[::2]
                found = database["cloud_service"].find({"reference.resource_id": {"$in": changing}})
                for stored in found:
                    have = stored["data"].get(member_of(source))
                    if have != newest.get(source):
                        old.append(f"{stored['reference']['resource_id']} has {have} of {newest.get(source)}")
    if old:
        yield f"{len(old)} resources have what was sent before: {old[:SHOWN]}"
