"""Leases: a claim on a document by one process, which ends by itself unless it is renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Lease:
    """The two fields of a document that hold a claim, and the parts of queries and updates about them.

    Args:
        owner: the field with the name of whoever has the claim.
        until: the field with the end of the claim, by MongoDB's clock. From that moment on anyone may claim.
    """

    owner: str = "owner"
    until: str = "lease_until"

    def claimed(self, owner: str, now: datetime, duration: timedelta) -> dict[str, Any]:
        """Return the fields to set for a new claim."""
        return {self.owner: owner, **self.renewed(now, duration)}

    def renewed(self, now: datetime, duration: timedelta) -> dict[str, Any]:
        """Return the field to set for a claim that goes on."""
        return {self.until: now + duration}

    def expired(self, now: datetime) -> dict[str, Any]:
        """Return the filter of claims that have ended by themselves."""
        return {self.until: {"$lte": now}}

    def free(self, now: datetime) -> dict[str, Any]:
        """Return the filter of documents without a claim that is in force."""
        return {"$or": [{self.until: None}, self.expired(now)]}

    def dropped(self) -> dict[str, str]:
        """Return what to unset when the claim is given up."""
        return {self.owner: "", self.until: ""}


PLAN_LEASE: Final = Lease("plan_owner", "plan_lease_until")
"""Of a job: the claim of whoever plans it."""
GARBAGE_LEASE: Final = Lease("garbage_owner", "garbage_lease_until")
"""Of a job task: the claim of whoever collects its garbage."""
LEASE: Final = Lease()
"""Of a slice, a duty, the lock of migrations."""
