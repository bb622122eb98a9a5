"""Why a job failed: its errors, equivalent ones as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from inventory.domain.plain import Json
from inventory.domain.reference_key import TYPE_FIELDS

_VARYING: Final = re.compile(r"[A-Za-z_]+-[0-9a-f]{8,}|0x[0-9a-f]+|\d+(?:\.\d+)?")
"""The parts that differ between equivalent messages: ids and numbers."""


@dataclass(slots=True)
class Cause:
    """Equivalent errors of a job.

    Attributes:
        message: the message of the first.
        tasks: the tasks with these errors, in order; empty for errors of the job itself.
        resources: the affected resources.
    """

    code: str
    message: str
    count: int = 0
    tasks: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)


def causes_of(job: Json) -> list[Cause]:
    """Return why a job with its ``tasks`` failed: first the job's own errors, then the most frequent ones."""
    found: dict[tuple[bool, str, str], Cause] = {}
    for task, error in _errors(job):
        code, message = str(error.get("error_code", "")), str(error.get("message", ""))
        cause = found.setdefault((task == "", code, _VARYING.sub("#", message)), Cause(code, message))
        cause.count += 1
        if task and task not in cause.tasks:
            cause.tasks.append(task)
        resource = _resource(error.get("additional") or {})
        if resource and resource not in cause.resources:
            cause.resources.append(resource)
    return sorted(found.values(), key=lambda cause: (bool(cause.tasks), -len(cause.tasks), -cause.count))


def _errors(job: Json) -> Iterable[tuple[str, Json]]:
    for error in job.get("errors", []):
        yield "", error
    for task in job["tasks"]:
        for error in task.get("errors", []):
            yield f"{task['job_task_id']} ({task.get('secret_id', '')})", error


def _resource(additional: Json) -> str:
    name = additional.get("resource_id") or additional.get("cloud_service_type") or additional.get("region_code")
    if not name:
        return ""
    kind = "/".join(str(additional[key]) for key in TYPE_FIELDS if additional.get(key))
    return f"{name} [{kind}]" if kind else str(name)
