"""Reports of dry runs: creating, claiming, renewing and ending them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.errors import InvalidParameterError, existing
from inventory.manager.dry_run.scratch import drop_left_over
from inventory.manager.resource.store import encodable
from inventory.model.connection import translated_errors
from inventory.model.documents.dry_run import CANCELED, IN_PROGRESS, PENDING, DryRun, StoredDryRun, StoredDryRunChange
from inventory.model.lease import LEASE
from inventory.model.new_document import new_document
from inventory.model.stored import collection_of

OPEN: Final = (PENDING, IN_PROGRESS)
"""Statuses of dry runs that have not ended."""
_ENQUEUE_AGAIN: Final = timedelta(seconds=30)
"""After this time a dry run that is not running is enqueued again: its message may be lost."""


class DryRunManager:
    """The collections ``dry_run`` and ``dry_run_change``.

    Args:
        hours: how long a report is kept, h.
        lease_seconds: how long a claim lasts without being renewed, s.
    """

    def __init__(self, *, database: Database[Document], clock: Clock, hours: float, lease_seconds: float) -> None:
        self._database = database
        self._runs = collection_of(database, "dry_run", StoredDryRun)
        self._changes = collection_of(database, "dry_run_change", StoredDryRunChange)
        self._clock = clock
        self._kept = timedelta(hours=hours)
        self._lease = timedelta(seconds=lease_seconds)

    @translated_errors()
    def insert(self, values: Mapping[str, Any]) -> StoredDryRun:
        """Insert a dry run, PENDING, and return it.

        Raises:
            InvalidParameterError: a dry run of the same collector has not ended, or a value is invalid.
        """
        now = self._clock.now()
        document: StoredDryRun = new_document(
            DryRun,
            **values,
            dry_run_id=ids.new_id(ids.DRY_RUN),
            running_of=values["collector_id"],
            created_at=now,
            enqueued_at=now,
            expires_at=now + self._kept,
        )
        try:
            self._runs.insert_one(document)
        except DuplicateKeyError as exc:
            other = self._runs.find_one(
                {"domain_id": values["domain_id"], "running_of": values["collector_id"]}, {"dry_run_id": 1}
            )
            reason = f"its dry run {other['dry_run_id'] if other else ''} has not ended: wait for it, or cancel it"
            raise InvalidParameterError(key="collector_id", reason=reason) from exc
        return document

    @translated_errors()
    def get(self, domain_id: str, dry_run_id: str) -> StoredDryRun:
        """Return the dry run. Raises ``NotFoundError``."""
        found = self._runs.find_one({"domain_id": domain_id, "dry_run_id": dry_run_id})
        return existing(found, key="dry_run_id", value=dry_run_id)

    @translated_errors()
    def claim_enqueuing(self, domain_id: str, dry_run_id: str) -> bool:
        """Return whether the caller should enqueue it: it is not running, and was enqueued long ago."""
        now = self._clock.now()
        query = {
            **_free(domain_id, dry_run_id, now),
            "enqueued_at": {"$lt": now - _ENQUEUE_AGAIN},
        }
        return self._runs.update_one(query, {"$set": {"enqueued_at": now}}).modified_count == 1

    @translated_errors()
    def claim(self, domain_id: str, dry_run_id: str, *, owner: str) -> StoredDryRun | None:
        """Claim a dry run that is not running; None if it is, or has ended."""
        now = self._clock.now()
        claim = {"status": IN_PROGRESS, "started_at": now, **LEASE.claimed(owner, now, self._lease)}
        return self._runs.find_one_and_update(
            _free(domain_id, dry_run_id, now), {"$set": claim}, return_document=ReturnDocument.AFTER
        )

    @translated_errors()
    def renew(self, claimed: StoredDryRun, tasks: Sequence[Document] = ()) -> bool:
        """Renew the claim and record the progress; False if the claim was lost, or the dry run was canceled."""
        change: Document = LEASE.renewed(self._clock.now(), self._lease)
        if tasks:
            change["tasks"] = list(tasks)
        return self._runs.update_one(_of(claimed), {"$set": change}).matched_count == 1

    @translated_errors()
    def hand_back(self, claimed: StoredDryRun) -> bool:
        """Give up the claim, so that another process may start again; False if it was lost."""
        change = {"status": PENDING, "enqueued_at": self._clock.now()}
        unset = {"started_at": "", **LEASE.dropped()}
        return self._runs.update_one(_of(claimed), {"$set": change, "$unset": unset}).matched_count == 1

    @translated_errors()
    def finish(
        self,
        claimed: StoredDryRun,
        *,
        status: str,
        counts: Mapping[str, int],
        tasks: Sequence[Document],
        errors: Sequence[Document],
        dropped_features: Sequence[str],
    ) -> bool:
        """End it with its findings; False if the claim was lost."""
        change = {
            "status": status,
            "counts": dict(counts),
            "tasks": list(tasks),
            "errors": list(errors),
            "dropped_features": list(dropped_features),
            "finished_at": self._clock.now(),
        }
        return self._end(_of(claimed), change) is not None

    @translated_errors()
    def cancel(self, domain_id: str, dry_run_id: str) -> StoredDryRun:
        """End it without a result, unless it has ended; a worker that runs it stops. Raises ``NotFoundError``."""
        query = {"domain_id": domain_id, "dry_run_id": dry_run_id, "status": {"$in": list(OPEN)}}
        ended = self._end(query, {"status": CANCELED, "finished_at": self._clock.now()})
        return ended or self.get(domain_id, dry_run_id)

    def _end(self, query: Document, change: Document) -> StoredDryRun | None:
        unset = {"running_of": "", **LEASE.dropped()}
        return self._runs.find_one_and_update(
            query, {"$set": change, "$unset": unset}, return_document=ReturnDocument.AFTER
        )

    @translated_errors()
    def replace_changes(self, claimed: StoredDryRun, changes: Iterable[Sequence[Document]]) -> None:
        """Store the changes that a collect would make, replacing those of an earlier attempt.

        Args:
            changes: batches of action, cloud_service_id, resource and diff; one that cannot be stored is skipped.
        """
        key = {"domain_id": claimed["domain_id"], "dry_run_id": claimed["dry_run_id"]}
        self._changes.delete_many(key)
        number = 0
        for batch in changes:
            documents: list[StoredDryRunChange] = []
            for change in batch:
                number += 1
                document: Any = {**key, "expires_at": claimed["expires_at"], "number": number, **change}
                if encodable(document):
                    documents.append(document)
            if documents:
                self._changes.insert_many(documents, ordered=False)

    @translated_errors()
    def changes(
        self, domain_id: str, dry_run_id: str, *, action: str = "", start: int, limit: int
    ) -> tuple[list[StoredDryRunChange], int]:
        """Return a page of the changes, in order, and their total number.

        Args:
            action: only changes with this action; empty for all.
            start: number of the first, from 1.
            limit: maximum number.
        """
        query = {"domain_id": domain_id, "dry_run_id": dry_run_id, **({"action": action} if action else {})}
        found = self._changes.find(query).sort("number", 1).skip(start - 1).limit(limit)
        return list(found), self._changes.count_documents(query)

    @translated_errors()
    def drop_left_over(self) -> int:
        """Remove scratch collections left by killed processes; return the number of their dry runs."""
        return drop_left_over(self._database, self._running_among)

    def _running_among(self, dry_run_ids: set[str]) -> set[str]:
        """Return those of the dry runs, of any domain, that are running."""
        query = {
            "dry_run_id": {"$in": sorted(dry_run_ids)},
            "status": IN_PROGRESS,
            **LEASE.valid(self._clock.now()),
        }
        return {found["dry_run_id"] for found in self._runs.find(query, {"dry_run_id": 1})}


def _of(claimed: StoredDryRun) -> Document:
    key = {"domain_id": claimed["domain_id"], "dry_run_id": claimed["dry_run_id"]}
    return {**key, "owner": claimed["owner"], "status": IN_PROGRESS}


def _free(domain_id: str, dry_run_id: str, now: Any) -> Document:
    lost = {"status": IN_PROGRESS, **LEASE.expired(now)}
    return {"domain_id": domain_id, "dry_run_id": dry_run_id, "$or": [{"status": PENDING}, lost]}
