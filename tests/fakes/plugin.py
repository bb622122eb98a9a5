"""A scriptable collector plugin: a real gRPC server on loopback that does what a test tells it.

>>> with FakePlugin(resources=[cloud_service("i-1")]) as plugin:
...     plugin.endpoint, plugin.calls, plugin.wait_for("collect")
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

import grpc
from google.protobuf import json_format
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message as ProtoMessage

from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc, job_pb2, job_pb2_grpc
from tests.fakes.resources import Message, struct

MAX_MESSAGE_BYTES = 256 * 1024 * 1024


class Failure(Exception):
    """What a plugin says when it fails; raised by a script, or given as ``init_failure`` and so on."""

    def __init__(self, status: grpc.StatusCode = grpc.StatusCode.UNKNOWN, details: str = "the plugin broke") -> None:
        super().__init__(details)
        self.status = status
        self.details = details


@dataclass
class Call:
    """One call that the plugin received.

    Attributes:
        method: ``init``, ``verify``, ``get_tasks`` or ``collect``.
        present: names of the request's fields that were there, even if empty.
        ended: how a ``collect`` ended: ``done``, ``failed`` or ``canceled``; empty while it runs.
    """

    method: str
    request: ProtoMessage
    metadata: dict[str, str]
    present: frozenset[str]
    context: grpc.ServicerContext = field(repr=False)
    sent: int = 0
    ended: str = ""

    def _struct(self, name: str) -> dict[str, Any]:
        if name not in self.present:
            return {}
        return json_format.MessageToDict(getattr(self.request, name), preserving_proto_field_name=True)

    @property
    def options(self) -> dict[str, Any]:
        """The options received."""
        return self._struct("options")

    @property
    def secret_data(self) -> dict[str, Any]:
        """The secret data received."""
        return self._struct("secret_data")

    @property
    def filter(self) -> dict[str, Any]:
        """The filter received."""
        return self._struct("filter")

    @property
    def task_options(self) -> dict[str, Any] | None:
        """The task_options received, None where there were none."""
        return self._struct("task_options") if "task_options" in self.present else None

    def is_active(self) -> bool:
        """Whether the client still waits."""
        return bool(self.context.is_active())


class Gate:
    """Holds a stream back before its message number ``after`` (from 0) until it is opened."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.reached = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        """Let the stream, and all later ones, go on."""
        self._open.set()

    def wait(self, call: Call) -> None:
        """Block until the gate is open or the client has gone."""
        self.reached.set()
        while not self._open.wait(0.01):
            if not call.is_active():
                return


Sent = Message | bytes
"""A message of a stream, or the bytes of one, which may be broken."""
Resources = Iterable[Sent] | Callable[[Call], Iterable[Sent]]
Tasks = Sequence[Mapping[str, Any]] | Callable[[Call], Sequence[Mapping[str, Any]]]


_used_ports: set[int] = set()


class FakePlugin:
    """A collector plugin on a free port of 127.0.0.1. All attributes may be changed while it runs.

    Attributes:
        metadata: what ``init`` answers.
        resources: what ``collect`` streams: messages, or a function of the :class:`Call` (which may look at
            ``secret_data`` and ``task_options``, block, or raise :class:`Failure` between two messages).
        tasks: the task_options ``get_tasks`` answers; None: the plugin does not know slices (UNIMPLEMENTED).
        init_failure, verify_failure, tasks_failure: what these calls fail with.
        abort: ``(n, Failure)``: a stream fails after n messages.
        gate: holds every stream back.
        calls: what came in, oldest first.
    """

    def __init__(
        self,
        *,
        metadata: Mapping[str, Any] | None = None,
        resources: Resources = (),
        tasks: Tasks | None = None,
        init_failure: Failure | None = None,
        verify_failure: Failure | None = None,
        tasks_failure: Failure | None = None,
        abort: tuple[int, Failure] | None = None,
        gate: Gate | None = None,
        port: int = 0,
        credentials: grpc.ServerCredentials | None = None,
        threads: int = 32,
    ) -> None:
        self.metadata = dict(metadata or {})
        self.resources = resources
        self.tasks = tasks
        self.init_failure = init_failure
        self.verify_failure = verify_failure
        self.tasks_failure = tasks_failure
        self.abort = abort
        self.gate = gate
        self.port = port
        self.calls: list[Call] = []
        self.changed = threading.Condition()
        self._credentials = credentials
        self._threads = threads
        self._server: grpc.Server | None = None

    @property
    def endpoint(self) -> str:
        """Where it listens, as a plugin service would say it."""
        return f"{'grpc+ssl' if self._credentials else 'grpc'}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen; a plugin that was stopped comes back on the same port."""
        server, port = self._bound()
        while not self.port and port in _used_ports:
            # Whoever still asks the plugin that had it waits before it connects again, and the new one's calls fail.
            server.stop(None)
            server, port = self._bound()
        _used_ports.add(port)
        self.port = port
        server.start()
        self._server = server
        return self

    def _bound(self) -> tuple[grpc.Server, int]:
        options = [("grpc.max_send_message_length", MAX_MESSAGE_BYTES), ("grpc.so_reuseport", 0)]
        server = grpc.server(ThreadPoolExecutor(self._threads), options=options)
        server.add_generic_rpc_handlers((_collector_handler(_Collector(self)),))
        job_pb2_grpc.add_JobServicer_to_server(_Job(self), server)
        address = f"127.0.0.1:{self.port}"
        if self._credentials:
            return server, server.add_secure_port(address, self._credentials)
        return server, server.add_insecure_port(address)

    def stop(self) -> None:
        """Break all calls off and stop listening."""
        if self._server is not None:
            self._server.stop(grace=None).wait(10)
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def calls_of(self, method: str) -> list[Call]:
        """Return the calls of one method, oldest first."""
        with self.changed:
            return [call for call in self.calls if call.method == method]

    def wait_for(self, method: str, count: int = 1, *, ended: bool = False, timeout: float = 60.0) -> list[Call]:
        """Return the calls of ``method`` as soon as ``count`` have come (or, with ``ended``, ended)."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                found = [call for call in self.calls if call.method == method and (call.ended or not ended)]
                if len(found) >= count:
                    return found
                if not self.changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{len(found)} of {count} calls of {method} came within {timeout:g} s")

    @property
    def running(self) -> int:
        """How many streams run now."""
        return sum(not call.ended for call in self.calls_of("collect"))

    def _record(self, method: str, request: ProtoMessage, context: grpc.ServicerContext) -> Call:
        metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        present = frozenset(descriptor.name for descriptor, _ in request.ListFields())
        call = Call(method, request, metadata, present, context)
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()
        return call

    def _end(self, call: Call, how: str) -> None:
        with self.changed:
            call.ended = call.ended or how
            self.changed.notify_all()


def _fail(context: grpc.ServicerContext, failure: Failure) -> NoReturn:
    context.abort(failure.status, failure.details)
    raise AssertionError("abort returned")


def _collector_handler(servicer: _Collector) -> grpc.GenericRpcHandler:
    """Return what the generated code registers, but ``collect`` sends bytes as they are, so that they may be broken."""
    unary = grpc.unary_unary_rpc_method_handler
    methods = {
        "init": unary(servicer.init, collector_pb2.InitRequest.FromString, collector_pb2.PluginInfo.SerializeToString),
        "verify": unary(servicer.verify, collector_pb2.VerifyRequest.FromString, Empty.SerializeToString),
        "collect": grpc.unary_stream_rpc_method_handler(
            servicer.collect, collector_pb2.CollectRequest.FromString, _serialized
        ),
    }
    return grpc.method_handlers_generic_handler("spaceone.api.inventory.plugin.Collector", methods)


def _serialized(sent: Message | bytes) -> bytes:
    return sent if isinstance(sent, bytes) else sent.SerializeToString()


class _Collector(collector_pb2_grpc.CollectorServicer):
    def __init__(self, plugin: FakePlugin) -> None:
        self._plugin = plugin

    def init(self, request: collector_pb2.InitRequest, context: grpc.ServicerContext) -> collector_pb2.PluginInfo:
        self._plugin._record("init", request, context)
        if self._plugin.init_failure:
            _fail(context, self._plugin.init_failure)
        return collector_pb2.PluginInfo(metadata=struct(self._plugin.metadata))

    def verify(self, request: collector_pb2.VerifyRequest, context: grpc.ServicerContext) -> Empty:
        self._plugin._record("verify", request, context)
        if self._plugin.verify_failure:
            _fail(context, self._plugin.verify_failure)
        return Empty()

    def collect(
        self, request: collector_pb2.CollectRequest, context: grpc.ServicerContext
    ) -> Iterator[Message | bytes]:
        plugin = self._plugin
        call = plugin._record("collect", request, context)
        context.add_callback(lambda: plugin._end(call, "canceled"))
        try:
            yield from self._stream(call)
        except Failure as failure:
            plugin._end(call, "failed")
            _fail(context, failure)
        else:
            plugin._end(call, "done")

    def _stream(self, call: Call) -> Iterator[Sent]:
        plugin = self._plugin
        script = plugin.resources(call) if callable(plugin.resources) else plugin.resources
        for item in script:
            self._before(call)
            yield item
            call.sent += 1
        self._before(call)

    def _before(self, call: Call) -> None:
        plugin = self._plugin
        if plugin.abort is not None and call.sent == plugin.abort[0]:
            raise plugin.abort[1]
        if plugin.gate is not None and call.sent == plugin.gate.after:
            plugin.gate.wait(call)


class _Job(job_pb2_grpc.JobServicer):
    def __init__(self, plugin: FakePlugin) -> None:
        self._plugin = plugin

    def get_tasks(self, request: job_pb2.GetTaskRequest, context: grpc.ServicerContext) -> job_pb2.TasksInfo:
        plugin = self._plugin
        call = plugin._record("get_tasks", request, context)
        if plugin.tasks is None:
            _fail(context, Failure(grpc.StatusCode.UNIMPLEMENTED, "Method not found!"))
        if plugin.tasks_failure:
            _fail(context, plugin.tasks_failure)
        tasks = plugin.tasks(call) if callable(plugin.tasks) else plugin.tasks
        return job_pb2.TasksInfo(tasks=[job_pb2.TaskInfo(task_options=struct(options)) for options in tasks])
