"""Collectors, in the collection ``collector``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

from pymongo import ReturnDocument, WriteConcern
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain.plain import Document
from inventory.errors import SaveUniqueValuesError, existing
from inventory.manager.raw_documents import LazyDocument, find_one
from inventory.model.connection import translated_errors
from inventory.model.documents.collector import StoredCollector
from inventory.model.stored import collection_of
from inventory.query.mongo import projection
from inventory.query.schemas import COLLECTOR

ENABLED: Final = "ENABLED"
DISABLED: Final = "DISABLED"
_ID: Final = "collector_id"
_RESTS: Final = ("state", "enabled_at", "disabled_at", "enabled_before")
_PLUGIN: Final = "plugin_info"
_MINIMAL: Final = {**projection(COLLECTOR, COLLECTOR.minimal), _ID: 1}
_MINIMAL_PLUGIN: Final = [path.partition(".")[2] for path in _MINIMAL if path.startswith(f"{_PLUGIN}.")]


class CollectorManager:
    """Raw documents of collectors, always within one domain."""

    def __init__(self, *, database: Database[Document], timeout_seconds: float) -> None:
        """Prepare.

        Args:
            timeout_seconds: time limit of one query inside MongoDB, s.
        """
        self._collection = collection_of(database, "collector", StoredCollector)
        self._at_once = self._collection.with_options(write_concern=WriteConcern(w=1))
        self._milliseconds = int(timeout_seconds * 1000)

    def get(self, domain_id: str, collector_id: str) -> StoredCollector:
        """Return the collector. Raises ``NotFoundError``."""
        return cast(StoredCollector, self.read(domain_id, collector_id).content)

    def read(self, domain_id: str, collector_id: str) -> LazyDocument:
        """Return the collector as it is stored: its message is remembered by its bytes. Raises ``NotFoundError``."""
        key = {"domain_id": domain_id, _ID: collector_id}
        with translated_errors(key=_ID):
            found = find_one(self._collection, key, {"_id": 0}, max_time_ms=self._milliseconds)
        return existing(found, key=_ID, value=collector_id)

    def get_many(
        self, domain_id: str, collector_ids: Iterable[str], *, remaining_seconds: float = math.inf
    ) -> dict[str, StoredCollector]:
        """Return the existing ones, complete, by id; ``remaining_seconds`` is how long the caller will wait."""
        return self._by_id(domain_id, collector_ids, {"_id": 0}, remaining_seconds)

    def minimal_many(
        self, domain_id: str, collector_ids: Iterable[str], *, remaining_seconds: float = math.inf
    ) -> dict[str, StoredCollector]:
        """Return the existing ones, in the minimal form of a job's ``collector_info``, by id."""
        return self._by_id(domain_id, collector_ids, _MINIMAL, remaining_seconds)

    @staticmethod
    def minimal(collector: Mapping[str, Any]) -> Document:
        """Return the minimal form of a complete collector, the same as read by ``minimal_many``."""
        shown = {name: collector[name] for name in _MINIMAL if name in collector}
        info = collector["plugin_info"]
        return shown | {_PLUGIN: {name: info[name] for name in _MINIMAL_PLUGIN if name in info}}

    def states(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StoredCollector]:
        """Return the fields that decide about firing, of existing ones in ``keys``, pairs of domain_id and id."""
        wanted = set(keys)
        query = {
            "domain_id": {"$in": sorted({domain_id for domain_id, _ in wanted})},
            _ID: {"$in": sorted({collector_id for _, collector_id in wanted})},
        }
        fields = dict.fromkeys(("domain_id", _ID, "priority", *_RESTS), 1)
        with translated_errors(key=_ID):
            found = self._collection.find(query, fields, max_time_ms=self._milliseconds)
            pairs = {(collector["domain_id"], collector[_ID]): collector for collector in found}
        return {key: collector for key, collector in pairs.items() if key in wanted}

    def named(self, domain_id: str, collector_id: str = "") -> list[StoredCollector]:
        """Return collector_id, name and state of the domain's collectors, or of the given one."""
        query = {"domain_id": domain_id} | ({_ID: collector_id} if collector_id else {})
        fields = {"_id": 0} | dict.fromkeys((_ID, "name", "state"), 1)
        with translated_errors(key=_ID):
            return list(self._collection.find(query, fields, max_time_ms=self._milliseconds))

    def domains(self) -> list[str]:
        """Return the ids of all domains that have a collector."""
        with translated_errors(key="domain_id"):
            return sorted(self._collection.distinct("domain_id"))

    def _by_id(
        self, domain_id: str, collector_ids: Iterable[str], fields: Mapping[str, object], remaining_seconds: float
    ) -> dict[str, StoredCollector]:
        wanted = list(dict.fromkeys(collector_ids))
        if not wanted:
            return {}
        milliseconds = max(int(min(self._milliseconds, remaining_seconds * 1000)), 1)
        with translated_errors(key=_ID):
            found = self._collection.find(
                {"domain_id": domain_id, _ID: {"$in": wanted}}, fields, max_time_ms=milliseconds
            )
            return {collector[_ID]: collector for collector in found}

    def insert(self, collector: StoredCollector) -> None:
        """Store a new collector, built by ``new_document``.

        Raises:
            SaveUniqueValuesError: the id is taken.
            InvalidParameterError: the tags cannot be encoded; an invalid plugin_info was refused before.
        """
        try:
            with translated_errors(key="tags"):
                self._collection.insert_one(collector.copy())
        except DuplicateKeyError as exc:
            raise SaveUniqueValuesError(keys=[_ID]) from exc

    def update_fields(self, domain_id: str, collector_id: str, fields: Mapping[str, Any]) -> StoredCollector:
        """Set ``fields`` (Mongo paths) in one write and return the updated collector.

        Raises:
            NotFoundError: it does not exist, or no longer.
        """
        if not fields:
            return self.get(domain_id, collector_id)
        with translated_errors(key="tags"):
            updated = self._collection.find_one_and_update(
                {"domain_id": domain_id, _ID: collector_id},
                {"$set": dict(fields)},
                projection={"_id": 0},
                return_document=ReturnDocument.AFTER,
            )
        return existing(updated, key=_ID, value=collector_id)

    def enable(self, domain_id: str, collector_id: str, now: datetime) -> StoredCollector:
        """Enable the collector and return it; if it was disabled, ``now`` is stored as the time of enabling.

        Raises:
            NotFoundError: it does not exist.
        """
        rested = {"$eq": ["$state", DISABLED]}
        return self._turn(
            domain_id, collector_id, {"state": ENABLED, "enabled_at": {"$cond": [rested, now, "$enabled_at"]}}
        )

    def disable(self, domain_id: str, collector_id: str, now: datetime) -> StoredCollector:
        """Disable the collector and return it; if it was enabled, ``now`` is stored as the time of disabling.

        Raises:
            NotFoundError: it does not exist.
        """
        rested = {"$eq": ["$state", DISABLED]}
        since = {
            "disabled_at": {"$cond": [rested, "$disabled_at", now]},
            "enabled_before": {"$cond": [rested, "$enabled_before", "$enabled_at"]},
        }
        return self._turn(domain_id, collector_id, {"state": DISABLED} | since)

    def _turn(self, domain_id: str, collector_id: str, change: Document) -> StoredCollector:
        with translated_errors(key=_ID):
            updated = self._collection.find_one_and_update(
                {"domain_id": domain_id, _ID: collector_id},
                [{"$set": change}],
                projection={"_id": 0},
                return_document=ReturnDocument.AFTER,
            )
        return existing(updated, key=_ID, value=collector_id)

    def mark_collected(self, domain_id: str, collector_id: str, now: datetime) -> None:
        """Record that the collector collects now; does nothing if it no longer exists.

        It is not waited for until a majority has it: a failover at that moment may lose it, as a crash right before it
        would. The job, which a majority has, shows when it was created.
        """
        with translated_errors(key=_ID):
            self._at_once.update_one({"domain_id": domain_id, _ID: collector_id}, {"$max": {"last_collected_at": now}})

    def delete(self, domain_id: str, collector_id: str) -> bool:
        """Remove the collector's own document and return whether it existed."""
        with translated_errors(key=_ID):
            return self._collection.delete_one({"domain_id": domain_id, _ID: collector_id}).deleted_count > 0
