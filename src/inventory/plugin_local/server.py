"""The plugin's gRPC server."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent import futures

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct

from inventory.plugin_local.collect import METADATA, Filter, FilterError, collect_machine
from inventory.plugin_local.resources import Envelope
from inventory.process.addresses import host_port
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2, collector_pb2_grpc

THREADS = 4
DRAIN_SECONDS = 5.0

logger = logging.getLogger(__name__)


class CollectorServicer(collector_pb2_grpc.CollectorServicer):
    """The three methods that make a collector plugin."""

    # ruff: noqa: ARG002 (gRPC gives every method both arguments)

    def init(self, request: collector_pb2.InitRequest, context: grpc.ServicerContext) -> collector_pb2.PluginInfo:
        """Tell what this plugin can do."""
        return collector_pb2.PluginInfo(metadata=_struct(METADATA))

    def verify(self, request: collector_pb2.VerifyRequest, context: grpc.ServicerContext) -> Empty:
        """Say that the secret works: this machine needs none."""
        return Empty()

    def collect(
        self, request: collector_pb2.CollectRequest, context: grpc.ServicerContext
    ) -> Iterator[collector_pb2.ResourceInfo]:
        """Stream what is on this machine; a filter that was not announced is INVALID_ARGUMENT."""
        try:
            wanted = Filter.parse(MessageToDict(request.filter))
        except FilterError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        count = 0
        for envelope in collect_machine(wanted):
            yield to_message(envelope)
            count += 1
        logger.info("collected %d resources", count)


def to_message(envelope: Envelope) -> collector_pb2.ResourceInfo:
    """Return the envelope as the protocol's message."""
    state = collector_pb2.ResourceInfo.FAILURE if envelope.error else collector_pb2.ResourceInfo.SUCCESS
    return collector_pb2.ResourceInfo(
        state=state,
        message=envelope.error,
        resource_type=envelope.resource_type,
        match_rules=_struct(envelope.match_rules),
        resource=_struct(envelope.resource),
    )


def build_server(host: str, port: int) -> tuple[grpc.Server, int]:
    """Return a server that is bound but not started, and its port.

    Args:
        host: address to listen on.
        port: TCP port; 0: any free one.

    Raises:
        OSError: the port is taken.
    """
    # Without this option a second plugin would share the port in silence.
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0)])
    collector_pb2_grpc.add_CollectorServicer_to_server(CollectorServicer(), server)
    where = host_port(host, port)
    try:
        bound = server.add_insecure_port(where)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {where}: the port is taken or not allowed") from error
    return server, bound


def _struct(content: Mapping[str, object]) -> Struct:
    return ParseDict(dict(content), Struct())


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then let running collects end for a few seconds.

    Call it from the main thread; arguments and errors as for :func:`build_server`.
    """
    stopping = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    server, bound = build_server(host, port)
    server.start()
    logger.info("the local collector plugin listens on %s:%d", host, bound)
    stopping.wait()
    server.stop(DRAIN_SECONDS).wait()
