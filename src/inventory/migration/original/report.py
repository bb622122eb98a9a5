"""What a takeover did, or would do, by collection."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class CollectionReport:
    """One collection.

    Attributes:
        name: the collection's name.
        read: documents of the original.
        stored: documents that were stored, or would be.
        known: documents that an earlier run had stored.
        left: documents without a counterpart, kept whole in ``original_left``; their number by reason.
        canceled: jobs or tasks that had not ended.
        silent: schedules that cannot be read, and therefore do not fire.
        carried: members that this service does not read, kept unchanged; number of documents by member.
    """

    name: str
    read: int = 0
    stored: int = 0
    known: int = 0
    left: Counter[str] = field(default_factory=Counter)
    canceled: int = 0
    silent: int = 0
    carried: Counter[str] = field(default_factory=Counter)

    @property
    def whole(self) -> bool:
        """Whether every document that was read is accounted for."""
        return self.read == self.stored + self.known + self.left.total()

    def document(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "collection": self.name,
            "read": self.read,
            "stored": self.stored,
            "known": self.known,
            "left": dict(self.left),
            "canceled": self.canceled,
            "silent": self.silent,
            "carried": dict(self.carried),
        }
