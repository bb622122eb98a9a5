"""Who calls: the token's claims, or nobody in particular where authentication is off."""

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
        domain_id: the domain of the caller's token; empty where there is none.
        user_id: who it is; empty where nobody was authenticated.
        user_type: ``USER``, ``DOMAIN_OWNER`` or ``API_USER``; anything else has a user's
            rights. No token tells who is the system: identity does, by the role.
        permissions: patterns over ``inventory.Collector.collect`` that bound what the token is good for; None: all.
        api_key_id: the API key that the token is; empty for an access token.
    """

    domain_id: str
    user_id: str = ""
    user_type: str = "USER"
    permissions: tuple[str, ...] | None = None
    api_key_id: str = ""

    def check_permission(self, permission: str) -> None:
        """Return if the token is good for ``permission``.

        Raises:
            PermissionDeniedError: it is not.
        """
        if self.permissions is None:
            return
        if not any(fnmatchcase(permission, pattern) for pattern in self.permissions):
            raise PermissionDeniedError


class Authenticator(Protocol):
    """Finds out who calls."""

    def authenticate(self, token: str) -> Caller:
        """Return who calls.

        Raises:
            AuthenticateFailureError: the token is absent, wrong or expired.
            ConnectionFailureError, RequestTimeoutError: the key to check it with cannot be had right now.
        """


class NoAuthentication:
    """Takes every caller, in the domain that its request names or in the default one."""

    def __init__(self, default_domain_id: str = "") -> None:
        self._anyone = Caller(domain_id=default_domain_id)

    def authenticate(self, token: str) -> Caller:  # noqa: ARG002
        """See :class:`Authenticator`."""
        return self._anyone
