"""The form of every command: an example in its help, ``--json``, and suggestions for a mistyped name."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final

import click

from inventory.cli.options import ClientOptions
from inventory.cli.terminal import harmless
from inventory.process.interpreter import importing

_JSON: Final = "inventory.json"


class Command(click.Command):
    """A command whose help ends with an example.

    Attributes:
        example: one or more lines that can be typed as they are.
    """

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example unchanged."""
        super().format_epilog(ctx, formatter)
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class JsonCommand(Command):
    """A command that prints JSON with ``--json``: the same option as before the command, but people expect it after."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--json"], is_flag=True, expose_value=False, callback=_note_json, help="print JSON instead of text"
            )
        )


def _note_json(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_JSON] = True


def wants_json() -> bool:
    """Return whether ``--json`` was given, after the command or before it."""
    context = click.get_current_context()
    options = context.find_object(ClientOptions)
    return bool(options and options.as_json) or bool(context.meta.get(_JSON))


class LazyCommands(MutableMapping[str, click.Command]):
    """Commands by name, whose modules are imported on first use.

    Args:
        modules: the names of the commands by module; each module lists them in its ``COMMANDS``.
    """

    def __init__(self, modules: Mapping[str, Sequence[str]]) -> None:
        self._modules = {name: module for module, names in modules.items() for name in names}
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            with importing():
                module = importlib.import_module(self._modules[name])
            self._loaded |= {str(command.name): command for command in module.COMMANDS}
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._modules[name] = ""
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


class CommandGroup(click.Group):
    """A group of these commands."""

    command_class = JsonCommand
    group_class = type

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click's own error messages are made safe to print, whatever names they contain."""
        try:
            return super().invoke(ctx)
        except click.ClickException as exc:
            exc.message = harmless(exc.message)  # type: ignore[misc]
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown name, suggest similar ones."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


def sent(**fields: Any) -> dict[str, Any]:
    """Return those ``fields`` that were given: not None and not an empty text or list."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", (), [])}
