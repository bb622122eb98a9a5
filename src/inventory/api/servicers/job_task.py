"""``spaceone.api.inventory.v1.JobTask``: decode, call, present."""

from __future__ import annotations

from typing import Final

from inventory.api.endpoint import Request
from inventory.api.present import EMPTY, Presenter, statistics
from inventory.domain.principal import Principal
from inventory.service.job.manage import JobTaskService
from inventory.stubs.spaceone.api.inventory.v1 import job_task_pb2

TASK: Final = Presenter(job_task_pb2.JobTaskInfo.DESCRIPTOR)
"""Presents job tasks."""


class JobTaskServicer:
    """Job tasks."""

    def __init__(self, tasks: JobTaskService) -> None:
        self._tasks = tasks

    def get(self, principal: Principal, request: Request) -> bytes:
        """Answer ``JobTask.get``."""
        return TASK.one(self._tasks.get(principal, request["job_task_id"], request.get("only", ())))

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``JobTask.list``."""
        page = self._tasks.list(principal, request.pop("query", {}), request)
        return TASK.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``JobTask.stat``."""
        return statistics(self._tasks.stat(principal, request["query"]))

    def delete(self, principal: Principal, request: Request) -> bytes:
        """Answer ``JobTask.delete``."""
        self._tasks.delete(principal, request["job_task_id"])
        return EMPTY
