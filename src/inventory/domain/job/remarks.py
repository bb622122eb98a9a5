"""Remarks about a job beyond its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from inventory.domain.plain import Json

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
        yield (
            f"{missing} resources of {who} are missing. Their deletion is held until somebody approves it: "
            f"inventory deletion show {hold['deletion_id']}"
        )
    if job.get("restored"):
        yield f"{job['restored']} of the resources that it deleted were restored by an undo."
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
        yield f"{total - known} of its {total} tasks were deleted."
    waiting = [error["additional"] for error in job.get("errors", []) if "next_attempt" in error.get("additional", {})]
    if waiting and not job.get("finished_at"):
        attempts = waiting[0].get("attempts", "?")
        yield (
            f"It is not planned yet because of the error below: tried {attempts} time(s), next at "
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
        yield f"{len(silent)} failed tasks contain no error: see the worker's log."


_NAMED_TASKS: Final = 3
_WARNINGS: Final = {
    "EMPTY_IDENTITY": "resources have no reference.resource_id, so that all of a type in an account become one",
    "DOUBLE": "resources were sent more than once",
    "UNCOMPARED": "resources came so late in a large stream that they were not compared with earlier ones",
    "UNUSED_REGION": "regions were sent that no resource names",
    "LARGE_MESSAGE": "messages are larger than 4 MiB, gRPC's usual limit, which other receivers refuse",
    "NO_METADATA": "types have no metadata, so that consoles show no table of their resources",
}


def _warning(warning: Json) -> str:
    words = _WARNINGS.get(str(warning.get("code")), str(warning.get("code")))
    return f"Warning: {warning.get('count', 0)} {words}; one is {warning.get('example') or 'nameless'}.{_of(warning)}"


def _of(warning: Json) -> str:
    """Return whose resources they are; nothing if the server does not say."""
    tasks = warning.get("of_tasks") or []
    named = ", ".join(
        f"{task.get('secret_id') or task['job_task_id']} ({task.get('count', 0)})" for task in tasks[:_NAMED_TASKS]
    )
    rest = warning.get("tasks", 0) - min(len(tasks), _NAMED_TASKS)
    return f" Collected with {named}{f' and {rest} more' if rest > 0 else ''}." if tasks else ""
