"""The duty: work that one of many processes does once per period."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired

from inventory.model.declare import Text, model, unique
from inventory.model.stored import StoredDocument


class StoredDuty(StoredDocument):
    """The process that does it, and the period.

    ``period_start`` is the last period that was begun; ``done_at`` is set when it ended. Until then the ``owner`` has
    the claim, as long as the lease is valid. ``session`` is the MongoDB session by which it writes under it.
    """

    name: Annotated[str, {"max_length": 64}]
    period_start: datetime
    owner: Text
    lease_until: datetime
    done_at: NotRequired[datetime]
    session: NotRequired[bytes]


Duty = model(
    StoredDuty,
    "duty",
    unique("name"),
)
