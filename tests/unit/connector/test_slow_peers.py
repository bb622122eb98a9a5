"""A peer that is far away is slow to connect to, which is no reason to give it up."""

from __future__ import annotations

from inventory.connector.grpc.collector_plugin import GrpcPluginConnector
from inventory.connector.ports import PluginEndpoint
from inventory.domain.principal import Principal
from tests.fakes.plugin import FakePlugin
from tests.fakes.relay import SlowRelay


def test_a_plugin_that_takes_long_to_connect_to_answers_at_the_first_try() -> None:
    with FakePlugin(metadata={"a": "b"}) as plugin, SlowRelay(plugin.port, delay_seconds=0.4) as relay:
        connector = GrpcPluginConnector(max_message_bytes=1024 * 1024, init_timeout_seconds=10)
        endpoint = PluginEndpoint(endpoint=f"grpc://127.0.0.1:{relay.port}")
        try:
            assert connector.connect(endpoint, Principal(domain_id="domain-1")).init({}) == {"a": "b"}
        finally:
            connector.close()
