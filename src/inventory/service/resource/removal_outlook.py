"""Predicting what would delete a resource, and when (contract, section 7). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inventory.domain.clock import isoformat
from inventory.domain.plain import Json
from inventory.ingest.garbage import FEATURE
from inventory.model.connection import Document
from inventory.model.documents.cloud_service import DELETED
from inventory.service.resource.ageing import Ages

GARBAGE_COLLECTION: Final = "GARBAGE_COLLECTION"
HOUSEKEEPING: Final = "HOUSEKEEPING"
TERMINATION: Final = "TERMINATION"


@dataclass(frozen=True, slots=True)
class RemovalLimits:
    """The settings about deletion.

    Attributes:
        threshold: number of full collects without a resource after which it is DELETED.
        grace: resources seen within this time are not counted as missed.
        ages: the limits of age.
        excluded_domains: domains without housekeeping.
    """

    threshold: int
    grace: timedelta
    ages: Ages
    excluded_domains: Collection[str] = ()


def removals(
    document: Json, states: Iterable[Json], collectors: Mapping[str, Json], limits: RemovalLimits
) -> list[Document]:
    """Return the fields of each ``Removal`` of a resource.

    Args:
        document: the stored resource.
        states: the collection states of all collectors and secrets that have seen it.
        collectors: the existing ones, by id.
        limits: the settings.
    """
    if document.get("state") == DELETED:
        kept_until = _later(document.get("deleted_at"), timedelta(days=limits.ages.retention_days))
        by = document.get("deleted_by") or "a user"
        return [{"by": TERMINATION, "not_before": isoformat(kept_until), "reason": f"it was deleted by {by}"}]
    known = list(states)
    if holds := sorted({state["hold_id"] for state in known if state.get("hold_id")}):
        return [{"by": GARBAGE_COLLECTION, "reason": f"only if {' or '.join(holds)}, which holds it, is approved"}]
    found = list(_by_garbage_collection(known, collectors, limits))
    seen = known or document.get("collection_info")
    if seen and document["domain_id"] not in limits.excluded_domains:
        found.append(_by_age(document, limits.ages))
    return found


def _by_garbage_collection(
    states: Iterable[Json], collectors: Mapping[str, Json], limits: RemovalLimits
) -> Iterator[Document]:
    for state in states:
        collector = collectors.get(state["collector_id"])
        if collector is None:
            continue
        metadata = collector["plugin_info"].get("metadata") or {}
        if FEATURE not in (metadata.get("supported_features") or ()):
            continue
        left = max(limits.threshold - (state.get("disconnected_count") or 0), 1)
        collects = "1 more full collect" if left == 1 else f"{left} more full collects"
        yield {
            "by": GARBAGE_COLLECTION,
            "collector_id": state["collector_id"],
            "secret_id": state.get("secret_id") or "",
            "misses_left": left,
            "not_before": isoformat(_later(state.get("seen_at"), limits.grace)),
            "reason": f"{collects} with this secret that do not see it, unless another collector or secret does",
        }


def _by_age(document: Json, ages: Ages) -> Document:
    kind = ".".join(str(document.get(each) or "") for each in ("provider", "cloud_service_group", "cloud_service_type"))
    hours = ages.hours_by_type.get(kind, ages.resource_hours)
    return {
        "by": HOUSEKEEPING,
        "not_before": isoformat(_later(document.get("updated_at"), timedelta(hours=hours))),
        "reason": f"not updated for {hours:g} hours, though the collector and secret that saw it last have collected "
        "since, or the collector is gone",
    }


def _later(moment: object, by: timedelta) -> datetime | None:
    return moment + by if isinstance(moment, datetime) else None
