"""What tells installations apart where several share a machine: where the settings of their processes lead.

Of an address only a digest is shown, and of user and password nothing.
"""

from __future__ import annotations

import hashlib
from typing import Final

from inventory.errors import SettingsError
from inventory.process.addresses import Address, host_port, parse, reachable
from inventory.settings.fields import Settings

_DIGITS: Final = 12


def store_mark(settings: Settings) -> str:
    """Return the mark of what uses the settings' MongoDB: server, workers and schedulers of one installation share it.

    User, password, options and the order of the hosts don't count.
    """
    authority = settings.mongo_uri.get_secret_value().partition("://")[2].split("?", 1)[0].split("/", 1)[0]
    hosts = sorted(authority.rpartition("@")[2].lower().split(","))
    return _digest("store", *hosts, settings.mongo_database)


def gateway_mark(settings: Settings) -> str:
    """Return the mark of a gateway: of the server that it calls.

    Raises:
        SettingsError: as ``server_address``.
    """
    return _digest("gateway", server_address(settings).target.lower())


def server_address(settings: Settings) -> Address:
    """Return where the gateway finds the server: ``gateway_upstream``, or where the settings let the server listen.

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
