"""Commands for collector rules: ``rule …``."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import connected
from inventory.cli.command_form import CommandGroup, sent
from inventory.cli.commands.collectors import collector_argument
from inventory.cli.commands.stat import add_stat
from inventory.cli.completion import collector_names
from inventory.cli.listing import Listing, list_options, show_rows
from inventory.cli.lookup import COLLECTOR, RULE, find, find_id
from inventory.cli.parameters import STRUCT, ConditionParameter
from inventory.cli.view.output import Column, Row, print_json, say

CONDITION = ConditionParameter()
POLICY = click.Choice(["ALL", "ANY", "ALWAYS"])


def _conditions(row: Row) -> str:
    parts = [f"{each.get('key')} {each.get('operator')} {each.get('value')}" for each in row.get("conditions", [])]
    return "; ".join(parts) or row.get("conditions_policy", "")


COLUMNS: tuple[Column, ...] = (
    ("rule", "collector_rule_id"),
    ("name", "name"),
    ("type", "rule_type"),
    ("order", lambda row: str(row.get("order", ""))),
    ("policy", "conditions_policy"),
    ("conditions", _conditions),
    ("actions", lambda row: ", ".join(row.get("actions", {}))),
    ("collector", "collector_id"),
)


@click.group(cls=CommandGroup)
def rule() -> None:
    """Rules applied to what a collector collects; MANAGED rules come from its plugin."""


@rule.command("list", example="inventory rule list --collector aws")
@click.option("--collector", "name_or_id", help="only rules of this collector", shell_complete=collector_names)
@list_options()
def list_rules(name_or_id: str | None, wanted: Listing) -> None:
    """List rules in the order of their application."""
    with connected() as client:
        more = []
        if name_or_id:
            more = [{"k": "collector_id", "v": find_id(client, COLLECTOR, name_or_id), "o": "eq"}]
        show_rows(wanted, lambda: client.call("CollectorRule.list", query=wanted.query(*more)), COLUMNS)


@rule.command("show", example="inventory rule show 'to production'")
@click.argument("name_or_id", metavar="RULE")
def show_rule(name_or_id: str) -> None:
    """Show one rule in full, as JSON."""
    with connected() as client:
        print_json(find(client, RULE, name_or_id))


def _rule_options(function: Any) -> Any:
    options = (
        click.option("--name"),
        click.option("--if", "conditions", type=CONDITION, multiple=True, help="KEY=VALUE, !=, ~ or !~; repeatable"),
        click.option("--policy", "conditions_policy", type=POLICY, help="which of the conditions must hold"),
        click.option("--change-project", help="assign resources to this project"),
        click.option("--match-project", metavar="SOURCE", help="assign resources to the project named in this field"),
        click.option("--actions", type=STRUCT, help="all actions as JSON or @FILE instead"),
        click.option("--stop/--no-stop", default=None, help="apply no further rule of its group if this one applies"),
        click.option("--tags", type=STRUCT, help="JSON or @FILE"),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _request(
    *,
    name: str | None,
    conditions: tuple[Any, ...],
    conditions_policy: str | None,
    change_project: str | None,
    match_project: str | None,
    actions: Any,
    stop: bool | None,
    tags: Any,
) -> dict[str, Any]:
    single = sent(
        change_project=change_project,
        match_project={"source": match_project, "target": "project_id"} if match_project else None,
    )
    if actions and single:
        raise click.UsageError("--actions excludes --change-project and --match-project")
    return sent(
        name=name,
        conditions=list(conditions),
        conditions_policy=conditions_policy,
        actions=actions or single or None,
        options=None if stop is None else {"stop_processing": stop},
        tags=tags,
    )


@rule.command(
    "create", example="inventory rule create aws --name prod --if tags.env=prod --change-project project-0123456789ab"
)
@collector_argument
@_rule_options
def create_rule(name_or_id: str, **given: Any) -> None:
    """Add a rule after the collector's existing rules."""
    request = _request(**given)
    if "actions" not in request:
        raise click.UsageError("give an action: --change-project, --match-project or --actions")
    request.setdefault("conditions_policy", "ALL" if request.get("conditions") else "ALWAYS")
    with connected() as client:
        collector_id = find_id(client, COLLECTOR, name_or_id)
        print_json(client.call("CollectorRule.create", collector_id=collector_id, **request))


@rule.command("update", example="inventory rule update prod --if tags.env=prod --if region_code=us-east-1 --policy ANY")
@click.argument("name_or_id", metavar="RULE")
@_rule_options
def update_rule(name_or_id: str, **given: Any) -> None:
    """Change a rule; given options replace the old values."""
    request = _request(**given)
    if not request:
        raise click.UsageError("nothing to change: give at least one option")
    with connected() as client:
        rule_id = find_id(client, RULE, name_or_id)
        answer = client.call("CollectorRule.update", collector_rule_id=rule_id, **request)
    say(answer, f"{rule_id} ({answer.get('name', '')}): updated")


@rule.command("move", example="inventory rule move prod 1")
@click.argument("name_or_id", metavar="RULE")
@click.argument("order", type=click.IntRange(1))
def move_rule(name_or_id: str, order: int) -> None:
    """Apply a rule earlier or later: ORDER counts from 1."""
    with connected() as client:
        rule_id = find_id(client, RULE, name_or_id)
        answer = client.call("CollectorRule.change_order", collector_rule_id=rule_id, order=order)
    say(answer, f"{rule_id}: now number {answer.get('order', order)}")


@rule.command("delete", example="inventory rule delete prod")
@click.argument("name_or_id", metavar="RULE")
def delete_rule(name_or_id: str) -> None:
    """Delete a rule."""
    with connected() as client:
        rule_id = find_id(client, RULE, name_or_id)
        answer = client.call("CollectorRule.delete", collector_rule_id=rule_id)
    say(answer, f"{rule_id}: deleted")


add_stat(rule, "CollectorRule", example="inventory rule stat --by collector_id")

COMMANDS = (rule,)
