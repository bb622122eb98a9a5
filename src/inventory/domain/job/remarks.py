"""Remarks about a job beyond its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from inventory.domain.plain import Json
from inventory.domain.texts import counted

COUNT_WORDS: Final[Mapping[str, str]] = {
    "created_count": "created",
    "updated_count": "seen again",
    "deleted_count": "deleted",
    "failure_count": "failed",
}
"""The counts of a task that people read, in words.

A stored resource that was seen counts as updated, changed or not (docs/contract.md, Ingest).
"""
COUNTS: Final = tuple(COUNT_WORDS)
CHANGED: Final = "changed_count"
"""How many of the updated resources have changed; stored, and asked for by stat, but no field of a task on the wire."""


def remarks(job: Json, tasks: Mapping[str, int]) -> Iterable[str]:
    """Yield what the numbers of a job alone do not show.

    Args:
        job: as the API returns it, with its ``tasks``, or at least the failed ones; with the other members of
            ``JobFacts`` if they are known.
        tasks: the number of tasks in each state.
    """
    total = job.get("total_tasks", 0)
    for warning in job.get("warnings", ()):
        yield _warning(warning)
    for hold in job.get("holds", ()):
        who = hold.get("secret_id") or "a deleted secret"
        missing = hold.get("missing", 0)
        gone = counted(missing, f"resource of {who} is missing. Its", f"resources of {who} are missing. Their")
        yield (f"{gone} deletion is held until somebody approves it: inventory deletion show {hold['deletion_id']}")
    for hold in job.get("approved", ()):
        yield _approved(hold)
    if job.get("restored"):
        restored = counted(job["restored"], "resource that it deleted was", "resources that it deleted were")
        yield f"{restored} restored by an undo."
    if job.get("retry_of"):
        yield f"It collects again what failed in {job['retry_of']}."
    if job.get("retried_by"):
        yield f"{job['retried_by']} collects again what failed in it."
    elif job.get("failed_tasks") and not job.get("not_retryable"):
        yield f"Once the cause is gone, collect again only what failed: inventory job retry {job['job_id']}"
    if job["status"] == "SUCCESS" and not total:
        yield (
            "It had no tasks: the collector has no secret, or its secret or group does not exist. "
            "See `inventory collector show`, plugin_info."
        )
    known = sum(tasks.values())
    if known < total and job.get("finished_at"):
        yield f"{total - known} of its {counted(total, 'task')} {'was' if total - known == 1 else 'were'} deleted."
    waiting = [error["additional"] for error in job.get("errors", []) if "next_attempt" in error.get("additional", {})]
    if waiting and not job.get("finished_at"):
        attempts = waiting[0].get("attempts", "?")
        yield (
            f"It is not planned yet because of the error below: tried {_times(attempts)}, next at "
            f"{waiting[0]['next_attempt']}, until INVENTORY_JOB_TIMEOUT_SECONDS."
        )
    if not job.get("finished_at") and total and tasks.get("PENDING") == total:
        yield "No worker has taken a task of it yet. If that does not change, run `inventory doctor`."
    if job["status"] == "CANCELED" and not job.get("errors"):
        yield "Somebody canceled it, or disabled or deleted its collector."
    if job["status"] == "TIMEOUT":
        yield "It exceeded the time limit of jobs (INVENTORY_JOB_TIMEOUT_SECONDS); what was stored is kept."
    silent = [task for task in job["tasks"] if task["status"] == "FAILURE" and not task.get("errors")]
    if silent:
        yield f"{counted(len(silent), 'failed task contains', 'failed tasks contain')} no error: see the worker's log."


def _approved(hold: Json) -> str:
    who = hold.get("secret_id") or "a deleted secret"
    by = f" by {hold['decided_by']}" if hold.get("decided_by") else ""
    deleted, restored = hold.get("deleted_count", 0), hold.get("restored_count", 0)
    gone = counted(deleted, f"resource of {who} was", f"resources of {who} were")
    words = f"{gone} deleted when {hold['deletion_id']}, which it made, was approved{by}"
    if restored >= deleted:
        return f"{words}, and restored by an undo."
    some = f" {restored} of them restored since;" if restored else ""
    return f"{words};{some} to restore them: inventory deletion undo {hold['deletion_id']}"


_NAMED_TASKS: Final = 3
_WARNINGS: Final = {
    "EMPTY_IDENTITY": (
        "resource has no reference.resource_id, so that all of a type in an account become one",
        "resources have no reference.resource_id, so that all of a type in an account become one",
    ),
    "DOUBLE": ("resource was sent more than once", "resources were sent more than once"),
    "UNCOMPARED": (
        "resource came so late in a large stream that it was not compared with earlier ones",
        "resources came so late in a large stream that they were not compared with earlier ones",
    ),
    "UNUSED_REGION": ("region was sent that no resource names", "regions were sent that no resource names"),
    "NO_CLOUDSERVICETYPE": (
        "type that resources name was never sent, so that consoles show no table of them",
        "types that resources name were never sent, so that consoles show no table of them",
    ),
    "NO_REGION": (
        "region that resources name was never sent, so that it has neither a name nor a place",
        "regions that resources name were never sent, so that they have neither a name nor a place",
    ),
    "LARGE_MESSAGE": (
        "message is larger than 4 MiB, gRPC's usual limit, which other receivers refuse",
        "messages are larger than 4 MiB, gRPC's usual limit, which other receivers refuse",
    ),
    "NO_METADATA": (
        "type has no metadata, so that consoles show no table of its resources",
        "types have no metadata, so that consoles show no table of their resources",
    ),
}
"""The words after 1, and after any other number."""


def _warning(warning: Json) -> str:
    code, count = str(warning.get("code")), warning.get("count", 0)
    words = counted(count, *_WARNINGS.get(code, (code, code)))
    example = warning.get("example") or "nameless"
    return f"Warning: {words}; {'it' if count == 1 else 'one'} is {example}.{_of(warning)}"


def _times(attempts: object) -> str:
    return counted(attempts, "time") if isinstance(attempts, int) else f"{attempts} times"


def _of(warning: Json) -> str:
    """Return whose resources they are; nothing if the server does not say."""
    tasks = warning.get("of_tasks") or []
    named = ", ".join(
        f"{task.get('secret_id') or task['job_task_id']} ({task.get('count', 0)})" for task in tasks[:_NAMED_TASKS]
    )
    rest = warning.get("tasks", 0) - min(len(tasks), _NAMED_TASKS)
    return f" Collected with {named}{f' and {rest} more' if rest > 0 else ''}." if tasks else ""
