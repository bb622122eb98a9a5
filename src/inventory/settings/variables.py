"""The names of the environment variables: those of the settings, and those beside them."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "INVENTORY_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
CLIENT_VARIABLES = frozenset({f"{PREFIX}{name}" for name in ("CONFIG", "ENDPOINT", "DOMAIN_ID", "TOKEN", "CA_FILE")})
"""Variables beside the settings: where their file is, and what the client commands go by."""


def variable(name: str) -> str:
    """Return the environment variable of the setting ``name``."""
    return f"{PREFIX}{name.upper()}"
