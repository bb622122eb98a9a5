"""The job: one collect of one collector."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from inventory.domain.job.states import JobStatus
from inventory.model.declare import Count, DefaultStruct, Id, Struct, Text, index, model, unique
from inventory.model.stored import StoredDocument


class StoredJob(StoredDocument):
    """Stored under the names of ``JobInfo``, with fields for planning and settling.

    ``planned`` becomes true when all tasks exist; a job is settled only then. ``schedule_id`` and ``fire_at`` are set
    only for scheduled jobs, and ensure one job per fire time. ``plan_owner``, ``plan_lease_until`` and
    ``plan_attempts`` are the claim of the planning; ``rung_at`` is when the sweeper last enqueued the planning, absent
    if it has not since the last claim. While an outage of the platform prevents planning, ``errors`` says which,
    ``plan_not_before`` when it is retried, and ``plan_outages`` how often it was tried. ``projects`` are those of its
    secrets. ``transaction_id`` is that of the call that created it, and is sent with every call to the platform for it;
    without one, as for a scheduled job, ``job_id`` is sent. ``retry_of`` is the job of which this one retries what
    failed: at most one does. ``planned_with`` is a hash of the plugin, its version and options.
    """

    job_id: Id
    status: Annotated[str, {"choices": [status.value for status in JobStatus]}]
    filter: NotRequired[DefaultStruct]
    collect_mode: Annotated[str, {"default": "ALL"}]
    use_cache: NotRequired[Annotated[bool, {"default": False}]]
    secret_id: NotRequired[Text]
    total_tasks: Count
    remained_tasks: Count
    errors: NotRequired[list[Struct]]
    collector_id: Id
    schedule_id: NotRequired[Id]
    fire_at: NotRequired[datetime]
    projects: NotRequired[list[Text]]
    priority: Annotated[int, {"default": 10}]
    transaction_id: NotRequired[Annotated[str, {"max_length": 128}]]
    retry_of: NotRequired[Id]
    planned_with: NotRequired[Annotated[str, {"max_length": 32}]]
    planned: Annotated[bool, {"default": False}]
    plan_owner: NotRequired[Text]
    plan_lease_until: NotRequired[datetime]
    plan_attempts: Count
    plan_not_before: NotRequired[datetime]
    plan_outages: NotRequired[int]
    rung_at: NotRequired[datetime]
    domain_id: Text
    created_at: datetime
    updated_at: datetime
    finished_at: NotRequired[datetime]


Job = model(
    StoredJob,
    "job",
    unique("domain_id", "job_id"),
    # Paged lists are sorted by _id last: without it in the index, MongoDB sorts the whole domain.
    index("domain_id", "-created_at", "-id"),
    index("domain_id", "status", "-created_at", "-id"),
    index("domain_id", "collector_id", "-created_at", "-id"),
    index("domain_id", "projects", "-created_at", "-id"),
    unique("domain_id", "schedule_id", "fire_at", where={"schedule_id": {"$type": "string"}}),
    unique("domain_id", "retry_of", where={"retry_of": {"$type": "string"}}),
    index("status", "created_at"),
    index("created_at"),
)
