"""Who calls: the token's claims, or an anonymous caller if authentication is off."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol

from inventory.errors import PermissionDeniedError

DOMAIN_OWNER: Final = "DOMAIN_OWNER"
API_USER: Final = "API_USER"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        domain_id: the domain of the caller's token; empty without a token.
        user_id: the user; empty without authentication.
        user_type: ``USER``, ``DOMAIN_OWNER`` or ``API_USER``; anything else has the rights of a user. Tokens do not
            show
            who is the system: identity does, by the role.
        permissions: patterns of permissions such as ``inventory.Collector.collect`` that limit the token; None: no
            limit.
        api_key_id: the id of the API key; empty for an access token.
    """

    domain_id: str
    user_id: str = ""
    user_type: str = "USER"
    permissions: tuple[str, ...] | None = None
    api_key_id: str = ""

    def check_permission(self, permission: str) -> None:
        """Return if the token permits ``permission``.

        Raises:
            PermissionDeniedError: it does not.
        """
        if self.permissions is None:
            return
        if not any(fnmatchcase(permission, pattern) for pattern in self.permissions):
            raise PermissionDeniedError


class Authenticator(Protocol):
    """Identifies callers."""

    def authenticate(self, token: str) -> Caller:
        """Return who calls.

        Raises:
            AuthenticateFailureError: the token is missing, invalid or expired.
            ConnectionFailureError, RequestTimeoutError: the key for checking it is currently unavailable.
        """


class NoAuthentication:
    """Accepts every caller, in the domain of its request or in the default domain."""

    def __init__(self, default_domain_id: str = "") -> None:
        self._anyone = Caller(domain_id=default_domain_id)

    def authenticate(self, token: str) -> Caller:  # noqa: ARG002
        """See :class:`Authenticator`."""
        return self._anyone
