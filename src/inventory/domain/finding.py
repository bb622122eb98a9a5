"""The result of a check of what the service needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The severity."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        check: what was checked.
        message: what was found; free of secrets.
        mend: what to do about it; empty if all is well.
    """

    check: str
    level: Level
    message: str
    mend: str = ""
