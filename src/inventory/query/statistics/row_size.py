"""Rows of a pipeline that may outgrow a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

Stage = Mapping[str, Any]

_COPYING: Final = frozenset({"$push", "$addToSet", "$mergeObjects", "$first", "$last", "$max", "$min"})
"""Accumulators whose result may be as large as a document, or larger."""

_CHECK: Final[Stage] = {"$match": {"$expr": {"$gt": [{"$bsonSize": "$$ROOT"}, 0]}}}
"""Lets every row pass, and fails as BSONObjectTooLarge where a row is larger than a document may be."""


def with_size_check(pipeline: Sequence[Stage]) -> Sequence[Stage]:
    """Return the pipeline so that a row too large for a document is an error of the query.

    By itself MongoDB 6.0 notices such a row only as it writes its reply, and then closes the connection, which looks
    like an outage. Pipelines whose rows cannot grow stay as they are: the check costs some microseconds a row.
    """
    return [*pipeline, _CHECK] if any(_grows(stage) for stage in pipeline) else pipeline


def _grows(stage: Stage) -> bool:
    fields = stage.get("$group")
    if fields is not None:
        return any(_COPYING & value.keys() for value in fields.values() if isinstance(value, Mapping))
    shown = stage.get("$project") or stage.get("$set") or {}
    # A member that is kept (1) or left out (0) adds nothing; the key of a group is one that was read already.
    return any(value not in (0, 1) and not str(value).startswith("$_id") for value in shown.values())
