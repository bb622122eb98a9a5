"""The names of environment variables: those of settings, and further ones."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "INVENTORY_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
CLIENT_VARIABLES = frozenset({f"{PREFIX}{name}" for name in ("CONFIG", "ENDPOINT", "DOMAIN_ID", "TOKEN", "CA_FILE")})
"""Variables besides the settings: the settings file, and options of the client commands."""


def variable(name: str) -> str:
    """Return the environment variable of the setting ``name``."""
    return f"{PREFIX}{name.upper()}"
