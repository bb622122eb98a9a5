"""Removes resources from the inventory: DELETED with a record, and later permanently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain import ids
from inventory.domain.plain import Document
from inventory.manager.resource.collection_state import StateStore
from inventory.manager.resource.records import RecordStore
from inventory.manager.transactions import Transactions
from inventory.model.documents.record import StoredRecord, record_key

_TERMINATED_TOGETHER: Final = 100
"""Number of resources removed in one transaction; each may have a long history."""


class ResourceRemover:
    """Deletes and permanently removes CloudServices, with everything that belongs to them, in the caller's transaction.

    The caller decides by what it reads in the same transaction, run by :class:`Transactions` with the fence of its
    claim: if another process writes one of the resources meanwhile, or has taken over the work, it is not deleted.
    """

    def __init__(self, *, database: Database[Document]) -> None:
        self._services = database["cloud_service"]
        self._records = RecordStore(database=database)
        self._states = StateStore(database=database)

    def delete(
        self,
        cloud_service_ids: Sequence[str],
        *,
        domain_id: str,
        now: datetime,
        deleted_by: str,
        collector_ids: Mapping[str, str],
        session: ClientSession,
        job_id: str = "",
        user_id: str = "",
        approved: bool = False,
        unless_updated_since: datetime | None = None,
        states: Iterable[Mapping[str, Any]] | None = None,
    ) -> list[str]:
        """Make ACTIVE resources DELETED and record it, except those that a hold keeps.

        Args:
            deleted_by: what deletes them; the hold itself, of those that it keeps.
            collector_ids: the collector that the record names, by resource.
            job_id: the job that the record and the resource name; empty for none.
            user_id: the user who approved it, whom the record names, too; empty for none.
            approved: a user decided about these resources, so a hold for their age keeps none of them.
            unless_updated_since: resources updated at or after this time are not deleted.
            states: the collection states of the resources, if the caller has read them and removes them, with
                collector_id, secret_id, cloud_service_id and seen_at; they are kept for an undo. None: they are read
                and removed here.

        Returns:
            The ids of those that are now DELETED by ``deleted_by``.
        """
        ours = {"domain_id": domain_id, "cloud_service_id": {"$in": list(cloud_service_ids)}}
        condition: Document = {"state": "ACTIVE"}
        if not approved:
            condition["hold_id"] = {"$in": [None, deleted_by]}
        if unless_updated_since is not None:
            condition["updated_at"] = {"$lt": unless_updated_since}
        # Repeated, it finds those that it has deleted already, too.
        either = {**ours, "$or": [condition, {"state": "DELETED", "deleted_by": deleted_by}]}
        fields = {"cloud_service_id": 1, "revision": 1, "state": 1}
        found = list(self._services.find(either, fields, session=session))
        if living := [entry for entry in found if entry["state"] == "ACTIVE"]:
            in_job = {"deleted_in_job": job_id} if job_id else {}
            update = {
                "$set": {"state": "DELETED", "deleted_at": now, "deleted_by": deleted_by} | in_job,
                "$rename": {"match_key": "former_match_key"},
                "$unset": {"fingerprint": "", "hold_id": "", "kept_at": ""},
                "$inc": {"revision": 1},
            }
            keys = [entry["_id"] for entry in living]
            self._services.update_many({"_id": {"$in": keys}, "domain_id": domain_id}, update, session=session)
            former = states
            if former is None:
                former = self._states.of(domain_id, [entry["cloud_service_id"] for entry in living], session)
            self._keep_states(living, former, domain_id, session)
            by = _Deleter(domain_id, deleted_by, collector_ids, job_id, user_id)
            records = [_record(entry, by, now) for entry in living]
            self._records.insert(records, session)
        deleted = {entry["cloud_service_id"] for entry in found}
        gone = [key for key in cloud_service_ids if key in deleted]
        if states is None:
            self._states.forget(domain_id, gone, session)
        return gone

    def _keep_states(
        self,
        deleted: Sequence[Document],
        states: Iterable[Mapping[str, Any]],
        domain_id: str,
        session: ClientSession,
    ) -> None:
        """Store the states, which are removed, with the deleted resources."""
        kept: dict[str, list[Document]] = {}
        for state in states:
            former = {name: state[name] for name in ("collector_id", "secret_id", "seen_at")}
            if state.get("disconnected_count"):
                former["disconnected_count"] = state["disconnected_count"]
            kept.setdefault(state["cloud_service_id"], []).append(former)
        writes = [
            UpdateOne({"_id": entry["_id"], "domain_id": domain_id}, {"$set": {"former_states": former_states}})
            for entry in deleted
            if (former_states := kept.get(entry["cloud_service_id"]))
        ]
        if writes:
            self._services.bulk_write(writes, ordered=False, session=session)

    def terminate(self, domain_id: str, *, deleted_before: datetime, transactions: Transactions) -> int:
        """Permanently remove resources that were DELETED before ``deleted_before``, with their history and states.

        Args:
            deleted_before: only resources deleted before this time.
            transactions: of the process that removes them.

        Returns:
            The number of removed resources.
        """
        query = {"domain_id": domain_id, "state": "DELETED", "deleted_at": {"$lt": deleted_before}}

        def remove(session: ClientSession) -> int:
            rows = self._services.find(query, {"cloud_service_id": 1}, session=session).limit(_TERMINATED_TOGETHER)
            found = [row["cloud_service_id"] for row in rows]
            self._records.remove_of(domain_id, found, session)
            self._states.forget(domain_id, found, session)
            own = {"domain_id": domain_id, "cloud_service_id": {"$in": found}}
            return self._services.delete_many(own, session=session).deleted_count if found else 0

        removed = 0
        while some := transactions.run(remove):
            removed += some
        return removed


@dataclass(frozen=True, slots=True)
class _Deleter:
    """What deletes resources, as its records name it."""

    domain_id: str
    deleted_by: str
    collector_ids: Mapping[str, str]
    job_id: str
    user_id: str


def _record(entry: Document, by: _Deleter, now: datetime) -> StoredRecord:
    cloud_service_id = entry["cloud_service_id"]
    revision = (entry.get("revision") or 0) + 1
    record: StoredRecord = {
        "_id": record_key(cloud_service_id, revision, by.deleted_by),
        "record_id": ids.new_id(ids.RECORD),
        "domain_id": by.domain_id,
        "cloud_service_id": cloud_service_id,
        "action": "DELETE",
        "diff": [],
        "diff_count": 0,
        "revision": revision,
        "updated_by": "COLLECTOR",
        "created_at": now,
    }
    if by.collector_ids.get(cloud_service_id):
        record["collector_id"] = by.collector_ids[cloud_service_id]
    if by.job_id:
        record["job_id"] = by.job_id
    if by.user_id:
        record["user_id"] = by.user_id
    return record
