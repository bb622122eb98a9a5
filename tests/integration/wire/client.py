"""Calling the service with JSON through its descriptors, as grpcurl does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from joserfc import jwt
from joserfc.jwk import RSAKey

from inventory.protobuf.api_files import all_files

Json = dict[str, Any]

SERVICES: Mapping[str, ServiceDescriptor] = {
    name: service for file in all_files() for name, service in file.services_by_name.items()
}
"""Every service of the API, by its short name."""

FINISHED = frozenset({"SUCCESS", "ERROR", "CANCELED", "TIMEOUT"})
KEY = RSAKey.generate_key(2048, {"kid": "wire"})
"""Signs the tokens of all domains."""


class CallFailed(Exception):
    """A call that was answered with an error."""

    def __init__(self, status: grpc.StatusCode, details: str) -> None:
        super().__init__(f"{status.name} {details}")
        self.status = status
        self.details = details


def method_of(name: str) -> MethodDescriptor:
    """Return the descriptor of ``Service.method``."""
    service, _, method = name.partition(".")
    return SERVICES[service].methods_by_name[method]


def token_of(domain_id: str, **claims: Any) -> str:
    """Return a token of a user of the domain."""
    now = int(time.time())
    content = {"did": domain_id, "aud": "user-1", "iat": now, "exp": now + 600, "cat": "ACCESS_TOKEN", **claims}
    return str(jwt.encode({"alg": "RS256", "kid": "wire"}, content, KEY))


@dataclass(frozen=True)
class Client:
    """Calls methods with JSON through the descriptors, as grpcurl does, and answers with JSON.

    Attributes:
        channel: to the server.
        domain_id: put into every request that takes one and has none; empty: nothing is put there.
        token: sent along; empty: none.
    """

    channel: grpc.Channel = field(repr=False)
    domain_id: str = ""
    token: str = field(default="", repr=False)

    def call(self, name: str, request: Mapping[str, Any] | None = None, *, timeout: float | None = 30) -> Json:
        """Call ``Service.method``. Raises ``CallFailed``."""
        method = method_of(name)
        content = dict(request or {})
        if self.domain_id and "domain_id" in method.input_type.fields_by_name:
            content.setdefault("domain_id", self.domain_id)
        message = ParseDict(content, GetMessageClass(method.input_type)())
        answer_type = GetMessageClass(method.output_type)
        send = self.channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=answer_type.FromString,
        )
        try:
            answer = send(message, timeout=timeout, metadata=[("token", self.token)] if self.token else [])
        except grpc.RpcError as exc:
            raise CallFailed(exc.code(), exc.details() or "") from exc
        return dict(MessageToDict(answer, preserving_proto_field_name=True))

    def fails(self, name: str, request: Mapping[str, Any] | None = None) -> tuple[str, str]:
        """Return status and code of a call that must fail."""
        status, _, details = self.failure_of(name, request).partition(" ")
        return status, details.partition(":")[0]

    def failure_of(self, name: str, request: Mapping[str, Any] | None = None) -> str:
        """Return status and details of a call that must fail."""
        try:
            answer = self.call(name, request)
        except CallFailed as failure:
            return str(failure)
        raise AssertionError(f"{name} was answered: {answer}")

    def finished(self, job: Json, *, seconds: float = 30) -> Json:
        """Return the job as soon as it has ended."""
        job_id = job["job_id"]
        return until(lambda: self.call("Job.get", {"job_id": job_id}), lambda j: j["status"] in FINISHED, seconds)

    def tasks(self, job: Json) -> list[Json]:
        """Return the tasks of a job."""
        return list(self.call("JobTask.list", {"job_id": job["job_id"]}).get("results", []))


def until(read: Callable[[], Json], holds: Callable[[Json], bool], seconds: float = 30) -> Json:
    """Return what ``read`` gives as soon as that ``holds``."""
    deadline = time.monotonic() + seconds
    while not holds(found := read()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {found}"
        time.sleep(0.02)
    return found
