"""Who saw a resource last, and whether that collector has succeeded without it since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.model.documents.collection_state import StoredCollectionState


class SuccessfulRuns:
    """When the last successful task of a collector (and secret) began; each is looked up once."""

    def __init__(self, database: Database[Document], domain_id: str) -> None:
        self._tasks = database["job_task"]
        self._domain_id = domain_id
        self._known: dict[tuple[str, str | None], datetime | None] = {}
        self._collectors: frozenset[str] | None = None

    def last_of(self, collector_id: str, secret_id: str | None = None) -> datetime | None:
        """Return when the newest successful task began whose view was complete; None if there was none."""
        pair = (collector_id, secret_id)
        if pair not in self._known:
            query: Document = {
                "domain_id": self._domain_id,
                "collector_id": collector_id,
                "status": "SUCCESS",
                # A filtered collect, or a part of one, proves nothing about resources it did not request.
                "filter": {"$in": [None, {}]},
                "full_collect": {"$ne": False},
            }
            if secret_id is not None:
                query["secret_id"] = secret_id
            whole = self._newest({**query, "view_started_at": None}, "started_at")
            # A retry of slices completes a view that is as old as the first job's start.
            completed = self._newest({**query, "view_started_at": {"$ne": None}}, "view_started_at")
            self._known[pair] = max((moment for moment in (whole, completed) if moment is not None), default=None)
        return self._known[pair]

    def _newest(self, query: Document, name: str) -> datetime | None:
        found = self._tasks.find(query, {name: 1}).sort(name, -1).limit(1)
        return next((task.get(name) for task in found), None)

    def exists(self, collector_id: str) -> bool:
        """Return whether the domain has the collector; an empty id counts as existing."""
        if self._collectors is None:
            found = self._tasks.database["collector"].distinct("collector_id", {"domain_id": self._domain_id})
            self._collectors = frozenset(found)
        return not collector_id or collector_id in self._collectors

    def outlived(self, last: LastSeen) -> bool:
        """Return whether the last observer has succeeded without the resource since, or was deleted."""
        if not self.exists(last.collector_id):
            return True
        began = self.last_of(last.collector_id, last.secret_id)
        return began is not None and began > last.at


@dataclass(frozen=True, slots=True)
class LastSeen:
    """Who last saw a resource, and when."""

    collector_id: str
    secret_id: str
    at: datetime


def last_seen(entry: Document, states: Mapping[str, StoredCollectionState], exists: Callable[[str], bool]) -> LastSeen:
    """Return who last saw a CloudService, by its ``collection_info`` and its newest collection state.

    A deleted collector is named only if there is no existing one, which may see the resource again.

    Args:
        states: the newest collection states, by cloud_service_id.
        exists: whether there is a collector with this id.
    """
    updated_at = entry["updated_at"]
    seen = [
        LastSeen(info.get("collector_id", ""), info.get("secret_id", ""), info.get("last_collected_at") or updated_at)
        for info in entry["collection_info"]
    ]
    state = states.get(entry["cloud_service_id"])
    if state is not None:
        seen.append(LastSeen(state.get("collector_id", ""), state.get("secret_id", ""), state["seen_at"]))
    last = max([each for each in seen if exists(each.collector_id)] or seen, key=lambda each: each.at)
    return replace(last, at=max(updated_at, *(each.at for each in seen)))
