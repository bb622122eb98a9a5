"""The address and port that the server listens on."""

from __future__ import annotations

import socket

from inventory.errors import SettingsError
from inventory.process.addresses import bare, family_of, host_port
from inventory.settings import Settings
from inventory.settings.contradictions import contradictions, identity_contradictions


def check_address(settings: Settings) -> None:
    """Return if the server may listen on the configured address.

    Raises:
        SettingsError: others could call without authentication, or the TLS settings are incomplete.
    """
    identity = set(identity_contradictions(settings))
    for contradiction in contradictions(settings):
        if contradiction not in identity:
            raise SettingsError(contradiction)


def check_identity(settings: Settings) -> None:
    """Return if callers can be identified and authorized with the settings.

    Raises:
        SettingsError: keys or permissions have no source.
    """
    for contradiction in identity_contradictions(settings):
        raise SettingsError(contradiction)


def probe_port(host: str, port: int) -> int:
    """Return a free port on ``host``: ``port``, or any free one if it is 0.

    With SO_REUSEPORT, a second server could silently bind a port in use and would receive half the calls; hence the
    probe.

    Raises:
        SettingsError: the port is taken, or the address does not belong to this machine.
    """
    with socket.socket(family_of(host), socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are just closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bare(host), port))
        except OSError as exc:
            where = host_port(host, port)
            raise SettingsError(f"port (INVENTORY_PORT): cannot listen on {where}: {exc.strerror}") from exc
        return int(probe.getsockname()[1])
