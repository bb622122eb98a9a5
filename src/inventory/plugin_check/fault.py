"""The faults of a plugin; equal ones are counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_EXAMPLES: Final = 3
_KINDS: Final = 200
"""Maximum number of different faults, because a plugin that sends junk has any number of them."""
_VARYING: Final = re.compile(r"\d+")


class Severity(StrEnum):
    """How bad it is."""

    VIOLATION = "violation"
    """The protocol forbids it, or the ingest refuses it."""
    REMARK = "remark"
    """It works, but is probably not intended."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        stage: the call in which it occurred.
        code: its kind; the error code if the ingest refuses.
        message: in words, free of secrets.
    """

    severity: Severity
    stage: str
    code: str
    message: str


@dataclass(slots=True)
class CountedFault:
    """A fault, how often it occurred, and some of the places."""

    fault: Fault
    count: int = 0
    examples: list[str] = field(default_factory=list)


class Faults:
    """All faults of a trial."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], CountedFault] = {}

    def add(self, fault: Fault, *, where: str = "") -> None:
        """Count ``fault``, which occurred at ``where``."""
        key: tuple[str, ...] = (fault.severity, fault.stage, fault.code, _VARYING.sub("#", fault.message))
        if key not in self._found and len(self._found) >= _KINDS:
            key = (fault.severity, fault.stage, "MORE")
            fault = Fault(fault.severity, fault.stage, "MORE", "further faults of other kinds")
        counted = self._found.setdefault(key, CountedFault(fault))
        counted.count += 1
        if where and len(counted.examples) < _EXAMPLES:
            counted.examples.append(where)

    def extend(self, faults: Iterable[Fault], *, where: str = "") -> None:
        """Count several."""
        for fault in faults:
            self.add(fault, where=where)

    def of(self, severity: Severity) -> list[CountedFault]:
        """Return those of one severity, the most frequent first."""
        found = [each for each in self._found.values() if each.fault.severity is severity]
        return sorted(found, key=lambda each: -each.count)


def violation(stage: str, code: str, message: str) -> Fault:
    """Return a violation."""
    return Fault(Severity.VIOLATION, stage, code, message)


def remark(stage: str, code: str, message: str) -> Fault:
    """Return a remark."""
    return Fault(Severity.REMARK, stage, code, message)
