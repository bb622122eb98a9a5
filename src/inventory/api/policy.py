"""What a method of the API requires of its caller. The policies of all methods are in ``api.methods``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inventory.errors import RequiredParameterError

PACKAGE: Final = "spaceone.api.inventory.v1"
OPERATIONS: Final = "inventory.operations.v1"
"""The package of our own services, which published clients do not know."""
SERVER_INFO: Final = "spaceone.api.core.v1.ServerInfo"
SERVICE: Final = "inventory"
"""This service's name in permissions and in requests to identity."""

DOMAIN: Final = "DOMAIN"
PROJECT: Final = "PROJECT"
PUBLIC: Final = "PUBLIC"
"""Neither authenticated nor authorized, and independent of a domain."""

_READING: Final = ("get", "list", "stat", "analyze", "explain", "verify")
"""Prefixes of the names of methods that only read."""

_ASKING: Final = frozenset({"create", "update", "update_plugin", "verify_plugin", "collect"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What a method requires of its caller.

    Attributes:
        method: ``/package.Service/method``.
        resource: the service's name in identity and permissions.
        verb: the method's name; for methods that are not published, resource and verb are those of another method.
        scope: ``DOMAIN``, ``PROJECT`` or ``PUBLIC``.
        required: dotted fields that must be present; ``domain_id`` is always required and not listed.
        require_project_id: whether identity must insist on a project.
    """

    method: str
    resource: str
    verb: str
    scope: str
    required: tuple[str, ...] = ()
    require_project_id: bool = False

    @property
    def permission(self) -> str:
        """The permission that a token's patterns are matched against, such as ``inventory.Collector.collect``."""
        return f"{SERVICE}.{self.resource}.{self.verb}"

    @property
    def changes(self) -> bool:
        """Whether the method may write; derived from its name."""
        return not self.method.rpartition("/")[2].startswith(_READING)

    @property
    def asks_plugin(self) -> bool:
        """Whether the method may wait for a plugin, or for one to be installed."""
        return self.resource == "Collector" and self.verb in _ASKING

    def check_required(self, request: Mapping[str, Any]) -> None:
        """Return if every required field is present.

        Raises:
            RequiredParameterError: names the first missing one.
        """
        for key in self.required:
            if _missing(request, key):
                raise RequiredParameterError(key=key)


def _missing(request: Mapping[str, Any], key: str) -> bool:
    value: Any = request
    for segment in key.split("."):
        if not isinstance(value, Mapping) or segment not in value:
            return True
        value = value[segment]
    return False
