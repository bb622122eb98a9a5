"""Whether a caller may do something: the request to identity, and the resulting principal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from inventory.api.interceptors.authentication import DOMAIN_OWNER, Caller
from inventory.api.policy import PROJECT, Policy
from inventory.connector.ports import Identity
from inventory.domain import principal as roles
from inventory.domain.principal import Principal
from inventory.errors import PermissionDeniedError, RequiredParameterError


class Authorizer(Protocol):
    """Decides what a caller may do."""

    def authorize(self, principal: Principal, caller: Caller, policy: Policy, request: Mapping[str, Any]) -> Principal:
        """Return the principal with its role and the projects it is restricted to.

        Raises:
            PermissionDeniedError: the caller may not do this.
        """


class NoAuthorization:
    """Permits every caller everything within its domain; nobody is the system, since only identity says who is."""

    def authorize(self, principal: Principal, caller: Caller, policy: Policy, request: Mapping[str, Any]) -> Principal:  # noqa: ARG002
        """See :class:`Authorizer`."""
        return principal


class IdentityAuthorization:
    """Asks identity, once per call. The domain's owner is permitted without asking."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def authorize(self, principal: Principal, caller: Caller, policy: Policy, request: Mapping[str, Any]) -> Principal:
        """See :class:`Authorizer`."""
        if caller.user_type == DOMAIN_OWNER:
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
        # An unknown role must not see more than known ones.
        limited = access.role_type not in {roles.SYSTEM, roles.DOMAIN} and policy.scope == PROJECT
        projects = (access.projects or frozenset()) if limited else None
        return replace(principal, role_type=access.role_type or principal.role_type, projects=projects)


def domain_to_ask_about(caller: Caller, requested: str) -> str:
    """Return the domain for which permission is requested: that of the request, else the caller's own.

    Raises:
        RequiredParameterError: there is no domain at all.
    """
    domain_id = caller.domain_id if caller.user_type == DOMAIN_OWNER else requested or caller.domain_id
    if not domain_id:
        raise RequiredParameterError(key="domain_id")
    return domain_id


def bind_domain(principal: Principal, caller: Caller, requested: str) -> Principal:
    """Return ``principal``, with its role, bound to the domain it acts in (contract, section 1).

    Without a token, that is the request's domain, else the default one. The system must name a domain, since its own,
    the root domain, is empty. A domain's owner acts in its own domain whatever the request says.

    Raises:
        RequiredParameterError: there is no domain at all, or the system named none.
        PermissionDeniedError: a caller other than the system named a foreign domain.
    """
    if not caller.user_id or principal.role_type == roles.SYSTEM:
        domain_id = requested or ("" if caller.user_id else caller.domain_id)
        if not domain_id:
            raise RequiredParameterError(key="domain_id")
    elif requested not in {"", caller.domain_id} and caller.user_type != DOMAIN_OWNER:
        raise PermissionDeniedError
    else:
        domain_id = caller.domain_id
    return principal if principal.domain_id == domain_id else principal.in_domain(domain_id)
