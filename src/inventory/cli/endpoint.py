"""Finds the server that client commands call if neither ``--endpoint`` nor ``INVENTORY_ENDPOINT`` names one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inventory.devruntime.running import DATA_DIR, DEFAULT_ENDPOINT, FILE_NAME, running_up


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server to call.

    Attributes:
        address: as ``--endpoint`` takes it.
        origin: who chose it, in words for an error message; empty: the user named it.
    """

    address: str
    origin: str = ""


def find_endpoint(data_dir: Path = DATA_DIR) -> ServerAddress:
    """Return the server of the `inventory up` that runs on ``data_dir``, else the default."""
    if (found := running_up(data_dir)) is not None:
        return ServerAddress(found.endpoint, f"the `inventory up` on {data_dir}")
    if (data_dir / FILE_NAME).exists():
        return ServerAddress(DEFAULT_ENDPOINT, f"the default, since the `inventory up` on {data_dir} has ended")
    return ServerAddress(DEFAULT_ENDPOINT, "the default")
