"""Documents: what is stored, how it is validated and indexed."""

from __future__ import annotations

from typing import Any

from inventory.model.cloud_service import CloudService
from inventory.model.cloud_service_type import CloudServiceType
from inventory.model.collection_state import CollectionState
from inventory.model.collector import Collector
from inventory.model.collector_rule import CollectorRule
from inventory.model.due_batch import DueBatch
from inventory.model.duty import Duty
from inventory.model.filter_cache import FilterCache
from inventory.model.job import Job
from inventory.model.job_task import JobTask, Slice
from inventory.model.record import Record
from inventory.model.region import Region
from inventory.model.schedule import Schedule

ALL_DOCUMENTS: list[Any] = [
    Collector,
    Schedule,
    Job,
    JobTask,
    Slice,
    CloudService,
    CloudServiceType,
    Region,
    Record,
    CollectionState,
    CollectorRule,
    FilterCache,
    Duty,
    DueBatch,
]
"""Every document class; ``connection.ensure_indexes`` creates what they declare."""
