"""The progress of an undo, which can take several calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from inventory.model.connection import Document
from inventory.model.documents.deletion import StoredUndo
from inventory.model.stored import collection_of

LISTED: Final = 100
"""The number of resources that are listed of those that were not restored."""
_KEPT: Final = timedelta(days=1)
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
    """

    part: str = ""
    after: Any = None
    not_restored: int = 0
    living: list[Living] = field(default_factory=list)

    def tried(self, part: str, after: object, living: Sequence[Living]) -> None:
        """Record that the resources up to ``after`` were tried, and which of them were not restored."""
        self.part, self.after = part, after
        self.not_restored += len(living)
        self.living.extend(living[: LISTED - len(self.living)])


class UndoProgress:
    """The collection ``undo``, with a document for each undo in progress.

    Args:
        database: holds the collection.
    """

    def __init__(self, *, database: Database[Document]) -> None:
        self._undos = collection_of(database, "undo", StoredUndo)

    def read(self, domain_id: str, target: str, session: ClientSession | None = None) -> Progress:
        """Return the progress of the undo of a job or deletion."""
        found = self._undos.find_one({"domain_id": domain_id, "target": target}, session=session)
        if found is None:
            return Progress()
        living = [Living(**each) for each in found["living"]]
        return Progress(found["part"], found["after"], found["not_restored"], living)

    def write(self, domain_id: str, target: str, progress: Progress, now: datetime, session: ClientSession) -> None:
        """Store the progress, in the transaction that made it."""
        change = {**asdict(progress), "expires_at": now + _KEPT}
        self._undos.update_one(
            {"domain_id": domain_id, "target": target}, {"$set": change}, upsert=True, session=session
        )

    def end(self, domain_id: str, target: str) -> None:
        """Record that all was tried: the next undo begins again."""
        self._undos.delete_one({"domain_id": domain_id, "target": target})
