"""What a plugin is: a class with up to four methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from inventory.domain.plain import Json
from inventory.plugin.resources import CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION, Resource


class Refused(Exception):
    """The plugin refuses: the options or the secret will not do. Its text is what users read; no value of a secret."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the service sends with a call.

    Attributes:
        options: the collector's options.
        secret_data: the secret; empty for ``init``.
        filter: what to narrow the collect to; empty: everything.
        task: the slice to collect, one of those that ``tasks`` named; None: all of it.
    """

    options: Json
    secret_data: Json = field(default_factory=dict, repr=False)
    filter: Json = field(default_factory=dict)
    task: Json | None = None


class Plugin:
    """A collector plugin. Its methods may run at the same time, on several threads.

    Attributes:
        metadata: what ``init`` answers, unless it is overridden: what the plugin can do.
    """

    metadata: ClassVar[Mapping[str, Any]] = {
        "supported_resource_type": [CLOUD_SERVICE, CLOUD_SERVICE_TYPE, REGION],
        "supported_features": ["garbage_collection"],
        "supported_schedules": ["hours", "minutes", "interval", "cron"],
    }

    def init(self, request: Request) -> Mapping[str, Any]:  # noqa: ARG002 (for those that override it)
        """Return the metadata. Asked when a collector is made or changed; raises ``Refused`` for wrong options."""
        return self.metadata

    def verify(self, request: Request) -> None:
        """Return if the secret works. Raises ``Refused`` with the reason."""

    def tasks(self, request: Request) -> Iterable[Json]:
        """Return the slices that workers collect side by side; overriding it is what makes a plugin slice."""
        raise NotImplementedError

    def collect(self, request: Request) -> Iterator[Resource]:
        """Yield each resource as soon as it is known; an :class:`Error` for what cannot be collected.

        Raising breaks the collect off: what was sent stays, and the task fails.
        """
        raise NotImplementedError

    @property
    def has_tasks(self) -> bool:
        """Whether ``tasks`` is there."""
        return type(self).tasks is not Plugin.tasks
