"""Actions on collectors: collect, enable, disable, verify, change, delete; and creating new ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from starlette.responses import Response

from inventory.console.api import FORBIDDEN, UNAUTHENTICATED, ApiError, Json
from inventory.console.forms.field_error import FieldError
from inventory.console.forms.json_text import read_object
from inventory.console.forms.masking import masked
from inventory.console.forms.schema_form import (
    FormField,
    filter_fields,
    option_fields,
    read_filter,
    read_options,
)
from inventory.console.forms.unmasking import unmasked
from inventory.console.pages.collectors import MODES, details
from inventory.console.parts import part
from inventory.console.routes import ConsolePage
from inventory.console.visit import Visit
from inventory.domain.plain import MutableJson

_PLUGIN_FIELDS: Final = ("plugin_id", "version", "provider", "secret_id", "upgrade_mode")
_ELSEWHERE: Final = (UNAUTHENTICATED, FORBIDDEN, 503)
"""Errors that are not shown in a form, because correcting it does not help: they have a page of their own."""


def _id(visit: Visit) -> str:
    return str(visit.request.path_params["collector_id"])


def _page(collector_id: str) -> str:
    return f"/collectors/{collector_id}"


async def refused(visit: Visit, said: str) -> Response:
    """Show the collector with the error message; nothing typed elsewhere is kept."""
    found = await details(visit, _id(visit))
    return visit.render("collectors/collector.html", status=400, **{**found, "said": said})


def message_of(error: FieldError | ApiError) -> str:
    """Return the message of an error, for a line above a form.

    Raises:
        ApiError: the form has nothing to do with it.
    """
    if isinstance(error, FieldError):
        return str(error)
    if error.status in _ELSEWHERE or error.needs_domain or error.code == "ERROR_NOT_FOUND":
        raise error
    return error.message


async def collect_request(visit: Visit) -> MutableJson:
    """Return the request of a collect as the form says.

    Raises:
        FieldError: a field is invalid.
        ApiError: the collector does not exist, or cannot be read.
    """
    collector_id = _id(visit)
    collector = await visit.call("Collector.get", collector_id=collector_id)
    metadata = collector.get("plugin_info", {}).get("metadata", {})
    request: MutableJson = {"collector_id": collector_id, "secret_id": visit.field("secret_id") or None}
    mode = visit.field("collect_mode")
    if mode in MODES:
        request["collect_mode"] = mode
    wanted = read_filter(filter_fields(metadata.get("filter_format")), visit.form)
    wanted |= read_object(visit.field("filter"), "Filter")
    if wanted:
        request["filter"] = wanted
    if visit.field("use_cache"):
        request["use_cache"] = True
    return request


async def collect(visit: Visit) -> Response:
    """Collect now, and show the job."""
    try:
        job = await visit.call("Collector.collect", **await collect_request(visit))
    except (FieldError, ApiError) as error:
        return await refused(visit, message_of(error))
    return visit.go(f"/jobs/{job['job_id']}")


def _simple(method: str, said: str) -> Callable[[Visit], Awaitable[Response]]:
    async def act(visit: Visit) -> Response:
        try:
            await visit.call(f"Collector.{method}", collector_id=_id(visit))
        except ApiError as error:
            return await refused(visit, message_of(error))
        return visit.go(_page(_id(visit)), said)

    return act


async def delete(visit: Visit) -> Response:
    """Delete a collector."""
    await visit.call("Collector.delete", collector_id=_id(visit))
    return visit.go("/collectors", "The collector is deleted.")


async def show_options(visit: Visit) -> Response:
    """Show the form of the plugin's version and options."""
    return await _options_form(visit, "")


async def _options_form(visit: Visit, said: str) -> Response:
    collector = await visit.call("Collector.get", collector_id=_id(visit))
    plugin = collector.get("plugin_info", {})
    options = plugin.get("options", {})
    fields = option_fields(plugin.get("metadata", {}).get("options_schema"), options)
    return visit.render(
        "collectors/options.html",
        status=400 if said else 200,
        collector=collector,
        plugin=plugin,
        fields=fields,
        others=masked(_others_of(options, fields)),
        said=said,
    )


def _others_of(options: Json, fields: Iterable[FormField]) -> Json:
    """Return the options for which there is no field."""
    known = {field.key for field in fields}
    return {key: value for key, value in options.items() if key not in known}


