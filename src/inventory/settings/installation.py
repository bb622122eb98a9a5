"""Distinguishes installations that share a machine by the addresses in their settings.

Only a digest of an address is shown, without user and password.
"""

from __future__ import annotations

import hashlib
from typing import Final

from inventory.errors import SettingsError
from inventory.process.addresses import Address, host_port, parse, reachable
from inventory.settings.fields import Settings

_DIGITS: Final = 12


def store_mark(settings: Settings) -> str:
    """Return the mark of processes that use the settings' MongoDB: an installation's server, workers and schedulers.

    User, password, options and the order of the hosts do not matter.
    """
    authority = settings.mongo_uri.get_secret_value().partition("://")[2].split("?", 1)[0].split("/", 1)[0]
    hosts = sorted(authority.rpartition("@")[2].lower().split(","))
    return _digest("store", *hosts, settings.mongo_database)


def gateway_mark(settings: Settings) -> str:
    """Return the mark of a gateway, which depends on the server that it calls.

    Raises:
        SettingsError: as ``server_address``.
    """
    return _digest("gateway", server_address(settings).target.lower())


def server_address(settings: Settings) -> Address:
    """Return the address of the gateway's server: ``gateway_upstream``, or the address on which the server listens.

    Raises:
        SettingsError: ``gateway_upstream`` is no address.
    """
    if not settings.gateway_upstream:
        target = host_port(reachable(settings.host), settings.port)
        return Address(target, secure=settings.tls_certificate_file is not None)
    address = parse(settings.gateway_upstream)
    if address is None:
        raise SettingsError(
            "gateway_upstream (INVENTORY_GATEWAY_UPSTREAM): must be host:port, grpc://host:port or grpc+ssl://host:port"
        )
    return address


def _digest(*facts: str) -> str:
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:_DIGITS]
