"""Turns rows of the table of methods into grpcio handlers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import TypeAlias

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from pymongo import IndexModel

from inventory.api.admission.cost import Index, heavy
from inventory.api.method_handler import Gate, MethodHandler
from inventory.api.method_row import MethodRow
from inventory.api.methods import METHODS
from inventory.model.indexes import declared_indexes
from inventory.service.use_cases import UseCases

Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"


def handlers(
    service: ServiceDescriptor, use_cases: UseCases, gate: Gate, methods: Mapping[str, MethodRow] = METHODS
) -> dict[str, Handler]:
    """Return the handler of each method of ``service`` by its name.

    Raises:
        TypeError: a method has no row, and the server must not start.
    """
    made: dict[str, Handler] = {}
    for method in service.methods:
        row = methods.get(f"/{service.full_name}/{method.name}")
        if row is None:
            raise TypeError(f"{service.full_name}.{method.name} has no row in the table of methods")
        answer = partial(row.answer, use_cases)
        is_heavy = heavy(row.policy.method, domain_indexes())
        handler = MethodHandler(row.policy, GetMessageClass(method.input_type), answer, gate, is_heavy)
        made[method.name] = grpc.unary_unary_rpc_method_handler(handler)
    return made


def add_services(
    server: grpc.Server, services: Iterable[ServiceDescriptor], use_cases: UseCases, gate: Gate
) -> list[str]:
    """Serve ``services`` and return their full names."""
    names = []
    for service in services:
        made = handlers(service, use_cases, gate)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, made),))
        server.add_registered_method_handlers(service.full_name, made)
        names.append(service.full_name)
    return names


@cache
def domain_indexes() -> dict[str, list[Index]]:
    """Return the indexes of each collection by which lists can be filtered and sorted within a domain."""
    found: dict[str, list[Index]] = {}
    for collection, models in declared_indexes().items():
        for model in models:
            first, *fields = model.document["key"].items()
            if first[0] == "domain_id" and not _is_partial(model):
                found.setdefault(collection, []).append(Index(fields, bool(model.document.get("unique"))))
    return found


def _is_partial(model: IndexModel) -> bool:
    return "partialFilterExpression" in model.document
