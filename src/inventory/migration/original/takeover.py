"""Copies a database of the original into one of this service.

The source is only read, so going back means starting the original again. Documents keep their ``_id``, and existing
ones
are never written again: a killed run is repeated from the start, and ends as if it had run once. Documents without a
counterpart are kept whole in ``original_left``, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bson import encode
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from inventory.domain.batches import batched
from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.errors import BadRequestError, InventoryError
from inventory.migration.original import collectors, jobs, resources
from inventory.migration.original.members import CANCELED, CollectorFacts, ConversionContext, UnfitError, without_nulls
from inventory.migration.original.report import CollectionReport
from inventory.model.connection import DUPLICATE_KEY, translated_errors
from inventory.model.documents import (
    cloud_service,
    cloud_service_type,
    collection_state,
    collector,
    collector_rule,
    job,
    job_task,
    record,
    region,
    schedule,
)
from inventory.model.indexes import build_indexes, declared_indexes

LEFT: Final = "original_left"
"""Collection of documents without a counterpart: {_id: {collection, id}, reason, document}."""
LEDGER: Final = "original_takeover"
"""Collection with one document: the state of the takeover."""
_ID: Final = "takeover"
_BATCH: Final = 500
_NEWEST_FIRST: Final = [("updated_at", DESCENDING), ("_id", ASCENDING)]
"""Of documents that share a key that is unique here, the one written last is kept."""
_BY_ID: Final = [("_id", ASCENDING)]

Convert = Callable[[Document, ConversionContext], Document]


@dataclass(frozen=True, slots=True)
class _Part:
    """One collection: how its documents are converted, which exist here, and in which order they are read."""

    name: str
    convert: Convert
    model: Any
    order: Any = None


PARTS: Final = (
    _Part("collector", collectors.collector, collector.Collector),
    _Part("schedule", collectors.schedule, schedule.Schedule),
    _Part("collector_rule", collectors.rule, collector_rule.CollectorRule),
    _Part("job", jobs.job, job.Job),
    _Part("job_task", jobs.task, job_task.JobTask),
    _Part("cloud_service_type", resources.cloud_service_type, cloud_service_type.CloudServiceType, _NEWEST_FIRST),
    _Part("region", resources.region, region.Region, _NEWEST_FIRST),
    _Part("cloud_service", resources.cloud_service, cloud_service.CloudService),
    _Part("record", resources.record, record.Record),
    _Part("collection_state", resources.collection_state, collection_state.CollectionState, _NEWEST_FIRST),
)


class TakeoverError(InventoryError):
    """The takeover cannot be run, or was incomplete; existing documents are unchanged."""

    code = "ERROR_TAKEOVER"

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"The database of the original is not taken over. (reason = {reason})")


@dataclass(kw_only=True, eq=False)
class Takeover:
    """Takes over one database.

    Args:
        source: the original's database; no process of the original may write to it meanwhile.
        target: the database of this service; empty, or filled by an earlier run.
        spread_seconds: the interval over which fire times are spread, s.
    """

    source: Database[Document]
    target: Database[Document]
    clock: Clock
    spread_seconds: float = 0.0

    def elsewhere(self) -> dict[str, int]:
        """Return the source's collections that this service does not use, with their counts."""
        ours = {part.name for part in PARTS}
        with translated_errors():
            names = sorted(set(self.source.list_collection_names()) - ours)
            return {name: self.source[name].count_documents({}) for name in names if not name.startswith("system.")}

    def run(self, *, dry_run: bool = False) -> list[CollectionReport]:
        """Take over, or report what would happen to each document.

        Args:
            dry_run: write nothing.

        Raises:
            TakeoverError: the reason says what to do.
            ConnectionFailureError: MongoDB is unreachable.
        """
        with translated_errors():
            self._refuse_wrong_databases()
            around = self._context(None if dry_run else self._begin())
            reports = [self._take(part, around, dry_run=dry_run) for part in PARTS]
            if not dry_run:
                self._verify(reports)
                done = {"finished_at": self.clock.now(), "reports": [each.document() for each in reports]}
                self.target[LEDGER].update_one({"_id": _ID}, {"$set": done})
        return reports

    def _refuse_wrong_databases(self) -> None:
        if self.source.client == self.target.client and self.source.name == self.target.name:
            raise TakeoverError(reason="the database to write is the original's own: name another in mongo_database")
        if not self.source["collector"].find_one() and not self.source["cloud_service"].find_one():
            raise TakeoverError(reason=f"there is nothing of the original in the database {self.source.name}")
        if self.source["slice"].find_one() is not None or self.source["migration"].find_one() is not None:
            raise TakeoverError(reason=f"the database {self.source.name} is one of this service already")
        ledger = self.target[LEDGER].find_one({"_id": _ID})
        if ledger is None and any(self.target[part.name].find_one() is not None for part in PARTS):
            raise TakeoverError(reason="the database to write is not empty")
        if ledger is not None and ledger["source"] != self.source.name:
            raise TakeoverError(reason=f"a takeover of another database, {ledger['source']}, was begun here")
        if ledger is not None and ledger.get("finished_at"):
            raise TakeoverError(reason="it was taken over before; to do it again, drop the database that was written")

    def _begin(self) -> Document:
        """Return the ledger. Indexes are built first: they prevent a second run from storing anything twice."""
        build_indexes(self.target)
        first = {"source": self.source.name, "started_at": self.clock.now()}
        self.target[LEDGER].update_one({"_id": _ID}, {"$setOnInsert": first}, upsert=True)
        ledger = self.target[LEDGER].find_one({"_id": _ID})
        if ledger is None:
            raise TakeoverError(reason="somebody dropped the database meanwhile")
        return ledger

    def _context(self, ledger: Mapping[str, Any] | None) -> ConversionContext:
        # The time of the first run, so that a repeated one decides in the same way.
        now = ledger["started_at"] if ledger else self.clock.now()
        facts: dict[Any, CollectorFacts] = {}
        for each in self.source["collector"].find({}, {"collector_id": 1, "priority": 1}):
            found = CollectorFacts(str(each.get("collector_id")), collectors.priority_of(each))
            facts[each["_id"]] = facts[found.collector_id] = found
        job_ids: dict[Any, str] = {}
        collector_of: dict[Any, str] = {}
        for each in self.source["job"].find({}, {"job_id": 1, "collector_id": 1, "collector": 1}):
            job_ids[each["_id"]] = str(each.get("job_id"))
            known = facts.get(getattr(each.get("collector"), "id", each.get("collector")))
            collector_of[job_ids[each["_id"]]] = each.get("collector_id") or (known.collector_id if known else "")
        return ConversionContext(
            now=now,
            spread_seconds=self.spread_seconds,
            collectors=facts,
            collector_of_job=collector_of,
            job_ids=job_ids,
        )

    def _take(self, part: _Part, around: ConversionContext, *, dry_run: bool) -> CollectionReport:
        report = CollectionReport(part.name)
        known = frozenset(part.model._fields) - {"id"} | {"_id"}
        writer: _Trial | _Writer = _Trial(part.name, report) if dry_run else _Writer(self.target, part.name, report)
        found = self.source[part.name].find({}, sort=part.order or _BY_ID, batch_size=_BATCH, allow_disk_use=True)
        for batch in batched(found, _BATCH):
            converted = []
            for original in batch:
                report.read += 1
                try:
                    document = part.convert(without_nulls(original, known), around)
                except (UnfitError, BadRequestError) as exc:
                    writer.leave(original, str(exc))
                    continue
                converted.append((original, document))
                report.carried.update(document.keys() - known)
                report.silent += "next_fire_at" in document and document["next_fire_at"] is None
                report.canceled += document.get("status") == CANCELED != original.get("status")
            writer.store(converted)
        return report

    def _verify(self, reports: list[CollectionReport]) -> None:
        for report in reports:
            there = self.source[report.name].count_documents({})
            left = self.target[LEFT].count_documents({"_id.collection": report.name})
            here = self.target[report.name].count_documents({})
            if report.read != there or not report.whole or here + left < there:
                reason = (
                    f"{report.name}: {there} are in the original, {report.read} were read, {here} are stored and "
                    f"{left} left; stop all processes of the original and run it again"
                )
                raise TakeoverError(reason=reason)


