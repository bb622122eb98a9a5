"""Counts flaws of streamed resources that are stored nevertheless, so that `job show` can report them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from inventory.connector.ports import ResourceMessage
from inventory.domain.redact import Redactor
from inventory.ingest.context import IngestContext
from inventory.ingest.decision.match import MatchCondition
from inventory.ingest.reading.items import Item
from inventory.ingest.reading.kinds import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION, ResourceKind

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
NO_TYPE: Final = "NO_CLOUDSERVICETYPE"
"""A CloudServiceType that CloudServices name, but that neither this nor an earlier stream has sent."""
NO_REGION: Final = "NO_REGION"
"""The same of a Region."""
LARGE_MESSAGE: Final = "LARGE_MESSAGE"
"""A message larger than :data:`LARGE_BYTES`."""

LARGE_BYTES: Final = 4 * 1024 * 1024
"""gRPC's default limit, at which receivers other than ours end the stream."""
COMPARED: Final = 100_000
"""CloudServices of a stream that later ones are compared with: a hash each, 8 MB in all."""
_SERVICE_TYPE: Final = ("provider", "cloud_service_group", "cloud_service_type")
_SERVICE_REGION: Final = ("provider", "region_code")
NAMED_KEYS: Final = tuple(dict.fromkeys((*_SERVICE_TYPE, *_SERVICE_REGION)))
"""What names the type and the Region of a CloudService, and is read of a stored one for this."""
_SENT_TYPE: Final = ("provider", "group", "name")
_DISTINGUISHED: Final = 10_000
"""Types, and regions, that are distinguished; with more, none is called unused."""
_ASKED: Final = 1_000
"""Types, and regions, that no message of a stream describes, and that are looked up at its end."""
_EXAMPLE_CHARACTERS: Final = 200
_NAMES: Final = 200
"""Types or regions of a stream that are distinguished from those of other streams of a job."""

NaturalKey = tuple[str, ...]
"""The texts that identify a type or a Region, its natural key."""
FindStored = Callable[[ResourceKind, Collection[NaturalKey]], Collection[NaturalKey]]
"""Returns which of the keys are stored."""


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
    """The warnings of one stream. At most one unchanged resource per code is decoded for them. They cost no round trip,
    but one for types and one for regions at the end of a stream that names some without sending them.

    Args:
        whole: whether the stream has all resources of its secret, so that a region without any is unused.
        alone: whether no other stream of the task may still send types and regions.
    """

    def __init__(self, redact: Redactor, *, whole: bool = False, alone: bool = False) -> None:
        self._found: dict[str, Warned] = {}
        self._redact = redact
        self._whole = whole
        self._seen: set[int] = set()
        self._alone = alone
        self._named_types: dict[NaturalKey, None] = {}
        self._named_regions: dict[NaturalKey, None] = {}
        self._types: dict[NaturalKey, None] = {}
        self._regions: dict[NaturalKey, None] = {}

    @classmethod
    def of(cls, context: IngestContext) -> Self:
        """Return that of a stream collected for ``context``; one slice of several is no whole."""
        whole = context.full_collect and not context.parallel
        return cls(Redactor(context.secret_values), whole=whole, alone=not context.parallel)

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
        """Look at CloudServices that are as they are stored: at what was read of them, with type and region."""
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
            _add_key(self._types, message.resource, _SENT_TYPE)
            if not (message.resource.get("metadata") or message.resource.get("json_metadata")):
                self._add_type(message)

    def regions(self, messages: Iterable[ResourceMessage]) -> None:
        """Look at Regions."""
        for message in messages:
            _add_key(self._regions, message.resource, _SERVICE_REGION)

    def close(self, stored: FindStored) -> dict[str, Warned]:
        """Return the warnings by code, with those that only the whole stream shows.

        Args:
            stored: called at most once for types and once for regions.
        """
        found = dict(self._found)
        unused = [region for region in self._regions if region not in self._named_regions]
        if self._whole and len(self._named_regions) < _DISTINGUISHED:
            found |= self._named(UNUSED_REGION, "/", unused)
        if self._alone:
            for code, separator, kind, named, sent in (
                (NO_TYPE, ".", CLOUD_SERVICE_TYPE, self._named_types, self._types),
                (NO_REGION, "/", REGION, self._named_regions, self._regions),
            ):
                missing = [key for key in named if key not in sent][:_ASKED]
                known = stored(kind, missing) if missing and len(sent) < _DISTINGUISHED else missing
                found |= self._named(code, separator, [key for key in missing if key not in known])
        return found

    def _named(self, code: str, separator: str, keys: list[NaturalKey]) -> dict[str, Warned]:
        names = [self._example(separator.join(key)) for key in keys[:_NAMES]]
        return {code: Warned(len(keys), names[0], names)} if names else {}

    def _note(self, cloud_service_id: str, resource: Mapping[str, Any], message: ResourceMessage) -> None:
        _add_key(self._named_types, resource, _SERVICE_TYPE)
        _add_key(self._named_regions, resource, _SERVICE_REGION)
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
        name = self._example(".".join(str(message.resource.get(key) or "") for key in _SENT_TYPE))
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


def _add_key(keys: dict[NaturalKey, None], resource: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Add the key of a resource, unless a part of it is missing or no text."""
    key: tuple[Any, ...] = tuple([resource.get(name) for name in names])
    try:
        if key in keys or len(keys) >= _DISTINGUISHED:
            return
    except TypeError:  # a list or mapping has no hash
        return
    if all(isinstance(each, str) and each for each in key):
        keys[key] = None


def _lacks_identity(condition: MatchCondition) -> bool:
    for path, wanted in zip(condition.paths, condition.wanted, strict=True):
        if path == CLOUD_SERVICE.indexed:
            return wanted is None
    return False
