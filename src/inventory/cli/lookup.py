"""Finds objects by name where the API needs ids."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import click

from inventory.cli.client import Client
from inventory.cli.failures import EXIT_NOT_FOUND
from inventory.cli.hints import listing_hint
from inventory.cli.terminal import echo, one_line
from inventory.domain.plain import Json

_NEAR_AMONG: Final = 1000
"""How many names are searched for one similar to a mistyped name."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class EntityKind:
    """A kind of object that has an id and usually a name.

    Attributes:
        word: the word for it in messages.
        names: the fields that are searched for a name, the best first.
    """

    word: str
    service: str
    id_field: str
    prefix: str
    names: tuple[str, ...] = ("name",)

    def is_id(self, text: str) -> bool:
        """Return whether ``text`` has the form of an id of this kind."""
        return re.fullmatch(rf"{re.escape(self.prefix)}-[0-9a-f]{{12}}", text) is not None


COLLECTOR: Final = EntityKind("collector", "Collector", "collector_id", "collector")
RULE: Final = EntityKind("rule", "CollectorRule", "collector_rule_id", "collector-rule")
JOB: Final = EntityKind("job", "Job", "job_id", "job", ())
TASK: Final = EntityKind("task", "JobTask", "job_task_id", "job_task", ())
RESOURCE: Final = EntityKind(
    "resource", "CloudService", "cloud_service_id", "cloud-svc", ("name", "reference.resource_id")
)
TYPE: Final = EntityKind(
    "type", "CloudServiceType", "cloud_service_type_id", "cloud-svc-type", ("cloud_service_type_key", "name")
)
REGION: Final = EntityKind("region", "Region", "region_id", "region", ("region_code", "name"))
SCHEDULE: Final = EntityKind("schedule", "Collector", "schedule_id", "sched")


class UnclearNameError(click.ClickException):
    """A name that matches nothing, or several objects."""

    exit_code = EXIT_NOT_FOUND

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        """Print the line."""
        echo(one_line(f"error: {self.message}"), err=True)


def find(client: Client, kind: EntityKind, name_or_id: str, *, or_deleted: bool = False) -> Json:
    """Return the object with this id or, if there is exactly one, this name.

    Args:
        name_or_id: its name or id.
        or_deleted: a resource that is deleted, but still kept, is found too if no active one has the name.

    Raises:
        CallError: the server reports an error, for example an unknown id.
        UnclearNameError: no object, or several, have this name.
    """
    if kind.is_id(name_or_id) or not kind.names:
        return client.call(f"{kind.service}.get", **{kind.id_field: name_or_id})
    deleted = {"k": "state", "v": "DELETED", "o": "eq"}
    for more, key in product([[], [deleted]] if or_deleted and kind is RESOURCE else [[]], kind.names):
        query: dict[str, Any] = {"filter": [{"k": key, "v": name_or_id, "o": "eq"}, *more]}
        query["page"] = {"start": 1, "limit": _SHOWN}
        if kind is RESOURCE:
            query["sort"] = {"keys": [{"key": "deleted_at" if more else "created_at", "desc": True}]}
        answer = client.call(f"{kind.service}.list", query=query)
        if found := answer.get("results", []):
            return only(kind, name_or_id, found, answer.get("total_count", len(found)))
    raise unknown(kind, name_or_id, _names(client, kind))


def find_id(client: Client, kind: EntityKind, name_or_id: str, *, or_deleted: bool = False) -> str:
    """Return the id of the object as :func:`find` does; a text in the form of an id is returned without asking."""
    if kind.is_id(name_or_id) or not kind.names:
        return name_or_id
    return str(find(client, kind, name_or_id, or_deleted=or_deleted)[kind.id_field])


def find_schedule(client: Client, collector_id: str, name_or_id: str) -> Json:
    """Return the collector's schedule with this id or name; see :func:`find`."""
    if SCHEDULE.is_id(name_or_id):
        return client.call("Collector.get_schedule", collector_id=collector_id, schedule_id=name_or_id)
    every = client.call("Collector.list_schedules", collector_id=collector_id).get("results", [])
    found = [each for each in every if each.get("name") == name_or_id]
    if not found:
        raise unknown(SCHEDULE, name_or_id, [each.get("name", "") for each in every])
    return only(SCHEDULE, name_or_id, found, len(found))


def only(kind: EntityKind, name: str, found: Sequence[Json], total: int) -> Json:
    """Return the only object that was found. Raises ``UnclearNameError`` if there are several."""
    if total > 1:
        ids = ", ".join(_described(kind, each) for each in found)
        more = f" and {total - len(found)} more" if total > len(found) else ""
        raise UnclearNameError(f"{name!r} names several {_plural(kind)}: {ids}{more}; use the id instead")
    return found[0]


def _described(kind: EntityKind, found: Json) -> str:
    """Return the id; of a resource also whether it is deleted, and since when it is what it is."""
    if kind is not RESOURCE:
        return str(found[kind.id_field])
    state = found.get("state", "")
    since = f"deleted {found['deleted_at']}" if found.get("deleted_at") else f"created {found.get('created_at', '?')}"
    return f"{found[kind.id_field]} ({state}, {since})"


def unknown(kind: EntityKind, name: str, known: Sequence[str]) -> UnclearNameError:
    """Return the error for a name that no object has."""
    near = difflib.get_close_matches(name, [each for each in known if each], n=3)
    hint = f"; did you mean {' or '.join(repr(each) for each in near)}?" if near else listing_hint(kind.word)
    return UnclearNameError(f"{name!r} names no {kind.word}{hint}")


def _names(client: Client, kind: EntityKind) -> list[str]:
    key = kind.names[-1] if kind is not RESOURCE else "name"
    query = {"only": [key, kind.id_field], "page": {"start": 1, "limit": _NEAR_AMONG}}
    return [str(each.get(key, "")) for each in client.call(f"{kind.service}.list", query=query).get("results", [])]


def _plural(kind: EntityKind) -> str:
    return f"{kind.word}s"
