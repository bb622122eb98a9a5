"""The transaction_id that all calls for one job share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def transaction_of(job: Mapping[str, Any]) -> str:
    """Return the transaction_id for all calls to the platform for the stored job.

    It is that of the call that created the job, so that the caller's trace continues in the worker; else ``job_id``.
    """
    return str(job.get("transaction_id") or job["job_id"])
