"""What ties the calls for one job together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def transaction_of(job: Mapping[str, Any]) -> str:
    """Return the transaction_id of every call to the platform for the stored job.

    That of the call that made it, so that the caller's trace goes on in the worker; ``job_id`` where nobody called.
    """
    return str(job.get("transaction_id") or job["job_id"])
