"""The SpaceONE services that this one calls, on one real gRPC server on loopback.

They answer from a mapping in the layout of the static platform file, as the published services would.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message as ProtoMessage
from joserfc import jwt
from joserfc.jwk import RSAKey

from inventory.stubs.spaceone.api.core.v1 import handler_pb2
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
from inventory.stubs.spaceone.api.plugin.v1 import plugin_pb2, plugin_pb2_grpc
from inventory.stubs.spaceone.api.repository.v1 import plugin_pb2 as repository_pb2
from inventory.stubs.spaceone.api.repository.v1 import plugin_pb2_grpc as repository_pb2_grpc
from inventory.stubs.spaceone.api.secret.v1 import secret_pb2, secret_pb2_grpc
from tests.fakes.plugin import Failure
from tests.fakes.resources import struct

Entry = Mapping[str, Any]


@dataclass
class PlatformCall:
    """One call that came in: ``Secret.list``, its request and its metadata, and how long its client waits, s."""

    method: str
    request: ProtoMessage
    metadata: dict[str, str]
    seconds_left: float | None


class FakePlatform:
    """Identity, plugin, repository and secret services. All attributes may be changed while it runs.

    Attributes:
        content: what they know, in the layout of the static file.
        failures: each call first takes one off, and fails with it.
        failure: what every call fails with.
        failures_of: what each call of a method fails with.
        gate: every call waits until it is set.
        installed: ``get_plugin_endpoint`` waits until it is set, as for a plugin that is being installed.
        being_installed: the plugins that this is so for; None: all.
        given_up: released for each such call that its client gave up.
        tokens: the tokens accepted; None: any, and none at all.
        role_type, projects: what ``Authorization.verify`` answers, except to the users of ``roles``.
        roles: role types by user, for the tokens issued here.
        api_keys: the states of the API keys issued here, by api_key_id; a deleted one is not there.
        denied: permissions refused, such as ``inventory.Collector.collect``.
        public_keys: JWK text by domain.
        encrypted: whether secret data come encrypted.
        calls: what came in, oldest first.
    """

    def __init__(
        self,
        content: Mapping[str, Any] | None = None,
        *,
        credentials: grpc.ServerCredentials | None = None,
        port: int = 0,
    ) -> None:
        self.content: dict[str, Any] = dict(content or {})
        self.failures: list[Failure] = []
        self.failure: Failure | None = None
        self.failures_of: dict[str, Failure] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.installed = threading.Event()
        self.installed.set()
        self.being_installed: set[str] | None = None
        self.given_up = threading.Semaphore(0)
        self.tokens: set[str] | None = None
        self.role_type = "DOMAIN"
        self.projects: list[str] = []
        self.roles: dict[str, str] = {}
        self.api_keys: dict[str, str] = {}
        self.issued: dict[str, dict[str, Any]] = {}
        self.denied: set[str] = set()
        self.public_keys: dict[str, str] = {}
        self.encrypted = False
        self.calls: list[PlatformCall] = []
        self.port = port
        self._credentials = credentials
        self._server: grpc.Server | None = None

    @property
    def endpoint(self) -> str:
        """Where all of them listen."""
        return f"{'grpc+ssl' if self._credentials else 'grpc'}://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen; stopped services come back on the same port."""
        server = grpc.server(ThreadPoolExecutor(64), options=[("grpc.so_reuseport", 0)])
        plugin_pb2_grpc.add_PluginServicer_to_server(_Plugin(self), server)
        repository_pb2_grpc.add_PluginServicer_to_server(_Repository(self), server)
        secret_pb2_grpc.add_SecretServicer_to_server(_Secret(self), server)
        project_pb2_grpc.add_ProjectServicer_to_server(_Project(self), server)
        project_group_pb2_grpc.add_ProjectGroupServicer_to_server(_ProjectGroup(self), server)
        service_account_pb2_grpc.add_ServiceAccountServicer_to_server(_ServiceAccount(self), server)
        domain_pb2_grpc.add_DomainServicer_to_server(_Domain(self), server)
        api_key_pb2_grpc.add_APIKeyServicer_to_server(_APIKey(self), server)
        authorization_pb2_grpc.add_AuthorizationServicer_to_server(_Authorization(self), server)
        address = f"127.0.0.1:{self.port}"
        self.port = (
            server.add_secure_port(address, self._credentials)
            if self._credentials
            else server.add_insecure_port(address)
        )
        server.start()
        self._server = server
        return self

    def stop(self) -> None:
        """Break all calls off and stop listening."""
        if self._server is not None:
            self.gate.set()
            self.installed.set()
            self._server.stop(grace=None).wait(10)
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def calls_of(self, method: str) -> list[PlatformCall]:
        """Return the calls of one method, oldest first."""
        return [call for call in list(self.calls) if call.method == method]

    def access_token(self, domain_id: str, user_id: str, *, user_type: str = "USER", seconds: int = 600) -> str:
        """Return a token as identity issues it to who has signed in; ``user_type`` is USER or DOMAIN_OWNER."""
        assert user_type in {"USER", "DOMAIN_OWNER"}, "identity issues no others"
        now = int(time.time())
        return self._issue(
            {
                "cat": "ACCESS_TOKEN",
                "user_type": user_type,
                "did": domain_id,
                "aud": user_id,
                "iat": now,
                "exp": now + seconds,
            }
        )

    def api_key(self, domain_id: str, user_id: str) -> str:
        """Return a new API key of an API_USER: it never expires, and says nothing of its role."""
        api_key_id = f"api-key-{len(self.api_keys):012x}"
        self.api_keys[api_key_id] = "ENABLED"
        return self._issue(
            {
                "cat": "API_KEY",
                "user_type": "API_USER",
                "api_key_id": api_key_id,
                "did": domain_id,
                "aud": user_id,
                "iat": int(time.time()),
            }
        )

    def _issue(self, claims: dict[str, Any]) -> str:
        key = _signing_key()
        self.public_keys.setdefault(claims["did"], json.dumps(key.as_dict(private=False)))
        token = str(jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, key))
        self.issued[token] = claims
        return token

    def entries(self, section: str, domain_id: str) -> list[Entry]:
        """Return the entries of a section that the domain has."""
        return [entry for entry in self.content.get(section) or [] if entry.get("domain_id", domain_id) == domain_id]


