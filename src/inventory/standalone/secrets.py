"""Secrets of the platform file: their data are in separate files, which only their owner may read."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from inventory.bootstrap.static_file import PlatformContent
from inventory.errors import SettingsError
from inventory.standalone.files import private_folder, written_beside
from inventory.standalone.platform_file import PlatformFile
from inventory.standalone.yaml_edit import Entry

FOLDER: Final = "secrets"
"""The folder beside the platform file."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def require_addable(file: PlatformFile, entries: Iterable[tuple[str, Entry]]) -> None:
    """Return if secrets can be added.

    Args:
        entries: each with where it was read, such as the line of a file, which precedes the reason; may be empty.

    Raises:
        SettingsError: a secret_id exists already or cannot name a file, or a project is not listed.
    """
    known = {str(entry["secret_id"]) for entry in file.entries("secrets")}
    content = cache(file.content)
    for where, entry in entries:
        try:
            _require_valid(file, content, entry["secret_id"], entry.get("project_id"))
            if entry["secret_id"] in known:
                raise SettingsError(f"secret_id {entry['secret_id']!r} exists already", field="secret_id")
        except SettingsError as exc:
            raise SettingsError(f"{where}{exc.message}", field=exc.field) from exc
        known.add(entry["secret_id"])


def add(file: PlatformFile, secrets: Sequence[tuple[Entry, Mapping[str, Any]]]) -> None:
    """Add secrets: all of them, or none.

    Args:
        secrets: the entry without its data, and its data.

    Raises:
        SettingsError: see :func:`require_addable`; or the file cannot be changed.
    """
    require_addable(file, (("", entry) for entry, _ in secrets))
    with contextlib.ExitStack() as undo:
        for entry, data in secrets:
            _write(file, entry["secret_id"], data)
            undo.callback((file.path.parent / _relative(entry["secret_id"])).unlink, missing_ok=True)
        file.add("secrets", *({**entry, "data_file": _relative(entry["secret_id"])} for entry, _ in secrets))
        undo.pop_all()


def replace(file: PlatformFile, secret_id: str, data: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Replace a secret's data, and what ``about`` contains of its entry; tasks from now on use the new data.

    Raises:
        NotFoundError: there is no such secret.
        SettingsError: the secret_id cannot name a file, the project is not listed, or the files cannot be written;
            nothing is changed.
    """
    before = file.find("secrets", secret_id)
    _require_valid(file, file.content, secret_id, about.get("project_id"))
    relative = _relative(secret_id)

    def changed(entry: Entry) -> Entry:
        kept = {key: value for key, value in entry.items() if key not in ("data", "data_env", "data_file")}
        return {**kept, **about, "data_file": relative}

    if before.get("data_file") != relative:
        with contextlib.ExitStack() as undo:
            _write(file, secret_id, data)
            undo.callback((file.path.parent / relative).unlink, missing_ok=True)
            file.replace("secrets", secret_id, changed)
            undo.pop_all()
        return
    path = file.path.parent / relative
    with _translated(path), _written(path, data) as new:
        file.replace("secrets", secret_id, changed)
        new.replace(path)


def remove(file: PlatformFile, secret_id: str) -> None:
    """Remove a secret, and its data if they are in a file written by a command.

    Raises:
        NotFoundError: there is no such secret.
        SettingsError: the file cannot be changed.
    """
    written = file.find("secrets", secret_id).get("data_file")
    file.remove("secrets", secret_id)
    if written == _relative(secret_id) and all(entry.get("data_file") != written for entry in file.entries("secrets")):
        (file.path.parent / written).unlink(missing_ok=True)


def _relative(secret_id: str) -> str:
    return f"{FOLDER}/{secret_id}.json"


def _require_valid(
    file: PlatformFile, content: Callable[[], PlatformContent], secret_id: str, project_id: str | None
) -> None:
    if not _NAME.fullmatch(secret_id):
        reason = "may have letters, digits, '.', '_' and '-', and begins with a letter or digit"
        raise SettingsError(f"secret_id {secret_id!r}: {reason}", field="secret_id")
    projects = content().projects if project_id else None
    if projects is not None and project_id not in {each.project_id for each in projects}:
        raise SettingsError(f"project_id {project_id!r} is not one of the projects of {file.path}", field="project_id")


def _write(file: PlatformFile, secret_id: str, data: Mapping[str, Any]) -> None:
    """Write a secret's data where there is no such file yet, so that of two commands one wins."""
    path = file.path.parent / _relative(secret_id)
    with _translated(path):
        private_folder(path.parent)
        with _written(path, data) as new:
            try:
                path.hardlink_to(new)
            except FileExistsError as exc:
                raise SettingsError(
                    f"{path} exists already: remove it, or choose another id", field="secret_id"
                ) from exc


def _written(path: Path, data: Mapping[str, Any]) -> contextlib.AbstractContextManager[Path]:
    return written_beside(path, json.dumps(dict(data), ensure_ascii=False, indent=1) + "\n")


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be written: {exc.strerror}", field="data_file") from exc
