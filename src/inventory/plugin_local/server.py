"""The plugin, served with ``inventory.plugin``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inventory import plugin
from inventory.plugin import Refused, Request, Resource
from inventory.plugin_local.collect import METADATA, Filter, FilterError, collect_machine


class LocalPlugin(plugin.Plugin):
    """Collects the machine it runs on; needs no secret."""

    def init(self, request: Request) -> Mapping[str, Any]:  # noqa: ARG002 (it has no options)
        """Return what this plugin supports."""
        return METADATA

    def collect(self, request: Request) -> Iterator[Resource]:
        """Yield the resources of this machine; a filter that was not announced is refused."""
        try:
            wanted = Filter.parse(request.filter)
        except FilterError as error:
            raise Refused(str(error)) from error
        yield from collect_machine(wanted)


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises ``OSError``: the port is taken."""
    plugin.serve(LocalPlugin(), host=host, port=port)
