"""Calls to the gRPC API, from plain dicts to plain dicts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click
import grpc
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass

from inventory.cli.failures import EXIT_NOT_FOUND
from inventory.cli.hints import field_error, hint_for
from inventory.cli.options import ClientOptions
from inventory.cli.terminal import echo, one_line
from inventory.devruntime.running import DEFAULT_ENDPOINT
from inventory.process import channels
from inventory.process.addresses import parse
from inventory.protobuf.answers import plain
from inventory.protobuf.api_files import all_methods

EXIT_UNREACHABLE = 4

_LAST_RETRY_MS = 2_000
"""Watching goes on soon after the server is back."""

_UNREACHABLE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})


class CallError(click.ClickException):
    """A call that failed: one line, and an exit code that scripts can use."""

    def __init__(self, error: grpc.RpcError, options: ClientOptions) -> None:
        self.status = error.code()
        details = error.details() or ""
        if self.status in _UNREACHABLE and not details.startswith("ERROR_"):
            details = _unreached(options, details)
        self._not_found = details.startswith("ERROR_NOT_FOUND")
        details += hint_for(details, has_token=bool(options.token))
        super().__init__(one_line(" ".join(details.split())) or self.status.name)

    @property
    def unreachable(self) -> bool:
        """Whether the server did not answer; a retry may succeed."""
        return self.status in _UNREACHABLE

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """The exit code of the process."""
        if self.status in _UNREACHABLE:
            return EXIT_UNREACHABLE
        return EXIT_NOT_FOUND if self._not_found else click.ClickException.exit_code

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        """Print the line."""
        echo(f"error: {self.message}", err=True)


def _unreached(options: ClientOptions, details: str) -> str:
    origin = f" ({options.endpoint_origin})" if options.endpoint_origin else ""
    server = f"{options.endpoint}{origin}"
    if "handshake" in details.lower():
        return f"{server}: TLS failed: does the server use TLS, and does --ca trust its certificate for this name?"
    if "http1.x" in details:
        return f"{server} answers, but not by gRPC: is it the port of the console and the HTTP API?"
    hint = " --endpoint names another." if origin else ""
    return f"{server} cannot be reached or did not answer in time: is `inventory up` or a server running?{hint}"


class Client:
    """A connection to one server."""

    def __init__(self, options: ClientOptions) -> None:
        if not (options.token.isascii() and options.token.isprintable()):
            raise click.UsageError(
                "the token (--token, INVENTORY_TOKEN) contains invalid characters, perhaps a line break"
            )
        self._options = options
        self._channel = open_channel(options)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def call(self, name: str, /, **request: Any) -> dict[str, Any]:
        """Call a method and return the answer as a dict with original field names.

        Args:
            name: such as ``Collector.list``.
            request: the request's fields; ``domain_id`` is filled from the options if the message has it.

        Raises:
            CallError: the call failed.
            click.UsageError: the request does not fit the message.
        """
        method = all_methods()[name]
        if self._options.domain_id and "domain_id" in method.input_type.fields_by_name:
            request.setdefault("domain_id", self._options.domain_id)
        try:
            message = json_format.ParseDict(request, GetMessageClass(method.input_type)())
        except json_format.ParseError as exc:
            raise click.UsageError(f"{name}: {field_error(str(exc))}") from None
        stub = self._channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=type(message).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        metadata = (("token", self._options.token),) if self._options.token else ()
        try:
            answer = stub(message, timeout=self._options.timeout, metadata=metadata)
        except grpc.RpcError as exc:
            raise CallError(exc, self._options) from None
        # Not json_format: a single number that JSON cannot represent would fail the whole list.
        result: dict[str, Any] = plain(answer)
        return result


def connected() -> closing[Client]:
    """Give a client made from the command line's options, and close it afterwards."""
    return closing(
        Client(click.get_current_context().find_object(ClientOptions) or ClientOptions(endpoint=DEFAULT_ENDPOINT))
    )


def open_channel(options: ClientOptions) -> grpc.Channel:
    """Return a channel to the server. Raises ``click.UsageError`` for an invalid address."""
    address = parse(options.endpoint)
    if address is None:
        raise click.UsageError("--endpoint must be host:port, or grpc+ssl://host:port")
    return channels.open_channel(
        address, channels.channel_options(last_retry_ms=_LAST_RETRY_MS), lambda: _credentials(options.ca_file)
    )


def _credentials(ca_file: Path | None) -> grpc.ChannelCredentials:
    try:
        return grpc.ssl_channel_credentials(root_certificates=ca_file.read_bytes() if ca_file else None)
    except OSError as exc:
        raise click.UsageError(f"--ca {ca_file}: {exc.strerror}") from None
