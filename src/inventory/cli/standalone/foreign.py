"""Redacts the platform file's secrets in what plugins print and answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inventory.bootstrap.static_file import known_values
from inventory.cli.terminal import echo, one_line
from inventory.devruntime.child import tail
from inventory.domain.redact import Redactor
from inventory.standalone.catalogue import provider_of
from inventory.standalone.platform_file import PlatformFile


def redactor_of(file: PlatformFile) -> Redactor:
    """Return what redacts the values of all secrets and tokens of the platform file.

    Those that the catalogue does not call hidden, such as the name of a region, are left readable.

    Raises:
        SettingsError: the file cannot be read, or is invalid.
    """
    return _redactor(known_values(file.path)[0])


def printed_lines(file: PlatformFile, log: Path, lines: int) -> list[str]:
    """Return the last ``lines`` of a plugin's log, redacted; nothing if there is none. Raises ``SettingsError``.

    Says of which secrets of the platform file it does not know the values.
    """
    known, unknown = known_values(file.path)
    if unknown:
        echo(one_line(f"note: values that cannot be read here are not redacted: {', '.join(unknown)}"), err=True)
    return _redactor(known)("\n".join(tail(log, lines))).splitlines()


def redacted(value: Any, redact: Redactor) -> Any:
    """Return a tree of plain values with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(key)): redacted(item, redact) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [redacted(item, redact) for item in value]
    return value


def _redactor(known: Sequence[tuple[str, Mapping[str, Any]]]) -> Redactor:
    return Redactor(*(_hidden(provider, data) for provider, data in known))


def _hidden(provider: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = provider_of(provider).fields
    return {name: value for name, value in data.items() if name not in fields or fields[name].hidden}
