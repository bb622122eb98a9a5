"""SpaceONE's generic client in miniature, on the published stubs: ``python published_client.py ADDRESS``.

It walks every service that reflection lists, imports ``<package>.<file stem>_pb2_grpc``, resolves each method's
request in the published module and calls it; prints {service: {method: status}} as JSON. A process of its own, since
one process cannot hold both sets of descriptors.
"""

from __future__ import annotations

import importlib
import json
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

DOMAIN = "domain-one"


def call(stub: object, method: str, request: object) -> str:
    """Call and return the status and the error's code."""
    try:
        getattr(stub, method)(request, timeout=10)
    except grpc.RpcError as error:
        return f"{error.code().name} {error.details().partition(':')[0]}"
    return "OK"


def main(address: str) -> None:
    """Walk and print."""
    channel = grpc.insecure_channel(address)
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    walked: dict[str, dict[str, str]] = {}
    for name in database.get_services():
        service = pool.FindServiceByName(name)
        stem = service.file.name.removesuffix(".proto").replace("/", ".")
        messages, stubs = importlib.import_module(f"{stem}_pb2"), importlib.import_module(f"{stem}_pb2_grpc")
        stub = getattr(stubs, f"{service.name}Stub")(channel)
        walked[name] = {}
        for method in service.methods:
            if name == "grpc.health.v1.Health":
                continue
            if method.input_type.full_name == "google.protobuf.Empty":
                request = importlib.import_module("google.protobuf.empty_pb2").Empty()
            else:
                request = getattr(messages, method.input_type.name)(domain_id=DOMAIN)
            walked[name][method.name] = call(stub, method.name, request)
    print(json.dumps(walked))


if __name__ == "__main__":
    main(sys.argv[1])
