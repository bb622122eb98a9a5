"""Collectors, their schedules and their rules."""

from __future__ import annotations

from typing import Any, Final

from inventory.domain.plain import Document
from inventory.domain.schedule.fire_times import FireTimes, ScheduleSpec, spread_of
from inventory.errors import BadRequestError
from inventory.migration.original.members import (
    ConversionContext,
    UnfitError,
    fill,
    made_at,
    required,
    resolve_collector,
    tags_of,
)
from inventory.model.documents.collector import DEFAULT_PRIORITY, MAX_PRIORITY

_STATES: Final = ("ENABLED", "DISABLED")
_MODES: Final = ("ALL", "CREATE", "UPDATE")
_KINDS: Final = ("cron", "interval", "minutes", "hours")


def collector(document: Document, around: ConversionContext) -> Document:
    """Return a collector of the original in stored form. Raises ``UnfitError``."""
    required(document, "collector_id", "domain_id")
    plugin = document.get("plugin_info")
    if not isinstance(plugin, dict) or not plugin.get("plugin_id"):
        raise UnfitError("no plugin_info.plugin_id")
    plugin = {key: value for key, value in plugin.items() if value is not None}
    fill(plugin, options={}, metadata={}, upgrade_mode="AUTO")
    document["plugin_info"] = plugin
    document["tags"] = tags_of(document.get("tags"))
    document["priority"] = priority_of(document)
    if document.get("state") not in _STATES:
        document["state"] = "ENABLED"
    fill(document, name=document["collector_id"], capability={}, is_public=True)
    document["created_at"] = made_at(document, around.now)
    return document


def priority_of(document: Document) -> int:
    """Return a collector's priority, within the bounds of this service."""
    value = document.get("priority")
    if not isinstance(value, int | float) or value != value:
        return DEFAULT_PRIORITY
    return int(min(max(value, 0), MAX_PRIORITY))


def schedule(document: Document, around: ConversionContext) -> Document:
    """Return a schedule; one with invalid times has no ``next_fire_at``. Raises ``UnfitError``."""
    required(document, "schedule_id", "domain_id")
    collector_id = resolve_collector(document, around)
    if collector_id is None or collector_id not in around.collectors:
        raise UnfitError("its collector is gone")
    times = document.get("schedule")
    if not isinstance(times, dict):
        raise UnfitError("no schedule")
    # In the original, absent kinds are null or empty.
    document["schedule"] = {key: value for key, value in times.items() if key not in _KINDS or value}
    document["filter"] = _filter_of(document)
    if document.get("collect_mode") not in _MODES:
        document["collect_mode"] = "ALL"
    document["priority"] = around.collectors[collector_id].priority
    document["created_at"] = document["anchor_at"] = made_at(document, around.now)
    document.pop("next_fire_at", None)
    try:
        shift = spread_of(document["schedule_id"], around.spread_seconds)
        fires = FireTimes(ScheduleSpec.parse(document["schedule"]), document["anchor_at"], shift)
        document["next_fire_at"] = fires.next_after(around.now)
    except BadRequestError:
        document["next_fire_at"] = None
    return document


def _filter_of(document: Document) -> Document:
    found = document.pop("filters", None) or document.get("filter")
    return found if isinstance(found, dict) else {}


def job_filter(document: Document) -> Document:
    """Return a job's filter, which the original calls ``filters``."""
    return _filter_of(document)


def rule(document: Document, around: ConversionContext) -> Document:
    """Return a collector rule. Raises ``UnfitError``."""
    required(document, "collector_rule_id", "domain_id")
    if resolve_collector(document, around) is None:
        raise UnfitError("its collector is gone")
    document["conditions"] = [each for each in _list(document.get("conditions")) if isinstance(each, dict)]
    document["tags"] = tags_of(document.get("tags"))
    fill(document, rule_type="CUSTOM", actions={}, options={}, order=1)
    document["created_at"] = made_at(document, around.now)
    return document


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
