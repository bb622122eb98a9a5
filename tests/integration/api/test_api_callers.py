"""Callers with tokens: their domain, their permissions, their projects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pymongo.database import Database

from inventory.api.app import Server
from inventory.api.gate import make_gate
from inventory.connector.ports import Access
from inventory.errors import PermissionDeniedError
from tests.integration.api.conftest import DOMAIN, Client, FakeContainer, collector, job, job_task, settings

Store = Database[dict[str, Any]]
KEY = RSAKey.generate_key(2048, {"kid": "one"})


class FakeIdentity:
    """Says what a test tells it to."""

    def __init__(self) -> None:
        self.access: Access | None = Access("PROJECT", frozenset({"project-b"}))

    def authorize(self, **question: Any) -> Access:
        if self.access is None:
            raise PermissionDeniedError
        return self.access


class FakePlatform:
    """Only identity."""

    def __init__(self) -> None:
        self.identity = FakeIdentity()


@pytest.fixture
def client(start: Callable[..., Server], container: FakeContainer, database: Store, tmp_path: Path) -> Client:
    """A client of a server that wants tokens and asks identity."""
    database["collector"].insert_many([collector(0), collector(1, domain_id="another")])
    database["job"].insert_many([job(0), job(1, projects=["project-b"]), job(2, projects=["project-a", "project-b"])])
    database["job_task"].insert_many([job_task(0), job_task(1, project_id="project-b", secret_id="s1")])
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    container.platform = FakePlatform()
    values = {"authentication": "jwt", "authorization": "identity", "jwks_file": jwks}
    return Client(start(gate=make_gate(settings(**values), container), **values))


def token(container: FakeContainer, **claims: Any) -> tuple[tuple[str, str], ...]:
    now = int(container.clock.now().timestamp())
    content = {"did": DOMAIN, "aud": "user-1", "iat": now, "exp": now + 60, "user_type": "USER", **claims}
    return (("token", jwt.encode({"alg": "RS256", "kid": "one"}, content, KEY)),)


def status(client: Client, method: str, request: dict[str, Any], metadata: Any = ()) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        client.call(method, request, metadata=metadata)
    return caught.value.code(), caught.value.details()


def test_no_token_and_a_wrong_one_are_the_same_answer(client: Client) -> None:
    expected = (grpc.StatusCode.UNAUTHENTICATED, "ERROR_AUTHENTICATE_FAILURE: Authentication failed.")

    assert status(client, "Collector.list", {}) == expected
    assert status(client, "Collector.list", {}, (("token", "x.y.z"),)) == expected


def test_version_and_health_need_no_token(client: Client) -> None:
    assert client.call("spaceone.api.core.v1.ServerInfo.get_version")
    assert client.raw("grpc.health.v1.Health", "Check")(b"") == b"\x08\x01"


@pytest.mark.parametrize("user_type", ["USER", "API_USER", "SYSTEM"])
def test_another_domain_than_the_tokens_is_refused(client: Client, container: FakeContainer, user_type: str) -> None:
    own = client.call("Collector.list", {"domain_id": DOMAIN}, metadata=token(container, user_type=user_type))

    assert [item["domain_id"] for item in own["results"]] == [DOMAIN]
    for method, request in (("Collector.list", {}), ("Collector.delete", {"collector_id": "collector-000000000001"})):
        refused = status(client, method, {**request, "domain_id": "another"}, token(container, user_type=user_type))
        assert refused[0] is grpc.StatusCode.PERMISSION_DENIED


def test_a_domains_owner_stays_in_its_domain(client: Client, container: FakeContainer) -> None:
    owner = token(container, user_type="DOMAIN_OWNER")

    found = client.call("Collector.list", {"domain_id": "another"}, metadata=owner)

    assert [item["domain_id"] for item in found["results"]] == [DOMAIN]


def test_the_role_that_identity_tells_makes_the_system_which_must_name_a_domain(
    client: Client, container: FakeContainer
) -> None:
    container.platform.identity.access = Access("SYSTEM", None)

    found = client.call("Collector.list", {"domain_id": "another"}, metadata=token(container))

    assert [item["domain_id"] for item in found["results"]] == ["another"]
    assert status(client, "Collector.list", {"domain_id": ""}, token(container)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "ERROR_REQUIRED_PARAMETER: Required parameter. (key = domain_id)",
    )


def test_a_tokens_permissions_bound_it(client: Client, container: FakeContainer) -> None:
    metadata = token(container, permissions=["inventory.Job.*"])

    client.call("Job.list", metadata=metadata)
    assert status(client, "Collector.list", {}, metadata)[0] is grpc.StatusCode.PERMISSION_DENIED


def test_a_project_caller_sees_its_projects_in_every_method(
    client: Client, container: FakeContainer, database: Store
) -> None:
    metadata = token(container)
    widening = {"filter": [{"k": "project_id", "v": "project-a", "o": "eq"}]}

    listed = client.call("Job.list", {"query": {"only": ["job_id"]}}, metadata=metadata)
    assert [item["job_id"][-1] for item in listed["results"]] == ["2", "1"]
    assert client.call("Job.list", {"query": widening | {"count_only": True}}, metadata=metadata) == {}
    assert client.call("JobTask.list", {"query": {"count_only": True}}, metadata=metadata) == {"total_count": 1}
    tasks = client.call("JobTask.stat", {"query": {"distinct": "project_id"}}, metadata=metadata)
    assert tasks == {"results": ["project-b"]}
    client.call("Job.get", {"job_id": "job-000000000001"}, metadata=metadata)
    for method, request in (
        ("Job.get", {"job_id": "job-000000000000"}),
        ("Job.delete", {"job_id": "job-000000000000"}),
        ("JobTask.get", {"job_task_id": "job_task-000000000000"}),
        ("JobTask.delete", {"job_task_id": "job_task-000000000000"}),
    ):
        assert status(client, method, request, metadata)[1].startswith("ERROR_NOT_FOUND")
    assert database["job"].count_documents({}) == 3
    assert database["job_task"].count_documents({}) == 2


def test_identitys_refusal_reaches_the_caller_and_the_owner_passes(client: Client, container: FakeContainer) -> None:
    container.platform.identity.access = None

    assert status(client, "Job.list", {}, token(container)) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "ERROR_PERMISSION_DENIED: Permission denied.",
    )
    assert client.call("Job.list", metadata=token(container, user_type="DOMAIN_OWNER"))["total_count"] == 3
