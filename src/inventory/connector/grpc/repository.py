"""The repository service: which plugins exist."""

from __future__ import annotations

from inventory.connector.grpc.call import ServiceClient
from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.ports import PluginInformation
from inventory.domain.principal import Principal
from inventory.protobuf.struct import to_dict
from inventory.stubs.spaceone.api.repository.v1 import plugin_pb2, plugin_pb2_grpc


class GrpcRepository:
    """See :class:`~inventory.connector.ports.Repository`."""

    def __init__(self, *, channels: ChannelCache, endpoint: str, timeout_seconds: float) -> None:
        """Prepare, like :class:`~inventory.connector.grpc.plugin.GrpcPluginDirectory`."""
        self._stub = plugin_pb2_grpc.PluginStub(channels.get(endpoint))
        self._client = ServiceClient(service="repository", timeout_seconds=timeout_seconds)

    def get_plugin(self, plugin_id: str, principal: Principal) -> PluginInformation:
        """See the port."""
        request = plugin_pb2.GetRepositoryPluginRequest(plugin_id=plugin_id, domain_id=principal.domain_id)
        answer: plugin_pb2.PluginInfo = self._client.call(
            self._stub.get, request, principal, key="plugin_id", value=plugin_id
        )
        return PluginInformation(
            plugin_id=answer.plugin_id,
            name=answer.name,
            provider=answer.provider,
            capability=to_dict(answer.capability),
        )
