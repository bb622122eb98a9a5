"""The job task: one collect with one secret; and its slices, the unit that is claimed, retried and run in parallel."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, NotRequired

from mongoengine import BinaryField, BooleanField, DateTimeField, Document, IntField, ListField
from mongoengine import StringField as Text

from inventory.domain.job.states import TaskStatus
from inventory.model.fields import StructField
from inventory.model.stored import StoredDocument

_STATUSES = [status.value for status in TaskStatus]


class Counted:
    """The fields of ``domain.job.outcome.Outcome`` that tasks and slices share."""

    total_count = IntField(required=True, default=0)
    created_count = IntField(required=True, default=0)
    updated_count = IntField(required=True, default=0)
    changed_count = IntField(default=0)
    failure_count = IntField(required=True, default=0)
    uncounted_count = IntField(required=True, default=0)
    errors = ListField(StructField())
    error_count = IntField(required=True, default=0)


class JobTask(Counted, Document):  # type: ignore[misc]
    """Stored under the names of ``JobTaskInfo``, with fields for running it.

    ``filter`` is the plugin's filter for this secret, already translated. ``full_collect`` says whether the task can
    prove that a resource no longer exists. ``slices_planned`` becomes true when all slices exist; ``garbage_collected``
    when garbage collection has run or does not apply; ``garbage_owner`` and ``garbage_lease_until`` are its claim,
    ``garbage_session`` and ``garbage_lost_session`` are as those of a slice. ``error_count`` includes errors that
    were not kept. ``warnings`` are what resources lack without failing, by code: how many, an example,
    and the names of types and regions.
    ``types_told`` are the unknown resource types that were reported: once per task, however many slices and
    attempts meet them.

    A task that retries only the failed slices of another completes its view of the secret: ``view_started_at`` is when
    that view began, ``view_resources_seen`` how many CloudServices the other slices saw.
    """

    job_task_id = Text(required=True, max_length=40)
    status = Text(required=True, choices=_STATUSES, default=TaskStatus.PENDING.value)
    deleted_count = IntField(required=True, default=0)
    disconnected_count = IntField(required=True, default=0)
    held_count = IntField()
    job_id = Text(required=True, max_length=40)
    collector_id = Text(required=True, max_length=40)
    secret_id = Text(required=True, max_length=255)
    provider = Text(max_length=255)
    service_account_id = Text(max_length=255)
    project_id = Text(max_length=255)
    filter = StructField(default=dict)
    full_collect = BooleanField(required=True, default=False)
    types_told = ListField(Text(max_length=64))
    warnings = StructField()
    slices_planned = BooleanField(required=True, default=False)
    garbage_collected = BooleanField(required=True, default=False)
    garbage_owner = Text(max_length=255)
    garbage_lease_until = DateTimeField()
    garbage_session = BinaryField()
    garbage_lost_session = BinaryField()
    view_started_at = DateTimeField()
    view_resources_seen = IntField()
    domain_id = Text(required=True, max_length=255)
    created_at = DateTimeField(required=True)
    started_at = DateTimeField()
    finished_at = DateTimeField()

    meta: ClassVar[dict[str, object]] = {
        "collection": "job_task",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["domain_id", "job_task_id"], "unique": True},
            {"fields": ["domain_id", "job_id", "secret_id"], "unique": True},
            {"fields": ["domain_id", "job_id", "status"]},
            # As in Job: _id last, the order of paged lists.
            {"fields": ["domain_id", "-created_at", "-id"]},
            {"fields": ["domain_id", "project_id", "-created_at", "-id"]},
            {"fields": ["domain_id", "collector_id", "secret_id", "-finished_at"]},
            # What ``manager.job.collect_history`` reads, and the index above.
            {
                "name": "complete_success",
                "fields": ["domain_id", "collector_id", "status", "full_collect", "secret_id", "-finished_at"],
                "partialFilterExpression": {"status": TaskStatus.SUCCESS.value, "full_collect": True},
            },
            # One running task per collector and secret: starting a second one fails on this key.
            {
                "name": "one_running_task",
                "fields": ["domain_id", "collector_id", "secret_id"],
                "unique": True,
                "partialFilterExpression": {"status": TaskStatus.IN_PROGRESS.value},
            },
            {"fields": ["status", "created_at"]},
            {"fields": ["created_at"]},
        ],
        "strict": False,
    }


class Slice(Counted, Document):  # type: ignore[misc]
    """A share of a job task, collected by one ``collect`` call of the plugin.

    Every task begins with slice 0. The worker that claims it asks the plugin for its slices. If the plugin has none,
    slice 0 is collected right away; otherwise slices 1…n are inserted with ``held``, slice 0 becomes SUCCESS with
    ``expanded_attempt``, and the slices of that attempt are released.

    ``owner``, ``lease_until`` and ``attempts`` are the claim; ``not_before`` is when it may be claimed (back-off and
    limits); ``enqueued_at`` is when it was last enqueued. Counts and errors are those of its last attempt, and are
    added up in the task; ``created_count`` is that of all attempts, and ``earlier_errors`` are those of the attempts
    before the last.

    ``plan_attempt`` of slice 0 counts its claims, including those handed back; of any other slice it is the claim of
    slice 0 that planned it. ``collector_slot`` and ``endpoint_slot`` are the numbered slots it occupies while it runs:
    their unique keys keep the limits exact for any number of concurrent claims. ``waits_for`` says which of the two it
    lacked, so that whoever frees a slot wakes it. ``session`` is the id of its owner's MongoDB session;
    ``lost_session`` is that of a previous owner, which the claim ends.
    """

    slice_id = Text(required=True, max_length=40)
    job_task_id = Text(required=True, max_length=40)
    job_id = Text(required=True, max_length=40)
    collector_id = Text(required=True, max_length=40)
    secret_id = Text(required=True, max_length=255)
    domain_id = Text(required=True, max_length=255)
    number = IntField(required=True, min_value=0)
    plan_attempt = IntField(required=True, default=0)
    held = BooleanField(required=True, default=False)
    expanded_attempt = IntField()
    status = Text(required=True, choices=_STATUSES, default=TaskStatus.PENDING.value)
    endpoint = Text(max_length=1024)
    task_options = StructField()
    priority = IntField(required=True, default=10)
    owner = Text(max_length=255)
    session = BinaryField()
    lost_session = BinaryField()
    lease_until = DateTimeField()
    attempts = IntField(required=True, default=0)
    not_before = DateTimeField()
    enqueued_at = DateTimeField()
    waits_for = Text(choices=("collector", "endpoint"))
    collector_slot = IntField(min_value=0)
    endpoint_slot = IntField(min_value=0)
    resources_seen = IntField(required=True, default=0)
    earlier_errors = ListField(StructField())
    created_at = DateTimeField(required=True)
    started_at = DateTimeField()
    finished_at = DateTimeField()

    meta: ClassVar[dict[str, object]] = {
        "collection": "slice",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["domain_id", "slice_id"], "unique": True},
            {"fields": ["domain_id", "job_task_id", "plan_attempt", "number"], "unique": True},
            {"fields": ["domain_id", "job_id", "status"]},
            {"fields": ["domain_id", "job_task_id", "status"]},
            {"fields": ["status", "held", "enqueued_at", "not_before"]},
            {"fields": ["status", "lease_until"]},
            {
                "name": "collector_slot",
                "fields": ["domain_id", "collector_id", "collector_slot"],
                "unique": True,
                "partialFilterExpression": {"collector_slot": {"$gte": 0}},
            },
            {
                "name": "endpoint_slot",
                "fields": ["endpoint", "endpoint_slot"],
                "unique": True,
                "partialFilterExpression": {"endpoint_slot": {"$gte": 0}},
            },
            {
                "name": "waits_for_collector",
                "fields": ["waits_for", "domain_id", "collector_id", "priority", "created_at"],
                "partialFilterExpression": {"waits_for": "collector"},
            },
            {
                "name": "waits_for_endpoint",
                "fields": ["waits_for", "endpoint", "priority", "created_at"],
                "partialFilterExpression": {"waits_for": "endpoint"},
            },
            {"fields": ["created_at"]},
        ],
        "strict": False,
    }


class StoredCounts(StoredDocument):
    """The raw fields of :class:`Counted`."""

    total_count: int
    created_count: int
    updated_count: int
    changed_count: NotRequired[int]
    failure_count: int
    uncounted_count: int
    errors: NotRequired[list[dict[str, Any]]]
    error_count: int


class StoredJobTask(StoredCounts):
    """A raw document of :class:`JobTask`."""

    job_task_id: str
    status: str
    deleted_count: int
    disconnected_count: int
    held_count: NotRequired[int]
    warnings: NotRequired[dict[str, Any]]
    job_id: str
    collector_id: str
    secret_id: str
    provider: NotRequired[str]
    service_account_id: NotRequired[str]
    project_id: NotRequired[str]
    filter: NotRequired[dict[str, Any]]
    full_collect: bool
    types_told: NotRequired[list[str]]
    slices_planned: bool
    garbage_collected: bool
    garbage_owner: NotRequired[str]
    garbage_lease_until: NotRequired[datetime]
    garbage_session: NotRequired[bytes]
    garbage_lost_session: NotRequired[bytes]
    view_started_at: NotRequired[datetime]
    view_resources_seen: NotRequired[int]
    domain_id: str
    created_at: datetime
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]


class StoredSlice(StoredCounts):
    """A raw document of :class:`Slice`."""

    slice_id: str
    job_task_id: str
    job_id: str
    collector_id: str
    secret_id: str
    domain_id: str
    number: int
    plan_attempt: int
    held: bool
    expanded_attempt: NotRequired[int]
    status: str
    endpoint: NotRequired[str]
    task_options: NotRequired[dict[str, Any]]
    priority: int
    owner: NotRequired[str]
    session: NotRequired[bytes]
    lost_session: NotRequired[bytes]
    lease_until: NotRequired[datetime]
    attempts: int
    not_before: NotRequired[datetime]
    enqueued_at: NotRequired[datetime]
    waits_for: NotRequired[str]
    collector_slot: NotRequired[int]
    endpoint_slot: NotRequired[int]
    resources_seen: int
    earlier_errors: NotRequired[list[dict[str, Any]]]
    created_at: datetime
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]
