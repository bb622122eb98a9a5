"""What a method of the API asks of its caller. The policies of all methods are in ``api.methods``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inventory.errors import RequiredParameterError

PACKAGE: Final = "spaceone.api.inventory.v1"
OPERATIONS: Final = "inventory.operations.v1.Operations"
"""Our own service; identity knows nothing of it, so its methods ask for permission of the Collector's."""
SERVER_INFO: Final = "spaceone.api.core.v1.ServerInfo"
SERVICE: Final = "inventory"
"""This service's name in permissions and in questions to identity."""

DOMAIN: Final = "DOMAIN"
PROJECT: Final = "PROJECT"
PUBLIC: Final = "PUBLIC"
"""Neither authenticated nor authorized, and bound to no domain."""

_READING: Final = ("get", "list", "stat", "analyze", "explain", "verify")
"""How the names of methods begin that only read."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a method asks of its caller.

    Attributes:
        method: ``/package.Service/method``.
        resource: the service's name, as identity and permissions know it.
        verb: the method's name; like the resource, of another method where this one is not published.
        scope: ``DOMAIN``, ``PROJECT`` or ``PUBLIC``.
        required: dotted fields that must be present; ``domain_id`` goes without saying.
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
        """What a token's permission patterns are matched against, ``inventory.Collector.collect``."""
        return f"{SERVICE}.{self.resource}.{self.verb}"

    @property
    def changes(self) -> bool:
        """Whether the method may write: which methods of the API do not is in their names."""
        return not self.method.rpartition("/")[2].startswith(_READING)

    def check_required(self, request: Mapping[str, Any]) -> None:
        """Return if every required field is present.

        Raises:
            RequiredParameterError: names the first that is not.
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
