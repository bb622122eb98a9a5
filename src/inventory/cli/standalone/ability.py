"""What a plugin says that it can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from inventory.cli.standalone.asking import connected_plugin
from inventory.cli.standalone.foreign import redacted, redactor_of
from inventory.cli.view.output import as_text, console
from inventory.domain.redact import redact, secret_options
from inventory.errors import InventoryError
from inventory.standalone.platform_file import PlatformFile


def ask_init(file: PlatformFile, endpoint: str, access_token: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a plugin answers to ``init``, without any secret of the platform file.

    Raises:
        click.ClickException: the plugin cannot be reached, or refuses; names the endpoint and the reason.
    """
    with connected_plugin(endpoint, access_token) as connection:
        try:
            metadata = connection.init(options)
        except InventoryError as exc:
            reason = redact(exc.message, access_token, secret_options(options))
            raise click.ClickException(f"{endpoint}: {redactor_of(file)(reason)}") from exc
    answer: Mapping[str, Any] = redacted(metadata, redactor_of(file))
    return answer


def print_abilities(metadata: Mapping[str, Any]) -> None:
    """Print what the metadata say."""
    from inventory.plugin_check.trial import metadata_words

    console().print(as_text(f"It can: {metadata_words(metadata)}"), soft_wrap=True)
