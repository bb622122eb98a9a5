"""The result of processing a plugin's messages: counts and errors, stored in slices and tasks by these names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

MAX_ERRORS: Final = 100
"""Maximum number of errors kept per task; the rest are only counted."""


@dataclass(slots=True)
class Counts:
    """The counts of a stream while it is collected."""

    created: int = 0
    """Resources that were new, or that an earlier attempt at the slice had created."""
    recreated: int = 0
    """The number of created resources that an earlier attempt had created."""
    updated: int = 0
    changed: int = 0
    """The number of updated resources whose content was changed, and whose history has a record of it."""
    failure: int = 0
    uncounted: int = 0

    @property
    def total(self) -> int:
        """The number of messages taken from the stream and processed."""
        return self.created + self.updated + self.failure + self.uncounted


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt, or all slices of a task together, did with the plugin's messages.

    ``errors`` are ``{error_code, message, additional}``, the first hundred; ``error_count`` counts all of them.
    """

    total_count: int = 0
    """created + updated + failure + uncounted"""
    created_count: int = 0
    updated_count: int = 0
    failure_count: int = 0
    changed_count: int = 0
    """Those of the updated ones whose history has a record of the change."""
    uncounted_count: int = 0
    """Neither created, updated nor failed, such as types and regions."""
    resources_seen: int = 0
    error_count: int = 0
    errors: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, counts: Counts, earlier: int, **more: Any) -> Outcome:
        """Return the outcome of a stream; ``earlier``: number of resources known to be created by earlier attempts."""
        unseen = max(earlier - counts.recreated, 0)
        return cls(
            total_count=counts.total + unseen,
            created_count=counts.created + unseen,
            updated_count=counts.updated,
            changed_count=counts.changed,
            failure_count=counts.failure,
            uncounted_count=counts.uncounted,
            **more,
        )

    @classmethod
    def stored_in(cls, document: Mapping[str, Any]) -> Outcome:
        """Return the outcome stored in a slice or a task."""
        return cls(**{name: document.get(name, 0) for name in SUMMED}, errors=document.get("errors", ()))

    def fields(self) -> dict[str, Any]:
        """Return the stored fields of a slice."""
        return {name: getattr(self, name) for name in SUMMED} | {"errors": list(self.errors)[:MAX_ERRORS]}

    def after(self, claimed: Mapping[str, Any]) -> Outcome:
        """Return the result of all attempts at the claimed slice together, this being the last one.

        What an earlier attempt created is counted once (contract, section 6). Errors of earlier attempts stay visible
        only if the last one failed as well: an outage from which a later attempt recovered is not an error of the task.
        """
        missing = max(claimed.get("created_count", 0) - self.created_count, 0)
        failed = self.error_count or self.failure_count
        earlier = (claimed.get("earlier_errors") or ()) if failed else ()
        errors = [each for number, each in enumerate(earlier) if each not in (*self.errors, *earlier[:number])]
        return replace(
            self,
            total_count=self.total_count + missing,
            created_count=self.created_count + missing,
            errors=[*self.errors, *errors],
            error_count=self.error_count + len(errors),
        )

    def with_error(self, error: Mapping[str, Any]) -> Outcome:
        """Return the same with one more error, which is kept even if there are a hundred already."""
        values = {name: getattr(self, name) for name in SUMMED} | {"error_count": self.error_count + 1}
        return Outcome(**values, errors=(*list(self.errors)[: MAX_ERRORS - 1], error))


SUMMED: Final = tuple(field.name for field in fields(Outcome) if field.name != "errors")
"""The counts, by field name; those of a task are the sums over its slices."""
