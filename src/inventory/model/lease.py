"""Leases: a claim on a document by one process, which expires unless it is renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Lease:
    """The two fields of a document that store a claim, and the parts of queries and updates for them.

    Args:
        owner: the field with the owner of the claim.
        until: the field with the end of the claim, by MongoDB's clock. From then on any process may claim.
    """

    owner: str = "owner"
    until: str = "lease_until"

    def claimed(self, owner: str, now: datetime, duration: timedelta) -> dict[str, Any]:
        """Return the fields to set for a new claim."""
        return {self.owner: owner, **self.renewed(now, duration)}

    def renewed(self, now: datetime, duration: timedelta) -> dict[str, Any]:
        """Return the field to set to extend a claim."""
        return {self.until: now + duration}

    def valid(self, now: datetime) -> dict[str, Any]:
        """Return the filter of claims that have not expired."""
        return {self.until: {"$gt": now}}

    def expired(self, now: datetime) -> dict[str, Any]:
        """Return the filter of claims that have expired."""
        return {self.until: {"$lte": now}}

    def free(self, now: datetime) -> dict[str, Any]:
        """Return the filter of documents without a valid claim."""
        return {"$or": [{self.until: None}, self.expired(now)]}

    def dropped(self) -> dict[str, str]:
        """Return the fields to unset to give up a claim."""
        return {self.owner: "", self.until: ""}


PLAN_LEASE: Final = Lease("plan_owner", "plan_lease_until")
"""Of a job: the claim of its planning."""
GARBAGE_LEASE: Final = Lease("garbage_owner", "garbage_lease_until")
"""Of a job task: the claim of its garbage collection."""
LEASE: Final = Lease()
"""Of a slice, a dry run, a duty, or the lock of migrations."""
