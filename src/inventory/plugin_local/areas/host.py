"""The machine itself: processor, memory, kernel, boot time."""

from __future__ import annotations

import hashlib
import platform
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil

from inventory.plugin_local.resources import DisplayField, LocalResource, ServiceType

GROUP = "Compute"

HOST = ServiceType(
    group=GROUP,
    name="Host",
    is_primary=True,
    is_major=True,
    labels=("Compute", "Server"),
    fields=(
        DisplayField(key="data.hostname", name="Hostname"),
        DisplayField(key="data.os.name", name="OS"),
        DisplayField(key="data.os.kernel", name="Kernel"),
        DisplayField(key="data.os.architecture", name="Architecture"),
        DisplayField(key="data.cpu.logical", name="CPUs", data_type="integer"),
        DisplayField(key="data.memory.total", name="Memory", type="size", options={"source_unit": "BYTES"}),
        DisplayField(key="data.boot_time", name="Booted", type="datetime", options={"source_type": "iso8601"}),
        DisplayField(key="data.cpu.model", name="CPU Model", optional=True),
        DisplayField(key="data.memory.swap", name="Swap", type="size", options={"source_unit": "BYTES"}, optional=True),
    ),
)
TYPES = (HOST,)

MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
BOOT_TIME_STEP_SECONDS = 60
"""The kernel computes the boot time from the clock, so it fluctuates; that is not a change of the machine."""


def account() -> str:
    """Return a permanent identifier of this machine: derived from its machine id, else from its name.

    machine-id(5) asks to show only a hash of the id.
    """
    for path in MACHINE_ID_FILES:
        try:
            text = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return "machine-" + hashlib.sha256(f"inventory.plugin_local:{text}".encode("ascii")).hexdigest()[:12]
    return "machine-" + socket.gethostname()


def time_zone() -> str:
    """Return the name of this machine's time zone."""
    return time.tzname[0]


def find() -> Iterator[LocalResource]:
    """Yield the host."""
    hostname = socket.gethostname()
    logical = psutil.cpu_count() or 1
    model = cpu_model()
    system, distribution = platform.system(), _distribution()
    booted = int(psutil.boot_time()) // BOOT_TIME_STEP_SECONDS * BOOT_TIME_STEP_SECONDS
    yield LocalResource(
        type=HOST,
        resource_id="host",
        name=hostname,
        instance_type=model,
        instance_size=float(logical),
        ip_addresses=_addresses(),
        tags={"os": system, "architecture": platform.machine()},
        data={
            "hostname": hostname,
            "os": {
                "name": distribution or system,
                "system": system,
                "kernel": platform.release(),
                "version": platform.version(),
                "architecture": platform.machine(),
            },
            "cpu": {"model": model, "logical": logical, "physical": psutil.cpu_count(logical=False)},
            "memory": {"total": psutil.virtual_memory().total, "swap": psutil.swap_memory().total},
            "boot_time": datetime.fromtimestamp(booted, UTC).isoformat(),
        },
    )


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's model name, or the architecture if it is unknown."""
    try:
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _addresses() -> list[str]:
    families = (socket.AF_INET, socket.AF_INET6)
    found = {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in families
    }
    return sorted(found - {"127.0.0.1", "::1"})
