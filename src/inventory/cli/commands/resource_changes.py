"""``create`` and ``update`` of resources, types and regions that no plugin collects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from inventory.cli.client import connected
from inventory.cli.command_form import CommandGroup, sent
from inventory.cli.lookup import EntityKind, find_id
from inventory.cli.parameters import STRUCT
from inventory.cli.view.output import print_json, say

Option = Callable[[Any], Any]


def _text(flag: str, field: str, text: str = "") -> Option:
    return click.option(flag, field, help=text or None)


def _struct(flag: str, field: str) -> Option:
    return click.option(flag, field, type=STRUCT, help="JSON or @FILE")


_TAGS: Final = _struct("--tags", "tags")
_SERVICE: Final = (
    _text("--name", "name"),
    _text("--account", "account"),
    _text("--instance-type", "instance_type"),
    click.option("--instance-size", type=float),
    click.option("--ip", "ip_addresses", multiple=True, help="repeatable"),
    _struct("--data", "data"),
    _struct("--metadata", "metadata"),
    _struct("--reference", "reference"),
    _text("--region", "region_code", "code of the region"),
    _text("--project", "project_id"),
    _TAGS,
)
_TYPE: Final = (
    _text("--service-code", "service_code"),
    # The published messages cannot express that a type is not, or no longer, primary.
    click.option("--primary", "is_primary", is_flag=True, default=None),
    click.option("--major", "is_major", is_flag=True, default=None),
    click.option("--label", "labels", multiple=True, help="repeatable"),
    _struct("--metadata", "metadata"),
    _TAGS,
)


@dataclass(frozen=True, slots=True)
class Changes:
    """The options for one kind of object.

    Attributes:
        identity: fields that only create takes, and requires.
        fields: fields that create and update take.
        updates: fields that only update takes.
        create_example, update_example: for their help.
    """

    identity: Sequence[Option]
    fields: Sequence[Option]
    create_example: str
    update_example: str
    updates: Sequence[Option] = ()


def _needed(flag: str, field: str) -> Option:
    return click.option(flag, field, required=True)


CHANGES: Final = {
    "resource": Changes(
        identity=(
            _needed("--provider", "provider"),
            _needed("--group", "cloud_service_group"),
            _needed("--type", "cloud_service_type"),
        ),
        fields=_SERVICE,
        updates=(
            click.option("--release-project", is_flag=True, default=None, help="remove it from its project"),
            click.option("--release-region", is_flag=True, default=None, help="remove it from its region"),
        ),
        create_example="inventory resource create --provider own --group Rack --type Server --name s1 --data '{}'",
        update_example='inventory resource update s1 --project project-0123456789ab --tags \'{"env": "prod"}\'',
    ),
    "type": Changes(
        identity=(_needed("--name", "name"), _needed("--provider", "provider"), _needed("--group", "group")),
        fields=_TYPE,
        create_example="inventory type create --provider own --group Rack --name Server --primary",
        update_example="inventory type update own.Rack.Server --label Compute",
    ),
    "region": Changes(
        identity=(_needed("--code", "region_code"), _needed("--provider", "provider")),
        fields=(_text("--name", "name"), _TAGS),
        create_example="inventory region create --provider own --code cellar --name 'The cellar'",
        update_example="inventory region update cellar --name 'The old cellar'",
    ),
}


def add_changes(group: CommandGroup, kind: EntityKind, changes: Changes) -> None:
    """Add ``create`` and ``update`` of ``kind`` to ``group``."""
    word = kind.word

    def create(**given: Any) -> None:
        request = sent(**given)
        if kind.word == "resource":
            request.setdefault("data", {})
        if kind.word == "region":
            request.setdefault("name", given["region_code"])
        with connected() as client:
            print_json(client.call(f"{kind.service}.create", **request))

    def update(name_or_id: str, **given: Any) -> None:
        request = sent(**given)
        if not request:
            raise click.UsageError("nothing to change: give at least one option")
        with connected() as client:
            found = find_id(client, kind, name_or_id)
            answer = client.call(f"{kind.service}.update", **{kind.id_field: found}, **request)
        say(answer, f"{found}: updated")

    making = _with(create, (*changes.identity, *changes.fields))
    changing = click.argument("name_or_id", metavar=word.upper())(_with(update, (*changes.fields, *changes.updates)))
    making_text = f"Create a {word} manually; collecting does not change it."
    group.command("create", help=making_text, example=changes.create_example)(making)
    group.command("update", help=f"Change a {word}.", example=changes.update_example)(changing)


def _with(function: Any, options: Sequence[Option]) -> Any:
    for option in reversed(options):
        function = option(function)
    return function
