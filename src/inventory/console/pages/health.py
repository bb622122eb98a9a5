"""Health: whether the server is serving, and how current the stored data is."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.responses import Response

from inventory.console.api import Json
from inventory.console.parts import part
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit

LIMIT: Final = 100
STATES: Final = ("NEVER", "STALE", "LATE", "FRESH")


async def show(visit: Visit) -> Response:
    """Show the server's version and the secrets, the worst first."""
    page = visit.whole("page", 1)
    start = (page - 1) * LIMIT + 1
    request: Json = {"page": {"start": start, "limit": LIMIT}}
    if states := [each for each in visit.texts("state") if each in STATES]:
        request["states"] = states
    fresh, server = await asyncio.gather(
        part(visit, "Freshness.list", wait=True, **request), part(visit, "ServerInfo.get_version", wait=True)
    )
    counts: dict[str, Any] = (fresh.answer or {}).get("counts", {})
    return visit.render(
        "health/page.html",
        fresh=fresh,
        counts=[(state, int(counts.get(state.lower(), 0))) for state in STATES],
        chosen=states,
        server=server,
        start=start,
        limit=LIMIT,
    )


PAGES: Final = (ConsolePage("/health", "health", show),)
