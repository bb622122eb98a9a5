"""Services of the .proto files → grpcio handlers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from inventory.api.endpoint import Endpoint, Gate, Method
from inventory.api.policy import POLICIES, Policy

Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"

Servicer = object
"""Has a public method (``endpoint.Method``) for each method of its service, under the same name."""


def handlers(
    service: ServiceDescriptor, servicer: Servicer, gate: Gate, policies: Mapping[str, Policy] = POLICIES
) -> dict[str, Handler]:
    """Return the handler of each method of ``service``.

    Raises:
        TypeError: a method without a policy or without an implementation: the server must not start.
    """
    made: dict[str, Handler] = {}
    for method in service.methods:
        policy = policies.get(f"/{service.full_name}/{method.name}")
        implementation: Method | None = getattr(servicer, method.name, None)
        if policy is None or implementation is None:
            lacks = "policy" if policy is None else "implementation"
            raise TypeError(f"{service.full_name}.{method.name} has no {lacks}")
        endpoint = Endpoint(policy, GetMessageClass(method.input_type), implementation, gate)
        made[method.name] = grpc.unary_unary_rpc_method_handler(endpoint)
    return made


def add_services(server: grpc.Server, services: Iterable[tuple[ServiceDescriptor, Servicer]], gate: Gate) -> list[str]:
    """Serve ``services`` and return their full names."""
    names = []
    for service, servicer in services:
        made = handlers(service, servicer, gate)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, made),))
        server.add_registered_method_handlers(service.full_name, made)
        names.append(service.full_name)
    return names
