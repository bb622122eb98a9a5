"""Checks the system token before its first use."""

from __future__ import annotations

from inventory.errors import SettingsError
from inventory.settings.fields import Settings


def check_system_token(settings: Settings) -> None:
    """Return if workers and schedulers have a token that can be sent to the platform services.

    Raises:
        SettingsError: the platform is SpaceONE's, and the token is empty or cannot be sent as metadata.
    """
    if settings.platform != "grpc":
        return
    token = settings.system_token.get_secret_value()
    reason = ""
    if not token:
        reason = "is required if platform is grpc"
    elif not token.isascii() or not token.isprintable() or " " in token:
        reason = "contains invalid characters, such as a space or a line break"
    if reason:
        raise SettingsError(f"system_token (INVENTORY_SYSTEM_TOKEN): {reason}")
