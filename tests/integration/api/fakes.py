"""Use cases that need plugins and queues, replaced by ones that only read or remember what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from inventory.domain.clock import Clock
from inventory.domain.principal import Principal
from inventory.errors import NotFoundError
from inventory.manager.page import Page
from inventory.manager.reader import Reader
from inventory.query.parser import parse_list
from inventory.query.references import with_request_filters
from inventory.query.statistics.aggregate import parse_stat

Params = Mapping[str, Any]


class FakeCollectors:
    """Reads real collectors; what changes them only answers with what it was sent."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self.sent: dict[str, Any] = {}
        self.before: Callable[[Principal], None] = lambda principal: None

    def _echo(self, params: Params) -> dict[str, Any]:
        self.sent = dict(params)
        return {"collector_id": "collector-000000000000", **params}

    def create(self, principal: Principal, params: Params) -> dict[str, Any]:
        return self._echo(params)

    def update(self, principal: Principal, params: Params) -> dict[str, Any]:
        return self._echo(params)

    def update_plugin(self, principal: Principal, params: Params) -> dict[str, Any]:
        return self._echo({"collector_id": params["collector_id"]})

    def verify_plugin(self, principal: Principal, collector_id: str, secret_id: str = "") -> None:
        self._reader.get(principal.domain_id, collector_id)

    def delete(self, principal: Principal, collector_id: str) -> None:
        self._reader.get(principal.domain_id, collector_id)

    def enable(self, principal: Principal, collector_id: str) -> dict[str, Any]:
        return self._reader.get(principal.domain_id, collector_id)

    disable = enable

    def get(self, principal: Principal, collector_id: str, only: Iterable[str] = ()) -> dict[str, Any]:
        self.before(principal)
        return self._reader.get(principal.domain_id, collector_id, only=only)

    def list(self, principal: Principal, query: Params, filters: Params) -> Page:
        now = self._clock.now()
        parsed = with_request_filters(parse_list(self._reader.schema, query, now=now), filters, now=now)
        return self._reader.list(parsed, domain_id=principal.domain_id)

    def stat(self, principal: Principal, query: Params) -> dict[str, Any]:
        parsed = parse_stat(self._reader.schema, query, now=self._clock.now())
        return self._reader.stat(parsed, domain_id=principal.domain_id)


class FakeCollects:
    """Makes no job."""

    def collect(self, principal: Principal, request: Any) -> dict[str, Any]:
        raise NotFoundError(key="collector_id", value=request.collector_id)


class FakeSchedules:
    """Has no schedules but one, which it tells by its id alone."""

    def add(self, principal: Principal, params: Params) -> dict[str, Any]:
        return {"schedule_id": "sched-000000000000", **params}

    def get(self, principal: Principal, collector_id: str, schedule_id: str) -> dict[str, Any]:
        if schedule_id == "sched-111111111111":
            return {"schedule_id": schedule_id, "collector_id": collector_id}
        raise NotFoundError(key="schedule_id", value=schedule_id)

    def update(self, principal: Principal, params: Params) -> dict[str, Any]:
        raise NotFoundError(key="schedule_id", value=params["schedule_id"])

    def delete(self, principal: Principal, collector_id: str, schedule_id: str) -> None:
        raise NotFoundError(key="schedule_id", value=schedule_id)

    def list(self, principal: Principal, query: Params, filters: Params) -> Page:
        return Page([], 0)
