"""Tokens as the real identity issues them, its API keys included, over the whole wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from inventory.api.interceptors.api_keys import MAX_API_KEYS, ApiKeyStates
from inventory.errors import AuthenticateFailureError
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import Failure
from tests.integration.wire.client import Client
from tests.integration.wire.wire_kit import Wire
from tests.manual_clock import ManualClock

DOMAIN, ROOT = "domain-of-users", "domain-root"
AWAY = Failure(grpc.StatusCode.UNAVAILABLE, "")
REFUSED = ("UNAUTHENTICATED", "ERROR_AUTHENTICATE_FAILURE")
DENIED = ("PERMISSION_DENIED", "ERROR_PERMISSION_DENIED")


class Site:
    """A server that asks identity, with a clock that API keys' states age by."""

    def __init__(self, wire: Wire, identity: FakePlatform) -> None:
        self.identity = identity
        self.channel = wire.serve(rate_limit_per_second=5.0)

    def client(self, token: str) -> Client:
        return Client(self.channel, token=token)


@pytest.fixture(scope="module")
def site(mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("tokens")
    with FakePlatform() as identity:
        identity.roles = {"platform-service": "SYSTEM"}
        names = ("identity", "plugin", "repository", "secret")
        wire = Wire(
            mongo_uri,
            redis_url,
            folder,
            platform="grpc",
            authentication="jwt",
            authorization="identity",
            jwks_file=None,
            api_key_reuse_seconds=0.0,
            **{f"{name}_endpoint": identity.endpoint for name in names},
        )
        yield Site(wire, identity)
        wire.close()


def test_an_api_key_calls_until_it_is_disabled_or_deleted(site: Site) -> None:
    client = site.client(site.identity.api_key(DOMAIN, "robot"))
    (api_key_id,) = site.identity.api_keys
    assert client.call("Region.list") == {}
    asked = site.identity.calls_of("APIKey.get")[-1]
    assert (asked.request.api_key_id, asked.request.domain_id) == (api_key_id, DOMAIN)  # type: ignore[attr-defined]
    assert "token" not in asked.metadata

    site.identity.api_keys[api_key_id] = "DISABLED"
    assert client.fails("Region.list") == REFUSED
    del site.identity.api_keys[api_key_id]
    assert client.fails("Region.list") == REFUSED


def test_an_api_key_cannot_be_judged_while_identity_is_away(site: Site) -> None:
    client = site.client(site.identity.api_key(DOMAIN, "robot-2"))
    client.call("Region.list")

    site.identity.failure = AWAY
    try:
        assert client.fails("Region.list") == ("UNAVAILABLE", "ERROR_GRPC_CONNECTION")
    finally:
        site.identity.failure = None
    assert client.call("Region.list") == {}


def test_the_platforms_own_key_must_name_a_domain_and_is_not_limited(site: Site) -> None:
    client = site.client(site.identity.api_key(ROOT, "platform-service"))
    created = client.call(
        "Region.create", {"name": "Seoul", "region_code": "kr", "provider": "aws", "domain_id": DOMAIN}
    )

    assert created["domain_id"] == DOMAIN
    assert client.fails("Region.list") == ("INVALID_ARGUMENT", "ERROR_REQUIRED_PARAMETER")
    for _ in range(30):
        assert client.call("Region.list", {"domain_id": DOMAIN})["total_count"] == 1
    client.call("Region.delete", {"region_id": created["region_id"], "domain_id": DOMAIN})


def test_users_and_keys_stay_in_their_domain_and_are_limited(site: Site) -> None:
    user = site.client(site.identity.access_token(DOMAIN, "user"))
    key = site.client(site.identity.api_key(DOMAIN, "robot-3"))
    owner = site.client(site.identity.access_token(DOMAIN, "owner", user_type="DOMAIN_OWNER"))
    region = {"name": "Seoul", "region_code": "kr", "provider": "aws"}

    for client in (user, key):
        assert client.call("Region.list", {"domain_id": DOMAIN}) == {}
        assert client.fails("Region.list", {"domain_id": ROOT}) == DENIED
        assert client.fails("Region.create", {**region, "domain_id": ROOT}) == DENIED
        answers = [client.failure_of("Region.list", {"domain_id": ROOT}).split()[0] for _ in range(30)]
        assert "RESOURCE_EXHAUSTED" in answers
    created = owner.call("Region.create", {**region, "domain_id": ROOT})
    assert created["domain_id"] == DOMAIN
    owner.call("Region.delete", {"region_id": created["region_id"]})


class Keys:
    """Knows keys and counts how often it is asked."""

    def __init__(self) -> None:
        self.enabled = True
        self.asked = 0

    def is_api_key_enabled(self, api_key_id: str, domain_id: str) -> bool:
        self.asked += 1
        return self.enabled


def test_a_keys_state_is_asked_for_once_in_a_while(clock: ManualClock) -> None:
    identity = Keys()
    states = ApiKeyStates(identity, clock, reuse_seconds=30)  # type: ignore[arg-type]
    for _ in range(10):
        states.check("api-key-1", "domain")
    assert identity.asked == 1

    identity.enabled = False
    clock.advance(timedelta(seconds=29))
    states.check("api-key-1", "domain")
    clock.advance(timedelta(seconds=1))
    for _ in range(10):
        with pytest.raises(AuthenticateFailureError):
            states.check("api-key-1", "domain")
    assert identity.asked == 2


def test_only_so_many_keys_are_remembered(clock: ManualClock) -> None:
    states = ApiKeyStates(Keys(), clock, reuse_seconds=30)  # type: ignore[arg-type]
    for number in range(MAX_API_KEYS + 10):
        states.check(f"api-key-{number}", "domain")

    assert len(states._states) == MAX_API_KEYS


PLUGIN = {"plugin_id": "plugin-x", "version": "1.0", "upgrade_mode": "MANUAL", "provider": "aws"}


@pytest.mark.parametrize(
    "status", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INVALID_ARGUMENT]
)
def test_a_plugin_service_without_an_endpoint_is_no_outage(site: Site, status: grpc.StatusCode) -> None:
    owner = site.client(site.identity.access_token(DOMAIN, f"owner-{status.name}", user_type="DOMAIN_OWNER"))
    site.identity.content = {"plugins": [{"plugin_id": "plugin-x", "provider": "aws", "versions": {"1.0": "unused"}}]}
    site.identity.failures_of["Plugin.get_plugin_endpoint"] = Failure(status, "ERROR_NO_SUPERVISOR: There is none.")
    try:
        answer = owner.failure_of("Collector.create", {"name": "x", "plugin_info": PLUGIN})
    finally:
        site.identity.failures_of.clear()

    assert answer.startswith("INTERNAL ERROR_VERIFY_PLUGIN_FAILURE:")
    assert "the plugin service has no endpoint for it: ERROR_NO_SUPERVISOR" in answer
    assert owner.call("Collector.list") == {}


