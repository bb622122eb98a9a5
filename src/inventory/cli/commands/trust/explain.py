"""Commands that explain: ``resource explain`` and ``type explain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from inventory.cli.client import connected
from inventory.cli.command_form import CommandGroup, wants_json
from inventory.cli.lookup import RESOURCE, TYPE, EntityKind, find_id
from inventory.cli.view.output import print_json
from inventory.cli.view.why import print_resource, print_type


def add_explain(resource: CommandGroup, type_: CommandGroup) -> None:
    """Add the commands to their groups."""
    _add(
        resource,
        RESOURCE,
        print_resource,
        "Show who sees a cloud service, what identifies and would delete it, and which others look the same.",
        "inventory resource explain cloud-svc-0123456789ab",
    )
    _add(
        type_,
        TYPE,
        print_type,
        "Show how many cloud services of a type are there more than once, and the match rules that created them.",
        "inventory type explain aws.EC2.Instance",
    )


def _add(
    group: CommandGroup, kind: EntityKind, show: Callable[[dict[str, Any]], None], about: str, example: str
) -> None:
    @group.command("explain", help=about, example=example)
    @click.argument("name_or_id", metavar=kind.word.upper())
    def explain(name_or_id: str) -> None:
        with connected() as client:
            wanted = {kind.id_field: find_id(client, kind, name_or_id, or_deleted=True)}
            found = client.call(f"Explanations.explain_{kind.word}", **wanted)
        if wants_json():
            print_json(found)
        else:
            show(found)
