"""Both variants of the platform's ports, the static file and the gRPC services, keep the same contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml

from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.grpc.identity import GrpcIdentity
from inventory.connector.grpc.plugin import GrpcPluginDirectory
from inventory.connector.grpc.repository import GrpcRepository
from inventory.connector.grpc.secret import GrpcSecretStore
from inventory.connector.ports import (
    Access,
    Identity,
    PluginDirectory,
    PluginEndpoint,
    PluginInformation,
    Repository,
    SecretInformation,
    SecretSelector,
    SecretStore,
)
from inventory.connector.static.file import StaticFile
from inventory.connector.static.identity import StaticIdentity
from inventory.connector.static.plugins import StaticPluginDirectory, StaticRepository
from inventory.connector.static.secrets import StaticSecretStore
from inventory.domain.principal import DOMAIN, Principal
from inventory.errors import (
    AuthenticateFailureError,
    ConnectionFailureError,
    InvalidParameterError,
    InventoryError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
    VerifyPluginFailureError,
)
from inventory.process.tls import TlsFiles
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import Failure
from tests.fakes.tls import CertificateAuthority

OLD = "grpc://127.0.0.1:50071"
NEW = "grpc://127.0.0.1:50072"

CONTENT: dict[str, Any] = {
    "domains": ["domain-b", "domain-a"],
    "plugins": [
        {
            "plugin_id": "plugin-1",
            "name": "One",
            "provider": "aws",
            "capability": {"kinds": ["a", "b"], "deep": {"n": 1, "f": 0.5, "none": None, "yes": True}},
            "versions": {"1.0": OLD, "2.0": NEW},
            "latest": "2.0",
            "access_token": "plugin-token",
        },
        {"plugin_id": "plugin-any", "endpoint": OLD},
        {"plugin_id": "plugin-b", "endpoint": OLD, "domain_id": "domain-b"},
    ],
    "secrets": [
        {
            "secret_id": "secret-2",
            "provider": "aws",
            "schema": "aws_access_key",
            "project_id": "project-1",
            "service_account_id": "sa-1",
            "data": {"key": "AKIA", "nested": {"list": [1, "two", None]}},
        },
        {"secret_id": "secret-1", "provider": "aws", "data": {}},
        {"secret_id": "secret-3", "provider": "gcp", "data": {"k": "v"}},
        {"secret_id": "secret-b", "provider": "aws", "data": {}, "domain_id": "domain-b"},
    ],
    "projects": [
        {"project_id": "project-1", "name": "First", "project_group_id": "pg-child", "tags": {"code": "c-1"}},
        {"project_id": "project-2", "name": "Same", "project_group_id": "pg-top"},
        {"project_id": "project-3", "name": "Same"},
        {"project_id": "project-b", "name": "Theirs", "domain_id": "domain-b", "project_group_id": "pg-top"},
    ],
    "project_groups": [
        {"project_group_id": "pg-top"},
        {"project_group_id": "pg-child", "parent": "pg-top"},
        {"project_group_id": "pg-empty"},
    ],
    "service_accounts": [
        {"service_account_id": "sa-1", "project_id": "project-1", "name": "x", "data": {"account_id": "111"}},
        {"service_account_id": "sa-2", "project_id": "project-2", "service_account_type": "TRUSTED", "name": "t"},
        {"service_account_id": "sa-3", "project_id": "project-2", "name": "same"},
        {"service_account_id": "sa-4", "project_id": "project-3", "name": "same"},
        {"service_account_id": "sa-b", "project_id": "project-b", "name": "theirs", "domain_id": "domain-b"},
    ],
}

A = Principal(domain_id="domain-a", token="token-a", transaction_id="tr-1")
B = Principal(domain_id="domain-b")


@dataclass
class Variant:
    """One way to have the four ports."""

    name: str
    directory: PluginDirectory
    repository: Repository
    secrets: SecretStore
    identity: Identity


def make_static(folder: Path) -> Variant:
    path = folder / "platform.yaml"
    path.write_text(yaml.safe_dump(CONTENT), encoding="utf-8")
    path.chmod(0o600)
    file = StaticFile(path)
    return Variant(
        "static",
        StaticPluginDirectory(file=file),
        StaticRepository(file=file),
        StaticSecretStore(file=file),
        StaticIdentity(file=file),
    )


def make_grpc(channels: ChannelCache, endpoint: str) -> Variant:
    return Variant(
        "grpc",
        GrpcPluginDirectory(channels=channels, endpoint=endpoint, timeout_seconds=60),
        GrpcRepository(channels=channels, endpoint=endpoint, timeout_seconds=60),
        GrpcSecretStore(channels=channels, endpoint=endpoint, timeout_seconds=60),
        GrpcIdentity(channels=channels, endpoint=endpoint, timeout_seconds=60),
    )


@pytest.fixture(params=["static", "grpc"])
def variant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Variant]:
    if request.param == "static":
        yield make_static(tmp_path)
        return
    with (
        FakePlatform(CONTENT) as platform,
        ChannelCache(max_message_bytes=1024 * 1024, tls=TlsFiles()) as channels,
    ):
        yield make_grpc(channels, platform.endpoint)


def endpoint_of(variant: Variant, plugin_id: str, version: str, mode: str, principal: Principal = A) -> PluginEndpoint:
    return variant.directory.get_endpoint(plugin_id, version, upgrade_mode=mode, principal=principal)


class TestPluginDirectory:
    def test_manual_stays_with_its_version(self, variant: Variant) -> None:
        assert endpoint_of(variant, "plugin-1", "1.0", "MANUAL") == PluginEndpoint(OLD, "plugin-token", "")

    def test_auto_goes_to_the_latest_and_says_so(self, variant: Variant) -> None:
        assert endpoint_of(variant, "plugin-1", "1.0", "AUTO") == PluginEndpoint(NEW, "plugin-token", "2.0")
        assert endpoint_of(variant, "plugin-1", "2.0", "AUTO") == PluginEndpoint(NEW, "plugin-token", "")

    def test_auto_names_the_version_where_none_was_given(self, variant: Variant) -> None:
        assert endpoint_of(variant, "plugin-1", "", "AUTO").updated_version == "2.0"

    def test_a_plain_endpoint_serves_any_version(self, variant: Variant) -> None:
        assert endpoint_of(variant, "plugin-any", "7", "MANUAL") == PluginEndpoint(OLD)
        assert endpoint_of(variant, "plugin-any", "7", "AUTO") == PluginEndpoint(OLD)

    def test_unknown_plugin_and_version_are_not_found(self, variant: Variant) -> None:
        with pytest.raises(NotFoundError, match="plugin-x"):
            endpoint_of(variant, "plugin-x", "1.0", "MANUAL")
        with pytest.raises(NotFoundError):
            endpoint_of(variant, "plugin-1", "9.9", "MANUAL")

    def test_another_domains_plugin_is_not_found(self, variant: Variant) -> None:
        assert endpoint_of(variant, "plugin-b", "1", "MANUAL", B).endpoint == OLD
        with pytest.raises(NotFoundError):
            endpoint_of(variant, "plugin-b", "1", "MANUAL", A)


class TestRepository:
    def test_a_plugin_comes_with_its_capability(self, variant: Variant) -> None:
        capability = {"kinds": ["a", "b"], "deep": {"n": 1, "f": 0.5, "none": None, "yes": True}}
        assert variant.repository.get_plugin("plugin-1", A) == PluginInformation("plugin-1", "One", "aws", capability)

    def test_unknown_and_another_domains_plugin_are_not_found_alike(self, variant: Variant) -> None:
        for plugin_id in ("plugin-x", "plugin-b"):
            with pytest.raises(NotFoundError) as raised:
                variant.repository.get_plugin(plugin_id, A)
            assert raised.value.message == f"Value not found. (plugin_id = {plugin_id})"


class TestSecrets:
    def ids(self, variant: Variant, selector: SecretSelector, principal: Principal = A) -> list[str]:
        return [secret.secret_id for secret in variant.secrets.list_secrets(selector, principal)]

    def test_one_by_id(self, variant: Variant) -> None:
        assert list(variant.secrets.list_secrets(SecretSelector(secret_id="secret-2"), A)) == [
            SecretInformation("secret-2", "aws", "sa-1", "project-1", "aws_access_key")
        ]

    def test_all_of_a_provider_ordered_by_id(self, variant: Variant) -> None:
        assert self.ids(variant, SecretSelector(provider="aws")) == ["secret-1", "secret-2"]
        assert self.ids(variant, SecretSelector(provider="aws"), B) == ["secret-1", "secret-2", "secret-b"]

    def test_an_id_wins_over_the_provider(self, variant: Variant) -> None:
        assert self.ids(variant, SecretSelector(secret_id="secret-3", provider="aws")) == ["secret-3"]

    def test_what_is_unknown_is_not_in_the_list(self, variant: Variant) -> None:
        assert self.ids(variant, SecretSelector(secret_id="secret-x")) == []
        assert self.ids(variant, SecretSelector(secret_id="secret-b")) == []
        assert self.ids(variant, SecretSelector(provider="azure")) == []

    def test_no_selection_selects_nothing(self, variant: Variant) -> None:
        assert self.ids(variant, SecretSelector()) == []

    def test_data(self, variant: Variant) -> None:
        assert variant.secrets.get_data("secret-2", A) == {"key": "AKIA", "nested": {"list": [1, "two", None]}}
        assert variant.secrets.get_data("secret-1", A) == {}

    def test_data_of_unknown_and_another_domains_secret_are_not_found_alike(self, variant: Variant) -> None:
        for secret_id in ("secret-x", "secret-b"):
            with pytest.raises(NotFoundError) as raised:
                variant.secrets.get_data(secret_id, A)
            assert raised.value.message == f"Value not found. (secret_id = {secret_id})"


class TestIdentity:
    def test_projects_exist_in_their_domain(self, variant: Variant) -> None:
        assert variant.identity.project_exists("project-1", A)
        assert not variant.identity.project_exists("project-x", A)
        assert not variant.identity.project_exists("project-b", A)
        assert variant.identity.project_exists("project-b", B)

    def test_projects_below_a_group_recursively(self, variant: Variant) -> None:
        assert list(variant.identity.projects_of_group("pg-top", A)) == ["project-1", "project-2"]
        assert list(variant.identity.projects_of_group("pg-child", A)) == ["project-1"]
        assert list(variant.identity.projects_of_group("pg-empty", A)) == []

    def test_groups_name_the_group_they_are_in(self, variant: Variant) -> None:
        groups = variant.identity.project_groups(A)

        assert groups == {"pg-top": "", "pg-child": "pg-top", "pg-empty": ""}

    def test_an_unknown_group_is_not_found(self, variant: Variant) -> None:
        with pytest.raises(NotFoundError, match="pg-x"):
            variant.identity.projects_of_group("pg-x", A)

    def test_a_project_is_found_by_any_field_if_it_is_the_only_one(self, variant: Variant) -> None:
        assert variant.identity.find_project("tags.code", "c-1", A) == "project-1"
        assert variant.identity.find_project("name", "First", A) == "project-1"
        assert variant.identity.find_project("name", "Same", A) == ""
        assert variant.identity.find_project("name", "Nobody", A) == ""
        assert variant.identity.find_project("name", "Theirs", A) == ""

    def test_a_general_service_account_gives_its_project(self, variant: Variant) -> None:
        find = variant.identity.find_service_account_project
        assert find("data.account_id", "111", A) == "project-1"
        assert find("name", "t", A) == ""
        assert find("name", "same", A) == ""
        assert find("name", "theirs", A) == ""
        assert find("name", "theirs", B) == "project-b"

    def test_whom_nothing_limits_sees_everything(self, variant: Variant) -> None:
        access = variant.identity.authorize(
            resource="Collector", verb="list", scope=DOMAIN, project_id="", require_project_id=False, principal=A
        )
        assert access == Access(role_type="DOMAIN", projects=None)

    def test_domains(self, variant: Variant) -> None:
        assert list(variant.identity.list_domains(A)) == ["domain-a", "domain-b"]

    def test_an_unknown_domains_key_is_not_found(self, variant: Variant) -> None:
        with pytest.raises(NotFoundError):
            variant.identity.get_public_key("domain-x")


def test_platform_services_speak_tls_with_certificates_on_both_sides(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    ours = authority.issue("client")
    with FakePlatform(CONTENT, credentials=authority.server_credentials(require_client=True)) as platform:
        files = TlsFiles(ca=authority.certificate, certificate=ours.certificate, key=ours.key)
        with ChannelCache(max_message_bytes=1024 * 1024, tls=files) as channels:
            assert make_grpc(channels, platform.endpoint).identity.project_exists("project-1", A)
        with ChannelCache(max_message_bytes=1024 * 1024, tls=TlsFiles(ca=authority.certificate)) as channels:
            stranger = make_grpc(channels, platform.endpoint)
            with pytest.raises(ConnectionFailureError):
                stranger.identity.project_exists("project-1", A)


def test_only_the_static_secrets_have_groups(tmp_path: Path) -> None:
    with (
        FakePlatform(CONTENT) as platform,
        ChannelCache(max_message_bytes=1024 * 1024, tls=TlsFiles()) as channels,
        pytest.raises(InvalidParameterError, match="secret_group_id"),
    ):
        make_grpc(channels, platform.endpoint).secrets.list_secrets(SecretSelector(secret_group_id="g"), A)


# What only SpaceONE's own services do


@pytest.fixture
def services() -> Iterator[FakePlatform]:
    with FakePlatform(CONTENT) as platform:
        yield platform


@pytest.fixture
def over(services: FakePlatform) -> Iterator[Variant]:
    with ChannelCache(max_message_bytes=1024 * 1024, tls=TlsFiles()) as channels:
        yield make_grpc(channels, services.endpoint)


def role_of(over: Variant, token: str, domain_id: str) -> Access:
    return over.identity.authorize(
        resource="CloudService",
        verb="list",
        scope="PROJECT",
        project_id="",
        require_project_id=False,
        principal=Principal(domain_id=domain_id, token=token),
    )


def test_an_api_key_is_enabled_disabled_or_unknown_in_its_domain(services: FakePlatform, over: Variant) -> None:
    services.api_key("domain-a", "robot")
    (api_key_id,) = services.api_keys
    assert over.identity.is_api_key_enabled(api_key_id, "domain-a")
    assert "token" not in services.calls[-1].metadata

    services.api_keys[api_key_id] = "DISABLED"
    assert not over.identity.is_api_key_enabled(api_key_id, "domain-a")
    for key, domain_id in ((api_key_id, "domain-b"), ("api-key-x", "domain-a")):
        with pytest.raises(NotFoundError):
            over.identity.is_api_key_enabled(key, domain_id)


def test_the_role_is_what_identity_says_of_the_tokens_user(services: FakePlatform, over: Variant) -> None:
    services.roles = {"worker": "SYSTEM", "owner": "DOMAIN", "member": "PROJECT"}
    services.projects = ["project-1"]
    worker = services.api_key("domain-root", "worker")
    owner = services.access_token("domain-a", "owner", user_type="DOMAIN_OWNER")
    member = services.access_token("domain-a", "member")

    for domain_id in ("domain-a", "domain-b"):
        assert role_of(over, worker, domain_id) == Access(role_type="SYSTEM", projects=None)
    assert role_of(over, owner, "domain-a") == Access(role_type="DOMAIN", projects=None)
    assert role_of(over, member, "domain-a") == Access(role_type="PROJECT", projects=frozenset({"project-1"}))
    for token in (owner, member):
        with pytest.raises(PermissionDeniedError):
            role_of(over, token, "domain-b")


def calls_of(over: Variant) -> dict[str, Callable[[], object]]:
    """Return one call of each service."""
    return {
        "Plugin.get_plugin_endpoint": lambda: endpoint_of(over, "plugin-1", "1.0", "MANUAL"),
        "RepositoryPlugin.get": lambda: over.repository.get_plugin("plugin-1", A),
        "Secret.get_data": lambda: over.secrets.get_data("secret-1", A),
        "Project.get": lambda: over.identity.project_exists("project-1", A),
    }


@pytest.mark.parametrize(
    "method", ["Plugin.get_plugin_endpoint", "RepositoryPlugin.get", "Secret.get_data", "Project.get"]
)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, AuthenticateFailureError),
        (grpc.StatusCode.PERMISSION_DENIED, PermissionDeniedError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, LimitExceededError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, RequestTimeoutError),
        (grpc.StatusCode.UNAVAILABLE, ConnectionFailureError),
    ],
)
def test_a_refusal_and_an_outage_are_told_apart(
    services: FakePlatform, over: Variant, method: str, status: grpc.StatusCode, error: type[InventoryError]
) -> None:
    services.failures_of[method] = Failure(status, "ERROR_ITS_OWN: with words of very-secret value")

    with pytest.raises(error) as raised:
        calls_of(over)[method]()

    assert "very-secret" not in str(raised.value)


@pytest.mark.parametrize("method", ["Plugin.get_plugin_endpoint", "RepositoryPlugin.get"])
@pytest.mark.parametrize("status", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT])
def test_an_unknown_plugin_keeps_its_code(
    services: FakePlatform, over: Variant, method: str, status: grpc.StatusCode
) -> None:
    services.failures_of[method] = Failure(status, "ERROR_NO_PLUGIN: There is none.")

    with pytest.raises(NotFoundError) as raised:
        calls_of(over)[method]()

    assert raised.value.code == "ERROR_NO_PLUGIN"


@pytest.mark.parametrize("status", [grpc.StatusCode.INTERNAL, grpc.StatusCode.FAILED_PRECONDITION])
def test_a_plugin_without_an_endpoint_is_no_outage(
    services: FakePlatform, over: Variant, status: grpc.StatusCode
) -> None:
    services.failures_of["Plugin.get_plugin_endpoint"] = Failure(status, "ERROR_NO_SUPERVISOR: There is none.")

    with pytest.raises(VerifyPluginFailureError, match="ERROR_NO_SUPERVISOR"):
        endpoint_of(over, "plugin-1", "1.0", "MANUAL")
    assert len(services.calls) == 1


def test_a_plugin_that_is_being_installed_is_waited_for(services: FakePlatform, over: Variant) -> None:
    services.installed.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(endpoint_of, over, "plugin-1", "1.0", "MANUAL")
        while not services.calls:
            assert not waiting.done()
        services.installed.set()
        assert waiting.result(timeout=60).endpoint == OLD


def test_the_callers_deadline_ends_the_waiting_for_a_plugin(services: FakePlatform, over: Variant) -> None:
    services.installed.clear()
    for _ in range(5):  # on a busy machine the time may run out before the service is reached
        hurried = replace(A, deadline=time.monotonic() + 0.2)
        with pytest.raises(RequestTimeoutError):
            endpoint_of(over, "plugin-1", "1.0", "MANUAL", hurried)
        if services.calls:
            break

    assert services.given_up.acquire(timeout=60)
