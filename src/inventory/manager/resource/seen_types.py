"""The types of cloud services that a collector saw with a secret, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pymongo.database import Database

from inventory.domain.batches import batched
from inventory.domain.plain import Document
from inventory.domain.reference_key import TYPE_FIELDS
from inventory.model.connection import translated_errors
from inventory.model.documents.cloud_service import ACTIVE

LOOKED_AT: Final = 20_000
"""Maximum number of resources of one secret that are examined."""
_AT_ONCE: Final = 1_000


@dataclass(slots=True)
class SeenType:
    """The ACTIVE resources of one type.

    Attributes:
        resources: their number.
        missing: how many of them the last complete success did not see, counted as a miss or not.
        last_seen_at: when one of them was last seen.
        oldest_seen_at: the earliest of the times when each was last seen.
    """

    provider: str
    cloud_service_group: str
    cloud_service_type: str
    resources: int = 0
    missing: int = 0
    last_seen_at: datetime | None = None
    oldest_seen_at: datetime | None = None

    def add(self, state: Document, since: datetime | None) -> None:
        """Count one more resource by its collection state; what was last seen before ``since`` is missing."""
        seen_at = state.get("seen_at")
        self.resources += 1
        if state.get("disconnected_count") or (since and isinstance(seen_at, datetime) and seen_at < since):
            self.missing += 1
        if isinstance(seen_at, datetime):
            self.last_seen_at = max(seen_at, self.last_seen_at or seen_at)
            self.oldest_seen_at = min(seen_at, self.oldest_seen_at or seen_at)


class SeenTypes:
    """Reads the types from the collection states and the resources."""

    def __init__(self, *, database: Database[Document]) -> None:
        self._states = database["collection_state"]
        self._services = database["cloud_service"]

    @translated_errors()
    def of_secret(
        self,
        domain_id: str,
        collector_id: str,
        secret_id: str,
        *,
        since: datetime | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> tuple[list[SeenType], bool]:
        """Return the types by provider, group and type, and whether all resources of the secret were examined.

        Args:
            domain_id, collector_id, secret_id: whose resources.
            since: when the last complete success began; None if there is none.
            scope: limits them to what the caller may see.
        """
        pair = {"domain_id": domain_id, "collector_id": collector_id, "secret_id": secret_id}
        fields = {"_id": 0, "cloud_service_id": 1, "seen_at": 1, "disconnected_count": 1}
        states = {state["cloud_service_id"]: state for state in self._states.find(pair, fields).limit(LOOKED_AT + 1)}
        looked_at = list(states)[:LOOKED_AT]
        found: dict[tuple[str, str, str], SeenType] = {}
        for service in self._alive(domain_id, looked_at, scope or {}):
            provider, group, name = (str(service.get(part) or "") for part in TYPE_FIELDS)
            seen = found.setdefault((provider, group, name), SeenType(provider, group, name))
            seen.add(states[service["cloud_service_id"]], since)
        return [found[key] for key in sorted(found)], len(states) <= LOOKED_AT

    def _alive(self, domain_id: str, cloud_service_ids: Iterable[str], scope: Mapping[str, Any]) -> Iterable[Document]:
        fields = {"_id": 0, "cloud_service_id": 1} | dict.fromkeys(TYPE_FIELDS, 1)
        for some in batched(cloud_service_ids, _AT_ONCE):
            query = {"domain_id": domain_id, "cloud_service_id": {"$in": some}, "state": ACTIVE, **scope}
            yield from self._services.find(query, fields)
