"""``spaceone.api.inventory.v1.Job``: decode, call, present."""

from __future__ import annotations

from typing import Final

from inventory.api.endpoint import Request
from inventory.api.present import EMPTY, Presenter, sole_project, statistics
from inventory.domain.principal import Principal
from inventory.service.job.manage import JobService
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2

JOB: Final = Presenter(collector_pb2.JobInfo.DESCRIPTOR, derive=sole_project, shared=["collector_info"])
"""Presents jobs, here and in ``Collector.collect``."""


class JobServicer:
    """Jobs."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    def get(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Job.get``."""
        return JOB.one(self._jobs.get(principal, request["job_id"], request.get("only", ())))

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Job.list``."""
        page = self._jobs.list(principal, request.pop("query", {}), request)
        return JOB.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Job.stat``."""
        return statistics(self._jobs.stat(principal, request["query"]))

    def delete(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Job.delete``."""
        self._jobs.delete(principal, request["job_id"])
        return EMPTY
