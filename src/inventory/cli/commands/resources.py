"""Commands for collected objects: ``resource``, ``type``, ``region`` and ``history``; ``call`` for any method."""

from __future__ import annotations

import difflib
from typing import Any, Final

import click

from inventory.cli.client import connected
from inventory.cli.command_form import CommandGroup, JsonCommand, sent
from inventory.cli.commands.resource_changes import CHANGES, add_changes
from inventory.cli.commands.stat import add_stat, print_stat, statistics_query
from inventory.cli.commands.trust.explain import add_explain
from inventory.cli.listing import Listing, list_options, show_rows
from inventory.cli.lookup import REGION, RESOURCE, TYPE, EntityKind, find, find_id
from inventory.cli.parameters import STRUCT
from inventory.cli.view.output import Column, print_json, say
from inventory.domain.resource.change_origin import changed_by, is_undo
from inventory.protobuf.api_files import all_methods

COLUMNS: Final[dict[EntityKind, tuple[Column, ...]]] = {
    RESOURCE: (
        ("resource", "cloud_service_id"),
        ("name", "name"),
        ("group", "cloud_service_group"),
        ("type", "cloud_service_type"),
        ("provider", "provider"),
        ("region", "region_code"),
        ("updated at", "updated_at"),
    ),
    TYPE: (
        ("type", "cloud_service_type_id"),
        ("name", "name"),
        ("group", "group"),
        ("provider", "provider"),
        ("updated at", "updated_at"),
    ),
    REGION: (
        ("region", "region_id"),
        ("name", "name"),
        ("code", "region_code"),
        ("provider", "provider"),
        ("updated at", "updated_at"),
    ),
}
RECORD_COLUMNS: Final[tuple[Column, ...]] = (
    ("when", "created_at"),
    ("action", lambda row: f"{row.get('action', '')}{' (undo)' if is_undo(row) else ''}"),
    ("changes", lambda row: ", ".join(_changed_key(each) for each in row.get("diff", [])[:5])),
    ("by", changed_by),
    ("job", "job_id"),
)
_OLD_KINDS: Final = {"cloud-service": RESOURCE, "cloud-service-type": TYPE, "region": REGION}


def _changed_key(change: Any) -> str:
    return str(change.get("key") if isinstance(change, dict) else change)


@click.group(cls=CommandGroup)
def resource() -> None:
    """Collected cloud services."""


@click.group("type", cls=CommandGroup)
def type_() -> None:
    """Types of cloud services."""


@click.group(cls=CommandGroup)
def region() -> None:
    """Regions of the providers."""


@resource.command(
    "list", example="inventory resource list --type Disk --filter region_code=us-east-1 --sort -updated_at"
)
@click.option("--kind", type=click.Choice(list(_OLD_KINDS)), default="cloud-service", hidden=True)
@click.option("--type", "type_", help="only resources of this type")
@click.option("--provider")
@list_options(watch=True)
def list_resources(kind: str, type_: str | None, provider: str | None, wanted: Listing) -> None:
    """List cloud services."""
    found = _OLD_KINDS[kind]
    request = sent(provider=provider) | {"query": wanted.query()}
    if type_:
        request["cloud_service_type" if found is RESOURCE else "name"] = type_
    with connected() as client:
        show_rows(wanted, lambda: client.call(f"{found.service}.list", **request), COLUMNS[found])


def _add_list(group: CommandGroup, kind: EntityKind) -> None:
    @group.command(
        "list", help=f"List {kind.word}s.", example=f"inventory {kind.word} list --provider aws --keyword compute"
    )
    @click.option("--provider")
    @list_options()
    def list_kind(provider: str | None, wanted: Listing) -> None:
        request = sent(provider=provider) | {"query": wanted.query()}
        with connected() as client:
            show_rows(wanted, lambda: client.call(f"{kind.service}.list", **request), COLUMNS[kind])


