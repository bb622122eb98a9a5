"""``spaceone.api.core.v1.ServerInfo``."""

from __future__ import annotations

from typing import Final

from inventory.api.endpoint import Request
from inventory.api.present import Presenter
from inventory.domain.principal import Principal
from inventory.stubs.spaceone.api.core.v1 import server_info_pb2
from inventory.version import package_version

_VERSION: Final = Presenter(server_info_pb2.VersionInfo.DESCRIPTOR)


class ServerInfoServicer:
    """Tells about this server."""

    def __init__(self) -> None:
        self._answer = _VERSION.one({"version": package_version()})

    def get_version(self, principal: Principal, request: Request) -> bytes:  # noqa: ARG002
        """Answer ``ServerInfo.get_version``."""
        return self._answer
