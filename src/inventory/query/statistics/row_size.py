"""Pipeline rows that may exceed the size of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from inventory.domain.plain import Json

_COPYING: Final = frozenset({"$push", "$addToSet", "$mergeObjects", "$first", "$last", "$max", "$min"})
"""Accumulators whose result may be as large as a document, or larger."""

_CHECK: Final[Json] = {"$match": {"$expr": {"$gt": [{"$bsonSize": "$$ROOT"}, 0]}}}
"""Passes every row, and fails with BSONObjectTooLarge if a row exceeds the maximum size of a document."""


def with_size_check(pipeline: Sequence[Json]) -> Sequence[Json]:
    """Return the pipeline extended so that a row too large for a document is reported as an error of the query.

    Without it, MongoDB 6.0 notices such a row only when it writes its reply, and then closes the connection, which
    looks like an outage. Pipelines whose rows cannot grow are left unchanged: the check costs some microseconds per
    row.
    """
    return [*pipeline, _CHECK] if any(_grows(stage) for stage in pipeline) else pipeline


def _grows(stage: Json) -> bool:
    fields = stage.get("$group")
    if fields is not None:
        return any(_COPYING & value.keys() for value in fields.values() if isinstance(value, Mapping))
    shown = stage.get("$project") or stage.get("$set") or {}
    # A member that is kept (1) or left out (0) adds nothing; the key of a group was already read.
    return any(value not in (0, 1) and not str(value).startswith("$_id") for value in shown.values())
