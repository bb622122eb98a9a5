"""Server reflection: how SpaceONE's generic client and grpcurl discover the API (contract, section 2).

That client iterates over every listed service and imports the published stubs by name. So the descriptors shown are in
a pool of their own: exactly the services of the published API, health with the two methods that old stubs know, and
not reflection itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import ReflectionServicer

SERVICES: Final = ("grpc.reflection.v1alpha.ServerReflection", "grpc.reflection.v1.ServerReflection")
"""Both names are served; their messages are identical on the wire."""

MAX_STREAMS: Final = 16
"""Maximum number of concurrent reflection calls; each holds a thread as long as its client keeps it open."""
STREAM_SECONDS: Final = 60.0
"""How long one reflection call may stay open, s."""

_HEALTH_METHODS: Final = frozenset({"Check", "Watch"})


def add_reflection(server: grpc.Server, services: Iterable[ServiceDescriptor]) -> None:
    """Serve reflection of ``services`` and of health.

    server: not yet started.
    services: the published services that are served.
    """
    shown = list(services)
    names = [service.full_name for service in shown] + [health_pb2.DESCRIPTOR.services_by_name["Health"].full_name]
    behavior = _Reflection(ReflectionServicer(names, pool=published_pool(shown)))
    handler = grpc.stream_stream_rpc_method_handler(
        behavior,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for service in SERVICES:
        made = {"ServerReflectionInfo": handler}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, made),))


def published_pool(services: Iterable[ServiceDescriptor]) -> DescriptorPool:
    """Return a pool with the files of ``services``, their imports, and health as the published stubs know it."""
    pool = DescriptorPool()
    added: set[str] = set()
    for service in services:
        _add_file(pool, service.file, added)
    health = FileDescriptorProto.FromString(health_pb2.DESCRIPTOR.serialized_pb)
    _keep_methods(health, _HEALTH_METHODS)
    pool.AddSerializedFile(health.SerializeToString())
    return pool


def _add_file(pool: DescriptorPool, file: FileDescriptor, added: set[str]) -> None:
    if file.name in added:
        return
    added.add(file.name)
    for dependency in file.dependencies:
        _add_file(pool, dependency, added)
    pool.AddSerializedFile(file.serialized_pb)


def _keep_methods(file: FileDescriptorProto, names: frozenset[str]) -> None:
    """Drop all methods except ``names``, and the messages that are then unused."""
    used: set[str] = set()
    for service in file.service:
        kept = [method for method in service.method if method.name in names]
        del service.method[:]
        service.method.extend(kept)
        used.update(name.rpartition(".")[2] for method in kept for name in (method.input_type, method.output_type))
    messages = [message for message in file.message_type if message.name in used]
    del file.message_type[:]
    file.message_type.extend(messages)


class _Reflection:
    """The library's servicer on threads of its own, so that an idle stream holds none of the threads of the API."""

    def __init__(self, servicer: ReflectionServicer) -> None:
        self._servicer = servicer
        self.experimental_thread_pool = ThreadPoolExecutor(MAX_STREAMS, thread_name_prefix="reflection")

    def __call__(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        timer = threading.Timer(STREAM_SECONDS, context.cancel)
        timer.daemon = True
        timer.start()
        context.add_callback(timer.cancel)
        yield from self._servicer.ServerReflectionInfo(requests, context)
