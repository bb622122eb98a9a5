"""Calls to the gRPC API, from plain dicts to plain dicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import click
import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from inventory.stubs.inventory.operations.v1 import operations_pb2
from inventory.stubs.spaceone.api.core.v1 import server_info_pb2
from inventory.stubs.spaceone.api.inventory.v1 import (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_pb2,
    collector_rule_pb2,
    job_pb2,
    job_task_pb2,
    region_pb2,
)

EXIT_NOT_FOUND = 3
EXIT_UNREACHABLE = 4

_FILES = (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_pb2,
    collector_rule_pb2,
    job_pb2,
    job_task_pb2,
    operations_pb2,
    region_pb2,
    server_info_pb2,
)
_UNREACHABLE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How to reach the service, and how to print.

    Attributes:
        endpoint: ``host:port`` of the gRPC server.
        domain_id: put into requests that have none.
        token: sent as metadata; never printed.
        timeout: deadline of one call, in seconds.
        as_json: print JSON for scripts instead of tables.
    """

    endpoint: str
    domain_id: str = ""
    token: str = field(default="", repr=False)
    timeout: float = 30.0
    as_json: bool = False


class CallError(click.ClickException):
    """A call that failed: one line, and an exit code that scripts can use."""

    def __init__(self, error: grpc.RpcError, endpoint: str) -> None:
        self.status = error.code()
        details = error.details() or ""
        if self.status in _UNREACHABLE and not details.startswith("ERROR_"):
            details = f"{endpoint} cannot be reached or did not answer in time: is `inventory up` or a server running?"
        self._not_found = details.startswith("ERROR_NOT_FOUND")
        super().__init__(details or self.status.name)

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """What the process ends with."""
        if self.status in _UNREACHABLE:
            return EXIT_UNREACHABLE
        return EXIT_NOT_FOUND if self._not_found else click.ClickException.exit_code

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"error: {self.message}", err=True, file=file)


@cache
def methods() -> dict[str, MethodDescriptor]:
    """Return every method of the API by its short name, such as ``Collector.list``."""
    return {
        f"{service.name}.{method.name}": method
        for file in _FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


class Client:
    """A connection to one server."""

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        limit = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._channel = grpc.insecure_channel(options.endpoint, options=limit)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def call(self, name: str, /, **request: Any) -> dict[str, Any]:
        """Call a method and return the answer as a dict with original field names.

        Args:
            name: such as ``Collector.list``.
            request: the request's fields; ``domain_id`` is filled from the options where the message has it.

        Raises:
            CallError: the call failed.
            click.UsageError: the request does not fit the message.
        """
        method = methods()[name]
        if self._options.domain_id and "domain_id" in method.input_type.fields_by_name:
            request.setdefault("domain_id", self._options.domain_id)
        try:
            message = json_format.ParseDict(request, GetMessageClass(method.input_type)())
        except json_format.ParseError as exc:
            raise click.UsageError(f"{name}: {exc}") from None
        stub = self._channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=type(message).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        metadata = (("token", self._options.token),) if self._options.token else ()
        try:
            answer = stub(message, timeout=self._options.timeout, metadata=metadata)
        except grpc.RpcError as exc:
            raise CallError(exc, self._options.endpoint) from None
        result: dict[str, Any] = json_format.MessageToDict(answer, preserving_proto_field_name=True)
        return result

    def find_collector(self, name_or_id: str) -> dict[str, Any]:
        """Return the collector with this id or, if there is exactly one, this name."""
        if name_or_id.startswith("collector-"):
            return self.call("Collector.get", collector_id=name_or_id)
        found = self.call("Collector.list", name=name_or_id).get("results", [])
        if len(found) != 1:
            raise AmbiguousNameError(name_or_id, [each["collector_id"] for each in found])
        result: dict[str, Any] = found[0]
        return result


class AmbiguousNameError(click.ClickException):
    """A name that stands for no collector, or for several."""

    exit_code = EXIT_NOT_FOUND

    def __init__(self, name: str, ids: list[str]) -> None:
        found = f"several collectors: {', '.join(ids)}" if ids else "no collector"
        super().__init__(f"{name!r} names {found}")


@contextmanager
def connected(context: click.Context) -> Iterator[Client]:
    """Give a client made from the command line's options, and close it."""
    client = Client(context.find_object(ClientOptions) or ClientOptions(endpoint="127.0.0.1:50051"))
    try:
        yield client
    finally:
        client.close()
