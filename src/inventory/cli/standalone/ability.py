"""What a plugin says that it can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from inventory.cli.standalone.asking import connected_plugin
from inventory.cli.view.output import as_text, console
from inventory.domain.redact import redact
from inventory.errors import InventoryError


def ask_init(endpoint: str, access_token: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a plugin answers to ``init``.

    Raises:
        click.ClickException: the plugin cannot be reached, or refuses; names the endpoint and the reason.
    """
    with connected_plugin(endpoint, access_token) as connection:
        try:
            return connection.init(options)
        except InventoryError as exc:
            raise click.ClickException(f"{endpoint}: {redact(exc.message, access_token)}") from exc


def print_abilities(metadata: Mapping[str, Any]) -> None:
    """Print what the metadata say."""
    from inventory.plugin_check.trial import metadata_words

    console().print(as_text(f"It can: {metadata_words(metadata)}"), soft_wrap=True)
