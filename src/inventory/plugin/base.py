"""What a plugin is: a class with up to four methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from inventory.domain.plain import Json
from inventory.plugin.resources import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION, Resource


class Refused(Exception):
    """The plugin refuses the options or the secret. Users see its text, which must not contain a value of the
    secret."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the service sends with a call.

    Attributes:
        options: the collector's options.
        secret_data: the secret; empty for ``init``.
        filter: what to collect; empty: everything.
        task: the slice to collect, one of those returned by ``tasks``; None: everything.
    """

    options: Json
    secret_data: Json = field(default_factory=dict, repr=False)
    filter: Json = field(default_factory=dict)
    task: Json | None = None


class Plugin:
    """A collector plugin. Its methods may run at the same time, on several threads.

    Attributes:
        metadata: what the plugin supports; returned by ``init`` unless that is overridden.
    """

    metadata: ClassVar[Mapping[str, Any]] = {
        "supported_resource_type": [CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION],
        "supported_features": ["garbage_collection"],
        "supported_schedules": ["hours", "minutes", "interval", "cron"],
    }

    def init(self, request: Request) -> Mapping[str, Any]:  # noqa: ARG002 (for those that override it)
        """Return the metadata. Called when a collector is created or changed; raises ``Refused`` for invalid
        options."""
        return self.metadata

    def verify(self, request: Request) -> None:
        """Return if the secret works. Raises ``Refused`` with the reason."""

    def tasks(self, request: Request) -> Iterable[Json]:
        """Return the slices that workers collect in parallel; override it to support slices."""
        raise NotImplementedError

    def collect(self, request: Request) -> Iterator[Resource]:
        """Yield each resource as soon as it is known, and an :class:`Error` for what cannot be collected. An exception
        ends the collect: what was sent is kept, and the task fails.
        """
        raise NotImplementedError

    @property
    def has_tasks(self) -> bool:
        """Whether ``tasks`` is overridden."""
        return type(self).tasks is not Plugin.tasks