@functools.cache
def _signing_key() -> RSAKey:
    """The one key that signs for every domain; made once, since that takes its time."""
    return RSAKey.generate_key(2048)


class _Servicer:
    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def receive(
        self, method: str, request: ProtoMessage, context: grpc.ServicerContext, *, public: bool = False
    ) -> dict[str, str]:
        """Record the call and return its metadata; fail it where the test wants that, or its token is refused."""
        platform = self.platform
        metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        platform.calls.append(PlatformCall(method, request, metadata, context.time_remaining()))
        while not platform.gate.wait(0.01) and context.is_active():
            pass
        failure = platform.failures.pop(0) if platform.failures else platform.failures_of.get(method, platform.failure)
        if (
            failure is None
            and not public
            and platform.tokens is not None
            and metadata.get("token") not in platform.tokens
        ):
            failure = Failure(grpc.StatusCode.UNAUTHENTICATED, "ERROR_AUTHENTICATE_FAILURE: Token is invalid.")
        if failure is not None:
            context.abort(failure.status, failure.details)
        return metadata

    def find(self, section: str, key: str, request: Any, context: grpc.ServicerContext) -> Entry:
        """Return the entry the request asks for."""
        wanted = getattr(request, key)
        for entry in self.platform.entries(section, request.domain_id):
            if entry[key] == wanted:
                return entry
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"ERROR_NOT_FOUND: {key} not found. ({key} = {wanted})")
        raise AssertionError("abort returned")


def _selected(entries: list[Entry], request: Any, fields: tuple[str, ...]) -> list[Entry]:
    """Return the entries that the request's own fields and its query's filter let through, at most the page."""
    wanted = {field: getattr(request, field) for field in fields if getattr(request, field)}
    for condition in request.query.filter:
        if (condition.operator or condition.o or "eq") != "eq":
            raise AssertionError("this fake knows eq only")
        value = json_format.MessageToDict(condition.value if condition.HasField("value") else condition.v)
        wanted[condition.key or condition.k] = value
    found = [entry for entry in entries if all(_at(entry, field) == value for field, value in wanted.items())]
    limit = request.query.page.limit
    return found[:limit] if limit else found


def _at(entry: Any, field: str) -> Any:
    for part in field.split("."):
        entry = entry.get(part) if isinstance(entry, Mapping) else None
    return entry


