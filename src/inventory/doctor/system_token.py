"""Checks the system token: identity and secret must accept it, and its role must be that of workers."""

from __future__ import annotations

import contextlib
from typing import Final

import pymongo

from inventory.doctor.finding import fail, ok, skip
from inventory.doctor.surroundings import Surroundings
from inventory.domain.finding import Finding
from inventory.domain.principal import DOMAIN, SYSTEM, Principal, system_principal
from inventory.errors import (
    AuthenticateFailureError,
    InventoryError,
    NotFoundError,
    PermissionDeniedError,
    SettingsError,
)
from inventory.model.connection import translated_errors
from inventory.settings.system_token import check_system_token

_CHECK: Final = "system token"
_CALL_SECONDS: Final = 5.0
_UNKNOWN_ID: Final = "secret-000000000000"
"""Requested to check whether the token may read secrets, without reading one."""
_RENEW: Final = "Renew INVENTORY_SYSTEM_TOKEN: an enabled API key of an API_USER of the root domain."
_ROLE: Final = "Give the API_USER of INVENTORY_SYSTEM_TOKEN a role of type SYSTEM in the root domain."
_SERVICE: Final = "See that service's log; `inventory config` shows which endpoints are in force."


def untried() -> Finding:
    """Return the finding if identity or secret is unreachable."""
    return skip(_CHECK, "the services that check it are unreachable")


def check_token(container: Surroundings, *, stored: bool) -> Finding:
    """Test the system token as workers use it: with identity, then with secret. No secret is read.

    Args:
        stored: whether MongoDB can be queried for a domain that has collectors.
    """
    service = "identity"
    try:
        check_system_token(container.settings)
        token = container.settings.system_token.get_secret_value()
        principal = system_principal("", token=token, transaction_id="doctor")
        domain_id = (_domain_of_a_collector(container) if stored else "") or _any_domain(container, principal)
        if not domain_id:
            return skip(_CHECK, "identity accepts it; there is no domain yet to test it in")
        principal = principal.in_domain(domain_id)
        role_type = _role_type(container, principal)
        if role_type != SYSTEM:
            return fail(_CHECK, f"its role has type {role_type or 'none'}, but must have type SYSTEM", _ROLE)
        service = "secret"
        with contextlib.suppress(NotFoundError):
            container.platform.secrets.get_data(_UNKNOWN_ID, principal)
    except SettingsError as exc:
        return fail(_CHECK, exc.message, _RENEW)
    except AuthenticateFailureError:
        return fail(_CHECK, f"the {service} service refuses it", _RENEW)
    except PermissionDeniedError:
        return fail(_CHECK, f"the {service} service accepts it, but not the calls that workers make", _ROLE)
    except InventoryError as exc:
        return fail(_CHECK, f"cannot be tested: {exc.message}", _SERVICE)
    return ok(_CHECK, "identity and secret accept it; its role has type SYSTEM")


def _domain_of_a_collector(container: Surroundings) -> str:
    with translated_errors(), pymongo.timeout(_CALL_SECONDS):
        found = container.database["collector"].find_one({}, {"domain_id": 1})
    return str(found["domain_id"]) if found else ""


def _any_domain(container: Surroundings, principal: Principal) -> str:
    return next(iter(container.platform.identity.list_domains(principal)), "")


def _role_type(container: Surroundings, principal: Principal) -> str:
    access = container.platform.identity.authorize(
        resource="Collector",
        verb="collect",
        scope=DOMAIN,
        project_id="",
        require_project_id=False,
        principal=principal,
    )
    return access.role_type
