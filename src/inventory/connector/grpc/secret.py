"""The secret service. The published one does not support groups."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.connector.grpc.call import ServiceClient
from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.ports import SecretInformation, SecretSelector
from inventory.domain.plain import Json
from inventory.domain.principal import Principal
from inventory.errors import CollectorSecretError, InvalidParameterError
from inventory.protobuf.struct import to_dict
from inventory.stubs.spaceone.api.secret.v1 import secret_pb2, secret_pb2_grpc


class GrpcSecretStore:
    """See :class:`~inventory.connector.ports.SecretStore`."""

    def __init__(self, *, channels: ChannelCache, endpoint: str, timeout_seconds: float) -> None:
        """Prepare, like :class:`~inventory.connector.grpc.plugin.GrpcPluginDirectory`."""
        self._stub = secret_pb2_grpc.SecretStub(channels.get(endpoint))
        self._client = ServiceClient(service="secret", timeout_seconds=timeout_seconds)

    def list_secrets(self, selector: SecretSelector, principal: Principal) -> Sequence[SecretInformation]:
        """See the port."""
        if selector.secret_group_id:
            raise InvalidParameterError(key="secret_group_id", reason="the secret service has no groups")
        query = secret_pb2.SecretQuery(domain_id=principal.domain_id)
        if selector.secret_id:
            query.secret_id, key, value = selector.secret_id, "secret_id", selector.secret_id
        elif selector.provider:
            query.provider, key, value = selector.provider, "provider", selector.provider
        else:
            # An empty query would find every secret of the domain.
            return []
        answer: secret_pb2.SecretsInfo = self._client.call(self._stub.list, query, principal, key=key, value=value)
        found = {info.secret_id: info for info in answer.results}
        return [_information(found[name]) for name in sorted(found)]

    def get_data(self, secret_id: str, principal: Principal) -> Json:
        """See the port.

        Raises:
            CollectorSecretError: the service sent the data encrypted.
        """
        request = secret_pb2.SecretRequest(secret_id=secret_id, domain_id=principal.domain_id)
        answer: secret_pb2.SecretDataInfo = self._client.call(
            self._stub.get_data, request, principal, key="secret_id", value=secret_id
        )
        if answer.encrypted:
            raise CollectorSecretError(secret_id=secret_id, reason="the secret service sent it encrypted")
        return to_dict(answer.data)


def _information(info: secret_pb2.SecretInfo) -> SecretInformation:
    return SecretInformation(
        secret_id=info.secret_id,
        provider=info.provider,
        service_account_id=info.service_account_id,
        project_id=info.project_id,
        schema=info.schema,
    )
