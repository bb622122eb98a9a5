"""Shared by all appliers: the context, the counts, and how a resource fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from inventory.connector.ports import ResourceMessage
from inventory.domain.clock import Clock
from inventory.domain.job.outcome import Counts
from inventory.errors import InventoryError
from inventory.ingest.context import IngestContext
from inventory.ingest.error_log import ErrorLog
from inventory.ingest.review import Review


@dataclass(slots=True)
class Tally:
    """Counts and errors of a running ingest.

    Attributes:
        unchanged: number of updated resources that did not change.
        observed_at: when the current batch had been read.
    """

    context: IngestContext
    clock: Clock
    errors: ErrorLog
    review: Review
    counts: Counts = field(default_factory=Counts)
    resources_seen: int = 0
    unchanged: int = 0
    observed_at: datetime | None = None

    def fail(self, message: ResourceMessage, error: InventoryError) -> None:
        """Count ``message`` as failed and keep the error."""
        self.counts.failure += 1
        self.errors.add(error, resource_type=message.resource_type, resource=message.resource)

    def count_other(self, *, seen: bool) -> None:
        """Count a message that is none of created, updated and failed."""
        self.counts.uncounted += 1
        self.resources_seen += seen
