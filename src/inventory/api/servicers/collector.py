"""``spaceone.api.inventory.v1.Collector``: decode, call, present."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from inventory.api.endpoint import Request
from inventory.api.present import EMPTY, Presenter, Stored, statistics
from inventory.api.servicers.job import JOB
from inventory.domain.principal import Principal
from inventory.manager.reader import Page
from inventory.service.job.collect import CollectRequest
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2

COLLECTOR: Final = Presenter(collector_pb2.CollectorInfo.DESCRIPTOR)
"""Presents collectors."""
SCHEDULE: Final = Presenter(collector_pb2.ScheduleInfo.DESCRIPTOR, shared=["collector_info"])
"""Presents schedules."""

Params = Mapping[str, Any]
"""A request as a plain dict, absent members absent."""


class Collectors(Protocol):
    """What is asked of the collectors' use cases."""

    def create(self, principal: Principal, params: Params) -> Stored: ...

    def update(self, principal: Principal, params: Params) -> Stored: ...

    def update_plugin(self, principal: Principal, params: Params) -> Stored: ...

    def verify_plugin(self, principal: Principal, collector_id: str, secret_id: str = "") -> None: ...

    def delete(self, principal: Principal, collector_id: str) -> None: ...

    def get(self, principal: Principal, collector_id: str, only: Iterable[str] = ()) -> Stored: ...

    def enable(self, principal: Principal, collector_id: str) -> Stored: ...

    def disable(self, principal: Principal, collector_id: str) -> Stored: ...

    def list(self, principal: Principal, query: Params, filters: Params) -> Page: ...

    def stat(self, principal: Principal, query: Params) -> Stored: ...


class Collects(Protocol):
    """What is asked of collecting."""

    def collect(self, principal: Principal, request: CollectRequest) -> Stored: ...


class Schedules(Protocol):
    """What is asked of the schedules' use cases."""

    def add(self, principal: Principal, params: Params) -> Stored: ...

    def get(self, principal: Principal, collector_id: str, schedule_id: str) -> Stored: ...

    def update(self, principal: Principal, params: Params) -> Stored: ...

    def delete(self, principal: Principal, collector_id: str, schedule_id: str) -> None: ...

    def list(self, principal: Principal, query: Params, filters: Params) -> Page: ...


class CollectorServicer:
    """Collectors, their schedules, and collecting."""

    def __init__(self, *, collectors: Collectors, collects: Collects, schedules: Schedules) -> None:
        self._collectors = collectors
        self._collects = collects
        self._schedules = schedules

    def create(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.create``."""
        return COLLECTOR.one(self._collectors.create(principal, request))

    def update(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.update``."""
        return COLLECTOR.one(self._collectors.update(principal, request))

    def update_plugin(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.update_plugin``."""
        return COLLECTOR.one(self._collectors.update_plugin(principal, request))

    def verify_plugin(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.verify_plugin``."""
        self._collectors.verify_plugin(principal, request["collector_id"], request.get("secret_id", ""))
        return EMPTY

    def delete(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.delete``."""
        self._collectors.delete(principal, request["collector_id"])
        return EMPTY

    def get(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.get``."""
        return COLLECTOR.one(self._collectors.get(principal, request["collector_id"], request.get("only", ())))

    def enable(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.enable``."""
        return COLLECTOR.one(self._collectors.enable(principal, request["collector_id"]))

    def disable(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.disable``."""
        return COLLECTOR.one(self._collectors.disable(principal, request["collector_id"]))

    def list(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.list``."""
        page = self._collectors.list(principal, request.pop("query", {}), request)
        return COLLECTOR.many(page.results, page.total_count)

    def stat(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.stat``."""
        return statistics(self._collectors.stat(principal, request["query"]))

    def collect(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.collect``."""
        return JOB.one(self._collects.collect(principal, CollectRequest(**request)))

    def add_schedule(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.add_schedule``."""
        return SCHEDULE.one(self._schedules.add(principal, request))

    def get_schedule(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.get_schedule``."""
        return SCHEDULE.one(self._schedules.get(principal, request["collector_id"], request["schedule_id"]))

    def update_schedule(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.update_schedule``."""
        return SCHEDULE.one(self._schedules.update(principal, request))

    def delete_schedule(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.delete_schedule``."""
        self._schedules.delete(principal, request["collector_id"], request["schedule_id"])
        return EMPTY

    def list_schedules(self, principal: Principal, request: Request) -> bytes:
        """Answer ``Collector.list_schedules``."""
        page = self._schedules.list(principal, request.pop("query", {}), request)
        return SCHEDULE.many(page.results, page.total_count)
