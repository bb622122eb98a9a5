"""The parts of a machine that are collected; each area names its types and yields its items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from inventory.plugin_local.areas import host, network, software, storage
from inventory.plugin_local.resources import LocalResource, ServiceType


@dataclass(frozen=True, kw_only=True)
class Area:
    """One cloud_service_group: the types it may send, and how its items are found."""

    group: str
    types: Sequence[ServiceType]
    find: Callable[[], Iterable[LocalResource]]


AREAS = (
    Area(group=host.GROUP, types=host.TYPES, find=host.find),
    Area(group=storage.GROUP, types=storage.TYPES, find=storage.find),
    Area(group=network.GROUP, types=network.TYPES, find=network.find),
    Area(group=software.GROUP, types=software.TYPES, find=software.find),
)
