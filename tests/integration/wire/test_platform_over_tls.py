"""The service among SpaceONE's own: identity, plugin, repository and secret services, and a plugin, all over TLS.

Every connection shows a certificate on both sides; tokens are signed with the key that identity gives out, and
identity is asked what their callers may do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
import redis
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from inventory.manager.job.from_schedules import Fire, ScheduledJobManager
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import Call, FakePlugin
from tests.fakes.resources import Message, cloud_service
from tests.fakes.tls import CertificateAuthority
from tests.integration.wire.client import KEY, Client, Json, token_of
from tests.integration.wire.wire_kit import Wire

DOMAIN = "domain-platform"
STRANGE_DOMAIN = "domain-strange"
SECRET = "very-secret-key-of-the-platform"
SYSTEM_TOKEN = "very-secret-token-of-the-system"
SERVICES = ("identity", "plugin", "repository", "secret")


def content(endpoint: str) -> dict[str, list[Json]]:
    return {
        "plugins": [
            {
                "plugin_id": "plugin-aws",
                "provider": "aws",
                "capability": {"supported_schema": ["aws_access_key"]},
                "versions": {"1.0": endpoint, "1.1": endpoint},
                "latest": "1.1",
            }
        ],
        "secrets": [
            {"secret_id": f"secret-{number}", "provider": "aws", "project_id": "project-1", "data": {"key": SECRET}}
            for number in (1, 2)
        ],
        "projects": [{"project_id": "project-1"}, {"project_id": "project-2"}],
    }


def stream(call: Call) -> Iterator[Message]:
    yield cloud_service("i-1", provider="aws")


class Estate:
    """The whole service, and who is around it."""

    def __init__(self, wire: Wire, services: dict[str, FakePlatform], plugin: FakePlugin, channel: grpc.Channel):
        self.wire = wire
        self.services = services
        self.plugin = plugin
        self.channel = channel
        self.token = token_of(DOMAIN)
        self.client = Client(channel, token=self.token)

    def create(self, **plugin_info: str) -> Json:
        info = {"plugin_id": "plugin-aws", "version": "1.0", "upgrade_mode": "MANUAL", "provider": "aws", **plugin_info}
        return self.client.call("Collector.create", {"name": "aws", "plugin_info": info})

    def forget(self) -> None:
        """Forget what was called so far."""
        for service in self.services.values():
            service.calls.clear()
        self.plugin.calls.clear()

    def callers(self) -> dict[str, set[str]]:
        """Return who called each method since."""
        names = {"": "nobody", self.token: "user", SYSTEM_TOKEN: "system"}
        found: dict[str, set[str]] = {}
        for service in self.services.values():
            for call in list(service.calls):
                found.setdefault(call.method, set()).add(names[call.metadata.get("token", "")])
        return found


@pytest.fixture(scope="module")
def estate(mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("platform")
    authority = CertificateAuthority(folder / "ca")
    both_sides = authority.server_credentials(require_client=True)
    with ExitStack() as stack:
        plugin = stack.enter_context(FakePlugin(resources=stream, credentials=both_sides))
        services = {
            name: stack.enter_context(FakePlatform(content(plugin.endpoint), credentials=both_sides))
            for name in SERVICES
        }
        services["identity"].public_keys = {DOMAIN: json.dumps(KEY.as_dict(private=False))}
        wire = Wire(mongo_uri, redis_url, folder, **settings(authority, services))
        stack.callback(wire.close)
        wire.start_worker()
        yield Estate(wire, services, plugin, wire.serve(credentials=as_client(authority)))


def settings(authority: CertificateAuthority, services: dict[str, FakePlatform]) -> dict[str, object]:
    ours, server = authority.issue("inventory"), authority.issue("inventory-server")
    return {
        "platform": "grpc",
        **{f"{name}_endpoint": service.endpoint for name, service in services.items()},
        "platform_ca_file": authority.certificate,
        "platform_certificate_file": ours.certificate,
        "platform_key_file": ours.key,
        "system_token": SecretStr(SYSTEM_TOKEN),
        "static_file": None,
        "jwks_file": None,
        "authentication": "jwt",
        "authorization": "identity",
        "tls_certificate_file": server.certificate,
        "tls_key_file": server.key,
        "tls_client_ca_file": authority.certificate,
    }


def as_client(authority: CertificateAuthority) -> grpc.ChannelCredentials:
    caller = authority.issue("caller")
    files: tuple[Path, ...] = (authority.certificate, caller.key, caller.certificate)
    return grpc.ssl_channel_credentials(*(file.read_bytes() for file in files))


@pytest.fixture
def around(estate: Estate) -> Iterator[Estate]:
    yield estate
    for service in estate.services.values():
        service.denied = set()
        service.role_type, service.projects = "DOMAIN", []


def test_a_collect_from_the_callers_token_to_the_stored_resource(around: Estate) -> None:
    around.forget()
    collector = around.create(upgrade_mode="AUTO")
    rule = {"conditions_policy": "ALWAYS", "actions": {"change_project": "project-2"}}
    around.client.call("CollectorRule.create", {"collector_id": collector["collector_id"], **rule})
    job = around.client.finished(around.client.call("Collector.collect", {"collector_id": collector["collector_id"]}))

    assert (job["status"], job["total_tasks"], collector["plugin_info"]["version"]) == ("SUCCESS", 2, "1.1")
    (found,) = around.client.call("CloudService.list")["results"]
    assert (found["name"], found["project_id"]) == ("name of i-1", "project-2")
    assert around.plugin.calls_of("collect")[0].secret_data == {"key": SECRET}
    assert around.callers() == {
        "Domain.get_public_key": {"nobody"},
        "Authorization.verify": {"user"},
        "RepositoryPlugin.get": {"user"},
        "Plugin.get_plugin_endpoint": {"user", "system"},
        "Secret.list": {"user"},
        "Secret.get_data": {"system"},
        "Project.get": {"user", "system"},
    }


def test_each_service_is_asked_for_what_is_its_own_and_told_the_transaction(around: Estate) -> None:
    around.forget()
    around.client.finished(around.client.call("Collector.collect", {"collector_id": around.create()["collector_id"]}))

    prefixes = {"identity": ("Domain", "Authorization", "Project"), "plugin": ("Plugin",)}
    prefixes |= {"repository": ("RepositoryPlugin",), "secret": ("Secret",)}
    for name, service in around.services.items():
        assert service.calls, name
        for call in service.calls:
            assert call.method.startswith(prefixes[name]), name
            # A domain's key is fetched for all callers to come, on behalf of none.
            assert call.metadata.get("transaction_id") or call.method == "Domain.get_public_key", call.method


def test_a_worker_goes_on_under_the_transaction_of_the_call_that_made_the_job(around: Estate) -> None:
    collector = around.create()
    around.forget()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    request = collector_pb2.CollectRequest(collector_id=collector["collector_id"]).SerializeToString()
    sent = f"00-{trace}-00f067aa0ba902b7-01"
    call = around.channel.unary_unary("/spaceone.api.inventory.v1.Collector/collect")
    call(request, metadata=[("token", around.token), ("traceparent", sent)], timeout=20)
    (job,) = around.client.call("Job.list", {"collector_id": collector["collector_id"]})["results"]
    around.client.finished(job)

    reads = around.services["secret"].calls_of("Secret.get_data")
    assert len(reads) == 2
    for read in reads:
        assert (read.metadata["transaction_id"], read.metadata["traceparent"]) == (trace, sent)


def test_a_scheduled_job_asks_as_the_system(around: Estate) -> None:
    collector = around.create()
    around.forget()
    fire = Fire(
        domain_id=DOMAIN,
        schedule_id="sched-00000000000a",
        fire_at=datetime.now(UTC).replace(microsecond=0),
        collector_id=collector["collector_id"],
        priority=10,
        collect_mode="ALL",
        filter={},
    )
    (made,) = ScheduledJobManager(database=around.wire.database, clock=around.wire.container.clock).insert([fire])
    around.wire.container.queue.plan_job(made.job_id, domain_id=DOMAIN, priority=10)

    job = around.client.finished({"job_id": made.job_id})

    assert (job["status"], job["total_tasks"]) == ("SUCCESS", 2)
    asked = around.callers()
    for name in ("Plugin.get_plugin_endpoint", "Secret.list", "Secret.get_data"):
        assert asked[name] == {"system"}, name
    calls = around.services["secret"].calls
    assert {call.metadata["transaction_id"] for call in calls} == {made.job_id}


def test_identity_decides_what_a_caller_may_do(around: Estate) -> None:
    identity = around.services["identity"]
    identity.denied = {"inventory.Collector.list"}

    assert around.client.fails("Collector.list") == ("PERMISSION_DENIED", "ERROR_PERMISSION_DENIED")
    assert "results" in around.client.call("Job.list")
    identity.role_type, identity.projects = "PROJECT", ["project-none"]
    assert around.client.call("Job.list") == {}


@pytest.mark.parametrize("domain_id", [STRANGE_DOMAIN, "domain-of-nobody"])
def test_a_key_opens_the_doors_of_its_own_domain_only(around: Estate, domain_id: str) -> None:
    """A token of one domain, signed with the key of another."""
    own = RSAKey.generate_key(2048, {"kid": "wire"}).as_dict(private=False)
    around.services["identity"].public_keys[STRANGE_DOMAIN] = json.dumps(own)

    stranger = Client(around.channel, token=token_of(domain_id))

    assert stranger.fails("Collector.list") == ("UNAUTHENTICATED", "ERROR_AUTHENTICATE_FAILURE")


def test_nobody_gets_in_without_a_certificate(around: Estate) -> None:
    with grpc.insecure_channel(around.wire.address) as plain:
        assert Client(plain, token=around.token).fails("Collector.list")[0] == "UNAVAILABLE"


def test_neither_secret_nor_token_lies_in_a_store(around: Estate, redis_url: str) -> None:
    planted = [each.encode() for each in (SECRET, SYSTEM_TOKEN, around.token)]
    stored: list[bytes] = [str(each).encode() for found in around.wire.dump(DOMAIN).values() for each in found]
    with redis.Redis.from_url(redis_url) as client:
        stored += [key + (client.dump(key) or b"") for key in client.scan_iter()]

    assert stored
    assert [each for each in stored if any(secret in each for secret in planted)] == []


def test_the_plugin_never_sees_a_callers_token(around: Estate) -> None:
    around.forget()
    job = around.client.call("Collector.collect", {"collector_id": around.create()["collector_id"]})
    assert around.client.finished(job)["status"] == "SUCCESS"

    seen = {value for call in around.plugin.calls for value in call.metadata.values()}
    assert seen.isdisjoint({around.token, SYSTEM_TOKEN})
