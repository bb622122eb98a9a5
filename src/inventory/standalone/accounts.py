"""Reads many secrets from one CSV file with one account per line. Errors contain line and column, never a value."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inventory.errors import SettingsError
from inventory.standalone.catalogue import Provider
from inventory.standalone.secret_values import complete, named_for
from inventory.standalone.yaml_edit import Entry

ABOUT: Final = ("secret_id", "name", "project", "project_id", "schema", "groups")
"""Columns that describe the secret, unless the provider's secrets have a field of this name; all others are values."""
_BETWEEN_GROUPS: Final = ";"
_OTHER_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}
"""What spreadsheets of some languages write instead of commas."""


@dataclass(frozen=True, slots=True)
class Account:
    """One line.

    Attributes:
        line: its number in the file.
        entry: of the secret, without its values.
        values: the secret's data.
    """

    line: int
    entry: Entry
    values: dict[str, Any]


def accounts_of(
    text: str,
    provider_id: str,
    provider: Provider,
    *,
    groups: Sequence[str] = (),
    project_id: str = "",
    schema: str = "",
    of: str,
) -> list[Account]:
    """Return the accounts of a CSV file.

    The first line names the columns: ``secret_id``, or else ``name``, is required; ``project`` (or ``project_id``, if
    that is no value of the provider's secrets), ``schema`` and ``groups`` (several with ``;`` between them) are
    optional; every other column is a value of the secret, under the plugins' name or that of the provider's own tools.
    An empty cell is no value.

    Args:
        text: the content of the file.
        provider_id: of the secrets.
        provider: the known facts about it.
        groups: further groups of every secret.
        project_id, schema: of secrets without; without any schema, the provider's.
        of: the file's name, for errors.

    Raises:
        SettingsError: the file has a different form, a line is incomplete, or two name the same secret.
    """
    rows = list(_rows(text, of))
    about = [name for name in ABOUT if name not in provider.fields]
    names = [name.strip() for name in rows[0][1]] if rows else []
    if len(names) == 1 and (used := [word for mark, word in _OTHER_SEPARATORS.items() if mark in names[0]]):
        reason = f"line 1 has {used[0]} between the columns; export it with commas"
        raise SettingsError(f"{of}: {reason}", field="from_file")
    if not {"secret_id", "name"} & set(names):
        raise SettingsError(f"{of}: line 1 must name the columns, secret_id or name among them", field="secret_id")
    if len(set(names)) < len(names):
        raise SettingsError(f"{of}: line 1 names a column twice", field="from_file")
    if {"project", "project_id"} <= set(names) & set(about):
        raise SettingsError(f"{of}: line 1 names project and project_id, which are the same", field="project_id")
    found = [
        _account(number, dict(zip(names, map(str.strip, row), strict=False)), len(row) - len(names), about, of)
        for number, row in rows[1:]
        if any(cell.strip() for cell in row)
    ]
    if not found:
        raise SettingsError(f"{of}: names no account", field="from_file")
    lines: dict[str, int] = {}
    for account in found:
        if (first := lines.setdefault(account.entry["secret_id"], account.line)) != account.line:
            reason = f"secret_id {account.entry['secret_id']!r} is that of line {first}"
            raise SettingsError(f"{of}: line {account.line}: {reason}", field="secret_id")
    common: Entry = {"project_id": project_id, "schema": schema or provider.secret_schema}
    return [_completed(account, provider_id, provider, groups=groups, common=common, of=of) for account in found]


def _rows(text: str, of: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line; a quoted cell may have several lines."""
    # Spreadsheets write a byte order mark at the beginning.
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            # The parser's messages do not contain what it reads.
            reason = f"line {number} is not CSV: {exc}; is a quotation mark not closed, or not doubled in a cell?"
            raise SettingsError(f"{of}: {reason}", field="from_file") from exc
        yield number, row


def _account(number: int, cells: dict[str, str], surplus: int, named: Sequence[str], of: str) -> Account:
    if surplus > 0:
        raise SettingsError(f"{of}: line {number} has more cells than there are columns", field="from_file")
    secret_id = cells.get("secret_id") or cells.get("name") or ""
    if not secret_id:
        raise SettingsError(f"{of}: line {number}: secret_id is empty", field="secret_id")
    about: Entry = {name: cells[name] for name in named if cells.get(name)}
    values = {name: cell for name, cell in cells.items() if name not in named and cell}
    if project := about.pop("project", None):
        about["project_id"] = project
    return Account(number, {**about, "secret_id": secret_id}, values)


def _completed(
    account: Account, provider_id: str, provider: Provider, *, groups: Sequence[str], common: Entry, of: str
) -> Account:
    written = account.entry
    named = [each.strip() for each in str(written.get("groups") or "").split(_BETWEEN_GROUPS)]
    entry: Entry = {"secret_id": written["secret_id"], "provider": provider_id}
    optional = {
        "name": written.get("name"),
        **{key: written.get(key) or value for key, value in common.items()},
        "groups": list(dict.fromkeys(each for each in (*named, *groups) if each)),
    }
    entry |= {key: value for key, value in optional.items() if value}
    values = complete(provider, named_for(provider, account.values), of=f"{of}: line {account.line}")
    return Account(account.line, entry, values)
