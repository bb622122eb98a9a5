"""What an undo, which can take several calls, has restored so far."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.domain.plain import Document
from inventory.model.connection import translated_errors
from inventory.model.documents.deletion import StoredUndo
from inventory.model.stored import collection_of

LISTED: Final = 100
"""The number of resources that are listed of those that were not restored."""
_CONTINUED: Final = timedelta(days=1)
"""How long an interrupted undo can be continued."""


@dataclass(frozen=True, slots=True)
class Living:
    """A deleted resource that is not restored, and the active one that is the same."""

    cloud_service_id: str
    living_id: str
    name: str = ""
    resource_id: str = ""


@dataclass(slots=True)
class Progress:
    """What the calls of one undo have done so far.

    Attributes:
        part: the first id of what deleted the resources tried last; empty at the beginning.
        after: the ``_id`` of the resource that was tried last.
        not_restored: number of resources that were tried and not restored.
        living: the first of these.
        restored: number of resources that all undos of the same deletions have restored.
    """

    part: str = ""
    after: Any = None
    not_restored: int = 0
    living: list[Living] = field(default_factory=list)
    restored: int = 0

    def tried(self, part: str, after: object, living: Sequence[Living], restored: int) -> None:
        """Record that the resources up to ``after`` were tried, and which of them were not restored."""
        self.restored += restored
        self.part, self.after = part, after
        self.not_restored += len(living)
        self.living.extend(living[: LISTED - len(self.living)])


class UndoProgress:
    """The collection ``undo``, with a document for each job or deletion that was undone, at least in part.

    Args:
        kept_days: how long after the last undo it is known how many resources were restored, days.
    """

    def __init__(self, *, database: Database[Document], kept_days: float = 90.0) -> None:
        self._kept = timedelta(days=kept_days)
        self._undos = collection_of(database, "undo", StoredUndo)

    def read(self, domain_id: str, target: str, now: datetime, session: ClientSession | None = None) -> Progress:
        """Return the progress of the undo of a job or deletion; one that was interrupted long ago starts over."""
        found = self._undos.find_one({"domain_id": domain_id, "target": target}, session=session)
        if found is None:
            return Progress()
        restored = found.get("restored") or 0
        if "changed_at" in found and now - found["changed_at"] > _CONTINUED:
            return Progress(restored=restored)
        living = [Living(**each) for each in found["living"]]
        return Progress(found["part"], found["after"], found["not_restored"], living, restored)

    def write(self, domain_id: str, target: str, progress: Progress, now: datetime, session: ClientSession) -> None:
        """Store the progress, in the transaction that made it."""
        change = {**asdict(progress), "changed_at": now, "expires_at": now + self._kept}
        self._undos.update_one(
            {"domain_id": domain_id, "target": target}, {"$set": change}, upsert=True, session=session
        )

    def end(self, domain_id: str, target: str) -> None:
        """Record that all was tried: the next undo begins again."""
        ended = asdict(Progress())
        del ended["restored"]
        self._undos.update_one({"domain_id": domain_id, "target": target}, {"$set": ended})

    @translated_errors()
    def restored(self, domain_id: str, targets: Collection[str]) -> dict[str, int]:
        """Return how many resources undos have restored, by the job or deletion that had deleted them."""
        if not targets:
            return {}
        query = {"domain_id": domain_id, "target": {"$in": list(targets)}}
        return {each["target"]: each.get("restored") or 0 for each in self._undos.find(query)}
