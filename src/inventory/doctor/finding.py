"""How a check states its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pymongo.errors import PyMongoError

from inventory.domain.finding import Finding, Level
from inventory.errors import InventoryError, mongodb_error_name


def ok(check: str, message: str) -> Finding:
    """The check passed."""
    return Finding(check, Level.OK, message)


def warn(check: str, message: str, mend: str) -> Finding:
    """It works, but deserves attention."""
    return Finding(check, Level.WARN, message, mend)


def fail(check: str, message: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(check, Level.FAIL, message, mend)


def skip(check: str, message: str) -> Finding:
    """It could not be checked, or need not be."""
    return Finding(check, Level.SKIP, message)


def graded(check: str, message: str, mend: str, *, warns: bool, fails: bool) -> Finding:
    """A value with one limit above which it deserves attention, and a further one above which it fails."""
    if fails:
        return fail(check, message, mend)
    return warn(check, message, mend) if warns else ok(check, message)


def guarded(check: str, look: Callable[[], Iterable[Finding]], *, mend: str) -> list[Finding]:
    """Return the findings of ``look``; an expected failure of the check itself is a finding as well."""
    try:
        return list(look())
    except InventoryError as exc:
        return [fail(check, exc.message, mend)]
    except PyMongoError as exc:
        return [fail(check, f"MongoDB refuses: {mongodb_error_name(exc)}", mend)]
