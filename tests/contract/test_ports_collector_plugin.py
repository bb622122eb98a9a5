"""The collector plugin protocol, seen from both ends: our client against a real gRPC server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import CollectorPlugin, PluginConnector, PluginEndpoint, ResourceMessage, ResourceStream
from inventory.domain.principal import Principal
from inventory.errors import (
    CollectorCollectingError,
    InvalidParameterError,
    JobTimeoutError,
    PluginError,
    PluginLateError,
    PluginUnavailableError,
)
from inventory.process.tls import TlsFiles
from tests.fakes.plugin import Call, Failure, FakePlugin, Gate
from tests.fakes.resources import State, cloud_service, error_resource, message, region
from tests.fakes.tls import CertificateAuthority
from tests.ports import free_port

PRINCIPAL = Principal(domain_id="domain-1", token="callers-token", transaction_id="tr-1")
SECRET = {"access_key": "planted-key", "nested": {"list": ["planted-in-list"]}, "short": "abc"}


@pytest.fixture
def connector() -> Iterator[PluginConnector]:
    connector = GrpcPluginConnector(max_message_bytes=64 * 1024 * 1024, init_timeout_seconds=60)
    yield connector
    connector.close()


@pytest.fixture
def fake() -> Iterator[FakePlugin]:
    with FakePlugin() as plugin:
        yield plugin


@pytest.fixture
def plugin(connector: PluginConnector, fake: FakePlugin) -> CollectorPlugin:
    return connector.connect(PluginEndpoint(fake.endpoint, access_token="plugins-token"), PRINCIPAL)


def collect(plugin: CollectorPlugin, idle_seconds: float = 60, **overrides: Any) -> list[ResourceMessage]:
    arguments: dict[str, Any] = {"options": {}, "secret_data": SECRET, "filter": {}, "task_options": None}
    return list(plugin.collect(**(arguments | overrides), idle_seconds=idle_seconds))


def drain(stream: ResourceStream, take: Callable[[ResourceMessage], object]) -> None:
    """Read the stream to its end, handing over what comes before it."""
    for item in stream:
        take(item)


class TestUnaryCalls:
    def test_init_returns_the_metadata(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.metadata = {"supported_features": ["garbage_collection"], "n": 3, "deep": {"none": None}}
        assert plugin.init({"option": 1}) == fake.metadata
        assert fake.calls_of("init")[0].options == {"option": 1}

    def test_options_and_secret_are_sent_even_if_empty(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.tasks = []
        plugin.init({})
        plugin.verify({}, {})
        plugin.get_tasks({}, {})
        assert [call.present for call in fake.calls] == [
            {"options"},
            {"options", "secret_data"},
            {"options", "secret_data"},
        ]

    def test_the_plugin_gets_its_own_token_and_never_the_callers(
        self, plugin: CollectorPlugin, fake: FakePlugin
    ) -> None:
        plugin.init({})
        collect(plugin)
        for call in fake.calls:
            assert call.metadata["token"] == "plugins-token"
            assert call.metadata["transaction_id"] == "tr-1"

    def test_tasks(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.tasks = [{"region": "r-1"}, {}]
        assert plugin.get_tasks({}, SECRET) == [{"region": "r-1"}, {}]

    def test_a_plugin_without_slices(self, plugin: CollectorPlugin) -> None:
        assert plugin.get_tasks({}, SECRET) is None

    def test_a_refused_secret_is_an_error_with_the_plugins_reason_but_not_the_secret(
        self, plugin: CollectorPlugin, fake: FakePlugin
    ) -> None:
        fake.verify_failure = Failure(grpc.StatusCode.UNKNOWN, "key planted-key, [planted-in-list]: opt-value is bad")
        with pytest.raises(PluginError) as raised:
            plugin.verify({"o": "opt-value"}, SECRET)
        assert raised.value.reason == "UNKNOWN: key ***, [***]: opt-value is bad"
        assert not isinstance(raised.value, PluginUnavailableError)

    @pytest.mark.parametrize("status", [s for s in grpc.StatusCode if s is not grpc.StatusCode.OK])
    def test_whatever_a_plugin_fails_with_is_a_plugin_error(
        self, plugin: CollectorPlugin, fake: FakePlugin, status: grpc.StatusCode
    ) -> None:
        fake.init_failure = fake.verify_failure = fake.tasks_failure = Failure(status, "why")
        fake.tasks = []
        unavailable = status is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(PluginUnavailableError if unavailable else PluginError):
            plugin.init({})
        with pytest.raises(PluginError):
            plugin.verify({}, {})
        if status is grpc.StatusCode.UNIMPLEMENTED:
            assert plugin.get_tasks({}, {}) is None
        else:
            with pytest.raises(PluginError):
                plugin.get_tasks({}, {})

    def test_nobody_there(self, connector: PluginConnector) -> None:
        plugin = connector.connect(PluginEndpoint(f"grpc://127.0.0.1:{free_port()}"), PRINCIPAL)
        with pytest.raises(PluginUnavailableError):
            plugin.init({})
        with pytest.raises(PluginUnavailableError):
            collect(plugin)

    def test_a_plugin_that_does_not_answer_in_time(self, fake: FakePlugin) -> None:
        hung = threading.Event()
        fake.tasks = lambda call: [{}] if hung.wait(90) else []
        connector = GrpcPluginConnector(max_message_bytes=1024, init_timeout_seconds=0.2)
        plugin = connector.connect(PluginEndpoint(fake.endpoint), PRINCIPAL)
        started = time.monotonic()
        with pytest.raises(PluginLateError, match="in time"):
            plugin.get_tasks({}, {})
        assert time.monotonic() - started < 60
        hung.set()
        connector.close()

    def test_a_plugins_own_word_that_something_was_late_is_no_late_answer(
        self, plugin: CollectorPlugin, fake: FakePlugin
    ) -> None:
        fake.tasks_failure, fake.tasks = Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "the cloud is slow"), []
        with pytest.raises(PluginError, match="in time") as raised:
            plugin.get_tasks({}, {})
        assert not isinstance(raised.value, PluginLateError)

    @pytest.mark.parametrize(
        "endpoint", ["", "127.0.0.1:1", "http://127.0.0.1:1", "grpc://", "grpc://host", "grpc://h:0", "grpc://h:99999"]
    )
    def test_what_is_no_address_is_refused(self, connector: PluginConnector, endpoint: str) -> None:
        with pytest.raises(InvalidParameterError, match="endpoint"):
            connector.connect(PluginEndpoint(endpoint), PRINCIPAL)


class TestCollect:
    def test_messages_arrive_in_order_with_their_content(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        data = {"int": 7, "float": 1.5, "big": 1e300, "none": None, "yes": True, "list": [1, {"a": []}], "empty": {}}
        fake.resources = [cloud_service("i-1", data=data), region("r-1"), message("other.Type")]
        first, second, third = collect(plugin)
        assert first.resource_type == "inventory.CloudService"
        assert first.state == State.SUCCESS
        assert first.resource["data"] == data
        assert isinstance(first.resource["data"]["int"], int)
        assert first.match_rules["1"][0] == "reference.resource_id"
        assert first.size == fake.resources[0].ByteSize()
        assert second.resource["region_code"] == "r-1"
        assert (third.resource, third.match_rules) == ({}, {})

    def test_everything_is_sent_even_if_empty_and_task_options_only_where_given(
        self, plugin: CollectorPlugin, fake: FakePlugin
    ) -> None:
        collect(plugin, secret_data={})
        collect(plugin, filter={"region": ["r-1"]}, task_options={})
        without, with_options = fake.calls_of("collect")
        assert without.present == {"options", "secret_data", "filter"}
        assert with_options.present == {"options", "secret_data", "filter", "task_options"}
        assert with_options.filter == {"region": ["r-1"]}

    def test_nothing_is_called_before_the_iteration(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        stream = plugin.collect({}, {}, {}, None, idle_seconds=60)
        assert fake.calls_of("collect") == []
        assert list(stream) == []

    def test_equal_content_has_an_equal_fingerprint_in_any_order(
        self, plugin: CollectorPlugin, fake: FakePlugin
    ) -> None:
        forward = {f"key-{n}": n for n in range(50)}
        backward = dict(reversed(forward.items()))
        fake.resources = [
            cloud_service("i-1", data=forward),
            cloud_service("i-1", data=backward),
            cloud_service("i-1", data=forward | {"key-7": 8}),
            cloud_service("i-1", data=forward, match_rules={"1": ["name"]}),
            cloud_service("i-1", data=forward, state=State.FAILURE),
        ]
        first, second, *others = (item.fingerprint for item in collect(plugin))
        assert first == second
        assert len({first, *others}) == 4

    def test_an_abort_keeps_what_came_before(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [cloud_service(f"i-{n}") for n in range(5)]
        fake.abort = (3, Failure(grpc.StatusCode.INTERNAL, "broke with planted-key"))
        seen: list[ResourceMessage] = []
        with pytest.raises(CollectorCollectingError, match=r"INTERNAL: broke with \*\*\*"):
            drain(plugin.collect({}, SECRET, {}, None, idle_seconds=60), seen.append)
        assert len(seen) == 3

    @pytest.mark.parametrize("status", [s for s in grpc.StatusCode if s is not grpc.StatusCode.OK])
    def test_whatever_a_stream_breaks_off_with_is_translated(
        self, plugin: CollectorPlugin, fake: FakePlugin, status: grpc.StatusCode
    ) -> None:
        fake.abort = (0, Failure(status, "why"))
        unavailable = status is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(PluginUnavailableError if unavailable else CollectorCollectingError):
            collect(plugin)

    def test_a_plugin_that_dies_is_unavailable(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [cloud_service("i-1"), cloud_service("i-2")]
        fake.gate = Gate(after=1)
        with pytest.raises(PluginUnavailableError):
            drain(plugin.collect({}, {}, {}, None, idle_seconds=60), lambda _: fake.stop())

    def test_a_plugin_that_comes_back_is_reached_again(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [cloud_service("i-1")]
        assert len(collect(plugin)) == 1
        fake.stop()
        with pytest.raises(PluginUnavailableError):
            collect(plugin)
        fake.start()
        end = time.monotonic() + 60
        while True:
            try:
                assert len(collect(plugin)) == 1
                break
            except PluginUnavailableError:
                assert time.monotonic() < end
                time.sleep(0.05)

    def test_cancel_from_another_thread_ends_it_at_once(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [cloud_service("i-1"), cloud_service("i-2")]
        fake.gate = Gate(after=1)
        stream = plugin.collect({}, {}, {}, None, idle_seconds=60)
        threading.Thread(target=lambda: (fake.gate.reached.wait(60), stream.cancel())).start()
        started = time.monotonic()
        with pytest.raises(CollectorCollectingError, match="canceled"):
            list(stream)
        assert time.monotonic() - started < 50
        assert fake.wait_for("collect", ended=True)[0].ended == "canceled"

    def test_a_stream_canceled_before_it_is_iterated_calls_nothing(
        self, plugin: CollectorPlugin, fake: FakePlugin
    ) -> None:
        stream = plugin.collect({}, {}, {}, None, idle_seconds=60)
        stream.cancel()
        with pytest.raises(CollectorCollectingError, match="canceled"):
            list(stream)
        assert fake.calls_of("collect") == []

    def test_a_reader_that_leaves_ends_the_call(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [cloud_service(f"i-{n}") for n in range(3)]
        fake.gate = Gate(after=1)
        for _ in plugin.collect({}, {}, {}, None, idle_seconds=60):
            break
        assert fake.wait_for("collect", ended=True)[0].ended == "canceled"

    def test_silence_beyond_the_limit_is_a_timeout(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [cloud_service("i-1"), cloud_service("i-2")]
        fake.gate = Gate(after=1)
        seen: list[ResourceMessage] = []
        for _ in range(5):  # on a busy machine the first message may come too late, too
            with pytest.raises(JobTimeoutError, match=r"0\.3 s"):
                drain(plugin.collect({}, {}, {}, None, idle_seconds=0.3), seen.append)
            if seen:
                break
        assert len(seen) == 1
        assert fake.wait_for("collect", ended=True)[0].ended == "canceled"

    def test_the_readers_own_time_is_no_silence(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [cloud_service("i-1"), cloud_service("i-2")]
        for attempt in range(5):
            seen = 0
            try:
                for _ in plugin.collect({}, {}, {}, None, idle_seconds=0.2):
                    seen += 1
                    threading.Event().wait(0.5)  # the reader is busy for longer than the limit
                break
            except JobTimeoutError:  # on a busy machine a message may be late
                if attempt == 4:
                    raise
        assert seen == 2

    def test_the_callers_deadline_is_a_timeout(self, connector: PluginConnector, fake: FakePlugin) -> None:
        fake.gate = Gate()
        principal = Principal(domain_id="d", deadline=time.monotonic() + 0.3)
        plugin = connector.connect(PluginEndpoint(fake.endpoint), principal)
        with pytest.raises(JobTimeoutError):
            collect(plugin)
        assert time.monotonic() - principal.deadline < 50

    def test_a_plugins_words_are_free_of_secrets(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        fake.resources = [error_resource("no access with planted-key")]
        assert collect(plugin)[0].message == "no access with ***"

    def test_messages_beyond_grpcs_own_limit_arrive(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        blob = "x" * (6 * 1024 * 1024)
        fake.resources = [cloud_service("i-1", data={"blob": blob})]
        assert collect(plugin)[0].resource["data"]["blob"] == blob

    def test_a_message_beyond_the_limit_breaks_the_stream_with_a_clear_reason(self, fake: FakePlugin) -> None:
        connector = GrpcPluginConnector(max_message_bytes=1024, init_timeout_seconds=60)
        fake.resources = [cloud_service("i-1", data={"blob": "x" * 4096})]
        with pytest.raises(CollectorCollectingError, match="RESOURCE_EXHAUSTED"):
            collect(connector.connect(PluginEndpoint(fake.endpoint), PRINCIPAL))
        connector.close()

    def test_deep_and_wide_content_is_decoded(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        deep: Any = {"leaf": [1, 2, 3]}
        for _ in range(17):
            deep = {"layout": [deep]}
        fake.resources = [cloud_service("i-1", metadata=deep)]
        assert collect(plugin)[0].resource["metadata"] == deep

    def test_resources_that_share_their_metadata_stay_apart(self, plugin: CollectorPlugin, fake: FakePlugin) -> None:
        sent = [{"view": {"of": index % 50, "columns": ["a", {"b": index % 50}]}} for index in range(200)]
        fake.resources = [cloud_service(f"i-{index}", metadata=each) for index, each in enumerate(sent)]
        found = [item.resource for item in collect(plugin)]
        assert [resource["metadata"] for resource in found] == sent
        assert [resource["reference"]["resource_id"] for resource in found] == [f"i-{n}" for n in range(200)]

    def test_many_streams_run_at_once(self, connector: PluginConnector, fake: FakePlugin) -> None:
        def script(call: Call) -> Iterator[Any]:
            yield from (cloud_service(f"{call.secret_data['n']}-{index}") for index in range(20))

        fake.resources = script
        results: dict[int, list[str]] = {}

        def run(number: int) -> None:
            plugin = connector.connect(PluginEndpoint(fake.endpoint), PRINCIPAL)
            found = collect(plugin, secret_data={"n": str(number)})
            results[number] = [item.resource["reference"]["resource_id"] for item in found]

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert results == {number: [f"{number}-{index}" for index in range(20)] for number in range(8)}


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path: Path) -> CertificateAuthority:
        return CertificateAuthority(tmp_path / "ours")

    def reach(self, endpoint: str, tls: TlsFiles) -> None:
        connector = GrpcPluginConnector(max_message_bytes=1024 * 1024, init_timeout_seconds=60, tls=tls)
        try:
            connector.connect(PluginEndpoint(endpoint), PRINCIPAL).init({})
        finally:
            connector.close()

    def test_a_plugin_with_a_certificate_of_our_ca_is_trusted(self, authority: CertificateAuthority) -> None:
        with FakePlugin(credentials=authority.server_credentials()) as fake:
            assert fake.endpoint.startswith("grpc+ssl://")
            self.reach(fake.endpoint, TlsFiles(ca=authority.certificate))

    def test_any_other_certificate_is_refused(self, authority: CertificateAuthority, tmp_path: Path) -> None:
        stranger = CertificateAuthority(tmp_path / "stranger", "other-ca")
        with FakePlugin(credentials=stranger.server_credentials()) as fake:
            with pytest.raises(PluginUnavailableError):
                self.reach(fake.endpoint, TlsFiles(ca=authority.certificate))
            assert fake.calls == []

    def test_a_plugin_may_demand_our_certificate(self, authority: CertificateAuthority) -> None:
        ours = authority.issue("client")
        with FakePlugin(credentials=authority.server_credentials(require_client=True)) as fake:
            with pytest.raises(PluginUnavailableError):
                self.reach(fake.endpoint, TlsFiles(ca=authority.certificate))
            self.reach(fake.endpoint, TlsFiles(authority.certificate, ours.certificate, ours.key))
