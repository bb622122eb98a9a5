"""Types, regions and rules: lists and details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from inventory.console.api import Json
from inventory.console.parts import Part, grouped, part
from inventory.console.resource.layouts import table_fields
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit
from inventory.domain.plain import MutableJson

LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class Catalog:
    """A kind of entity with a list and details.

    Attributes:
        path: of the list.
        title: of the list.
        about: a line below the title.
        empty: text of an empty list.
        counted: the field of resources by which they are counted; empty for none.
        key: the field of the entity that ``counted`` holds.
    """

    path: str
    service: str
    id_field: str
    title: str
    about: str
    empty: str
    counted: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """The name of its templates."""
        return self.path.removeprefix("/")

    def pages(self) -> tuple[ConsolePage, ...]:
        """Return its pages."""
        return (
            ConsolePage(self.path, self.name, self._show_list),
            ConsolePage(f"{self.path}/{{identifier}}", self.name.removesuffix("s"), self._show_one),
        )

    async def _show_list(self, visit: Visit) -> Response:
        start = visit.first_row(LIMIT)
        query: MutableJson = {"page": {"start": start, "limit": LIMIT}}
        if words := visit.text("q").strip():
            query["keyword"] = words
        filters = [
            {"k": key, "v": visit.text(parameter), "o": "eq"}
            for parameter, key in (("provider", "provider"), ("collector", "collector_id"))
            if visit.text(parameter)
        ]
        if filters:
            query["filter"] = filters
        found = await visit.call(f"{self.service}.list", query=query)
        return visit.render(
            f"catalog/{self.name}.html",
            catalog=self,
            rows=found.get("results", []),
            total=found.get("total_count", 0),
            start=start,
            limit=LIMIT,
            counts=await self._counts(visit, found.get("results", [])),
        )

    async def _counts(self, visit: Visit, rows: list[Json]) -> dict[tuple[str, str], int]:
        """Return the number of resources of each row, by provider and name; nothing if that takes long."""
        names = [row.get(self.key) for row in rows if row.get(self.key)]
        if not self.counted or not names:
            return {}
        query = grouped("provider", self.counted, filters=[{"k": self.counted, "v": names, "o": "in"}])
        answer = await part(visit, "CloudService.stat", query=query)
        return {(row.get("provider", ""), row.get(self.counted, "")): row["count"] for row in answer.results}

    async def _show_one(self, visit: Visit) -> Response:
        found = await visit.call(f"{self.service}.get", **{self.id_field: visit.request.path_params["identifier"]})
        return visit.render(
            f"catalog/{self.name.removesuffix('s')}.html",
            catalog=self,
            it=found,
            columns=table_fields(found.get("metadata")),
            counts=await self._counts(visit, [found]),
            why=await self._explained(visit),
        )

    async def _explained(self, visit: Visit) -> Part:
        """Return how a type's resources are distinguished; nothing for other things."""
        if self.service != "CloudServiceType":
            return Part({})
        identifier = visit.request.path_params["identifier"]
        return await part(visit, "Explanations.explain_type", wait=True, cloud_service_type_id=identifier)


TYPES: Final = Catalog(
    "/types",
    "CloudServiceType",
    "cloud_service_type_id",
    "Types",
    "Kinds of resources, as plugins describe them.",
    "No type is known yet: plugins send them when they collect.",
    counted="cloud_service_type",
    key="name",
)
REGIONS: Final = Catalog(
    "/regions",
    "Region",
    "region_id",
    "Regions",
    "Where resources are.",
    "No region is known yet: plugins send them when they collect.",
    counted="region_code",
    key="region_code",
)
RULES: Final = Catalog(
    "/rules",
    "CollectorRule",
    "collector_rule_id",
    "Rules",
    "What is done to what a collector collects, before it is stored: managed ones in order, then custom ones.",
    "There is no rule: resources get the project of the secret that they were collected with.",
)

PAGES: Final[tuple[ConsolePage, ...]] = (*TYPES.pages(), *REGIONS.pages(), *RULES.pages())
