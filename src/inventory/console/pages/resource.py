"""One resource: its fields, its data as a tree, its tags, who collects it, and its history."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from inventory.console.api import NOT_FOUND, ApiError, Json
from inventory.console.pages.collectors import collector_names
from inventory.console.parts import part
from inventory.console.rendering import pretty
from inventory.console.resource.differences import changes_of
from inventory.console.resource.layouts import layouts_of
from inventory.console.resource.tree import split, subtree, tree
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit

TAGS: Final = 100
RECORDS: Final = 10


async def show(visit: Visit) -> Response:
    """Show the resource."""
    resource_id = visit.request.path_params["resource_id"]
    start = visit.first_row(RECORDS, "history")
    history = {"page": {"start": start, "limit": RECORDS}}
    found, records = await asyncio.gather(
        visit.call("CloudService.get", cloud_service_id=resource_id),
        part(visit, "ChangeHistory.list", wait=True, cloud_service_id=resource_id, query=history),
    )
    kind, collectors, why = await asyncio.gather(
        _type_of(visit, found), collector_names(visit, _seen_by(found)), explained(visit, resource_id)
    )
    return visit.render(
        "resource/page.html",
        resource=found,
        layouts=layouts_of(found, kind.get("metadata", {})),
        kind=kind,
        root=tree("data", found.get("data", {}), "data"),
        tags=_tags(found),
        tags_page=visit.whole("tags", 1),
        tags_limit=TAGS,
        collectors=collectors,
        records=records,
        changes=[changes_of(record) for record in records.results],
        history_page=(start - 1) // RECORDS + 1,
        history_limit=RECORDS,
        why=why,
    )


async def explained(visit: Visit, resource_id: str, *, wait: bool = False) -> dict[str, Any]:
    """Why the resource is here and as it is."""
    found = await part(visit, "Explanations.explain_resource", wait=wait, cloud_service_id=resource_id)
    return {"part": found, "found": found.answer or {}}


async def show_explanation(visit: Visit) -> Response:
    """Show only why the resource is here, however long that takes."""
    it = await explained(visit, visit.request.path_params["resource_id"], wait=True)
    return visit.render("part.html", template="resource/why.html", it=it)


async def show_data(visit: Visit) -> Response:
    """Show a part of the data that did not fit into the whole tree."""
    resource_id = visit.request.path_params["resource_id"]
    path = visit.text("path", "data")
    found = await visit.call(
        "CloudService.get", cloud_service_id=resource_id, only=["cloud_service_id", "name", "data"]
    )
    try:
        value = subtree(found.get("data", {}), path)
    except KeyError:
        raise ApiError(NOT_FOUND, "ERROR_NOT_FOUND", "The resource's data does not contain this path.") from None
    first = visit.whole("from", 0, least=0)
    keys = split(path)
    return visit.render(
        "resource/data.html",
        resource=found,
        root=tree(keys[-1], value, path, first=first),
        path=path,
        parents=[(key, ".".join(path.split(".")[: number + 1])) for number, key in enumerate(keys[:-1])]
        if "\\" not in path
        else [],
    )


async def show_json(visit: Visit) -> Response:
    """Return the whole resource as JSON."""
    resource_id = visit.request.path_params["resource_id"]
    found = await visit.call("CloudService.get", cloud_service_id=resource_id)
    content = await asyncio.to_thread(lambda: pretty(found).encode("utf-8", "replace"))
    return visit.answer(content, "application/json", filename=f"{found.get('cloud_service_id', 'resource')}.json")


async def _type_of(visit: Visit, resource: Json) -> Json:
    """Return the type of a resource, if it is known."""
    answer = await part(
        visit,
        "CloudServiceType.list",
        wait=True,
        provider=resource.get("provider"),
        group=resource.get("cloud_service_group"),
        name=resource.get("cloud_service_type"),
        query={"page": {"start": 1, "limit": 1}},
    )
    return answer.results[0] if answer.results else {}


def _seen_by(resource: Json) -> list[str]:
    return [each["collector_id"] for each in resource.get("collection_info", []) if each.get("collector_id")]


def _tags(resource: Json) -> list[tuple[str, str, Any]]:
    """Return the tags as provider, key and value, sorted: a Struct is unordered."""
    tags = resource.get("tags", {})
    return sorted(
        (
            (provider, key, value)
            for provider, pairs in tags.items()
            if isinstance(pairs, Mapping)
            for key, value in pairs.items()
        ),
        key=lambda tag: tag[:2],
    )


PAGES: Final = (
    ConsolePage("/resources/{resource_id}", "resource", show),
    ConsolePage("/resources/{resource_id}/why", "resource_why", show_explanation),
    ConsolePage("/resources/{resource_id}/data", "resource_data", show_data),
    ConsolePage("/resources/{resource_id}/json", "resource_json", show_json),
)
