"""The filter caches: values that a plugin returned to narrow the next collect (contract, section 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import WriteError

from inventory.domain.keys import escape_key, unescape_key
from inventory.domain.plain import Document
from inventory.manager.transactions import Transactions
from inventory.model.documents.filter_cache import StoredFilterCache
from inventory.model.stored import collection_of

_TOO_LARGE: Final = frozenset({10334, 17419})
"""MongoDB's error codes for an update that would make a document too large."""


class FilterCacheStore:
    """The ``filter_cache`` collection: one cache per collector and secret."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._collection = collection_of(database, "filter_cache", StoredFilterCache)

    def merge(
        self,
        values: Mapping[str, Sequence[Any]],
        *,
        domain_id: str,
        collector_id: str,
        secret_id: str,
        job_task_id: str,
        now: datetime,
        hours: float,
        transactions: Transactions,
    ) -> bool:
        """Add ``values`` to those that the same task stored before; another task's cache is replaced.

        Args:
            values: {key: [values]}.
            job_task_id: the task that adds the values.
            hours: how long the cache is kept, h.

        Returns:
            False, with nothing added, if the cache would exceed MongoDB's maximum document size.
        """
        pair = {"domain_id": domain_id, "collector_id": collector_id, "secret_id": secret_id}
        times = {"updated_at": now, "expires_at": now + timedelta(hours=hours)}
        others = {**pair, "job_task_id": {"$ne": job_task_id}}
        added = {f"cache.{escape_key(key)}": {"$each": list(part)} for key, part in values.items()}
        update: Document = {"$set": {**times, "job_task_id": job_task_id}}
        if added:
            update["$addToSet"] = added

        def write(session: ClientSession) -> None:
            self._collection.update_one(others, {"$set": {"cache": {}, "job_task_id": job_task_id}}, session=session)
            self._collection.update_one(pair, update, upsert=True, session=session)

        try:
            transactions.run(write)
        except WriteError as exc:
            if exc.code not in _TOO_LARGE:
                raise
            return False
        return True

    def get(self, *, domain_id: str, collector_id: str, secret_id: str, now: datetime) -> dict[str, list[Any]]:
        """Return the cache, empty if there is none or it has expired."""
        query = {
            "domain_id": domain_id,
            "collector_id": collector_id,
            "secret_id": secret_id,
            "expires_at": {"$gt": now},
        }
        found = self._collection.find_one(query, {"cache": 1})
        cache = found.get("cache") if found else None
        return {unescape_key(key): part for key, part in (cache or {}).items()}

    def get_many(
        self, *, domain_id: str, collector_id: str, secret_ids: Sequence[str], now: datetime
    ) -> dict[str, dict[str, list[Any]]]:
        """Return the caches of those secrets whose cache exists and has not expired."""
        query = {
            "domain_id": domain_id,
            "collector_id": collector_id,
            "secret_id": {"$in": list(secret_ids)},
            "expires_at": {"$gt": now},
        }
        return {
            found["secret_id"]: {unescape_key(key): part for key, part in (found.get("cache") or {}).items()}
            for found in self._collection.find(query, {"secret_id": 1, "cache": 1})
        }

    def delete_of_collector(self, domain_id: str, collector_id: str) -> None:
        """Remove all caches of a collector."""
        self._collection.delete_many({"domain_id": domain_id, "collector_id": collector_id})

    def remove_expired(self, domain_id: str, now: datetime) -> None:
        """Remove the domain's expired caches."""
        self._collection.delete_many({"domain_id": domain_id, "expires_at": {"$lte": now}})
