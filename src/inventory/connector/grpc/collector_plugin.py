"""The client of the collector plugin protocol (contract, ``collector-plugin.md``)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import grpc

from inventory.connector.grpc.call import StubMethod, ask, deadline_of, metadata_of, status_of
from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.grpc.decode import deserialize
from inventory.connector.grpc.errors import plugin_error, plugin_reason
from inventory.connector.grpc.metrics import PluginCall
from inventory.connector.grpc.stream import CollectStream, StreamCall, StreamOf
from inventory.connector.ports import Cancelable, PluginEndpoint
from inventory.domain.plain import Json
from inventory.domain.principal import Principal
from inventory.domain.redact import Redactor, secret_options
from inventory.errors import InventoryError, PluginError, PluginLateError, PluginUnavailableError
from inventory.process.tls import TlsFiles
from inventory.protobuf.struct import to_dict, to_struct
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc, job_pb2

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")

_COLLECT: Final = "/spaceone.api.inventory.plugin.Collector/collect"
_GET_TASKS: Final = "/spaceone.api.inventory.plugin.Job/get_tasks"
_EARLY_SECONDS: Final = 0.02
"""By how much a deadline may strike early: grpc counts by another clock, s."""


class GrpcPluginConnector:
    """See :class:`~inventory.connector.ports.PluginConnector`."""

    def __init__(self, *, max_message_bytes: int, init_timeout_seconds: float, tls: TlsFiles | None = None) -> None:
        """Prepare; nothing connects yet.

        Args:
            max_message_bytes: the largest message a plugin may send.
            init_timeout_seconds: deadline of ``init``, ``verify`` and ``get_tasks``, s.
        """
        self._channels = ChannelCache(
            max_message_bytes=max_message_bytes, tls=tls or TlsFiles(), single_threaded_streams=True
        )
        self._init_timeout_seconds = init_timeout_seconds

    def connect(self, endpoint: PluginEndpoint, principal: Principal) -> GrpcCollectorPlugin:
        """See the port."""
        channel = self._channels.get(endpoint.endpoint)
        return GrpcCollectorPlugin(
            channel=channel,
            access_token=endpoint.access_token,
            principal=principal,
            timeout_seconds=self._init_timeout_seconds,
        )

    def close(self) -> None:
        """See the port."""
        self._channels.close()


class GrpcCollectorPlugin:
    """See :class:`~inventory.connector.ports.CollectorPlugin`."""

    def __init__(
        self, *, channel: grpc.Channel, access_token: str, principal: Principal, timeout_seconds: float
    ) -> None:
        self._channel = channel
        self._access_token = access_token
        self._principal = principal
        self._timeout_seconds = timeout_seconds
        self._stub = collector_pb2_grpc.CollectorStub(channel)

    def init(self, options: Json) -> Json:
        """See the port."""
        request = collector_pb2.InitRequest(options=to_struct(options, name="options"))
        answer: collector_pb2.PluginInfo = self._call("init", self._stub.init, request, self._redactor(options, {}))
        return to_dict(answer.metadata)

    def verify(self, options: Json, secret_data: Json) -> None:
        """See the port."""
        request = collector_pb2.VerifyRequest(
            options=to_struct(options, name="options"), secret_data=to_struct(secret_data, name="secret_data")
        )
        self._call("verify", self._stub.verify, request, self._redactor(options, secret_data))

    def get_tasks(
        self, options: Json, secret_data: Json, *, on_call: Callable[[Cancelable], None] = lambda _: None
    ) -> Sequence[Json] | None:
        """See the port. Raises like ``verify``."""

        def ask(request: job_pb2.GetTaskRequest, /, **options: Any) -> job_pb2.TasksInfo:
            # As a stream of one message, which is identical on the wire: it runs on this thread and can be canceled
            # from
            # any. grpc's futures can as well, but need a thread and take twice as long.
            method = self._channel.unary_stream(
                _GET_TASKS,
                request_serializer=job_pb2.GetTaskRequest.SerializeToString,
                response_deserializer=job_pb2.TasksInfo.FromString,
            )
            call: StreamOf[job_pb2.TasksInfo] = method(request, **options)
            on_call(call)
            return _only(call)

        request = job_pb2.GetTaskRequest(
            options=to_struct(options, name="options"), secret_data=to_struct(secret_data, name="secret_data")
        )
        try:
            answer: job_pb2.TasksInfo = self._send("get_tasks", ask, request)
        except grpc.RpcError as exc:
            status, details = status_of(exc)
            if status is grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise plugin_error(status, details, self._redactor(options, secret_data)) from exc
        return [to_dict(task.task_options) for task in answer.tasks]

    def collect(
        self, options: Json, secret_data: Json, filter: Json, task_options: Json | None, *, idle_seconds: float
    ) -> CollectStream:
        """See the port. The caller's own deadline, if any, ends it with ``JobTimeoutError``."""
        request = collector_pb2.CollectRequest(
            options=to_struct(options, name="options"),
            secret_data=to_struct(secret_data, name="secret_data"),
            filter=to_struct(filter, name="filter"),
            task_options=None if task_options is None else to_struct(task_options, name="task_options"),
        )
        left = self._principal.remaining_seconds()
        # Created here and not by the thread that reads the stream: the trace context is known here.
        watched = PluginCall("collect")
        metadata = self._metadata() + watched.trace.metadata

        def start() -> StreamCall:
            method = self._channel.unary_stream(
                _COLLECT,
                request_serializer=collector_pb2.CollectRequest.SerializeToString,
                response_deserializer=deserialize,
            )
            call: StreamCall = method(request, timeout=None if math.isinf(left) else left, metadata=metadata)
            return call

        return CollectStream(
            start=start,
            idle_seconds=idle_seconds,
            end=time.monotonic() + left,
            redactor=self._redactor(options, secret_data),
            on_end=watched.end,
        )

    def _call(
        self, name: str, method: StubMethod[RequestT, ResponseT], request: RequestT, redactor: Redactor
    ) -> ResponseT:
        try:
            return self._send(name, method, request)
        except grpc.RpcError as exc:
            raise plugin_error(*status_of(exc), redactor) from exc

    def _send(self, name: str, method: StubMethod[RequestT, ResponseT], request: RequestT) -> ResponseT:
        timeout = deadline_of(self._timeout_seconds, self._principal)
        if timeout <= 0:
            raise PluginError(reason="no time left to ask the plugin")
        call = PluginCall(name)
        end = time.monotonic() + timeout - _EARLY_SECONDS
        try:
            metadata = self._metadata() + call.trace.metadata
            answer = ask(method, request, timeout=timeout, metadata=metadata, long=True)
            call.end(grpc.StatusCode.OK.name)
            return answer
        except grpc.RpcError as exc:
            status, details = status_of(exc)
            call.end(status.name)
            if status is grpc.StatusCode.DEADLINE_EXCEEDED and time.monotonic() >= end:
                raise PluginLateError(reason=plugin_reason(status, details, Redactor())) from exc
            raise
        except ValueError as exc:
            call.end(grpc.StatusCode.CANCELLED.name)
            # grpc's text for a closed channel: this process is about to stop.
            raise PluginUnavailableError(reason="the connection was closed") from exc
        except InventoryError:
            call.end(grpc.StatusCode.CANCELLED.name)
            raise

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        # The plugin gets its own token, never the caller's.
        own = (("token", self._access_token),) if self._access_token else ()
        return own + tuple(pair for pair in metadata_of(self._principal) if pair[0] != "token")

    def _redactor(self, options: Json, secret_data: Json) -> Redactor:
        return Redactor(self._access_token, secret_options(options), secret_data)


def _only(call: StreamOf[job_pb2.TasksInfo]) -> job_pb2.TasksInfo:
    """Return the only message of a unary call that is read as a stream."""
    found = None
    for message in call:
        if found is not None:
            call.cancel()
            raise PluginError(reason="it answered with more than one message")
        found = message
    if found is None:
        raise PluginError(reason="it answered without a message")
    return found
