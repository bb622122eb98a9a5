"""Identifiers: a prefix, a dash and twelve hex digits (contract, section 1)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Final

COLLECTOR: Final = "collector"
SCHEDULE: Final = "sched"
JOB: Final = "job"
JOB_TASK: Final = "job_task"
SLICE: Final = "slice"
CLOUD_SERVICE: Final = "cloud-svc"
CLOUD_SERVICE_TYPE: Final = "cloud-svc-type"
REGION: Final = "region"
RECORD: Final = "record"
COLLECTOR_RULE: Final = "collector-rule"
DRY_RUN: Final = "dry-run"

_BYTES: Final = 6
_DRAWN: Final = 256


def new_id(prefix: str) -> str:
    """Return a new random identifier such as ``collector-2c0847644f39``."""
    return f"{prefix}-{secrets.token_hex(_BYTES)}"


def new_ids(prefix: str) -> Iterator[str]:
    """Yield such identifiers endlessly, for callers that need thousands; an iterator belongs to one thread.

    Asking the system for each would double the cost of an id, and would switch threads.
    """
    while True:
        drawn = os.urandom(_BYTES * _DRAWN).hex()
        for start in range(0, len(drawn), 2 * _BYTES):
            yield f"{prefix}-{drawn[start : start + 2 * _BYTES]}"
