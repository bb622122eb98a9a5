"""The form of every command: an example in its help, and near names for a mistyped one."""

from __future__ import annotations

import difflib
from typing import Any

import click

from inventory.cli.terminal import harmless


class Command(click.Command):
    """A command whose help ends with an example.

    Attributes:
        example: a line that can be typed as it is, or several.
    """

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example as it is."""
        super().format_epilog(ctx, formatter)
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what click itself will say of a failure is only shown, whatever names are in it."""
        try:
            return super().invoke(ctx)
        except click.ClickException as exc:
            exc.message = harmless(exc.message)  # type: ignore[misc]
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for one that is none name those that are nearly so."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


def sent(**fields: Any) -> dict[str, Any]:
    """Return those ``fields`` that were given: neither None nor an empty text or list."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", (), [])}
