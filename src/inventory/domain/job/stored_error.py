"""The stored form of an error in a job, a job task or a slice: the members of ``ErrorInfo``."""

from __future__ import annotations

from typing import Any

from inventory.errors import InventoryError


def error_document(error: InventoryError, **additional: str) -> dict[str, Any]:
    """Return ``{error_code, message, additional}``; ``additional`` says what the error is about."""
    return {"error_code": error.code, "message": error.message, "additional": additional}