class _Plugin(_Servicer, plugin_pb2_grpc.PluginServicer):
    def get_plugin_endpoint(
        self, request: plugin_pb2.PluginEndpointRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginEndpoint:
        self.receive("Plugin.get_plugin_endpoint", request, context)
        slow = self.platform.being_installed
        while (slow is None or request.plugin_id in slow) and not self.platform.installed.wait(0.01):
            if not context.is_active():
                self.platform.given_up.release()
                break
        entry = self.find("plugins", "plugin_id", request, context)
        version = request.version
        if request.upgrade_mode == plugin_pb2.PluginEndpointRequest.UpgradeMode.AUTO:
            version = entry.get("latest") or version
        endpoint = (entry.get("versions") or {}).get(version) or entry.get("endpoint")
        if endpoint is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"ERROR_NOT_FOUND: (version = {version})")
        updated = version if version != request.version else ""
        return plugin_pb2.PluginEndpoint(
            endpoint=endpoint, access_token=entry.get("access_token", ""), updated_version=updated
        )


class _Repository(_Servicer, repository_pb2_grpc.PluginServicer):
    def get(
        self, request: repository_pb2.GetRepositoryPluginRequest, context: grpc.ServicerContext
    ) -> repository_pb2.PluginInfo:
        self.receive("RepositoryPlugin.get", request, context)
        entry = self.find("plugins", "plugin_id", request, context)
        return repository_pb2.PluginInfo(
            plugin_id=entry["plugin_id"],
            name=entry.get("name", ""),
            provider=entry.get("provider", ""),
            capability=struct(entry.get("capability", {})),
        )


class _Secret(_Servicer, secret_pb2_grpc.SecretServicer):
    def list(self, request: secret_pb2.SecretQuery, context: grpc.ServicerContext) -> secret_pb2.SecretsInfo:
        self.receive("Secret.list", request, context)
        found = _selected(self.platform.entries("secrets", request.domain_id), request, ("secret_id", "provider"))
        results = [
            secret_pb2.SecretInfo(
                **{
                    name: entry.get(name, "")
                    for name in ("secret_id", "name", "schema", "provider", "service_account_id", "project_id")
                }
            )
            for entry in found
        ]
        return secret_pb2.SecretsInfo(results=results, total_count=len(results))

    def get_data(self, request: secret_pb2.SecretRequest, context: grpc.ServicerContext) -> secret_pb2.SecretDataInfo:
        self.receive("Secret.get_data", request, context)
        entry = self.find("secrets", "secret_id", request, context)
        return secret_pb2.SecretDataInfo(data=struct(entry.get("data", {})), encrypted=self.platform.encrypted)


class _Project(_Servicer, project_pb2_grpc.ProjectServicer):
    def get(self, request: project_pb2.GetProjectRequest, context: grpc.ServicerContext) -> project_pb2.ProjectInfo:
        self.receive("Project.get", request, context)
        entry = self.find("projects", "project_id", request, context)
        return project_pb2.ProjectInfo(project_id=entry["project_id"], name=entry.get("name", ""))

    def list(self, request: project_pb2.ProjectQuery, context: grpc.ServicerContext) -> project_pb2.ProjectsInfo:
        self.receive("Project.list", request, context)
        found = _selected(self.platform.entries("projects", request.domain_id), request, ("project_id", "name"))
        return project_pb2.ProjectsInfo(
            results=[project_pb2.ProjectInfo(project_id=entry["project_id"]) for entry in found]
        )


class _ProjectGroup(_Servicer, project_group_pb2_grpc.ProjectGroupServicer):
    def list(
        self, request: project_group_pb2.ProjectGroupQuery, context: grpc.ServicerContext
    ) -> project_group_pb2.ProjectGroupsInfo:
        self.receive("ProjectGroup.list", request, context)
        groups = self.platform.entries("project_groups", request.domain_id)
        return project_group_pb2.ProjectGroupsInfo(
            results=[
                project_group_pb2.ProjectGroupInfo(
                    project_group_id=group["project_group_id"],
                    parent_project_group_info=project_group_pb2.ProjectGroupInfo(
                        project_group_id=group.get("parent", "")
                    ),
                )
                for group in groups
            ],
            total_count=len(groups),
        )

    def list_projects(
        self, request: project_group_pb2.ProjectGroupProjectQuery, context: grpc.ServicerContext
    ) -> project_group_pb2.ProjectGroupProjectsInfo:
        self.receive("ProjectGroup.list_projects", request, context)
        self.find("project_groups", "project_group_id", request, context)
        groups = {request.project_group_id}
        if request.recursive:
            entries = self.platform.entries("project_groups", request.domain_id)
            for _ in entries:
                groups |= {entry["project_group_id"] for entry in entries if entry.get("parent") in groups}
        projects = self.platform.entries("projects", request.domain_id)
        found = [entry["project_id"] for entry in projects if entry.get("project_group_id") in groups]
        return project_group_pb2.ProjectGroupProjectsInfo(
            results=[project_group_pb2.ProjectGroupProjectInfo(project_id=project_id) for project_id in found]
        )


