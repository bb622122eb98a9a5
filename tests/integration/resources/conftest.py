"""The resources' services behind a real gRPC server, wired as in production, on a real mongod."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import descriptor_pool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from pymongo.database import Database

from inventory.api.app import build_server
from inventory.api.interceptors.authentication import Caller
from inventory.api.interceptors.authorization import IdentityAuthorization
from inventory.api.method_handler import Gate
from inventory.bootstrap.resources import Resources
from inventory.connector.ports import Access
from inventory.domain.rate_limit import RateLimit
from inventory.settings import Settings
from tests.manual_clock import ManualClock

PACKAGE = "spaceone.api.inventory.v1"
DOMAIN = "domain-one"
PROJECTS = {
    "projects": [
        {"project_id": "project-a", "name": "A", "domain_id": DOMAIN, "project_group_id": "pg-child"},
        {"project_id": "project-b", "name": "B", "domain_id": DOMAIN, "project_group_id": "pg-far"},
    ],
    "project_groups": [
        {"project_group_id": "pg-root", "domain_id": DOMAIN},
        {"project_group_id": "pg-child", "domain_id": DOMAIN, "parent": "pg-root"},
        {"project_group_id": "pg-far", "domain_id": DOMAIN},
    ],
}


class Tokens:
    """Authenticator: the token is ``user`` or ``user@domain``."""

    def authenticate(self, token: str) -> Caller:
        user_id, _, domain_id = token.partition("@")
        return Caller(domain_id=domain_id or DOMAIN, user_id=user_id)


class Limits:
    """Identity: users called ``only-PROJECT`` are limited to that project, all others to nothing."""

    def authorize(self, *, principal: Any, **_: Any) -> Access:
        kind, _, project_id = principal.user_id.partition("-")
        return Access("PROJECT", frozenset({project_id})) if kind == "only" else Access("DOMAIN")


class Refused(AssertionError):
    """A call that failed."""

    def __init__(self, status: grpc.StatusCode, details: str) -> None:
        super().__init__(f"{status.name} {details}")
        self.status = status
        self.code, _, self.text = details.partition(": ")


@dataclass
class Client:
    """Calls methods by name with JSON; ``user`` is who calls."""

    channel: grpc.Channel
    user: str = "user-1"

    def by(self, user: str) -> Client:
        """The same for another user."""
        return Client(self.channel, user)

    def message(self, method: str, request: dict[str, Any] | None = None) -> Message:
        """Return the answer as a message."""
        service, _, name = method.partition(".")
        found = descriptor_pool.Default().FindServiceByName(f"{PACKAGE}.{service}").methods_by_name[name]
        sent = ParseDict(request or {}, GetMessageClass(found.input_type)())
        call = self.channel.unary_unary(f"/{PACKAGE}.{service}/{name}")
        try:
            answer = call(sent.SerializeToString(), metadata=(("token", self.user),), timeout=20)
        except grpc.RpcError as exc:
            raise Refused(exc.code(), exc.details()) from None
        return GetMessageClass(found.output_type).FromString(answer)

    def __call__(self, method: str, **request: Any) -> dict[str, Any]:
        """Return the answer as a dict with the .proto's names."""
        return MessageToDict(self.message(method, request), preserving_proto_field_name=True)

    def refused(self, method: str, **request: Any) -> Refused:
        """Return how the call fails."""
        with pytest.raises(Refused) as caught:
            self(method, **request)
        return caught.value

    def ids(self, method: str, id_field: str, **request: Any) -> list[str]:
        """Return the ids that a list method finds."""
        return [found[id_field] for found in self(method, **request).get("results", [])]


@pytest.fixture
def client(database: Database[dict[str, Any]], clock: ManualClock, tmp_path: Path) -> Iterator[Client]:
    """A client of a server of its own."""
    platform = tmp_path / "platform.yaml"
    platform.write_text(yaml.safe_dump(PROJECTS))
    settings = Settings(host="127.0.0.1", server_threads=4, drain_seconds=1, platform="static", static_file=platform)
    container = Resources(settings, clock=clock)
    vars(container)["database"] = database
    gate = Gate(Tokens(), IdentityAuthorization(Limits()), RateLimit(0, clock))  # type: ignore[arg-type]
    server = build_server(settings, use_cases=container, gate=gate, check=lambda: None, port=0)
    server.start()
    with grpc.insecure_channel(server.address, options=[("grpc.max_receive_message_length", -1)]) as channel:
        yield Client(channel)
    server.stop().wait(10)


@pytest.fixture
def make(client: Client) -> Callable[..., dict[str, Any]]:
    """Creates cloud services by RPC."""

    def create(name: str = "vm", **fields: Any) -> dict[str, Any]:
        return client(
            "CloudService.create",
            **{
                "name": name,
                "provider": "aws",
                "cloud_service_group": "EC2",
                "cloud_service_type": "Instance",
                "data": {"os": {"name": "linux"}, "cores": 2},
                **fields,
            },
        )

    return create
