"""The errors of one stream: the first hundred are kept, all are counted; none contains a secret or a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inventory.domain.plain import Json
from inventory.domain.redact import Redactor
from inventory.errors import MAX_MESSAGE_BYTES, InvalidResourceError, InventoryError, clip
from inventory.ingest.reading.kinds import CLOUD_SERVICE_TYPE, ERROR_TYPES, REGION
from inventory.ingest.reading.record import text

_ADDITIONAL_BYTES: Final = 160
_RESERVED_BYTES: Final = 64


class ErrorLog:
    """Collects the errors of single resources."""

    def __init__(self, *, secret_values: Json, limit: int) -> None:
        self._redact = Redactor(secret_values)
        self._limit = limit
        self.errors: list[Mapping[str, Any]] = []
        self.count = 0

    def add(self, error: InventoryError, *, resource_type: str, resource: Json | None = None) -> None:
        """Add ``error``, with what identifies its resource."""
        self.count += 1
        if len(self.errors) >= self._limit:
            return
        additional = {
            key: self._clean(value, _ADDITIONAL_BYTES) for key, value in _identity(resource_type, resource).items()
        }
        size = _RESERVED_BYTES + len(error.code) + sum(len(f"{k}{v}".encode()) + 8 for k, v in additional.items())
        self.errors.append(
            {
                "error_code": error.code,
                "message": self._clean(error.message, MAX_MESSAGE_BYTES - size),
                "additional": additional,
            }
        )

    def _clean(self, value: str, limit: int) -> str:
        return clip(self._redact(value), limit)


def _identity(resource_type: str, resource: Json | None) -> dict[str, str]:
    """Return at most resource_type, resource_id, provider, group, type and region of the resource."""
    found = {"resource_type": resource_type}
    if not resource:
        return found
    meant = resource.get("resource_type")
    if resource_type in ERROR_TYPES and isinstance(meant, str) and meant:
        found["resource_type"] = meant
    reference = resource.get("reference")
    is_type = resource_type == CLOUD_SERVICE_TYPE.resource_type
    sent = {
        "resource_id": reference.get("resource_id") if isinstance(reference, Mapping) else resource.get("resource_id"),
        "provider": resource.get("provider"),
        "cloud_service_group": resource.get("group" if is_type else "cloud_service_group"),
        "cloud_service_type": resource.get("name" if is_type else "cloud_service_type"),
        "region_code": resource.get("region_code"),
    }
    if resource_type == REGION.resource_type:
        sent.pop("resource_id")
    for key, value in sent.items():
        try:
            written = text(key, value)
        except InvalidResourceError:
            continue
        if written:
            found[key] = written
    return found
