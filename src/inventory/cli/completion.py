"""Shell completion: click's own, and names of collectors if the server answers quickly."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

import click
from click.shell_completion import CompletionItem, get_completion_class

from inventory.cli.client import Client
from inventory.cli.command_form import Command
from inventory.cli.endpoint import find_endpoint
from inventory.cli.options import ClientOptions
from inventory.cli.terminal import echo

_SECONDS: Final = 0.8
"""How long pressing Tab may wait for names."""
_NAMES: Final = 200

_BASH_TAKES: Final = "COMPREPLY+=($value)"
_BASH_QUOTES: Final = """COMPREPLY+=("$value")
            # Otherwise a name with a space would be inserted as two words; bash quotes what it takes for a file name.
            [[ $value == *[^A-Za-z0-9_.:/=-]* ]] && compopt -o filenames"""


def collector_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the collectors whose name or id begins with what was typed; none if the server does not answer."""
    found: list[CompletionItem] = []
    # No error may be printed into the line that is being typed.
    with contextlib.suppress(Exception):
        query = {"only": ["name", "collector_id"], "page": {"start": 1, "limit": _NAMES}}
        with contextlib.closing(Client(_options(context))) as client:
            rows: list[dict[str, Any]] = client.call("Collector.list", query=query).get("results", [])
        for row in rows:
            name = str(row.get("name") or row["collector_id"])
            # A name that a shell would interpret is offered as its id.
            name = name if name.isprintable() else row["collector_id"]
            wanted = row["collector_id"] if incomplete.startswith("collector-") else name
            if wanted.startswith(incomplete) and wanted.isprintable():
                found.append(CompletionItem(wanted, help=row["collector_id"]))
    return found


def _options(context: click.Context) -> ClientOptions:
    """Return how to reach the server; the options before the command are parsed, but nothing has run yet."""
    given = context.find_root().params
    return ClientOptions(
        endpoint=given.get("endpoint") or os.environ.get("INVENTORY_ENDPOINT") or find_endpoint().address,
        domain_id=given.get("domain_id") or os.environ.get("INVENTORY_DOMAIN_ID", ""),
        token=given.get("token") or os.environ.get("INVENTORY_TOKEN", ""),
        timeout=_SECONDS,
        ca_file=given.get("ca_file"),
    )


@click.command(cls=Command, example="inventory completion bash >> ~/.bashrc")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands, options and names of collectors.

    fish reads it from a file: inventory completion fish > ~/.config/fish/completions/inventory.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"no completion for {shell}")
    source = found(context.find_root().command, {}, "inventory", "_INVENTORY_COMPLETE").source()
    echo(source.replace(_BASH_TAKES, _BASH_QUOTES) if shell == "bash" else source)


COMMANDS = (completion,)
