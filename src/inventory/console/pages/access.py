"""Signing in and out, choosing the domain, and light or dark."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from inventory.console import session
from inventory.console.api import ApiError
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit

_PROBE: Final = "Collector.list"
"""The method with which a new token is tried: it authenticates every caller, whatever their permissions."""


async def show_login(visit: Visit) -> Response:
    """Show the field for the token."""
    return visit.render("login.html", next=visit.text("next", "/"), said="", error=None)


async def log_in(visit: Visit) -> Response:
    """Store the token, if the server accepts it."""
    token, target = visit.field("token"), visit.field("next") or "/"
    said = "" if session.is_token(token) else "That is no token: it is one line of letters, digits, dots and dashes."
    if not said:
        said = await _refusal(visit, token)
    if said:
        return visit.render("login.html", status=401, next=target, said=said, error=None)
    response = visit.go(target, "You are signed in.")
    session.log_in(response, visit.request, token)
    return response


async def _refusal(visit: Visit, token: str) -> str:
    """Return why the server does not authenticate the caller; empty if it does, whatever the permissions."""
    try:
        await visit.site.api.call(
            _PROBE, {"query": {"count_only": True}}, token=token, transaction_id=visit.transaction_id
        )
    except ApiError as error:
        return "The server does not accept this token." if error.status == 401 else _unreached(error)
    return ""


def _unreached(error: ApiError) -> str:
    return "The server cannot be reached; try again in a moment." if error.status in (503, 504) else ""


async def log_out(visit: Visit) -> Response:
    """Delete token and domain from the session."""
    response = visit.go("/login", "You are signed out.")
    session.log_out(response)
    return response


async def show_domain(visit: Visit) -> Response:
    """Show the field for the domain."""
    return visit.render("domain.html", next=visit.text("next", "/"), error=None)


async def choose_domain(visit: Visit) -> Response:
    """Store the domain."""
    response = visit.go(visit.field("next") or "/")
    session.choose_domain(response, visit.request, visit.field("domain_id"))
    return response


async def choose_theme(visit: Visit) -> Response:
    """Store light or dark."""
    response = visit.go(visit.field("next") or "/")
    session.choose_theme(response, visit.request, visit.field("theme"))
    return response


PAGES: Final = (
    ConsolePage("/login", "login", show_login, always=True),
    ConsolePage("/login", "log_in", log_in, writes=True, always=True),
    ConsolePage("/logout", "log_out", log_out, writes=True, always=True),
    ConsolePage("/domain", "domain", show_domain, always=True),
    ConsolePage("/domain", "choose_domain", choose_domain, writes=True, always=True),
    ConsolePage("/theme", "choose_theme", choose_theme, writes=True, always=True),
)
