"""The last output of a failed command: one line, and an exit code that scripts can use."""

from __future__ import annotations

import traceback
from typing import Final

from inventory.cli.terminal import echo, one_line
from inventory.errors import InventoryError, NotFoundError, SettingsError

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOT_FOUND: Final = 3


_is_process = False


def note_process() -> None:
    """Record that this is a process of the service, so that operators find its failure in its log."""
    global _is_process
    _is_process = True


def report(error: Exception, *, debug: bool) -> int:
    """Print what went wrong and return the exit code.

    Args:
        error: the error that ended the command.
        debug: show the traceback of an unexpected error.
    """
    if isinstance(error, SettingsError):
        echo(one_line(f"error: {error.message}"), err=True)
        return EXIT_USAGE
    if isinstance(error, InventoryError):
        from inventory.cli.hints import hint_for

        echo(one_line(f"error: {error}{hint_for(str(error), has_token=True)}"), err=True)
        return EXIT_NOT_FOUND if isinstance(error, NotFoundError) else EXIT_FAILED
    name = type(error).__name__
    if _is_process:
        from inventory.observe.logs import get_logger

        get_logger(__name__).error("process_failed", error=name, exc_info=error)
    elif debug:
        traceback.print_exception(error)
    else:
        # Its text may contain anything, including a connection string.
        echo(f"error: unexpected {name}; run again with --debug before the command for the traceback", err=True)
    return EXIT_FAILED
