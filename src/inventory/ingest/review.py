"""Counts flaws of streamed resources that are stored nevertheless, so that `job show` can report them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from inventory.connector.ports import ResourceMessage
from inventory.domain.redact import Redactor
from inventory.ingest.decision.match import MatchCondition
from inventory.ingest.reading.items import Item
from inventory.ingest.reading.kinds import CLOUD_SERVICE

EMPTY_IDENTITY: Final = "EMPTY_IDENTITY"
"""The CloudService has no value that identifies it: all such resources become one."""
DOUBLE: Final = "DOUBLE"
"""One batch contains several CloudServices that are the same by their match rules."""
NO_METADATA: Final = "NO_METADATA"
"""A CloudServiceType without metadata."""

_EXAMPLE_CHARACTERS: Final = 200


@dataclass(slots=True)
class Warned:
    """The number of resources, and the name of the first."""

    count: int
    example: str


class Review:
    """The warnings of one stream. They cost no round trip; at most one unchanged resource per code is decoded for them.

    Attributes:
        found: the warnings by code.
    """

    def __init__(self, redact: Redactor) -> None:
        self.found: dict[str, Warned] = {}
        self._redact = redact

    def services(self, items: Iterable[Item], *, doubled: bool) -> None:
        """Look at CloudServices whose conditions are known; ``doubled``: an earlier one of the batch is the same."""
        for item in items:
            if item.conditions and _lacks_identity(item.conditions[0]):
                self._add(EMPTY_IDENTITY, item.message)
            if doubled:
                self._add(DOUBLE, item.message)

    def types(self, messages: Iterable[ResourceMessage]) -> None:
        """Look at CloudServiceTypes."""
        for message in messages:
            if not (message.resource.get("metadata") or message.resource.get("json_metadata")):
                self._add(NO_METADATA, message)

    def _add(self, code: str, message: ResourceMessage) -> None:
        if found := self.found.get(code):
            found.count += 1
        else:
            name = str(message.resource.get("name") or message.resource.get("reference") or "")
            self.found[code] = Warned(1, self._redact(name)[:_EXAMPLE_CHARACTERS])


def _lacks_identity(condition: MatchCondition) -> bool:
    for path, wanted in zip(condition.paths, condition.wanted, strict=True):
        if path == CLOUD_SERVICE.indexed:
            return wanted is None
    return False