async def change_options(visit: Visit) -> Response:
    """Change version, upgrade mode and options; the plugin must accept them."""
    collector = await visit.call("Collector.get", collector_id=_id(visit))
    plugin = collector.get("plugin_info", {})
    fields = option_fields(plugin.get("metadata", {}).get("options_schema"), plugin.get("options", {}))
    request: MutableJson = {"collector_id": _id(visit), "version": visit.field("version") or None}
    request["upgrade_mode"] = visit.field("upgrade_mode") or None
    try:
        others = read_object(visit.field("others"), "Other options")
        hidden = _others_of(plugin.get("options", {}), fields)
        request["options"] = read_options(fields, visit.form) | unmasked(others, hidden, "Other options")
        await visit.call("Collector.update_plugin", **request)
    except (FieldError, ApiError) as error:
        return await _options_form(visit, message_of(error))
    return visit.go(_page(_id(visit)), "The plugin accepted the options.")


# New collectors


async def show_new(visit: Visit) -> Response:
    """Show the form of a new collector."""
    return await _new_form(visit, {}, "")


async def _new_form(visit: Visit, given: Mapping[str, str], said: str) -> Response:
    """Show the form; if a collector uses the plugin already, its options are known."""
    listed = await part(visit, "Collector.list", wait=True, query={"page": {"start": 1, "limit": 200}})
    plugins = {
        each["plugin_info"]["plugin_id"]: each
        for each in listed.results
        if each.get("plugin_info", {}).get("plugin_id")
    }
    chosen = given.get("plugin_id") or visit.text("plugin")
    return visit.render(
        "collectors/new.html",
        status=400 if said else 200,
        plugins=plugins,
        chosen=chosen,
        fields=_known_fields(plugins.get(chosen)),
        given=given,
        said=said,
    )


def _known_fields(collector: Json | None) -> Any:
    metadata = (collector or {}).get("plugin_info", {}).get("metadata", {})
    return option_fields(metadata.get("options_schema"), {})


async def create(visit: Visit) -> Response:
    """Create a collector; afterwards ask for options of its plugin that the form did not contain."""
    listed = await part(visit, "Collector.list", wait=True, plugin_id=visit.field("plugin_id") or None)
    fields = _known_fields(listed.results[0] if listed.results else None)
    try:
        info: MutableJson = {key: visit.field(key) for key in _PLUGIN_FIELDS if visit.field(key)}
        info["options"] = read_options(fields, visit.form) | _others(visit)
        request: MutableJson = {"name": visit.field("name"), "plugin_info": info}
        if visit.field("priority"):
            request["priority"] = _priority(visit.field("priority"))
        made = await visit.call("Collector.create", **request)
    except FieldError as error:
        return await _new_form(visit, visit.form, str(error))
    except ApiError as error:
        if error.status in _ELSEWHERE or error.needs_domain:
            raise
        return await _new_form(visit, visit.form, error.message)
    schema = made.get("plugin_info", {}).get("metadata", {}).get("options_schema")
    further = "" if fields or not option_fields(schema, {}) else "/options"
    return visit.go(_page(made["collector_id"]) + further, "The collector is made: its plugin accepted it.")


def _others(visit: Visit) -> MutableJson:
    found: MutableJson = unmasked(read_object(visit.field("others"), "Options"), {}, "Options")
    return found


def _priority(text: str) -> int:
    if not text.isdecimal() or len(text) > 2:
        raise FieldError("Priority: must be a number from 0 to 99")
    return int(text)


_COLLECTOR: Final = "/collectors/{collector_id}"
_ACCEPTED: Final = "The plugin accepts a secret of the collector."
PAGES: Final = (
    ConsolePage("/collectors/new", "new_collector", show_new),
    ConsolePage("/collectors/new", "create_collector", create, writes=True),
    ConsolePage(f"{_COLLECTOR}/collect", "collect", collect, writes=True),
    ConsolePage(f"{_COLLECTOR}/enable", "enable_collector", _simple("enable", "It is enabled."), writes=True),
    ConsolePage(f"{_COLLECTOR}/disable", "disable_collector", _simple("disable", "It is disabled."), writes=True),
    ConsolePage(f"{_COLLECTOR}/verify", "verify_collector", _simple("verify_plugin", _ACCEPTED), writes=True),
    ConsolePage(f"{_COLLECTOR}/options", "collector_options", show_options),
    ConsolePage(f"{_COLLECTOR}/options", "change_collector", change_options, writes=True),
    ConsolePage(f"{_COLLECTOR}/delete", "delete_collector", delete, writes=True),
)
