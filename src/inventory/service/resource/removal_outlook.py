"""Predicting what would delete a resource, and when (contract, section 7). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from inventory.domain import ids
from inventory.domain.clock import isoformat
from inventory.domain.plain import Document, Json
from inventory.domain.reference_key import type_name
from inventory.domain.texts import counted
from inventory.ingest.garbage import FEATURE
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
        excluded_domains: domains without housekeeping.
    """

    threshold: int
    grace: timedelta
    ages: Ages
    excluded_domains: Collection[str] = ()


def removals(
    document: Json,
    states: Iterable[Json],
    collectors: Mapping[str, Json],
    limits: RemovalLimits,
    shown: Collection[tuple[str, str]] | None = None,
    twins: Sequence[str] = (),
) -> list[Document]:
    """Return the fields of each ``Removal`` of a resource.

    Args:
        document: the stored resource.
        states: the collection states of all collectors and secrets that have seen it.
        collectors: the existing ones, by id.
        limits: the settings.
        shown: the collectors and secrets that the caller may see, or None for all; to a caller bound to projects, no
            hold and no secret of another project is named.
        twins: the ids of active resources because of which an undo does not restore a deleted one.
    """
    if document.get("state") == DELETED:
        kept_until = _later(document.get("deleted_at"), timedelta(days=limits.ages.retention_days))
        reason = _deletion(document, twins) if shown is None else "it was deleted"
        return [{"by": TERMINATION, "not_before": isoformat(kept_until), "reason": reason}]
    known = list(states)
    if holds := sorted({state["hold_id"] for state in known if state.get("hold_id")}):
        return [{"by": GARBAGE_COLLECTION, "reason": _held_by(holds, shown)}]
    if document.get("hold_id"):
        return [{"by": HOUSEKEEPING, "reason": _held_by([document["hold_id"]], shown)}]
    found = list(_by_garbage_collection(known, collectors, limits, shown))
    seen = known or document.get("collection_info")
    if seen and document["domain_id"] not in limits.excluded_domains:
        found.append(_by_age(document, limits.ages, is_kept=_is_kept(document, known)))
    return found


def _deletion(document: Json, twins: Sequence[str]) -> str:
    """Return what deleted a resource, and whether and how it can be restored."""
    by, job_id = str(document.get("deleted_by") or ""), document.get("deleted_in_job")
    if not by or by.startswith("user:"):
        return f"it was deleted by {by if by.removeprefix('user:') else 'a user'}, which cannot be undone"
    in_job = by.startswith(f"{ids.JOB_TASK}-")
    words = f"it was deleted by {by}{f' of {job_id}' if job_id else ''}"
    target = job_id if in_job else by
    if not target:
        return words
    if twins:
        return f"{words}; an undo does not restore it, because {' and '.join(twins[:3])} is the same and active"
    return f"{words}; to restore what this deleted: inventory deletion undo {target}"


def _held_by(holds: Iterable[str], shown: Collection[tuple[str, str]] | None) -> str:
    return f"only if {' or '.join(holds) if shown is None else 'the hold'}, which holds it, is approved"


def _is_kept(document: Json, states: Iterable[Json]) -> bool:
    """Return whether a hold of it was discarded, and nobody has seen or updated it since."""
    kept_at = document.get("kept_at")
    moments = [document.get("updated_at"), *(state.get("seen_at") for state in states)]
    return kept_at is not None and all(moment is None or moment <= kept_at for moment in moments)


def _by_garbage_collection(
    states: Iterable[Json],
    collectors: Mapping[str, Json],
    limits: RemovalLimits,
    shown: Collection[tuple[str, str]] | None,
) -> Iterator[Document]:
    for state in states:
        collector = collectors.get(state["collector_id"])
        if collector is None:
            continue
        metadata = collector["plugin_info"].get("metadata") or {}
        if FEATURE not in (metadata.get("supported_features") or ()):
            continue
        left = max(limits.threshold - (state.get("disconnected_count") or 0), 1)
        collects = counted(
            left,
            "more full collect with this secret that does not see it",
            "more full collects with this secret that do not see it",
        )
        pair = (state["collector_id"], state.get("secret_id") or "")
        names = {"collector_id": pair[0], "secret_id": pair[1]} if shown is None or pair in shown else {}
        yield names | {
            "by": GARBAGE_COLLECTION,
            "misses_left": left,
            "not_before": isoformat(_later(state.get("seen_at"), limits.grace)),
            "reason": f"{collects}, unless another collector or secret does",
        }


def _by_age(document: Json, ages: Ages, *, is_kept: bool) -> Document:
    if is_kept:
        reason = "not before it was seen or updated again: a hold of it was discarded"
        return {"by": HOUSEKEEPING, "reason": reason}
    hours = ages.hours_by_type.get(type_name(document), ages.resource_hours)
    age = "hour" if hours == 1 else "hours"
    return {
        "by": HOUSEKEEPING,
        "not_before": isoformat(_later(document.get("updated_at"), timedelta(hours=hours))),
        "reason": f"not updated for {hours:g} {age}, though the collector and secret that saw it last have collected "
        "since, or the collector is gone",
    }


def _later(moment: object, by: timedelta) -> datetime | None:
    return moment + by if isinstance(moment, datetime) else None
