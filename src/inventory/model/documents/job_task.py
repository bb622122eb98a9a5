"""The job task: one collect with one secret; and its slices, the unit that is claimed, retried and run in parallel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from inventory.domain.job.states import TaskStatus
from inventory.model.declare import Count, DefaultStruct, Id, Struct, Text, index, model, unique
from inventory.model.stored import StoredDocument

_STATUSES = [status.value for status in TaskStatus]


class StoredCounts(StoredDocument):
    """The fields of ``domain.job.outcome.Outcome`` that tasks and slices share."""

    total_count: Count
    created_count: Count
    updated_count: Count
    changed_count: NotRequired[Count]
    failure_count: Count
    uncounted_count: Count
    errors: NotRequired[list[Struct]]
    error_count: Count


class StoredJobTask(StoredCounts):
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

    job_task_id: Id
    status: Annotated[str, {"choices": _STATUSES, "default": TaskStatus.PENDING.value}]
    deleted_count: Count
    disconnected_count: Count
    held_count: NotRequired[int]
    job_id: Id
    collector_id: Id
    secret_id: Text
    provider: NotRequired[Text]
    service_account_id: NotRequired[Text]
    project_id: NotRequired[Text]
    filter: NotRequired[DefaultStruct]
    full_collect: Annotated[bool, {"default": False}]
    types_told: NotRequired[list[Annotated[str, {"max_length": 64}]]]
    warnings: NotRequired[Struct]
    slices_planned: Annotated[bool, {"default": False}]
    garbage_collected: Annotated[bool, {"default": False}]
    garbage_owner: NotRequired[Text]
    garbage_lease_until: NotRequired[datetime]
    garbage_session: NotRequired[bytes]
    garbage_lost_session: NotRequired[bytes]
    view_started_at: NotRequired[datetime]
    view_resources_seen: NotRequired[int]
    domain_id: Text
    created_at: datetime
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]


JobTask = model(
    StoredJobTask,
    "job_task",
    unique("domain_id", "job_task_id"),
    unique("domain_id", "job_id", "secret_id"),
    index("domain_id", "job_id", "status"),
    # As in Job: _id last, the order of paged lists.
    index("domain_id", "-created_at", "-id"),
    index("domain_id", "project_id", "-created_at", "-id"),
    index("domain_id", "collector_id", "secret_id", "-finished_at"),
    # What ``manager.job.collect_history`` reads, and the index above.
    index(
        "domain_id",
        "collector_id",
        "status",
        "full_collect",
        "secret_id",
        "-finished_at",
        where={"status": TaskStatus.SUCCESS.value, "full_collect": True},
        name="complete_success",
    ),
    # One running task per collector and secret: starting a second one fails on this key.
    unique(
        "domain_id",
        "collector_id",
        "secret_id",
        where={"status": TaskStatus.IN_PROGRESS.value},
        name="one_running_task",
    ),
    index("status", "created_at"),
    index("created_at"),
)


class StoredSlice(StoredCounts):
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

    slice_id: Id
    job_task_id: Id
    job_id: Id
    collector_id: Id
    secret_id: Text
    domain_id: Text
    number: Annotated[int, {"min_value": 0}]
    plan_attempt: Count
    held: Annotated[bool, {"default": False}]
    expanded_attempt: NotRequired[int]
    status: Annotated[str, {"choices": _STATUSES, "default": TaskStatus.PENDING.value}]
    endpoint: NotRequired[Annotated[str, {"max_length": 1024}]]
    task_options: NotRequired[Struct]
    priority: Annotated[int, {"default": 10}]
    owner: NotRequired[Text]
    session: NotRequired[bytes]
    lost_session: NotRequired[bytes]
    lease_until: NotRequired[datetime]
    attempts: Count
    not_before: NotRequired[datetime]
    enqueued_at: NotRequired[datetime]
    waits_for: NotRequired[Annotated[str, {"choices": ("collector", "endpoint")}]]
    collector_slot: NotRequired[Annotated[int, {"min_value": 0}]]
    endpoint_slot: NotRequired[Annotated[int, {"min_value": 0}]]
    resources_seen: Count
    earlier_errors: NotRequired[list[Struct]]
    created_at: datetime
    started_at: NotRequired[datetime]
    finished_at: NotRequired[datetime]


Slice = model(
    StoredSlice,
    "slice",
    unique("domain_id", "slice_id"),
    unique("domain_id", "job_task_id", "plan_attempt", "number"),
    index("domain_id", "job_id", "status"),
    index("domain_id", "job_task_id", "status"),
    index("status", "held", "enqueued_at", "not_before"),
    index("status", "lease_until"),
    unique("domain_id", "collector_id", "collector_slot", where={"collector_slot": {"$gte": 0}}, name="collector_slot"),
    unique("endpoint", "endpoint_slot", where={"endpoint_slot": {"$gte": 0}}, name="endpoint_slot"),
    index(
        "waits_for",
        "domain_id",
        "collector_id",
        "priority",
        "created_at",
        where={"waits_for": "collector"},
        name="waits_for_collector",
    ),
    index(
        "waits_for", "endpoint", "priority", "created_at", where={"waits_for": "endpoint"}, name="waits_for_endpoint"
    ),
    index("created_at"),
)
