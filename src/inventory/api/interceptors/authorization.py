"""May they: the question to identity, and the principal that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from inventory.api.interceptors.authentication import DOMAIN_OWNER, SYSTEM, Caller
from inventory.api.policy import PROJECT, Policy
from inventory.connector.ports import Identity
from inventory.domain import principal as roles
from inventory.domain.principal import Principal
from inventory.errors import RequiredParameterError


class Authorizer(Protocol):
    """Decides what a caller may do."""

    def authorize(self, principal: Principal, caller: Caller, policy: Policy, request: Mapping[str, Any]) -> Principal:
        """Return the principal with the role and the projects it is limited to.

        Raises:
            PermissionDeniedError: the caller may not do this.
        """


class NoAuthorization:
    """Lets every caller do everything within its domain."""

    def authorize(self, principal: Principal, caller: Caller, policy: Policy, request: Mapping[str, Any]) -> Principal:  # noqa: ARG002
        """See :class:`Authorizer`."""
        return principal


class IdentityAuthorization:
    """Asks identity, once per call. The domain's owner and the system pass unasked."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def authorize(self, principal: Principal, caller: Caller, policy: Policy, request: Mapping[str, Any]) -> Principal:
        """See :class:`Authorizer`."""
        if caller.user_type in {DOMAIN_OWNER, SYSTEM}:
            return principal
        project_id = str(request.get("project_id", "")) if policy.scope == PROJECT else ""
        access = self._identity.authorize(
            resource=policy.resource,
            verb=policy.verb,
            scope=policy.scope,
            project_id=project_id,
            require_project_id=policy.require_project_id,
            principal=principal,
        )
        # A role that nobody here knows is no reason to show more.
        limited = access.role_type not in {roles.SYSTEM, roles.DOMAIN} and policy.scope == PROJECT
        projects = (access.projects or frozenset()) if limited else None
        return replace(principal, role_type=access.role_type or principal.role_type, projects=projects)


def bind_domain(principal: Principal, caller: Caller, requested: str) -> Principal:
    """Return ``principal`` bound to the domain it acts in.

    A token's domain stands whatever the request says; only the system may name another. Without a token the request's
    domain counts, and then the default.

    Raises:
        RequiredParameterError: there is no domain at all.
    """
    free = principal.role_type == roles.SYSTEM or not caller.user_id
    domain_id = (requested or caller.domain_id) if free else caller.domain_id
    if not domain_id:
        raise RequiredParameterError(key="domain_id")
    return principal if principal.domain_id == domain_id else principal.in_domain(domain_id)
