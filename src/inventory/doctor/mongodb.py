"""MongoDB: version, replica set, write concern, clock, disk, indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pymongo
from pymongo.database import Database
from pymongo.errors import OperationFailure

from inventory.doctor.finding import fail, graded, ok, skip, warn
from inventory.domain.finding import Finding
from inventory.domain.plain import Document
from inventory.errors import ConnectionFailureError
from inventory.model import ALL_DOCUMENTS
from inventory.model.connection import server_hello, server_time, translated_errors

OLDEST_VERSION: Final = (5, 0)
"""Older versions are past their end of life, and not tested."""
SKEW_WARN: Final = timedelta(seconds=1)
SKEW_FAIL: Final = timedelta(seconds=10)
"""Stored times do not depend on this machine's clock, but tokens do: near their leeway of 30 s callers are refused."""
DISK_WARN: Final = 0.15
DISK_FAIL: Final = 0.05
"""Less of the disk than this share available."""
_GIB: Final = 1024**3
_CALL_SECONDS: Final = 5.0


def check_server(database: Database[Document]) -> Iterator[Finding]:
    """Check the server's own information. Raises ``ConnectionFailureError`` if it is unreachable."""
    hello = server_hello(database)
    with translated_errors(), pymongo.timeout(_CALL_SECONDS):
        version = database.client.server_info()["version"]
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < OLDEST_VERSION:
        mend = "Use MongoDB 6.0 or newer."
        yield warn("mongodb", f"reachable, version {version}, which is no longer maintained", mend)
    else:
        yield ok("mongodb", f"reachable, version {version}")
    yield _replica_set(hello)


def _replica_set(hello: Mapping[str, Any]) -> Finding:
    check = "replica set"
    if hello.get("msg") == "isdbgrid":
        return ok(check, "a sharded cluster")
    if "setName" not in hello:
        mend = "Start mongod with --replSet and run rs.initiate(); a set of one node is enough."
        return fail(check, "a standalone server: it has no transactions, which collecting needs", mend)
    hosts = len(hello.get("hosts", []))
    if not hello.get("primary"):
        return fail(check, f"{hello['setName']} has no primary", "See rs.status(): a majority must be up.")
    if hosts < 3:
        mend = "Fine for one machine; for production use three nodes."
        return ok(check, f"{hello['setName']} with {hosts} node{'s' if hosts > 1 else ''}. {mend}")
    return ok(check, f"{hello['setName']} with {hosts} nodes")


def check_write_concern(database: Database[Document]) -> Iterator[Finding]:
    """Check which writes count as done."""
    check = "write concern"
    asked = database.write_concern.document
    if not asked:
        try:
            with translated_errors(), pymongo.timeout(_CALL_SECONDS):
                default = database.client.admin.command("getDefaultRWConcern")
        except (OperationFailure, ConnectionFailureError):
            # Usually the user may not query it; whether MongoDB is reachable is checked elsewhere.
            yield skip(check, "the server does not reveal its default")
            return
        # Since MongoDB 5.0 it is majority unless configured otherwise.
        asked = default.get("defaultWriteConcern") or {"w": "majority"}
    wanted = asked.get("w", 1)
    if wanted == "majority" or (isinstance(wanted, int) and wanted > 1):
        yield ok(check, f"w: {wanted}")
    else:
        mend = "Add w=majority to the connection string: otherwise writes known only to a lost primary are rolled back."
        yield warn(check, f"w: {wanted}", mend)


def check_clock(database: Database[Document], now: Callable[[], datetime]) -> Iterator[Finding]:
    """Compare this machine's clock with the server's."""
    before = now()
    there = server_time(database)
    after = now()
    skew = there - (before + (after - before) / 2)
    # The measurement is uncertain by half the round-trip time.
    certain = max(abs(skew) - (after - before) / 2, timedelta())
    words = f"MongoDB's clock is {abs(skew).total_seconds():.3f} s {'ahead' if skew > timedelta() else 'behind'}"
    mend = "Synchronize the clocks of both machines with NTP (chrony, systemd-timesyncd)."
    yield graded("clock", words, mend, warns=certain > SKEW_WARN, fails=certain > SKEW_FAIL)


def check_disk(database: Database[Document]) -> Iterator[Finding]:
    """Check the disk that the server writes to.

    MongoDB counts blocks reserved for root as used, so it does not know what ``df`` shows as used. What is available
    is the same in both.
    """
    with translated_errors(), pymongo.timeout(_CALL_SECONDS):
        stats = database.command("dbStats")
    total, used = stats.get("fsTotalSize"), stats.get("fsUsedSize")
    if not total:
        yield skip("disk", "MongoDB does not report it (a sharded cluster)")
        return
    free = total - used
    words = (
        f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB ({free / total:.0%}) are available on MongoDB's disk "
        "(Avail in `df`: without what is reserved for root)"
    )
    mend = "Free some space, or lower INVENTORY_JOB_RETENTION_DAYS and INVENTORY_DELETED_RETENTION_DAYS."
    yield graded("disk", words, mend, warns=free < total * DISK_WARN, fails=free < total * DISK_FAIL)


def check_indexes(database: Database[Document]) -> Iterator[Finding]:
    """Compare the existing indexes with those that the documents declare."""
    missing: list[str] = []
    different: list[str] = []
    count = 0
    with translated_errors(), pymongo.timeout(_CALL_SECONDS):
        for model in ALL_DOCUMENTS:
            name = model._meta["collection"]
            there = _existing(database, name)
            for spec in model._meta["index_specs"]:
                count += 1
                key = tuple((field, order) for field, order in spec["fields"])
                label = f"{name}({', '.join(field for field, _ in key)})"
                if key not in there:
                    missing.append(label)
                elif there[key] != _rules(spec):
                    different.append(label)
    if missing:
        mend = "Run `inventory migrate`: it rebuilds them, or says what prevents it."
        yield fail("indexes", f"{len(missing)} of {count} are missing: {_some(missing)}", mend)
    if different:
        mend = "Drop each and restart a server, which rebuilds them."
        yield fail("indexes", f"{len(different)} differ from their declaration: {_some(different)}", mend)
    if not missing and not different:
        yield ok("indexes", f"all {count} exist")


def _existing(database: Database[Document], collection: str) -> dict[tuple[Any, ...], tuple[bool, Any]]:
    return {
        tuple((field, int(order)) for field, order in found["key"]): _rules(found)
        for found in database[collection].index_information().values()
    }


def _rules(index: Mapping[str, Any]) -> tuple[bool, Any]:
    partial = index.get("partialFilterExpression")
    return bool(index.get("unique")), dict(partial) if partial else None


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
