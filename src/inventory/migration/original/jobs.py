"""Jobs and job tasks: ended ones are history; unfinished ones are canceled, since their queue is not taken over."""

from __future__ import annotations

from typing import Any, Final

from inventory.domain.plain import Document
from inventory.migration.original.collectors import job_filter, priority_of
from inventory.migration.original.members import (
    CANCELED,
    OPEN,
    ConversionContext,
    fill,
    made_at,
    required,
    resolve_collector,
)

TAKEN_OVER: Final = "ERROR_TAKEN_OVER"
_ERROR: Final = {
    "error_code": TAKEN_OVER,
    "message": "It had not ended when the database of the original was taken over. Collect again.",
    "additional": {},
}
_COUNTS: Final = ("created_count", "updated_count", "deleted_count", "disconnected_count", "failure_count")


def job(document: Document, around: ConversionContext) -> Document:
    """Return a job of the original in stored form. Raises ``UnfitError``."""
    required(document, "job_id", "domain_id", "status")
    if resolve_collector(document, around) is None:
        # Its collector was deleted, and the original did not keep its id.
        document["collector_id"] = ""
    document["filter"] = job_filter(document)
    project_id = document.pop("project_id", None)
    fill(document, projects=[project_id] if project_id else [], collect_mode="ALL", use_cache=False, total_tasks=0)
    fill(document, remained_tasks=0, plan_attempts=0)
    document["errors"] = _errors(document)
    document["priority"] = priority_of(document)
    document["planned"] = True
    document["created_at"] = made_at(document, around.now)
    fill(document, updated_at=document["created_at"])
    if document["status"] in OPEN:
        _cancel(document, around)
    return document


def task(document: Document, around: ConversionContext) -> Document:
    """Return a job task. Raises ``UnfitError``."""
    reference = document.get("job")
    reference = getattr(reference, "id", reference)
    if not document.get("job_id"):
        document["job_id"] = around.job_ids.get(reference)
    required(document, "job_task_id", "domain_id", "job_id", "status")
    document.pop("job", None)
    fill(document, collector_id=around.collector_of_job.get(document["job_id"], ""), secret_id="")
    fill(document, **dict.fromkeys(_COUNTS, 0))
    ours = document["created_count"] + document["updated_count"] + document["failure_count"]
    fill(document, total_count=ours)
    document["uncounted_count"] = max(document["total_count"] - ours, 0)
    document["errors"] = _errors(document)
    document["error_count"] = len(document["errors"])
    document |= {"filter": {}, "full_collect": False, "slices_planned": True, "garbage_collected": True}
    document["created_at"] = made_at(document, around.now)
    if document["status"] in OPEN:
        _cancel(document, around)
        document["error_count"] += 1
    return document


def _cancel(document: Document, around: ConversionContext) -> None:
    document["status"] = CANCELED
    document["finished_at"] = around.now
    document["errors"] = [*document["errors"], dict(_ERROR)]


def _errors(document: Document) -> list[Any]:
    errors = document.get("errors")
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
