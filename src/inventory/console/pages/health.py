"""Health: what `inventory doctor` finds, for operators, and how current the stored data is."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Final

from starlette.responses import Response

from inventory.console.api import UNAUTHENTICATED, ApiError, Json
from inventory.console.parts import Part, TemplateValues, part
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit
from inventory.domain.plain import MutableJson

LIMIT: Final = 100
STATES: Final = ("NEVER", "STALE", "LATE", "FRESH")
_WORST_FIRST: Final = ("FAIL", "WARN", "OK", "SKIP")


async def _asked(visit: Visit, name: str, *, wait: bool, **request: Any) -> Part:
    """Request a part; an unreachable MongoDB must not prevent this page.

    Raises:
        ApiError: the visitor is not signed in, or must choose a domain.
    """
    try:
        return await part(visit, name, wait=wait, **request)
    except ApiError as error:
        if error.status == UNAUTHENTICATED or error.needs_domain:
            raise
        return Part(None, error)


async def findings(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return the findings of the checks, the worst first."""
    plugins = visit.text("plugins") == "1"
    found = await _asked(visit, "Diagnosis.get", wait=wait, plugins=plugins)
    rows: list[Json] = (found.answer or {}).get("findings", [])
    rows = sorted(rows, key=lambda row: _WORST_FIRST.index(row["level"]))
    return {
        "part": found,
        "rows": rows,
        "counts": Counter(row["level"] for row in rows),
        "plugins": plugins,
    }


async def secrets(visit: Visit, *, wait: bool = False) -> TemplateValues:
    """Return a page of the secrets, the least current first."""
    start = visit.first_row(LIMIT)
    request: MutableJson = {"page": {"start": start, "limit": LIMIT}}
    if states := [each for each in visit.texts("state") if each in STATES]:
        request["states"] = states
    fresh = await _asked(visit, "Freshness.list", wait=wait, **request)
    counts: dict[str, Any] = (fresh.answer or {}).get("counts", {})
    return {
        "part": fresh,
        "counts": [(state, int(counts.get(state.lower(), 0))) for state in STATES],
        "chosen": states,
        "start": start,
        "limit": LIMIT,
    }


async def show(visit: Visit) -> Response:
    """Show the page; slow parts are loaded later."""
    checked, fresh, server = await asyncio.gather(findings(visit), secrets(visit), visit.call("ServerInfo.get_version"))
    return visit.render("health/page.html", checked=checked, fresh=fresh, version=server.get("version", ""))


async def show_findings(visit: Visit) -> Response:
    """Show the findings only, however long the checks take."""
    return visit.render(
        "part.html", template="health/findings.html", it=await findings(visit, wait=True), says_errors=True
    )


async def show_secrets(visit: Visit) -> Response:
    """Show the secrets only, however long that takes."""
    return visit.render(
        "part.html", template="health/secrets.html", it=await secrets(visit, wait=True), says_errors=True
    )


PAGES: Final = (
    ConsolePage("/health", "health", show, always=True),
    ConsolePage("/health/findings", "health_findings", show_findings, always=True),
    ConsolePage("/health/secrets", "health_secrets", show_secrets, always=True),
)
