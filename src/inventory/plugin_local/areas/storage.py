"""Disks and the file systems on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from inventory.plugin_local.resources import JSON, DisplayField, LocalResource, ServiceType

GROUP = "Storage"
SECTOR_BYTES = 512
"""The unit of /sys/block/*/size, regardless of the device's sector size (kernel documentation, stat and size)."""
GIB = 1024**3

DISK = ServiceType(
    group=GROUP,
    name="Disk",
    labels=("Storage",),
    fields=(
        DisplayField(key="data.device", name="Device"),
        DisplayField(key="data.size", name="Size", type="size", options={"source_unit": "BYTES"}, data_type="integer"),
        DisplayField(key="data.model", name="Model"),
        DisplayField(key="data.rotational", name="Rotational", data_type="boolean", optional=True),
        DisplayField(key="data.removable", name="Removable", data_type="boolean", optional=True),
    ),
)
FILE_SYSTEM = ServiceType(
    group=GROUP,
    name="FileSystem",
    is_primary=True,
    labels=("Storage",),
    fields=(
        DisplayField(key="data.mount_point", name="Mount Point"),
        DisplayField(key="data.device", name="Device"),
        DisplayField(key="data.type", name="Type"),
        DisplayField(key="data.size", name="Size", type="size", options={"source_unit": "BYTES"}, data_type="integer"),
        DisplayField(key="data.used_percent", name="Used (%)", data_type="integer"),
        DisplayField(key="data.options", name="Options", type="list", optional=True),
    ),
)
TYPES = (DISK, FILE_SYSTEM)


def find() -> Iterator[LocalResource]:
    """Yield the disks, then the file systems."""
    yield from disks()
    yield from file_systems()


def disks(block_devices: Path = Path("/sys/block")) -> Iterator[LocalResource]:
    """Yield the block devices that have a size; on a system without /sys there are none."""
    if not block_devices.is_dir():
        return
    for device in sorted(block_devices.iterdir()):
        size = _number(device / "size") * SECTOR_BYTES
        # Loop devices and RAM disks appear and disappear with their users.
        if size == 0 or device.name.startswith(("loop", "ram", "zram")):
            continue
        yield LocalResource(
            type=DISK,
            resource_id=f"disk/{device.name}",
            name=device.name,
            instance_size=round(size / GIB, 2),
            data={
                "device": f"/dev/{device.name}",
                "size": size,
                "model": _text(device / "device" / "model"),
                "rotational": _number(device / "queue" / "rotational") == 1,
                "removable": _number(device / "removable") == 1,
            },
        )


def file_systems() -> Iterator[LocalResource]:
    """Yield each mounted file system once, by its mount point."""
    seen: set[str] = set()
    for partition in psutil.disk_partitions(all=False):
        if partition.mountpoint in seen:
            continue
        seen.add(partition.mountpoint)
        options: list[JSON] = list(partition.opts.split(","))
        data: dict[str, JSON] = {
            "mount_point": partition.mountpoint,
            "device": partition.device,
            "type": partition.fstype,
            "options": options,
        }
        size = 0
        try:
            usage = psutil.disk_usage(partition.mountpoint)
        except OSError:
            # A stale network mount, or an empty drive: nothing else is known about it.
            pass
        else:
            size = usage.total
            # As `df` counts (Use%): of what is used and what is available, without what is reserved for root.
            data |= {"size": usage.total, "used_percent": round(usage.percent)}
        yield LocalResource(
            type=FILE_SYSTEM,
            resource_id=f"file-system{partition.mountpoint}",
            name=partition.mountpoint,
            instance_type=partition.fstype,
            instance_size=round(size / GIB, 2),
            data=data,
        )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int:
    text = _text(path)
    return int(text) if text.isdigit() else 0
