"""Ports: what the service needs from its environment, as Protocols that state their contracts.

Each port has a gRPC variant (the SpaceONE services) and a static one (a local YAML file); one contract test
suite runs over both. Every call takes the :class:`~inventory.domain.principal.Principal` it acts for, and passes on its
domain, token and transaction_id. Every call has a deadline. Unless a method says otherwise it raises

- ``NotFoundError`` for an id that the domain does not have,
- ``ConnectionFailureError`` if the service is unreachable,
- ``RequestTimeoutError`` if it does not answer in time,
- ``PermissionDeniedError`` or ``AuthenticateFailureError`` if it refuses the token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inventory.domain.plain import Json
from inventory.domain.principal import Principal

"""A decoded ``google.protobuf.Struct``: str keys; values null, bool, float or int, str, list or Json."""


@dataclass(frozen=True, slots=True)
class PluginEndpoint:
    """Where a plugin listens.

    Attributes:
        endpoint: ``grpc://host:port`` or ``grpc+ssl://host:port``.
        access_token: for the plugin, or empty; never logged.
        updated_version: the version in force after an upgrade, else empty.
    """

    endpoint: str
    access_token: str = field(default="", repr=False)
    updated_version: str = ""


@dataclass(frozen=True, slots=True)
class PluginInformation:
    """What the repository knows of a plugin."""

    plugin_id: str
    name: str = ""
    provider: str = ""
    capability: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecretInformation:
    """A secret without its data."""

    secret_id: str
    provider: str = ""
    service_account_id: str = ""
    project_id: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True)
class SecretSelector:
    """Selects secrets: the union of ``secret_id`` and ``secret_group_id``, else all of ``provider``."""

    secret_id: str = ""
    secret_group_id: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What identity lets a caller see: ``projects`` is None if they are not restricted."""

    role_type: str
    projects: frozenset[str] | None = None


class ResourceMessage:
    """One message of a plugin's stream, not interpreted; its content is decoded on first access.

    A resource whose fingerprint shows that it is unchanged is never decoded. A message belongs to one thread at a
    time. Rules and content are read-only: messages share equal parts.

    Attributes:
        resource_type: such as ``inventory.CloudService``.
        state: number of ``ResourceInfo.State``; 5 is FAILURE, 8 SKIP (of newer plugins).
        message: the plugin's message, for errors; free of the secret's values.
        match_rules: ``{"1": ["reference.resource_id", …]}``; empty if unset.
        size: bytes on the wire.
        fingerprint: a hash of type, state, rules and content in deterministic serialization: equal content has
            equal bytes.
        fault: why the message cannot be used, such as ``cannot be decoded``; the other attributes hold what could
            be read of it. Empty for an intact message.
    """

    __slots__ = (
        "_decode",
        "_resource",
        "fault",
        "fingerprint",
        "match_rules",
        "message",
        "resource_type",
        "size",
        "state",
    )

    def __init__(
        self,
        resource_type: str,
        state: int,
        message: str,
        match_rules: Json,
        resource: Json | Callable[[], Json],
        size: int,
        fingerprint: bytes = b"",
        fault: str = "",
    ) -> None:
        """Create a message; ``resource`` is the content, or a function that decodes it."""
        self.resource_type = resource_type
        self.state = state
        self.message = message
        self.match_rules = match_rules
        self.size = size
        self.fingerprint = fingerprint
        self.fault = fault
        self._decode: Callable[[], Json] | None = None
        self._resource: Json = {}
        if callable(resource):
            self._decode = resource
        else:
            self._resource = resource

    @property
    def resource(self) -> Json:
        """The content."""
        self.decode()
        return self._resource

    def decode(self) -> None:
        """Decode the content now, unless it is decoded already."""
        if self._decode is not None:
            self._resource = self._decode()
            self._decode = None

    def __repr__(self) -> str:
        return f"ResourceMessage(resource_type={self.resource_type!r}, state={self.state}, size={self.size})"


class ResourceStream(Protocol):
    """A running ``collect`` call of a plugin.

    Iterating blocks until the plugin sends the next message. It raises ``PluginUnavailableError`` if the plugin is
    unreachable or ends the stream with UNAVAILABLE, ``CollectorCollectingError`` for any other failure, or
    ``JobTimeoutError`` if the plugin was silent for longer than the idle limit.
    """

    def __iter__(self) -> Iterator[ResourceMessage]: ...

    def cancel(self) -> None:
        """End the call at once, from any thread; iterating then ends with ``CollectorCollectingError``."""


