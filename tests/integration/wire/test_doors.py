"""With tokens on, every method is behind the door; what a token is good for, it is good for and no more."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator

import grpc
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from inventory.api.interceptors.context import MAX_TOKEN
from inventory.api.methods import POLICIES
from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import KEY, SERVICES, Client, Json, token_of
from tests.integration.wire.probes import base_request, methods, outcome
from tests.integration.wire.two_domains import Domain, furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

DENIED = "PERMISSION_DENIED ERROR_PERMISSION_DENIED"
READS = {"get", "list", "stat", "analyze", "get_schedule", "list_schedules"}
FOR_OPERATORS = {"Diagnosis.get"}
"""What takes more than a permission: only the system has it."""


class House:
    """A domain with one of everything behind a server that asks for tokens."""

    def __init__(self, wire: Wire, endpoint: str) -> None:
        self.wire = wire
        self.domain: Domain = furnish(wire, Client(wire.serve()), "epsilon", endpoint)
        self.door: grpc.Channel = wire.serve(authentication="jwt")
        self.before = wire.dump(self.domain.domain_id)

    def ask(self, name: str, token: str, request: Json | None = None) -> str:
        whole = base_request(name, self.domain) if request is None else request
        return outcome(Client(self.door, token=token), name, whole)

    def assert_nothing_changed(self) -> None:
        assert self.wire.dump(self.domain.domain_id) == self.before


@pytest.fixture(scope="module")
def house(wire: Wire) -> Iterator[House]:
    with FakePlugin(resources=plugin_stream) as plugin:
        yield House(wire, plugin.endpoint)


def encoded(content: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def with_public_key_as_password(claims: str) -> str:
    signed = f"{encoded({'alg': 'HS256', 'kid': 'wire'})}.{claims}"
    mac = hmac.new(KEY.as_pem(private=False), signed.encode(), "sha256").digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def bad_tokens(domain_id: str) -> dict[str, str]:
    good = token_of(domain_id)
    head, claims, signature = good.split(".")
    other_key = RSAKey.generate_key(2048, {"kid": "wire"})
    content = jwt.decode(good, KEY).claims
    return {
        "none at all": "",
        "no token": "token",
        "a forged one": str(jwt.encode({"alg": "RS256", "kid": "wire"}, content, other_key)),
        "a tampered one": f"{head}.{claims[:-4]}AAAA.{signature}",
        "an expired one": token_of(domain_id, exp=1),
        "one of tomorrow": token_of(domain_id, iat=time.time() + 86_400, exp=time.time() + 90_000),
        "one to refresh": token_of(domain_id, cat="REFRESH_TOKEN"),
        "one without a signature": f"{encoded({'alg': 'none'})}.{claims}.",
        "one signed with the public key as a password": with_public_key_as_password(claims),
        "a giant": token_of(domain_id, permissions=["inventory.*"] * 3_000),
        "one that is none of the domain's": token_of(""),
    }


@pytest.mark.parametrize("name", methods())
def test_no_method_answers_without_a_good_token(house: House, name: str) -> None:
    answers = {what: house.ask(name, token) for what, token in bad_tokens(house.domain.domain_id).items()}

    assert {what: answer[:15] for what, answer in answers.items()} == dict.fromkeys(answers, "UNAUTHENTICATED")
    assert len(set(answers.values())) == 1, "what is wrong with a token is nobody's business"
    house.assert_nothing_changed()


def test_a_token_with_many_permissions_is_taken_every_time(house: House) -> None:
    """grpcio by itself refuses metadata beyond 8 KiB now and then, and beyond 16 KiB always."""
    token = token_of(
        house.domain.domain_id, permissions=[f"inventory.Number{number}.*" for number in range(330)] + ["*"]
    )
    assert 8_192 < len(token) < MAX_TOKEN

    assert {house.ask("Collector.get", token)[:3] for _ in range(20)} == {"OK "}


@pytest.mark.parametrize("name", methods())
def test_a_token_is_good_for_its_permissions_only(house: House, name: str) -> None:
    token = token_of(house.domain.domain_id, permissions=["inventory.Other.*", "identity.*"])

    assert house.ask(name, token).startswith(DENIED)
    house.assert_nothing_changed()


@pytest.mark.parametrize(
    "name", [name for name in methods() if name.partition(".")[2] in READS and name not in FOR_OPERATORS]
)
def test_a_permission_opens_its_method(house: House, name: str) -> None:
    path = f".{name.replace('.', '/')}"
    (policy,) = (policy for method, policy in POLICIES.items() if method.endswith(path))
    token = token_of(house.domain.domain_id, permissions=[policy.permission])

    request = {"collector_id": house.domain.ids["collector_id"]} if name == "Collector.list" else None
    assert house.ask(name, token, request).startswith("OK ")


@pytest.mark.parametrize("name", methods())
def test_no_method_serves_another_domain_than_the_tokens(house: House, name: str) -> None:
    request = {**base_request(name, house.domain), "domain_id": house.domain.domain_id}

    for claims in ({}, {"user_type": "API_USER"}, {"user_type": "SYSTEM"}):
        assert house.ask(name, token_of("domain-root", **claims), request).startswith(DENIED)
    house.assert_nothing_changed()


def ask_with(house: House, metadata: list[tuple[str, str | bytes]]) -> str:
    """Call with metadata of whatever kind, and return the status."""
    send = house.door.unary_unary(f"/{SERVICES['Collector'].full_name}/list")
    try:
        send(b"", metadata=metadata, timeout=10)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def test_a_token_counts_in_its_place_and_alone_only(house: House) -> None:
    good, other = token_of(house.domain.domain_id), token_of("domain-other")
    assert ask_with(house, [("token", good)]) == "OK"
    assert ask_with(house, [("token", good), ("token", good)]) == "OK"

    for metadata in (
        [("authorization", f"Bearer {good}")],
        [("x-token", good)],
        [("token-bin", good.encode())],
        [("token", f"Bearer {good}")],
        [("token", f" {good}")],
        [("token", f"{good}, {good}")],
        [("token", other), ("token", good)],
        [("token", good), ("token", "")],
        [("token", "junk"), ("token", good)],
    ):
        assert ask_with(house, metadata) == "UNAUTHENTICATED", [key for key, _ in metadata]


def test_unknown_methods_tell_nothing_with_or_without_a_token(house: House) -> None:
    token = token_of(house.domain.domain_id)
    for path in ("/spaceone.api.inventory.v1.Collector/drop", "/inventory.operations.v1.Operations/x", "/x/y"):
        for metadata in ([], [("token", token)]):
            with pytest.raises(grpc.RpcError) as caught:
                house.door.unary_unary(path)(b"", metadata=metadata, timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_keen_user_of_one_connection_is_served(house: House) -> None:
    """The default rate is beyond what one caller reaches that waits for its answers."""
    client = Client(house.door, token=token_of(house.domain.domain_id, aud="keen"))

    for _ in range(600):
        client.call("Region.list")


def test_version_health_and_reflection_need_no_token(house: House) -> None:
    assert "version" in Client(house.door).call("ServerInfo.get_version")
