"""The identity service: projects, service accounts, domains, keys and permissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from inventory.connector.grpc.call import ServiceClient
from inventory.connector.grpc.channel_cache import ChannelCache
from inventory.connector.ports import Access
from inventory.domain.principal import DOMAIN, SYSTEM, Principal
from inventory.errors import NotFoundError
from inventory.stubs.spaceone.api.core.v1 import handler_pb2, query_pb2
from inventory.stubs.spaceone.api.identity.v1 import (
    api_key_pb2,
    api_key_pb2_grpc,
    authorization_pb2_grpc,
    domain_pb2,
    domain_pb2_grpc,
    project_group_pb2,
    project_group_pb2_grpc,
    project_pb2,
    project_pb2_grpc,
    service_account_pb2,
    service_account_pb2_grpc,
)

SERVICE: Final = "inventory"
"""The name under which roles grant permissions for this service."""


class GrpcIdentity:
    """See :class:`~inventory.connector.ports.Identity`."""

    def __init__(self, *, channels: ChannelCache, endpoint: str, timeout_seconds: float) -> None:
        """Prepare, like :class:`~inventory.connector.grpc.plugin.GrpcPluginDirectory`."""
        channel = channels.get(endpoint)
        self._projects = project_pb2_grpc.ProjectStub(channel)
        self._groups = project_group_pb2_grpc.ProjectGroupStub(channel)
        self._accounts = service_account_pb2_grpc.ServiceAccountStub(channel)
        self._domains = domain_pb2_grpc.DomainStub(channel)
        self._api_keys = api_key_pb2_grpc.APIKeyStub(channel)
        self._authorization = authorization_pb2_grpc.AuthorizationStub(channel)
        self._client = ServiceClient(service="identity", timeout_seconds=timeout_seconds)

    def project_exists(self, project_id: str, principal: Principal) -> bool:
        """See the port."""
        request = project_pb2.GetProjectRequest(
            project_id=project_id, domain_id=principal.domain_id, only=["project_id"]
        )
        try:
            self._client.call(self._projects.get, request, principal, key="project_id", value=project_id)
        except NotFoundError:
            return False
        return True

    def projects_of_group(self, project_group_id: str, principal: Principal) -> Sequence[str]:
        """See the port."""
        request = project_group_pb2.ProjectGroupProjectQuery(
            project_group_id=project_group_id, recursive=True, domain_id=principal.domain_id
        )
        answer: project_group_pb2.ProjectGroupProjectsInfo = self._client.call(
            self._groups.list_projects, request, principal, key="project_group_id", value=project_group_id
        )
        return sorted({project.project_id for project in answer.results})

    def project_groups(self, principal: Principal) -> Mapping[str, str]:
        """See the port."""
        request = project_group_pb2.ProjectGroupQuery(domain_id=principal.domain_id)
        answer: project_group_pb2.ProjectGroupsInfo = self._client.call(
            self._groups.list, request, principal, key="project_group_id", value=""
        )
        return {group.project_group_id: group.parent_project_group_info.project_group_id for group in answer.results}

    def find_project(self, field: str, value: str, principal: Principal) -> str:
        """See the port."""
        request = project_pb2.ProjectQuery(query=_equals(field, value), domain_id=principal.domain_id)
        answer: project_pb2.ProjectsInfo = self._client.call(
            self._projects.list, request, principal, key=field, value=value
        )
        return answer.results[0].project_id if len(answer.results) == 1 else ""

    def find_service_account_project(self, field: str, value: str, principal: Principal) -> str:
        """See the port."""
        request = service_account_pb2.ServiceAccountQuery(
            query=_equals(field, value), service_account_type="GENERAL", domain_id=principal.domain_id
        )
        answer: service_account_pb2.ServiceAccountsInfo = self._client.call(
            self._accounts.list, request, principal, key=field, value=value
        )
        return answer.results[0].project_info.project_id if len(answer.results) == 1 else ""

    def get_public_key(self, domain_id: str) -> str:
        """See the port."""
        request = handler_pb2.AuthenticationRequest(domain_id=domain_id)
        answer: handler_pb2.AuthenticationResponse = self._client.call(
            self._domains.get_public_key, request, None, key="domain_id", value=domain_id
        )
        return answer.public_key

    def is_api_key_enabled(self, api_key_id: str, domain_id: str) -> bool:
        """See the port."""
        request = api_key_pb2.GetAPIKeyRequest(api_key_id=api_key_id, domain_id=domain_id)
        answer: api_key_pb2.APIKeyInfo = self._client.call(
            self._api_keys.get, request, None, key="api_key_id", value=api_key_id
        )
        return answer.state == api_key_pb2.APIKeyInfo.State.ENABLED

    def authorize(
        self, *, resource: str, verb: str, scope: str, project_id: str, require_project_id: bool, principal: Principal
    ) -> Access:
        """See the port. Callers that are neither SYSTEM nor DOMAIN are restricted to the projects in the answer."""
        request = handler_pb2.AuthorizationRequest(
            service=SERVICE,
            resource=resource,
            verb=verb,
            scope=scope,
            domain_id=principal.domain_id,
            project_id=project_id,
            require_project_id=require_project_id,
        )
        answer: handler_pb2.AuthorizationResponse = self._client.call(
            self._authorization.verify, request, principal, key="permission", value=f"{SERVICE}.{resource}.{verb}"
        )
        unlimited = answer.role_type in (SYSTEM, DOMAIN)
        return Access(role_type=answer.role_type, projects=None if unlimited else frozenset(answer.projects))

    def list_domains(self, principal: Principal) -> Sequence[str]:
        """See the port."""
        request = domain_pb2.DomainQuery(state="ENABLED")
        answer: domain_pb2.DomainsInfo = self._client.call(
            self._domains.list, request, principal, key="domain_id", value=""
        )
        return sorted({domain.domain_id for domain in answer.results})


def _equals(field: str, value: str) -> query_pb2.Query:
    """Return a query for ``field`` = ``value`` that distinguishes one hit from several without fetching all."""
    condition = query_pb2.Filter(k=field, o="eq")
    condition.v.string_value = value
    return query_pb2.Query(filter=[condition], page=query_pb2.Page(start=1, limit=2))
