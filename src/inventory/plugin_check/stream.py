"""Checks of a stream as a whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from inventory.connector.ports import ResourceMessage
from inventory.domain.plain import Json
from inventory.domain.redact import Redactor
from inventory.errors import InventoryError
from inventory.ingest.decision.match import match_key
from inventory.ingest.reading.kinds import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, ERROR_TYPES, KINDS, REGION
from inventory.ingest.reading.record import text
from inventory.ingest.review import DOUBLE, UNCOMPARED, UNUSED_REGION
from inventory.plugin_check.fault import Fault, Faults, remark
from inventory.plugin_check.message import STAGE, asked_for, faults_of_message, shows_secret, state_name

QUIET_SECONDS: Final = 60.0
_SAMPLE_CHARACTERS: Final = 600
_REPORTED: Final = 10
_REMEMBERED: Final = 200_000
"""Maximum number of resources that are distinguished; more would only cost memory."""


@dataclass(slots=True)
class Share:
    """The messages of one type and state."""

    count: int = 0
    bytes: int = 0
    largest: int = 0


@dataclass(slots=True)
class StreamReport:
    """Everything that was streamed.

    Attributes:
        shares: by type and state.
        samples: by type, the first resource, shortened and redacted.
        reported: the first errors that the plugin itself reported.
        first_seconds: time until the first message, s.
        longest_silence: s.
        seconds: total time, s.
    """

    shares: dict[tuple[str, str], Share] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    reported: Counter[str] = field(default_factory=Counter)
    first_seconds: float | None = None
    longest_silence: float = 0.0
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many messages."""
        return sum(share.count for share in self.shares.values())

    @property
    def bytes(self) -> int:
        """How many bytes."""
        return sum(share.bytes for share in self.shares.values())


Named: TypeAlias = dict[tuple[str, ...], tuple[str, int]]
"""The first resource with a name, and their number, by the parts of the name."""


@dataclass(slots=True)
class References:
    """The names that resources refer to, and which of them were sent."""

    used: Named = field(default_factory=dict)
    sent: Named = field(default_factory=dict)

    def faults(self, kind: str, *, cut: bool) -> Iterator[Fault]:
        """Yield a remark for each of the first names that resources refer to and that were not sent."""
        when = " before it was cut short" if cut else ""
        for key in sorted(self.used.keys() - self.sent.keys())[:_REPORTED]:
            example, count = self.used[key]
            words = f"{count} resources name {'/'.join(key)}, but no such {kind} was sent{when}; one is {example}"
            yield remark(STAGE, f"NO_{kind.upper()}", words)


class StreamWatcher:
    """Checks the messages one after the other."""

    def __init__(self, *, secret_data: Json, secrets: set[str], faults: Faults) -> None:
        """Prepare.

        Args:
            secret_data: redacted in everything that is shown.
            secrets: values that no resource may contain.
        """
        self.report = StreamReport()
        self._redact = Redactor(secret_data)
        self._secrets = secrets
        self._faults = faults
        self._seen: set[bytes] = set()
        self._types = References()
        self._regions = References()

    def take(self, message: ResourceMessage, *, waited: float) -> None:
        """Check ``message``, which arrived after waiting ``seconds``."""
        report = self.report
        if report.first_seconds is None:
            report.first_seconds = waited
        report.longest_silence = max(report.longest_silence, waited)
        share = report.shares.setdefault((message.resource_type, state_name(message.state)), Share())
        share.count += 1
        share.bytes += message.size
        share.largest = max(share.largest, message.size)
        if message.resource_type not in report.samples:
            written = json.dumps(message.resource, default=str, ensure_ascii=False)
            report.samples[message.resource_type] = self._redact(written)[:_SAMPLE_CHARACTERS]
        if message.resource_type in ERROR_TYPES or state_name(message.state) == "FAILURE":
            report.reported[self._redact(message.message)] += 1
        where = f"message {report.count}, {self._name(message)}"
        found = [*faults_of_message(message), *shows_secret(message, self._secrets), *self._doubled(message)]
        for fault in found:
            clean = Fault(fault.severity, fault.stage, fault.code, self._redact(fault.message))
            self._faults.add(clean, where=where)
        self._note_references(message)

    def closing(self, *, cut: bool) -> Iterator[Fault]:
        """Yield the faults that only a whole stream shows; ``cut``: it was cut short, which is said."""
        yield from self._types.faults("CloudServiceType", cut=cut)
        yield from self._regions.faults("Region", cut=cut)
        # Types without a resource in this account are normal; regions without one are useless.
        unused = sorted(self._regions.sent.keys() - self._regions.used.keys())
        if cut:
            words = f"cut short after {self.report.count} messages: what comes later, such as regions, was not checked"
            yield remark(STAGE, "CUT", f"{words} (--limit 0 reads all)")
        elif unused:
            words = f"{len(unused)} regions were sent that no resource names, such as {'/'.join(unused[0])}"
            yield remark(STAGE, UNUSED_REGION, words)
        elif not self.report.count:
            yield remark(STAGE, "EMPTY", "nothing was sent")
        if len(self._seen) >= _REMEMBERED:
            words = f"resources after the first {_REMEMBERED:,} were not compared with earlier ones"
            yield remark(STAGE, UNCOMPARED, words)
        if self.report.longest_silence > QUIET_SECONDS:
            message = f"silent for {self.report.longest_silence:.0f} s: users see nothing happen"
            yield remark(STAGE, "SILENCE", message)

    def _name(self, message: ResourceMessage) -> str:
        reference = message.resource.get("reference")
        found = reference.get("resource_id") if isinstance(reference, Mapping) else None
        name = found or message.resource.get("name") or message.resource.get("region_code") or ""
        return self._redact(f"{message.resource_type} {str(name)[:100]}").strip()

    def _doubled(self, message: ResourceMessage) -> Iterator[Fault]:
        kind = KINDS.get(message.resource_type)
        if kind is None or len(self._seen) >= _REMEMBERED:
            return
        try:
            conditions, _ = asked_for(message, kind)
        except InventoryError:
            return
        if not conditions:
            return
        key = match_key(kind, conditions[0])
        if key in self._seen:
            yield remark(STAGE, DOUBLE, f"the same {kind.resource_type} by its match rule is sent more than once")
        self._seen.add(key)

    def _note_references(self, message: ResourceMessage) -> None:
        sent = message.resource
        if message.resource_type == CLOUD_SERVICE.resource_type:
            name = self._name(message)
            _note(self._types.used, name, sent, "provider", "cloud_service_group", "cloud_service_type")
            _note(self._regions.used, name, sent, "provider", "region_code")
        elif message.resource_type == CLOUD_SERVICE_TYPE.resource_type:
            _note(self._types.sent, "", sent, "provider", "group", "name")
        elif message.resource_type == REGION.resource_type:
            _note(self._regions.sent, "", sent, "provider", "region_code")


def _note(keys: Named, example: str, sent: Json, *names: str) -> None:
    try:
        key = tuple(text(name, sent.get(name)) for name in names)
    except InventoryError:
        return
    if all(key):
        first, count = keys.get(key, (example, 0))
        keys[key] = (first, count + 1)
