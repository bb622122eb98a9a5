"""Schedules as clients see them: add, get, update, delete, list (contract, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inventory.domain import ids
from inventory.domain.clock import Clock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.collector.filter_format import checked_filter
from inventory.domain.collector.values import optional_text, required_text, struct
from inventory.domain.plain import Document, Params
from inventory.domain.principal import Principal
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec, spread_of
from inventory.errors import RequiredParameterError
from inventory.manager.collector.manager import CollectorManager
from inventory.manager.page import Page
from inventory.manager.reader import Reader
from inventory.manager.schedule.manager import ScheduleManager
from inventory.model.documents.schedule import Schedule, StoredSchedule
from inventory.model.new_document import new_document
from inventory.observe.logs import frequent, get_logger
from inventory.query.parser import RawQuery, parse_list
from inventory.query.references import with_request_filters
from inventory.service.job.manage import CollectorReferences

log = get_logger(__name__)


_ID: Final = "schedule_id"
_COLLECTOR_ID: Final = "collector_id"


@dataclass(kw_only=True, eq=False)
class ScheduleService:
    """The use cases of schedules, always within one collector.

    Args:
        spread_seconds: the interval over which fire times are spread, s.
    """

    schedules: ScheduleManager
    collectors: CollectorManager
    reader: Reader
    references: CollectorReferences
    clock: Clock
    spread_seconds: float = 0.0

    def add(self, principal: Principal, params: Params) -> Document:
        """Add a schedule to a collector; an interval counts from now.

        Args:
            params: collector_id, schedule, name, collect_mode, filter.

        Raises:
            RequiredParameterError, InvalidParameterError, InvalidParameterTypeError: ``params`` is invalid.
            NotFoundError: no such collector.
            UnsupportedScheduleError, UnsupportedFilterKeyError: the collector's plugin does not support it.
        """
        collector_id = required_text(params, _COLLECTOR_ID)
        if params.get("schedule") is None:
            raise RequiredParameterError(key="schedule")
        collector = self.collectors.read(principal.domain_id, collector_id)
        values = _changed_values(params, collector)
        values.setdefault("collect_mode", CollectMode.ALL.value)
        schedule_id = ids.new_id(ids.SCHEDULE)
        times = self._times(ScheduleSpec.parse(params["schedule"]), schedule_id, collector)
        schedule: StoredSchedule = new_document(
            Schedule,
            **values,
            **times,
            schedule_id=schedule_id,
            collector_id=collector_id,
            domain_id=principal.domain_id,
            priority=collector["priority"],
            created_at=self.clock.now(),
        )
        # mongoengine adds absent lists; kinds of schedule that were not sent stay absent.
        schedule["schedule"] = times["schedule"]
        self.schedules.insert(schedule)
        frequent(__name__, "schedule_added", schedule_id=schedule_id, collector_id=collector_id)
        return {**schedule, "collector_info": collector}

    def get(self, principal: Principal, collector_id: str, schedule_id: str) -> Document:
        """Return the collector's schedule. Raises ``NotFoundError``."""
        _require(collector_id, schedule_id)
        found = self.reader.get(
            principal.domain_id,
            schedule_id,
            scope={_COLLECTOR_ID: collector_id},
            remaining_seconds=principal.remaining_seconds(),
        )
        return self._joined(principal, found)

    def update(self, principal: Principal, params: Params) -> Document:
        """Change the fields among name, collect_mode, filter and schedule that were sent; the latter two as a whole.

        Only different fire times count as a change: they, and an interval, then count from now. A fire time of the old
        ones that is due and has not fired yet still fires.

        Raises: like ``add``.
        """
        collector_id, schedule_id = required_text(params, _COLLECTOR_ID), required_text(params, _ID)
        stored = self.schedules.get(principal.domain_id, collector_id, schedule_id)
        collector = self.collectors.get(principal.domain_id, collector_id)
        fields = _changed_values(params, collector)
        if params.get("schedule") is not None:
            spec = ScheduleSpec.parse(params["schedule"])
            times = self._times(spec, schedule_id, collector)
            # A schedule that could not be read when it was due waits for nothing: setting it again restarts it.
            if spec.document() != stored.get("schedule") or stored.get("next_fire_at") is None:
                fields |= times
        updated = self.schedules.update(principal.domain_id, collector_id, schedule_id, fields)
        log.info("schedule_updated", schedule_id=schedule_id, fields=sorted(fields))
        return self._joined(principal, updated)

    def delete(self, principal: Principal, collector_id: str, schedule_id: str) -> None:
        """Remove the collector's schedule; jobs that it created are kept. Raises ``NotFoundError``."""
        _require(collector_id, schedule_id)
        self.schedules.delete(principal.domain_id, collector_id, schedule_id)
        log.info("schedule_deleted", schedule_id=schedule_id, collector_id=collector_id)

    def list(self, principal: Principal, query: RawQuery, filters: Mapping[str, object]) -> Page:
        """Return the schedules that match, each with its collector, which is complete unless ``minimal`` is requested.

        Args:
            query: a ``Query`` as a plain dict.
            filters: the request's own fields: collector_id, and schedule_id if it was sent.

        Raises:
            RequiredParameterError: without collector_id.
            BadRequestError: one of its subclasses says what is wrong with the query.
        """
        if not filters.get(_COLLECTOR_ID):
            raise RequiredParameterError(key=_COLLECTOR_ID)
        now = self.clock.now()
        page = self.reader.list(
            with_request_filters(parse_list(self.reader.schema, query, now=now), filters, now=now),
            domain_id=principal.domain_id,
            lookup=self.references.lookup(principal),
            remaining_seconds=principal.remaining_seconds(),
        )
        results = self.references.join(principal, page, whole=query.get("minimal") is not True)
        return Page(results, page.total_count, page.fields, page.only)

    def _times(self, spec: ScheduleSpec, schedule_id: str, collector: Mapping[str, Any]) -> Document:
        """Return the stored fields of new fire times, which count from now. Raises ``UnsupportedScheduleError``."""
        spec.check_supported(_metadata(collector))
        now = self.clock.now()
        times = FireTimes(spec, now, spread_of(schedule_id, self.spread_seconds))
        return {"schedule": spec.document(), "anchor_at": now, "next_fire_at": times.next_after(now)}

    def _joined(self, principal: Principal, schedule: Mapping[str, Any]) -> Document:
        return self.references.join(principal, Page([schedule], 1), whole=True)[0]


def _require(collector_id: str, schedule_id: str) -> None:
    for key, value in ((_COLLECTOR_ID, collector_id), (_ID, schedule_id)):
        if not value:
            raise RequiredParameterError(key=key)


def _metadata(collector: Mapping[str, Any]) -> Mapping[str, Any]:
    return collector["plugin_info"].get("metadata") or {}


def _changed_values(params: Params, collector: Mapping[str, Any]) -> Document:
    """Return those of name, collect_mode and filter that were sent, validated."""
    fields: Document = {}
    if name := optional_text(params, "name"):
        fields["name"] = name
    if mode := optional_text(params, "collect_mode"):
        fields["collect_mode"] = CollectMode.parse(mode).value
    if params.get("filter") is not None:
        fields["filter"] = struct(params["filter"], "filter")
        checked_filter(fields["filter"], _metadata(collector))
    return fields
