"""Calls to the platform: deadlines, retries, metadata, and every status in our words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
import structlog

from inventory.connector.grpc.call import ATTEMPTS
from inventory.connector.grpc.channel_cache import ChannelCache, parse_endpoint
from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.grpc.errors import About, error_code, platform_error, plugin_error
from inventory.connector.grpc.identity import GrpcIdentity
from inventory.connector.grpc.secret import GrpcSecretStore
from inventory.connector.ports import Access, PluginEndpoint
from inventory.domain.principal import DOMAIN, Principal
from inventory.domain.redact import Redactor
from inventory.errors import (
    AuthenticateFailureError,
    CollectorSecretError,
    ConnectionFailureError,
    InvalidParameterError,
    InventoryError,
    LimitExceededError,
    NotFoundError,
    NotUniqueError,
    PermissionDeniedError,
    PluginError,
    PluginUnavailableError,
    RequestTimeoutError,
    SecretServiceError,
    SettingsError,
)
from inventory.process.tls import TlsFiles
from inventory.stubs.spaceone.api.inventory.plugin import job_pb2
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import Failure
from tests.ports import free_port

PRINCIPAL = Principal(domain_id="domain-1", token="planted-token", transaction_id="tr-1")
CONTENT = {"secrets": [{"secret_id": "s", "data": {"k": "v"}}], "projects": [{"project_id": "project-1"}]}


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with FakePlatform(CONTENT) as platform:
        yield platform


@pytest.fixture
def channels() -> Iterator[ChannelCache]:
    with ChannelCache(max_message_bytes=1024 * 1024, tls=TlsFiles()) as channels:
        yield channels


@pytest.fixture
def secrets(platform: FakePlatform, channels: ChannelCache) -> GrpcSecretStore:
    return GrpcSecretStore(channels=channels, endpoint=platform.endpoint, timeout_seconds=60)


@pytest.fixture
def identity(platform: FakePlatform, channels: ChannelCache) -> GrpcIdentity:
    return GrpcIdentity(channels=channels, endpoint=platform.endpoint, timeout_seconds=60)


class TestErrors:
    ABOUT = About(service="identity", key="secret_id", value="s-1")

    @pytest.mark.parametrize("status", list(grpc.StatusCode))
    def test_no_status_stays_unmapped(self, status: grpc.StatusCode) -> None:
        error = platform_error(status, "whatever planted-detail", self.ABOUT)
        assert isinstance(error, InventoryError)
        assert error.code != InventoryError.code
        assert "planted-detail" not in str(error)
        assert isinstance(plugin_error(status, "why", Redactor()), InventoryError)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (grpc.StatusCode.NOT_FOUND, NotFoundError),
            (grpc.StatusCode.INVALID_ARGUMENT, InvalidParameterError),
            (grpc.StatusCode.UNAVAILABLE, ConnectionFailureError),
            (grpc.StatusCode.INTERNAL, ConnectionFailureError),
            (grpc.StatusCode.UNIMPLEMENTED, ConnectionFailureError),
            (grpc.StatusCode.DEADLINE_EXCEEDED, RequestTimeoutError),
            (grpc.StatusCode.UNAUTHENTICATED, AuthenticateFailureError),
            (grpc.StatusCode.PERMISSION_DENIED, PermissionDeniedError),
            (grpc.StatusCode.RESOURCE_EXHAUSTED, LimitExceededError),
        ],
    )
    def test_what_a_status_means(self, status: grpc.StatusCode, expected: type[InventoryError]) -> None:
        assert type(platform_error(status, "", self.ABOUT)) is expected

    def test_spaceones_words_in_the_details_count(self) -> None:
        def of(details: str) -> InventoryError:
            return platform_error(grpc.StatusCode.INVALID_ARGUMENT, details, self.ABOUT)

        found = of("ERROR_NOT_FOUND: secret not found")
        assert isinstance(found, NotFoundError)
        assert found.message == "Value not found. (secret_id = s-1)"
        assert isinstance(of("ERROR_NOT_UNIQUE: two"), NotUniqueError)
        assert "ERROR_REQUIRED_PARAMETER" in of("ERROR_REQUIRED_PARAMETER: Required parameter. (key = x)").message

    def test_a_plugin_that_is_unavailable_is_worth_another_attempt(self) -> None:
        assert isinstance(plugin_error(grpc.StatusCode.UNAVAILABLE, "", Redactor()), PluginUnavailableError)


class TestSecretService:
    """What the secret service answers is not told as a connection that failed (contract §6)."""

    ABOUT = About(service="secret", key="secret_id", value="planted-value")
    NOT_OF_THE_CONNECTION = (
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
    )

    @pytest.mark.parametrize("status", NOT_OF_THE_CONNECTION)
    def test_its_code_and_words_are_kept(self, status: grpc.StatusCode) -> None:
        error = platform_error(status, "ERROR_VAULT: the vault is sealed", self.ABOUT)
        assert error.code == "ERROR_COLLECT_INITIALIZE"
        assert f"the secret service answered {status.name}: ERROR_VAULT: the vault is sealed" in error.message

    @pytest.mark.parametrize(
        "planted",
        [
            "planted-value",
            "(name = planted other, x = y)",
            "mongodb://planted:planted@planted.example/db",
            "10.1.2.3:27017",
            "planted.internal:27017",
            "[fd00::10]:50051",
            "ipv4:10.1.2.3:443",
        ],
    )
    def test_addresses_and_what_was_asked_for_are_not(self, planted: str) -> None:
        error = platform_error(grpc.StatusCode.INTERNAL, f"ERROR_VAULT: no {planted} today", self.ABOUT)
        assert "ERROR_VAULT: no " in error.message
        assert "***" in error.message
        assert not any(word in error.message for word in ("planted", "10.1", "27017", "fd00", "50051"))

    @pytest.mark.parametrize("words", ["Received RST_STREAM; socket closed", "failed to connect to all addresses"])
    def test_a_connection_that_breaks_stays_one(self, words: str) -> None:
        error = platform_error(grpc.StatusCode.INTERNAL, words, self.ABOUT)
        assert isinstance(error, ConnectionFailureError)

    def test_an_unknown_secret_and_an_outage_stay_what_they_are(self) -> None:
        unknown = platform_error(grpc.StatusCode.INVALID_ARGUMENT, "ERROR_NOT_FOUND: x", self.ABOUT)
        assert isinstance(unknown, NotFoundError)
        assert isinstance(platform_error(grpc.StatusCode.UNAVAILABLE, "x", self.ABOUT), ConnectionFailureError)

    def test_it_is_never_longer_than_a_message_may_be(self) -> None:
        assert len(platform_error(grpc.StatusCode.INTERNAL, "é" * 9000, self.ABOUT).message.encode()) < 1024


class TestCalls:
    def test_token_and_transaction_id_travel_on(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        secrets.get_data("s", PRINCIPAL)
        metadata = platform.calls[0].metadata
        assert (metadata["token"], metadata["transaction_id"]) == ("planted-token", "tr-1")

    def test_what_metadata_cannot_carry_is_left_out(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        secrets.get_data("s", Principal(domain_id="domain-1", token="tökén", transaction_id="a\nb"))
        assert platform.calls[0].metadata.keys().isdisjoint({"token", "transaction_id"})

    def test_an_outage_that_passes_is_not_noticed(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        platform.failures = [Failure(grpc.StatusCode.UNAVAILABLE, "restarting")] * (ATTEMPTS - 1)
        assert secrets.get_data("s", PRINCIPAL) == {"k": "v"}
        assert len(platform.calls) == ATTEMPTS

    def test_an_outage_that_lasts_is_a_connection_failure(
        self, platform: FakePlatform, secrets: GrpcSecretStore
    ) -> None:
        platform.failure = Failure(grpc.StatusCode.UNAVAILABLE, "down")
        with pytest.raises(ConnectionFailureError, match="secret"):
            secrets.get_data("s", PRINCIPAL)
        assert len(platform.calls) == ATTEMPTS

    def test_any_other_failure_is_final(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        platform.failure = Failure(grpc.StatusCode.INTERNAL, "bug")
        with pytest.raises(SecretServiceError, match="answered INTERNAL: bug"):
            secrets.get_data("s", PRINCIPAL)
        assert len(platform.calls) == 1

    def test_nobody_there_is_a_connection_failure(self, channels: ChannelCache) -> None:
        secrets = GrpcSecretStore(channels=channels, endpoint=f"grpc://127.0.0.1:{free_port()}", timeout_seconds=5)
        with pytest.raises(ConnectionFailureError, match="secret"):
            secrets.get_data("s", PRINCIPAL)

    def test_a_call_ends_at_its_own_limit(self, platform: FakePlatform, channels: ChannelCache) -> None:
        platform.gate.clear()
        secrets = GrpcSecretStore(channels=channels, endpoint=platform.endpoint, timeout_seconds=0.2)
        with pytest.raises(RequestTimeoutError):
            secrets.get_data("s", PRINCIPAL)

    def test_a_call_ends_with_the_callers_patience(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        platform.gate.clear()
        started = time.monotonic()
        with pytest.raises(RequestTimeoutError):
            secrets.get_data("s", Principal(domain_id="d", deadline=time.monotonic() + 0.2))
        assert time.monotonic() - started < 40

    def test_a_caller_whose_time_is_over_asks_nobody(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        with pytest.raises(RequestTimeoutError):
            secrets.get_data("s", Principal(domain_id="d", deadline=0.0))
        assert platform.calls == []

    def test_a_service_that_comes_back_is_reached_again(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        secrets.get_data("s", PRINCIPAL)
        platform.stop()
        with pytest.raises(ConnectionFailureError):
            secrets.get_data("s", PRINCIPAL)
        platform.start()
        end = time.monotonic() + 60
        while True:
            try:
                assert secrets.get_data("s", PRINCIPAL) == {"k": "v"}
                break
            except ConnectionFailureError:
                assert time.monotonic() < end

    def test_encrypted_data_is_refused(self, platform: FakePlatform, secrets: GrpcSecretStore) -> None:
        platform.encrypted = True
        with pytest.raises(CollectorSecretError, match="encrypted"):
            secrets.get_data("s", PRINCIPAL)


class TestIdentity:
    def authorize(self, identity: GrpcIdentity) -> Access:
        return identity.authorize(
            resource="Job", verb="list", scope="PROJECT", project_id="p", require_project_id=True, principal=PRINCIPAL
        )

    def test_a_project_role_is_limited_to_its_projects(self, platform: FakePlatform, identity: GrpcIdentity) -> None:
        platform.role_type, platform.projects = "PROJECT", ["project-1", "project-2"]
        assert self.authorize(identity).projects == {"project-1", "project-2"}
        request = platform.calls[0].request
        assert (request.service, request.resource, request.verb) == ("inventory", "Job", "list")
        assert (request.domain_id, request.project_id, request.require_project_id) == ("domain-1", "p", True)

    def test_an_unknown_role_sees_no_more_than_the_answer_says(
        self, platform: FakePlatform, identity: GrpcIdentity
    ) -> None:
        platform.role_type = "SOMETHING_NEW"
        assert self.authorize(identity).projects == frozenset()

    def test_a_denied_permission(self, platform: FakePlatform, identity: GrpcIdentity) -> None:
        platform.denied.add("inventory.Job.list")
        with pytest.raises(PermissionDeniedError):
            self.authorize(identity)

    def test_a_refused_token(self, platform: FakePlatform, identity: GrpcIdentity) -> None:
        platform.tokens = {"another"}
        with pytest.raises(AuthenticateFailureError):
            self.authorize(identity)

    def test_a_scope_of_the_contract_is_known(self, identity: GrpcIdentity) -> None:
        for scope in (DOMAIN, "PROJECT", "SYSTEM"):
            identity.authorize(
                resource="Job", verb="get", scope=scope, project_id="", require_project_id=False, principal=PRINCIPAL
            )

    def test_a_public_key(self, platform: FakePlatform, identity: GrpcIdentity) -> None:
        platform.public_keys["domain-1"] = '{"kty": "EC"}'
        assert identity.get_public_key("domain-1") == '{"kty": "EC"}'


class TestChannels:
    def test_a_channel_is_reused(self, channels: ChannelCache) -> None:
        assert channels.get("grpc://127.0.0.1:7001") is channels.get("grpc://127.0.0.1:7001/")
        assert channels.get("grpc://127.0.0.1:7001") is not channels.get("grpc://127.0.0.1:7002")

    @pytest.mark.parametrize(
        ("endpoint", "target", "secure"),
        [
            ("grpc://host:50051", "host:50051", False),
            ("grpc+ssl://a.b-c.example:443", "a.b-c.example:443", True),
            ("grpc://[::1]:50051", "[::1]:50051", False),
            ("grpc://identity:50051/v1", "identity:50051", False),
        ],
    )
    def test_endpoints(self, endpoint: str, target: str, secure: bool) -> None:
        address = parse_endpoint(endpoint)
        assert (address.target, address.secure) == (target, secure)

    def test_tls_files_that_are_absent_or_alone_are_told(self, tmp_path: Path) -> None:
        absent = tmp_path / "absent.pem"
        with pytest.raises(SettingsError, match=r"absent\.pem"):
            TlsFiles(ca=absent).credentials()
        with pytest.raises(SettingsError, match="go together"):
            TlsFiles(certificate=absent).credentials()


@pytest.mark.parametrize(("answers", "told"), [(0, "without a message"), (3, "more than one message")])
def test_a_plugin_whose_get_tasks_answers_not_once_is_refused(answers: int, told: str) -> None:
    handler = grpc.unary_stream_rpc_method_handler(
        lambda _request, _context: iter([job_pb2.TasksInfo()] * answers),
        response_serializer=job_pb2.TasksInfo.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    name = "spaceone.api.inventory.plugin.Job"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(name, {"get_tasks": handler})])
    server.start()
    connector = GrpcPluginConnector(max_message_bytes=1 << 20, init_timeout_seconds=10)
    try:
        plugin = connector.connect(PluginEndpoint(f"grpc://127.0.0.1:{port}"), PRINCIPAL)

        with pytest.raises(PluginError, match=told):
            plugin.get_tasks({}, {})
    finally:
        connector.close()
        server.stop(None)


def test_no_word_of_a_service_is_logged_beyond_its_code(
    identity: GrpcIdentity, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """Identity quotes what it was asked for, and that is what a caller wrote into a token nobody has checked yet."""
    platform.failure = Failure(grpc.StatusCode.INVALID_ARGUMENT, "ERROR_NO_SUCH: no domain. (value = a-clients-value)")

    with structlog.testing.capture_logs() as lines, pytest.raises(InventoryError):
        identity.get_public_key("a-clients-value")

    assert [(line["event"], line["code"]) for line in lines] == [("platform_call_failed", "ERROR_NO_SUCH")]
    assert "a-clients-value" not in f"{lines}{capsys.readouterr()}"


@pytest.mark.parametrize("details", ["", "no code", "ERROR_", "ERROR_" + "X" * 4000, "ERRORS_A: x", " ERROR_A: x"])
def test_what_is_no_code_is_not_taken_for_one(details: str) -> None:
    assert error_code(details) == ""


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ("the quota of s3cr3t is used up", "; it said: the quota of *** is used up"),
        ("failed to connect to all addresses; last error: ipv4:10.0.0.1:50051", ""),
        ("Socket closed", ""),
        (
            "failed to connect to all addresses; last error: UNKNOWN: ipv4:10.0.0.1:1: Ssl handshake failed (TSI)",
            "; no TLS connection: it speaks no TLS, or its certificate is not of this host or not signed by a CA of "
            "INVENTORY_PLATFORM_CA_FILE",
        ),
        ("", ""),
    ],
)
def test_a_plugins_own_words_that_come_with_unavailable_are_kept(details: str, told: str) -> None:
    error = plugin_error(grpc.StatusCode.UNAVAILABLE, details, Redactor("s3cr3t"))
    assert isinstance(error, PluginUnavailableError)
    assert error.reason == f"the plugin cannot be reached, or broke off{told}"