class Cancelable(Protocol):
    """A call that can be ended from any thread."""

    def cancel(self) -> object:
        """End it at once."""


class CollectorPlugin(Protocol):
    """A connection to one collector plugin. Options, secret data and filter are always sent, even if empty."""

    def init(self, options: Json) -> Json:
        """Return the plugin's metadata. Raises ``PluginError`` (``PluginUnavailableError`` if unreachable)."""

    def verify(self, options: Json, secret_data: Json) -> None:
        """Return if the plugin accepts the secret. Raises ``PluginError`` with the plugin's reason."""

    def get_tasks(
        self, options: Json, secret_data: Json, *, on_call: Callable[[Cancelable], None] = lambda _: None
    ) -> Sequence[Json] | None:
        """Return the task_options of each slice, or None if the plugin does not support slices.

        Args:
            on_call: receives the call as soon as it runs; if that is canceled, ``PluginError`` is raised.
        """

    def collect(
        self, options: Json, secret_data: Json, filter: Json, task_options: Json | None, *, idle_seconds: float
    ) -> ResourceStream:
        """Start a collect. ``task_options`` None: not sent. Nothing fails before the stream is iterated."""


class PluginConnector(Protocol):
    """Connects to collector plugins; channels are reused."""

    def connect(self, endpoint: PluginEndpoint, principal: Principal) -> CollectorPlugin:
        """Return a connection. Raises ``InvalidParameterError`` for an invalid endpoint."""

    def close(self) -> None:
        """Close all channels."""


class PluginDirectory(Protocol):
    """The plugin service: where a given version of a plugin listens."""

    def get_endpoint(self, plugin_id: str, version: str, *, upgrade_mode: str, principal: Principal) -> PluginEndpoint:
        """Return the endpoint. ``upgrade_mode`` is AUTO or MANUAL; with AUTO ``version`` may be empty."""


class Repository(Protocol):
    """The repository service: which plugins exist."""

    def get_plugin(self, plugin_id: str, principal: Principal) -> PluginInformation:
        """Return the plugin's information."""


class SecretStore(Protocol):
    """The secret service."""

    def list_secrets(self, selector: SecretSelector, principal: Principal) -> Sequence[SecretInformation]:
        """Return the secrets that the selector finds, ordered by id; unknown ones are left out.

        Raises:
            InvalidParameterError: ``secret_group_id`` was given but the service has no groups.
        """

    def get_data(self, secret_id: str, principal: Principal) -> Json:
        """Return the secret's data. Never log, store or queue it."""


class Identity(Protocol):
    """The identity service: projects, service accounts, keys and permissions."""

    def project_exists(self, project_id: str, principal: Principal) -> bool:
        """Return whether the domain has the project."""

    def projects_of_group(self, project_group_id: str, principal: Principal) -> Sequence[str]:
        """Return the ids of all projects in the group and its subgroups. Raises ``NotFoundError``."""

    def project_groups(self, principal: Principal) -> Mapping[str, str]:
        """Return every project group of the domain by id, with the id of its parent group, or ``""``."""

    def find_project(self, field: str, value: str, principal: Principal) -> str:
        """Return the id of the one project whose ``field`` (dotted) equals ``value``, or ``""``."""

    def find_service_account_project(self, field: str, value: str, principal: Principal) -> str:
        """Return the project of the one GENERAL service account whose ``field`` equals ``value``, or ``""``."""

    def get_public_key(self, domain_id: str) -> str:
        """Return the domain's public key as JWK text."""

    def is_api_key_enabled(self, api_key_id: str, domain_id: str) -> bool:
        """Return whether the API key is enabled; asks without a token. Raises ``NotFoundError`` for an unknown key."""

    def authorize(
        self, *, resource: str, verb: str, scope: str, project_id: str, require_project_id: bool, principal: Principal
    ) -> Access:
        """Return what the caller may see. Raises ``PermissionDeniedError``."""

    def list_domains(self, principal: Principal) -> Sequence[str]:
        """Return the ids of all enabled domains."""
