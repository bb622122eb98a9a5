"""What the checks need from the process that runs them; ``bootstrap`` provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pymongo.database import Database

from inventory.connector.ports import Identity, SecretStore
from inventory.connector.queue_port import BandState
from inventory.domain.clock import Clock
from inventory.domain.plain import Document
from inventory.manager.collector.plugins import PluginManager
from inventory.manager.collector.secrets import SecretManager
from inventory.migration.migrator import Migrator
from inventory.settings import Settings


@dataclass(frozen=True, slots=True)
class StaticFaults:
    """The faults of a static platform file.

    Attributes:
        plugins, secrets: their number in the file.
        exposed: whether it contains secrets' data that others may read.
        unreadable: by secret_id, why its data cannot be read by this user in this environment.
    """

    plugins: int
    secrets: int
    exposed: bool
    unreadable: Mapping[str, str]


class PlatformServices(Protocol):
    """The platform services that are asked."""

    @property
    def identity(self) -> Identity: ...
    @property
    def secrets(self) -> SecretStore: ...


class WaitingQueue(Protocol):
    """The queue for the workers."""

    def states(self) -> Sequence[BandState]:
        """Return the state of each band. Raises ``ConnectionFailureError``."""


class Surroundings(Protocol):
    """The objects of the process."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database[Document]: ...
    @property
    def migrator(self) -> Migrator: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def machine_clock(self) -> Clock: ...
    @property
    def queue(self) -> WaitingQueue: ...
    @property
    def platform(self) -> PlatformServices: ...
    @property
    def plugins(self) -> PluginManager: ...
    @property
    def secrets(self) -> SecretManager: ...

    def static_faults(self, path: Path) -> StaticFaults:
        """Return the faults of the platform file at ``path``.

        Raises:
            SettingsError: it cannot be read; names file, line and reason.
        """