@pytest.mark.parametrize("status", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT])
def test_a_plugin_that_the_repository_does_not_know_is_told_in_its_words(site: Site, status: grpc.StatusCode) -> None:
    owner = site.client(site.identity.access_token(DOMAIN, f"owner-{status.name}-2", user_type="DOMAIN_OWNER"))
    site.identity.failures_of["RepositoryPlugin.get"] = Failure(status, "ERROR_NO_PLUGIN: There is none.")
    try:
        answer = owner.fails("Collector.create", {"name": "x", "plugin_info": PLUGIN})
    finally:
        site.identity.failures_of.clear()

    assert answer == ("INVALID_ARGUMENT", "ERROR_NO_PLUGIN")


def test_a_traceparent_gives_the_transaction_id_and_travels_on_without_tracing(site: Site) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    token = site.identity.access_token(DOMAIN, "traced")
    send = site.channel.unary_unary("/spaceone.api.inventory.v1.Region/list")
    for sent, passed_on in ((f"00-{trace}-00f067aa0ba902b7-01", True), (f"00-{trace}-0000000000000000-01", False)):
        send(b"", metadata=[("token", token), ("traceparent", sent)], timeout=10)
        asked = site.identity.calls_of("Authorization.verify")[-1].metadata
        assert (asked["transaction_id"] == trace, asked.get("traceparent") == sent) == (passed_on, passed_on)
