"""Which HTTP path belongs to which method: the ``google.api.http`` options of the descriptors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from google.api import annotations_pb2
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor

from inventory.protobuf.api_files import operations_files, published_files

FILES: Final[tuple[FileDescriptor, ...]] = (*published_files(), *operations_files())
"""The files of the API, in the order of the documentation."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and its path; always POST with the whole request as the body, according to the contract.

    Attributes:
        path: such as ``/inventory/v1/collector/update-plugin``.
    """

    path: str
    method: MethodDescriptor

    @property
    def service(self) -> str:
        """The short name of the service, such as ``Collector``."""
        return str(self.method.containing_service.name)

    @property
    def name(self) -> str:
        """The short name of the method, such as ``Collector.update_plugin``."""
        return f"{self.service}.{self.method.name}"

    @property
    def grpc_path(self) -> str:
        """The method's path in gRPC."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"


def routes(files: Iterable[FileDescriptor] = FILES) -> tuple[Route, ...]:
    """Return the route of each method that has a path.

    Raises:
        TypeError: a path is not a plain POST with the request as its body, the only kind that the gateway supports.
    """
    return tuple(
        _route(method)
        for file in files
        for service in file.services_by_name.values()
        for method in service.methods
        if method.GetOptions().HasExtension(annotations_pb2.http)
    )


def _route(method: MethodDescriptor) -> Route:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    if not rule.post or rule.body != "*" or "{" in rule.post or rule.additional_bindings:
        raise TypeError(f"{method.full_name}: only POST with the whole request as its body can be served")
    return Route(rule.post, method)