class _Writer:
    """Stores documents that do not exist yet."""

    def __init__(self, target: Database[Document], name: str, report: CollectionReport) -> None:
        self._collection: Collection[Document] = target[name]
        self._left = target[LEFT]
        self._report = report

    def store(self, converted: list[tuple[Document, Document]]) -> None:
        """Store converted documents; if another has its unique key, a document is left out."""
        if not converted:
            return
        try:
            self._collection.insert_many([document for _, document in converted], ordered=False)
        except BulkWriteError as exc:
            for error in exc.details["writeErrors"]:
                if error["code"] != DUPLICATE_KEY:
                    raise
                pattern = error.get("keyPattern") or {}
                if list(pattern) == ["_id"]:
                    self._report.known += 1
                else:
                    self.leave(converted[error["index"]][0], _doubled(list(pattern)))
            self._report.stored += exc.details["nInserted"]
        else:
            self._report.stored += len(converted)

    def leave(self, original: Document, reason: str) -> None:
        """Keep a document that has no counterpart."""
        self._report.left[reason] += 1
        key = {"collection": self._report.name, "id": original["_id"]}
        kept = {"reason": reason, "document": original}
        self._left.update_one({"_id": key}, {"$setOnInsert": kept}, upsert=True)


class _Trial:
    """Counts what a writer would do; it keeps a hash per unique key in memory."""

    def __init__(self, name: str, report: CollectionReport) -> None:
        self._report = report
        self._seen: set[int] = set()
        self._keys = [list(spec["key"]) for spec in map(_spec, declared_indexes()[name]) if spec]

    def store(self, converted: list[tuple[Document, Document]]) -> None:
        """Count converted documents; if another has its unique key, a document would be left out."""
        for original, document in converted:
            keys = {key_hash(document, names): names for names in self._keys}
            doubled = next((names for key, names in keys.items() if key in self._seen), None)
            if doubled is not None:
                self.leave(original, _doubled(doubled))
                continue
            self._seen.update(keys)
            self._report.stored += 1

    def leave(self, _original: Document, reason: str) -> None:
        """Count a document that has no counterpart."""
        self._report.left[reason] += 1


def _spec(index: Any) -> Mapping[str, Any] | None:
    """Return the key of an index that is unique among all documents; partial ones do not concern the original."""
    document: Mapping[str, Any] = index.document
    return document if document.get("unique") and "partialFilterExpression" not in document else None


def key_hash(document: Document, names: list[str]) -> int:
    """Return a hash of the members ``names``, by MongoDB's rules of comparison."""
    return hash(encode({name: document.get(name) for name in names}))


def _doubled(names: list[str]) -> str:
    return f"another has its {', '.join(names)}"


def unfinished(database: Database[Document]) -> str:
    """Return the source of an unfinished takeover into ``database``, or the empty string."""
    ledger = database[LEDGER].find_one({"_id": _ID})
    return "" if ledger is None or ledger.get("finished_at") else str(ledger["source"])
