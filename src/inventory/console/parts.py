"""Parts of a page that may take long, or that the visitor may not see."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from inventory.console.api import FORBIDDEN, NOT_SERVING, UNAUTHENTICATED, ApiError, Json
from inventory.console.visit import PART_SECONDS, Visit
from inventory.domain.plain import MutableJson

TOO_LATE: Final = ApiError(
    504, "ERROR_TIMEOUT", f"The server did not answer within {PART_SECONDS:.0f} s; it continues, so reload in a moment."
)
"""An answer that did not arrive, although the page waited for it."""
_WHOLE_PAGE: Final = (UNAUTHENTICATED, 503)
"""Errors that concern the whole page, and are shown on a page of their own."""

TemplateValues: TypeAlias = dict[str, Any]
"""The values that a template, or a part of one, is rendered with."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the API said for a part of a page.

    Attributes:
        answer: what it said; None if it has not yet, or refused.
        error: why there is none; None if the page does not wait for it.
    """

    answer: Json | None
    error: ApiError | None = None

    @property
    def results(self) -> list[Json]:
        """The rows of the answer; none without an answer."""
        found: list[Json] = (self.answer or {}).get("results", [])
        return found

    @property
    def total(self) -> int:
        """How many rows there are altogether."""
        return int((self.answer or {}).get("total_count", 0))

    @property
    def is_late(self) -> bool:
        """Whether the answer is still to come."""
        return self.answer is None and self.error is None

    def permitted(self) -> Part:
        """Return the part itself, for pages that show a missing answer as nothing: only a missing permission may be so.

        Raises:
            ApiError: there is no answer for another reason.
        """
        if self.error is not None and self.error.status != FORBIDDEN:
            raise self.error
        return self


async def part(visit: Visit, name: str, /, *, wait: bool = False, fresh: bool = False, **request: Any) -> Part:
    """Ask for a part of a page; if the page waits for it in vain, that is an error of the part.

    Args:
        visit: the request of the page.
        name: the method.
        wait, fresh: see :meth:`Visit.soon`.

    Raises:
        ApiError: it concerns the whole page: nobody is signed in, no domain is named, the server is away.
    """
    try:
        answer = await visit.soon(name, wait=wait, fresh=fresh, **request)
        if answer is not None or not visit.waits(wait):
            return Part(answer)
        if await visit.site.api.refuses():
            raise NOT_SERVING
        return Part(None, TOO_LATE)
    except ApiError as error:
        if error.status in _WHOLE_PAGE or error.needs_domain:
            raise
        return Part(None, error)


async def parts(visit: Visit, *questions: tuple[str, Json], wait: bool = False) -> list[Part]:
    """Ask for several parts at once; see :func:`part`."""
    return await asyncio.gather(*(part(visit, name, wait=wait, **request) for name, request in questions))


def grouped(*keys: str, filters: list[Json] | None = None, date_format: str = "") -> Json:
    """Return a statistics query that counts by ``keys``.

    Args:
        keys: dotted; each names its member of the rows, too.
        filters: conditions.
        date_format: of a single key that is a time.
    """
    shaped = {"date_format": date_format} if date_format else {}
    names = [{"key": key, "name": key.replace(".", "_"), **shaped} for key in keys]
    group = {"keys": names, "fields": [{"name": "count", "operator": "count"}]}
    query: MutableJson = {"aggregate": [{"group": group}, {"sort": {"key": "count", "desc": True}}]}
    if filters:
        query["filter"] = filters
    return query
