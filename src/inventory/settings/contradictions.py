"""Combinations of settings that are invalid for the processes that use them."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.process.loopback import is_loopback
from inventory.settings.fields import Settings


def contradictions(settings: Settings) -> Iterator[str]:
    """Yield each combination of settings that contradicts itself, if that depends on the process that uses them.

    The affected process refuses to start; ``inventory config`` reports all of them.
    """
    if bool(settings.tls_certificate_file) != bool(settings.tls_key_file):
        yield "tls_certificate_file and tls_key_file: one needs the other"
    if settings.tls_client_ca_file and not settings.tls_certificate_file:
        yield "tls_client_ca_file: needs tls_certificate_file and tls_key_file"
    if bool(settings.platform_certificate_file) != bool(settings.platform_key_file):
        yield "platform_certificate_file and platform_key_file: one needs the other"
    yield from identity_contradictions(settings)
    if (
        settings.authentication == "none"
        and not settings.allow_unauthenticated_remote
        and not is_loopback(settings.host)
    ):
        yield (
            "host (INVENTORY_HOST): with authentication none the server listens on a loopback address only, "
            "unless allow_unauthenticated_remote is true"
        )


def identity_contradictions(settings: Settings) -> Iterator[str]:
    """Yield why callers cannot be identified or authorized with the settings: keys or roles have no source."""
    if settings.authentication == "jwt" and settings.jwks_file is None and settings.platform == "static":
        yield (
            "jwks_file (INVENTORY_JWKS_FILE): required for authentication jwt with platform static, "
            "which has no identity service that provides keys"
        )
    if settings.authorization == "identity" and settings.platform == "static":
        yield (
            "authorization (INVENTORY_AUTHORIZATION): identity needs platform grpc: the static file has no roles, "
            "so every caller would be allowed everything"
        )
    if settings.authorization == "identity" and settings.authentication == "none":
        yield (
            "authorization (INVENTORY_AUTHORIZATION): identity needs authentication jwt: an unknown caller has no roles"
        )
