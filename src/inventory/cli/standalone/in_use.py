"""What of the platform file is in use by collectors of the running service."""

from __future__ import annotations

from typing import Any

import click

from inventory.cli.client import CallError, connected
from inventory.cli.standalone.location import endpoint_of_up, is_up
from inventory.standalone.platform_file import PlatformFile


def require_unused(context: click.Context, file: PlatformFile, name: str, **request: Any) -> None:
    """Return if no collector uses an entry of the platform file, or if no service is reachable.

    Args:
        context: of the command.
        file: the platform file.
        name: of the entry, for the error.
        request: of ``Collector.list``, for the collectors that use it.

    Raises:
        click.ClickException: collectors use it, or the service of a running `inventory up` with this file does not
            answer.
    """
    if used := _collectors(context, file, name, request):
        words = f"{name} is used by {', '.join(used)}: delete them first (collector delete), or use --force"
        raise click.ClickException(words)


def _collectors(context: click.Context, file: PlatformFile, name: str, request: dict[str, Any]) -> list[str]:
    up = is_up(file)
    if up:
        endpoint_of_up(context)
    with connected() as client:
        try:
            found = client.call("Collector.list", **request).get("results", [])
        except CallError as exc:
            if not exc.unreachable:
                raise
            if up:
                words = f"`inventory up` runs, but its server does not say which collectors use {name}"
                raise click.ClickException(f"{words}: {exc}; try again, or use --force") from exc
            return []
    return [str(each.get("name") or each["collector_id"]) for each in found]
