"""Network interfaces, their addresses, and listening ports."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterator

import psutil

from inventory.plugin_local.resources import JSON, DisplayField, LocalResource, ServiceType

GROUP = "Network"
FIRST_EPHEMERAL_PORT = 32768
"""Linux assigns ports from here on to outgoing UDP sockets; these are not services."""

INTERFACE = ServiceType(
    group=GROUP,
    name="Interface",
    is_primary=True,
    labels=("Network",),
    fields=(
        DisplayField(key="name", name="Interface"),
        DisplayField(key="data.is_up", name="Up", data_type="boolean"),
        DisplayField(key="data.mac_address", name="MAC Address"),
        DisplayField(key="ip_addresses", name="IP Addresses", type="list"),
        DisplayField(key="data.mtu", name="MTU", data_type="integer", optional=True),
        DisplayField(key="data.speed", name="Speed (Mbit/s)", data_type="integer", optional=True),
    ),
)
ADDRESS = ServiceType(
    group=GROUP,
    name="Address",
    labels=("Network",),
    fields=(
        DisplayField(key="data.address", name="Address"),
        DisplayField(key="data.family", name="Family"),
        DisplayField(key="data.interface", name="Interface"),
        DisplayField(key="data.netmask", name="Netmask", optional=True),
        DisplayField(key="data.broadcast", name="Broadcast", optional=True),
    ),
)
LISTENING_PORT = ServiceType(
    group=GROUP,
    name="ListeningPort",
    labels=("Network",),
    fields=(
        DisplayField(key="data.port", name="Port", data_type="integer"),
        DisplayField(key="data.protocol", name="Protocol"),
        DisplayField(key="data.address", name="Address"),
        DisplayField(key="data.process", name="Process"),
        DisplayField(key="data.user", name="User", optional=True),
        DisplayField(key="data.pids", name="PIDs", type="list", optional=True),
    ),
)
TYPES = (INTERFACE, ADDRESS, LISTENING_PORT)

_FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


def find() -> Iterator[LocalResource]:
    """Yield interfaces, addresses, listening ports."""
    yield from interfaces()
    yield from addresses()
    yield from listening_ports()


def interfaces() -> Iterator[LocalResource]:
    """Yield the network interfaces with all their addresses."""
    stats = psutil.net_if_stats()
    for name, entries in sorted(psutil.net_if_addrs().items()):
        mac = next((entry.address for entry in entries if entry.family == psutil.AF_LINK), "")
        data: dict[str, JSON] = {"mac_address": mac}
        if name in stats:
            data |= {"is_up": stats[name].isup, "mtu": stats[name].mtu, "speed": stats[name].speed}
        yield LocalResource(
            type=INTERFACE,
            resource_id=f"interface/{name}",
            name=name,
            ip_addresses=sorted(_plain(entry.address) for entry in entries if entry.family in _FAMILIES),
            data=data,
        )


def addresses() -> Iterator[LocalResource]:
    """Yield each IP address of each interface."""
    for name, entries in sorted(psutil.net_if_addrs().items()):
        for entry in entries:
            if entry.family not in _FAMILIES:
                continue
            address = _plain(entry.address)
            yield LocalResource(
                type=ADDRESS,
                resource_id=f"address/{name}/{address}",
                name=address,
                ip_addresses=[address],
                data={
                    "address": address,
                    "family": _FAMILIES[socket.AddressFamily(entry.family)],
                    "interface": name,
                    "netmask": entry.netmask or "",
                    "broadcast": entry.broadcast or "",
                },
            )


def listening_ports() -> Iterator[LocalResource]:
    """Yield each address and port with a listener once, even if several processes share it."""
    listeners: defaultdict[tuple[str, str, int], set[int]] = defaultdict(set)
    for connection in psutil.net_connections("inet"):
        if not connection.laddr:
            continue
        protocol = "tcp" if connection.type == socket.SOCK_STREAM else "udp"
        if protocol == "tcp" and connection.status != psutil.CONN_LISTEN:
            continue
        if protocol == "udp" and (connection.raddr or connection.laddr.port >= FIRST_EPHEMERAL_PORT):
            continue
        key = (protocol, connection.laddr.ip, connection.laddr.port)
        listeners[key].update(() if connection.pid is None else (connection.pid,))
    for (protocol, address, port), pids in sorted(listeners.items()):
        process, user = _owner(min(pids)) if pids else ("", "")
        listed: list[JSON] = [*sorted(pids)]
        yield LocalResource(
            type=LISTENING_PORT,
            resource_id=f"port/{protocol}/{address}/{port}",
            name=f"{protocol}/{port}" + (f" {process}" if process else ""),
            ip_addresses=[address],
            data={
                "protocol": protocol,
                "address": address,
                "port": port,
                "process": process,
                "user": user,
                "pids": listed,
            },
        )


def _owner(pid: int) -> tuple[str, str]:
    # Never its command line: secrets are passed there.
    try:
        process = psutil.Process(pid)
        return process.name(), process.username()
    except psutil.Error:
        return "", ""


def _plain(address: str) -> str:
    return address.partition("%")[0]