class _ServiceAccount(_Servicer, service_account_pb2_grpc.ServiceAccountServicer):
    def list(
        self, request: service_account_pb2.ServiceAccountQuery, context: grpc.ServicerContext
    ) -> service_account_pb2.ServiceAccountsInfo:
        self.receive("ServiceAccount.list", request, context)
        entries = [
            {"service_account_type": "GENERAL", **entry}
            for entry in self.platform.entries("service_accounts", request.domain_id)
        ]
        found = _selected(entries, request, ("service_account_id", "service_account_type", "provider"))
        return service_account_pb2.ServiceAccountsInfo(
            results=[
                service_account_pb2.ServiceAccountInfo(
                    service_account_id=entry["service_account_id"],
                    project_info=project_pb2.ProjectInfo(project_id=entry.get("project_id", "")),
                )
                for entry in found
            ]
        )


class _Domain(_Servicer, domain_pb2_grpc.DomainServicer):
    def list(self, request: domain_pb2.DomainQuery, context: grpc.ServicerContext) -> domain_pb2.DomainsInfo:
        self.receive("Domain.list", request, context)
        domains = self.platform.content.get("domains", [])
        return domain_pb2.DomainsInfo(results=[domain_pb2.DomainInfo(domain_id=domain_id) for domain_id in domains])

    def get_public_key(
        self, request: handler_pb2.AuthenticationRequest, context: grpc.ServicerContext
    ) -> handler_pb2.AuthenticationResponse:
        self.receive("Domain.get_public_key", request, context, public=True)
        key = self.platform.public_keys.get(request.domain_id)
        if key is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "ERROR_NOT_FOUND: domain not found.")
        return handler_pb2.AuthenticationResponse(domain_id=request.domain_id, public_key=key)


class _APIKey(_Servicer, api_key_pb2_grpc.APIKeyServicer):
    def get(self, request: api_key_pb2.GetAPIKeyRequest, context: grpc.ServicerContext) -> api_key_pb2.APIKeyInfo:
        self.receive("APIKey.get", request, context, public=True)
        domains = {claims["api_key_id"]: claims["did"] for claims in self._keys()}
        state = self.platform.api_keys.get(request.api_key_id)
        if state is None or domains.get(request.api_key_id) != request.domain_id:
            words = f"ERROR_NOT_FOUND: API key not found. (api_key_id = {request.api_key_id})"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, words)
        return api_key_pb2.APIKeyInfo(api_key_id=request.api_key_id, state=state, domain_id=request.domain_id)

    def _keys(self) -> list[dict[str, Any]]:
        return [claims for claims in self.platform.issued.values() if claims["cat"] == "API_KEY"]


class _Authorization(_Servicer, authorization_pb2_grpc.AuthorizationServicer):
    def verify(
        self, request: handler_pb2.AuthorizationRequest, context: grpc.ServicerContext
    ) -> handler_pb2.AuthorizationResponse:
        metadata = self.receive("Authorization.verify", request, context)
        claims = self.platform.issued.get(metadata.get("token", ""), {})
        role_type = self.platform.roles.get(str(claims.get("aud")), self.platform.role_type)
        if claims and role_type != "SYSTEM" and request.domain_id != claims["did"]:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "ERROR_PERMISSION_DENIED: Permission denied.")
        if f"{request.service}.{request.resource}.{request.verb}" in self.platform.denied:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "ERROR_PERMISSION_DENIED: Permission denied.")
        return handler_pb2.AuthorizationResponse(role_type=role_type, projects=self.platform.projects)
