"""Stored documents, their validation and their indexes."""

from __future__ import annotations

from typing import Any

from inventory.model.documents.cloud_service import CloudService
from inventory.model.documents.cloud_service_type import CloudServiceType
from inventory.model.documents.collection_state import CollectionState
from inventory.model.documents.collector import Collector
from inventory.model.documents.collector_rule import CollectorRule
from inventory.model.documents.deletion import Deletion, Undo
from inventory.model.documents.dry_run import DryRun, DryRunChange
from inventory.model.documents.due_batch import DueBatch
from inventory.model.documents.duty import Duty
from inventory.model.documents.filter_cache import FilterCache
from inventory.model.documents.job import Job
from inventory.model.documents.job_task import JobTask, Slice
from inventory.model.documents.record import Record
from inventory.model.documents.region import Region
from inventory.model.documents.schedule import Schedule

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
    Deletion,
    Undo,
    DryRun,
    DryRunChange,
]
"""All document classes; ``indexes.build_indexes`` creates their indexes."""
