"""Identifiers: a prefix, a dash and twelve hex digits (contract, section 1)."""

from __future__ import annotations

import secrets
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


def new_id(prefix: str) -> str:
    """Return a fresh random identifier such as ``collector-2c0847644f39``."""
    return f"{prefix}-{secrets.token_hex(6)}"
