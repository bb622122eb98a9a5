"""The plugin service: returns the endpoints of plugins."""

from __future__ import annotations

from inventory.connector.grpc.call import ServiceClient
from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.grpc.errors import PLUGIN_SERVICE
from inventory.connector.ports import PluginEndpoint
from inventory.domain.principal import Principal
from inventory.errors import VerifyPluginFailureError
from inventory.stubs.spaceone.api.plugin.v1 import plugin_pb2, plugin_pb2_grpc


class GrpcPluginDirectory:
    """See :class:`~inventory.connector.ports.PluginDirectory`."""

    def __init__(self, *, channels: ChannelCache, endpoint: str, timeout_seconds: float) -> None:
        """Prepare; nothing connects yet.

        Args:
            endpoint: ``grpc://host:port`` or ``grpc+ssl://host:port``; otherwise ``InvalidParameterError`` is raised.
            timeout_seconds: how long a call may take, s: the service answers once it has installed the plugin.
        """
        self._stub = plugin_pb2_grpc.PluginStub(channels.get(endpoint))
        self._client = ServiceClient(service=PLUGIN_SERVICE, timeout_seconds=timeout_seconds, long=True)

    def get_endpoint(self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal) -> PluginEndpoint:
        """See the port."""
        request = plugin_pb2.PluginEndpointRequest(
            plugin_id=plugin_id,
            version=version,
            domain_id=principal.domain_id,
            upgrade_mode=upgrade_mode,
        )
        answer: plugin_pb2.PluginEndpoint = self._client.call(
            self._stub.get_plugin_endpoint, request, principal, key="plugin_id", value=plugin_id
        )
        if not answer.endpoint:
            raise VerifyPluginFailureError(reason="the plugin service answered without an endpoint")
        return PluginEndpoint(answer.endpoint, answer.access_token, answer.updated_version)
