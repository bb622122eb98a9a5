"""What a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from pymongo.errors import OperationFailure, PyMongoError

from inventory.errors import InventoryError


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        check: what was looked at.
        level: how it is.
        message: what was seen; free of secrets.
        mend: what to do about it; empty where all is well.
    """

    check: str
    level: Level
    message: str
    mend: str = ""


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, message)


def warn(check: str, message: str, mend: str) -> Finding:
    """It works, but should be looked at."""
    return Finding(check, Level.WARN, message, mend)


def fail(check: str, message: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(check, Level.FAIL, message, mend)


def skip(check: str, message: str) -> Finding:
    """It could not be looked at, or need not be."""
    return Finding(check, Level.SKIP, message)


def graded(check: str, message: str, mend: str, *, warns: bool, fails: bool) -> Finding:
    """What has a limit that makes it worth a look, and a further one beyond which it does not work."""
    if fails:
        return fail(check, message, mend)
    return warn(check, message, mend) if warns else ok(check, message)


def guarded(check: str, look: Callable[[], Iterable[Finding]], *, mend: str) -> list[Finding]:
    """Return what ``look`` finds; an expected failure of the look itself is a finding, too."""
    try:
        return list(look())
    except InventoryError as exc:
        return [fail(check, exc.message, mend)]
    except PyMongoError as exc:
        # Its own words may hold names of users and databases.
        details = exc.details if isinstance(exc, OperationFailure) else None
        return [fail(check, f"MongoDB refuses: {(details or {}).get('codeName') or type(exc).__name__}", mend)]
