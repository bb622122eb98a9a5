"""Helpers shared by the converters of all collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bson import ObjectId

from inventory.domain.plain import Document

CANCELED: Final = "CANCELED"
OPEN: Final = frozenset({"CREATED", "PENDING", "IN_PROGRESS"})
"""Statuses of jobs and tasks that wait in the original's queue: nobody will finish them."""


class UnfitError(Exception):
    """A document that has no counterpart here; its text is the reason, without any value of the document."""


@dataclass(frozen=True, slots=True)
class CollectorFacts:
    """The facts about a collector that other documents need."""

    collector_id: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionContext:
    """Information for converting a document, besides the document itself.

    Attributes:
        now: when the takeover began.
        spread_seconds: the interval over which fire times are spread, s.
        collectors: by the collector's ``_id`` and by its collector_id.
        collector_of_job: the collector_id by the job's ``_id`` and by its job_id.
        job_ids: the job_id by the job's ``_id``.
    """

    now: datetime
    spread_seconds: float = 0.0
    collectors: Mapping[Any, CollectorFacts] = field(default_factory=dict)
    collector_of_job: Mapping[Any, str] = field(default_factory=dict)
    job_ids: Mapping[Any, str] = field(default_factory=dict)


def required(document: Document, *keys: str) -> None:
    """Return if each of ``keys`` is a non-empty text. Raises :class:`UnfitError`."""
    for key in keys:
        if not isinstance(document.get(key), str) or not document[key]:
            raise UnfitError(f"no {key}")


def without_nulls(document: Mapping[str, Any], known: frozenset[str]) -> Document:
    """Return ``document`` without known members that are null: a field without a value is absent here."""
    return {key: value for key, value in document.items() if value is not None or key not in known}


def fill(document: Document, **defaults: Any) -> None:
    """Set the ``defaults`` of members that are missing, or whose type differs from the default's."""
    for key, value in defaults.items():
        if not isinstance(document.get(key), type(value)):
            document[key] = value


def tags_of(value: Any) -> Document:
    """Return tags as a dict, from a dict or a list of ``{key, value}``."""
    if isinstance(value, Mapping):
        return dict(value)
    pairs = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return {str(pair["key"]): pair.get("value") for pair in pairs if isinstance(pair, Mapping) and "key" in pair}


def made_at(document: Document, now: datetime) -> datetime:
    """Return when a document was created: by its created_at, else by its ``_id``."""
    if isinstance(document.get("created_at"), datetime):
        moment: datetime = document["created_at"]
        return moment
    key = document.get("_id")
    return key.generation_time if isinstance(key, ObjectId) else now


def resolve_collector(document: Document, around: ConversionContext) -> str | None:
    """Return the collector_id from its own member or from the reference, which is dropped if it is redundant."""
    reference = document.get("collector")
    reference = getattr(reference, "id", reference)
    found = document.get("collector_id")
    if not isinstance(found, str) or not found:
        known = around.collectors.get(reference)
        found = known.collector_id if known else None
    if found:
        document.pop("collector", None)
        document["collector_id"] = found
    return found
