"""Counts flaws of streamed resources that are stored nevertheless, so that `job show` can report them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from inventory.connector.ports import ResourceMessage
from inventory.domain.redact import Redactor
from inventory.ingest.context import IngestContext
from inventory.ingest.decision.match import MatchCondition
from inventory.ingest.reading.items import Item
from inventory.ingest.reading.kinds import CLOUD_SERVICE

EMPTY_IDENTITY: Final = "EMPTY_IDENTITY"
"""The CloudService has no value that identifies it: all such resources become one."""
DOUBLE: Final = "DOUBLE"
"""A CloudService that was already sent in this stream."""
UNCOMPARED: Final = "UNCOMPARED"
"""A CloudService beyond the :data:`COMPARED` ones with which later ones are compared."""
NO_METADATA: Final = "NO_METADATA"
"""A CloudServiceType without metadata."""
UNUSED_REGION: Final = "UNUSED_REGION"
"""A Region that no CloudService of a whole collect names."""
LARGE_MESSAGE: Final = "LARGE_MESSAGE"
"""A message larger than :data:`LARGE_BYTES`."""

LARGE_BYTES: Final = 4 * 1024 * 1024
"""gRPC's default limit, at which receivers other than ours end the stream."""
COMPARED: Final = 100_000
"""CloudServices of a stream that later ones are compared with: a hash each, 8 MB in all."""
REGION_KEYS: Final = ("provider", "region_code")
"""What identifies a Region, and is read of a stored CloudService for this."""
_REGIONS: Final = 10_000
"""Regions that are distinguished; with more, none is called unused."""
_EXAMPLE_CHARACTERS: Final = 200
_NAMES: Final = 200
"""Types or regions of a stream that are distinguished from those of other streams of a job."""
_TYPE_KEYS: Final = ("provider", "group", "name")

Region = tuple[Any, ...]


@dataclass(slots=True)
class Warned:
    """The number of resources, and the name of the first.

    Attributes:
        count: of types and regions, which other streams send too: how many different ones.
        names: of types and regions, the first :data:`_NAMES`.
    """

    count: int
    example: str
    names: list[str] = field(default_factory=list)


class Review:
    """The warnings of one stream. They cost no round trip; at most one unchanged resource per code is decoded for them.

    Args:
        whole: whether the stream has all resources of its secret, so that a region without any is unused.
    """

    def __init__(self, redact: Redactor, *, whole: bool = False) -> None:
        self._found: dict[str, Warned] = {}
        self._redact = redact
        self._whole = whole
        self._seen: set[int] = set()
        self._named: set[Region] = set()
        self._regions: dict[Region, None] = {}

    @classmethod
    def of(cls, context: IngestContext) -> Self:
        """Return that of a stream collected for ``context``; one slice of several is no whole."""
        whole = context.full_collect and not context.parallel
        return cls(Redactor(context.secret_values), whole=whole)

    def message(self, message: ResourceMessage) -> None:
        """Look at any message."""
        if message.size > LARGE_BYTES:
            self._add(LARGE_MESSAGE, message)

    def services(self, items: Iterable[Item]) -> None:
        """Look at CloudServices whose conditions are known."""
        for item in items:
            if item.conditions and _lacks_identity(item.conditions[0]):
                self._add(EMPTY_IDENTITY, item.message)

    def kept(self, items: Collection[Item]) -> None:
        """Look at CloudServices that are as they are stored: at what was read of them, which includes the region."""
        for item in items:
            if item.hit:
                self._note(item.hit["cloud_service_id"], item.hit, item.message)

    def written(self, items: Iterable[tuple[str, Item]]) -> None:
        """Look at CloudServices that were created or changed, and at their cloud_service_id."""
        for cloud_service_id, item in items:
            self._note(cloud_service_id, item.message.resource, item.message)

    def types(self, messages: Iterable[ResourceMessage]) -> None:
        """Look at CloudServiceTypes."""
        for message in messages:
            if not (message.resource.get("metadata") or message.resource.get("json_metadata")):
                self._add_type(message)

    def regions(self, messages: Iterable[ResourceMessage]) -> None:
        """Look at Regions."""
        for message in messages:
            if len(self._regions) < _REGIONS and (region := _region(message.resource)):
                self._regions[region] = None

    def close(self) -> dict[str, Warned]:
        """Return the warnings by code, with those that only the whole stream shows."""
        found = dict(self._found)
        unused = [region for region in self._regions if region not in self._named]
        if self._whole and unused and len(self._named) < _REGIONS:
            names = [self._example("/".join(region)) for region in unused[:_NAMES]]
            found[UNUSED_REGION] = Warned(len(unused), names[0], names)
        return found

    def _note(self, cloud_service_id: str, resource: Mapping[str, Any], message: ResourceMessage) -> None:
        if self._whole and len(self._named) < _REGIONS and (region := _region(resource)):
            self._named.add(region)
        # The hash of a text takes 8 bytes: two of a hundred thousand are the same less than once in a billion streams.
        mark = hash(cloud_service_id)
        if mark in self._seen:
            self._add(DOUBLE, message)
        elif len(self._seen) < COMPARED:
            self._seen.add(mark)
        else:
            self._add(UNCOMPARED, message)

    def _add_type(self, message: ResourceMessage) -> None:
        """Count a type without metadata, once."""
        name = self._example(".".join(str(message.resource.get(key) or "") for key in _TYPE_KEYS))
        if (found := self._found.get(NO_METADATA)) is None:
            self._add(NO_METADATA, message)
            self._found[NO_METADATA].names.append(name)
        elif name not in found.names and len(found.names) < _NAMES:
            found.count += 1
            found.names.append(name)

    def _add(self, code: str, message: ResourceMessage) -> None:
        if found := self._found.get(code):
            found.count += 1
        else:
            name = str(message.resource.get("name") or message.resource.get("reference") or "")
            self._found[code] = Warned(1, self._example(name))

    def _example(self, name: str) -> str:
        return self._redact(name)[:_EXAMPLE_CHARACTERS]


def _region(resource: Mapping[str, Any]) -> Region | None:
    """Return the region of a Region or a CloudService; None: it has none, or one that is no text."""
    provider, code = resource.get("provider"), resource.get("region_code")
    return (provider, code) if isinstance(provider, str) and isinstance(code, str) and code else None


def _lacks_identity(condition: MatchCondition) -> bool:
    for path, wanted in zip(condition.paths, condition.wanted, strict=True):
        if path == CLOUD_SERVICE.indexed:
            return wanted is None
    return False
