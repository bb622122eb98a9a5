"""Which old resources nobody will see again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.clock import day_of
from inventory.domain.plain import Document
from inventory.manager.resource.collection_state import StateStore
from inventory.service.resource.last_seen import LastSeen, SuccessfulRuns, last_seen

READ: Final = dict.fromkeys(("cloud_service_id", "collection_info", "updated_at", "kept_at"), 1)
"""The fields of a resource by which it is decided."""


def old_resources(domain_id: str, cutoff: datetime) -> Document:
    """Return the query for collected resources that nobody has updated since ``cutoff``."""
    return {
        "domain_id": domain_id,
        "state": "ACTIVE",
        "collection_info.0": {"$exists": True},
        # By the index of days, and also those whose day is not stored.
        "updated_day": {"$not": {"$gt": day_of(cutoff)}},
        "updated_at": {"$lt": cutoff},
    }


class AgedResources:
    """Decides about the resources of one domain, by when each was last seen and what was collected since."""

    def __init__(self, *, database: Database[Document], domain_id: str) -> None:
        self._states = StateStore(database=database)
        self._runs = SuccessfulRuns(database, domain_id)
        self._domain_id = domain_id

    def among(
        self, batch: Sequence[Document], cutoff: datetime, session: ClientSession | None = None
    ) -> dict[str, str]:
        """Return those of these resources that nobody will see again, with the collector that saw each last.

        Resources in a hold of kind COLLECT are not among them, nor those that were kept when a hold was discarded and
        that nobody has seen or updated since.

        Args:
            batch: with the fields ``READ``.
            cutoff: resources seen since then are not too old.
            session: of a transaction, or None.
        """
        found = [entry["cloud_service_id"] for entry in batch]
        states = self._states.last_seen(self._domain_id, found, session)
        aged: dict[str, str] = {}
        for entry in batch:
            last = last_seen(entry, states, self._runs.exists)
            if last.at < cutoff and not _is_kept(entry, last) and self._runs.outlived(last):
                aged[entry["cloud_service_id"]] = last.collector_id
        held = self._states.held_among(self._domain_id, list(aged), session) if aged else set()
        return {key: collector_id for key, collector_id in aged.items() if key not in held}


def _is_kept(entry: Document, last: LastSeen) -> bool:
    kept_at: datetime | None = entry.get("kept_at")
    return kept_at is not None and last.at <= kept_at