def _add_common(group: CommandGroup, kind: EntityKind, *, known: str, by: str) -> None:
    word = kind.word

    @group.command("show", help=f"Show one {word} in full, as JSON.", example=f"inventory {word} show {known}")
    @click.argument("name_or_id", metavar=word.upper())
    def show(name_or_id: str) -> None:
        with connected() as client:
            print_json(find(client, _kind_of(name_or_id, kind), name_or_id, or_deleted=True))

    @group.command("delete", help=f"Delete {word}s.", example=f"inventory {word} delete {known}")
    @click.argument("names_or_ids", metavar=f"{word.upper()}...", nargs=-1, required=True)
    def delete(names_or_ids: tuple[str, ...]) -> None:
        with connected() as client:
            for name_or_id in names_or_ids:
                found = find_id(client, kind, name_or_id)
                answer = client.call(f"{kind.service}.delete", **{kind.id_field: found})
                say(answer, f"{found}: deleted")

    add_changes(group, kind, CHANGES[kind.word])
    add_stat(group, kind.service, example=f"inventory {word} stat --by {by}")


def _kind_of(name_or_id: str, kind: EntityKind) -> EntityKind:
    """Return the kind that the id belongs to, since any group accepts any id; else ``kind``."""
    return next((each for each in (TYPE, REGION, RESOURCE) if each.is_id(name_or_id)), kind)


_add_list(type_, TYPE)
_add_list(region, REGION)
_add_common(resource, RESOURCE, known="cloud-svc-0123456789ab", by="provider --by cloud_service_type")
_add_common(type_, TYPE, known="aws.EC2.Instance", by="provider --by group")
_add_common(region, REGION, known="us-east-1", by="provider")
add_explain(resource, type_)
_show = resource.commands["show"]
resource.add_command(click.Command("get", params=_show.params, callback=_show.callback, hidden=True))


@resource.command(
    "analyze",
    example="""inventory resource analyze '{"fields": {"n": {"operator": "count"}}, "group_by": ["provider"]}'""",
)
@click.argument("query", type=STRUCT)
def analyze(query: Any) -> None:
    """Run an AnalyzeQuery, JSON or @FILE."""
    with connected() as client:
        print_json(client.call("CloudService.analyze", query=query))


@click.group(cls=CommandGroup)
def history() -> None:
    """Changes of a resource, and who made them."""


@history.command("list", example="inventory history list cloud-svc-0123456789ab --filter action=UPDATE")
@click.argument("name_or_id", metavar="RESOURCE")
@list_options(limit=20)
def list_history(name_or_id: str, wanted: Listing) -> None:
    """List the changes of a resource, the newest first; --json shows the values before and after."""
    with connected() as client:
        resource_id = find_id(client, RESOURCE, name_or_id, or_deleted=True)
        request = {"cloud_service_id": resource_id, "query": wanted.query()}
        show_rows(wanted, lambda: client.call("ChangeHistory.list", **request), RECORD_COLUMNS)


@history.command("stat", example="inventory history stat cloud-svc-0123456789ab --by action")
@click.argument("name_or_id", metavar="RESOURCE")
@click.option("--by", multiple=True, default=("action",), show_default=True, metavar="KEY", help="repeatable")
def stat_history(name_or_id: str, by: tuple[str, ...]) -> None:
    """Count the changes of a resource."""
    with connected() as client:
        resource_id = find_id(client, RESOURCE, name_or_id, or_deleted=True)
        answer = client.call("ChangeHistory.stat", cloud_service_id=resource_id, query=statistics_query(by=by))
    print_stat(answer, order=(*by, "count"))


@click.command(cls=JsonCommand, example="""inventory call Collector.list '{"query": {"count_only": true}}'""")
@click.argument("method")
@click.argument("request", type=STRUCT, default="{}")
def call(method: str, request: Any) -> None:
    """Call any METHOD of the API, such as Collector.stat, with REQUEST as JSON (or @FILE)."""
    if method not in all_methods():
        raise click.UsageError(f"no method {method!r}; {_known_methods(method)}")
    with connected() as client:
        print_json(client.call(method, **request))


def _known_methods(method: str) -> str:
    """Return which methods there are: similar ones, else those of the service, else the services."""
    names = sorted(all_methods())
    if near := difflib.get_close_matches(method, names, n=2):
        return f"did you mean {' or '.join(near)}?"
    service = method.partition(".")[0]
    of_service = [name for name in names if name.startswith(f"{service}.")]
    return f"there are: {', '.join(of_service or sorted({name.partition('.')[0] + '.…' for name in names}))}"


COMMANDS = (resource, type_, region, history, call)
