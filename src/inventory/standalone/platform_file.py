"""Edits the static platform file: every change is checked before it is written, and the file is replaced as a whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from inventory.bootstrap.static_file import PlatformContent, parse_text, read_text
from inventory.errors import NotFoundError, SettingsError
from inventory.process import yaml_text
from inventory.process.file_state import file_state
from inventory.standalone import yaml_edit
from inventory.standalone.files import PRIVATE, written_beside
from inventory.standalone.yaml_edit import Entry

Edit = Callable[[str], str]

ID_NAMES: Final = {"plugins": "plugin_id", "secrets": "secret_id", "projects": "project_id"}
"""The field that identifies the entries of a section."""

_ATTEMPTS: Final = 10
"""How often the file is reread if another process changed it meanwhile."""
_SETTLED_NS: Final = 2_000_000_000
_KEPT: Final = 0o640
"""The mode bits that are kept of a file that only its owner and group can read."""


class PlatformFile:
    """One platform file. A running service rereads it within a second of a change.

    Args:
        path: the file; a link is followed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def content(self) -> PlatformContent:
        """Return its content. Raises ``SettingsError``: it cannot be read, or is invalid."""
        return parse_text(self.path, read_text(self.path))

    def entries(self, section: str) -> list[Entry]:
        """Return the entries of a section as written. Raises ``SettingsError``."""
        text = read_text(self.path)
        parse_text(self.path, text)
        return _entries(text, section)

    def find(self, section: str, key: str) -> Entry:
        """Return the entry with the id ``key``. Raises ``NotFoundError``, ``SettingsError``."""
        text = read_text(self.path)
        parse_text(self.path, text)
        return _entries(text, section)[_index(text, section, key)]

    def create(self, text: str) -> bool:
        """Write the file if it is missing; return whether it was. Raises ``SettingsError``: it cannot be written."""
        with self._locked():
            try:
                with written_beside(self.path, text) as new:
                    self.path.hardlink_to(new)
            except FileExistsError:
                return False
            except OSError as exc:
                raise SettingsError(f"{self.path}: cannot be written: {exc.strerror}", field="static_file") from exc
        return True

    def rewrite(self, edit: Edit) -> None:
        """Replace the text of the file by the result of ``edit``. Raises like :meth:`add`."""
        self._change(edit)

    def add(self, section: str, *entries: Entry) -> None:
        """Add entries to a section. Raises ``SettingsError``: the result would be invalid; nothing is changed."""
        self._change(lambda text: yaml_edit.add_entries(text, section, entries))

    def add_made(self, section: str, make: Callable[[list[Entry]], Entry]) -> Entry:
        """Add the entry that ``make`` returns for the existing entries of the section, and return it.

        No other command adds one between the two. Raises like :meth:`add`, and what ``make`` raises.
        """
        made: list[Entry] = []

        def edit(text: str) -> str:
            made[:] = [make(_entries(text, section))]
            return yaml_edit.add_entries(text, section, made)

        self._change(edit)
        return made[0]

    def remove(self, section: str, key: str) -> None:
        """Remove the entry with the id ``key``. Raises like :meth:`add`."""
        self._change(lambda text: yaml_edit.remove_entry(text, section, _index(text, section, key)))

    def replace(self, section: str, key: str, change: Callable[[Entry], Entry]) -> None:
        """Apply ``change`` to the entry with the id ``key``, and rewrite the changed keys. Raises like :meth:`add`."""

        def edit(text: str) -> str:
            index = _index(text, section, key)
            return yaml_edit.replace_entry(text, section, index, change(_entries(text, section)[index]))

        self._change(edit)

    def _change(self, edit: Edit) -> None:
        with self._locked():
            for _ in range(_ATTEMPTS):
                before = file_state(self.path)
                text = read_text(self.path)
                parse_text(self.path, text)
                try:
                    made = edit(text)
                except (yaml_edit.EditError, yaml.YAMLError, LookupError) as exc:
                    reason = str(exc) if isinstance(exc, yaml_edit.EditError) else "it was changed meanwhile"
                    raise SettingsError(f"{self.path}: {reason}; edit it by hand", field="static_file") from None
                parse_text(self.path, made)
                if made == text:
                    return
                if self._replaced(made, before):
                    return
        raise SettingsError(f"{self.path}: another process keeps changing it", field="static_file")

    def _replaced(self, text: str, before: object) -> bool:
        try:
            found = self.path.stat()
            with written_beside(self.path, text, mode=_mode(found)) as new:
                if file_state(self.path) != before:
                    return False
                # Readers wait for a file that is being written, but this one is complete.
                settled = time.time_ns() - _SETTLED_NS
                os.utime(new, ns=(settled, settled))
                new.replace(self.path)
                return True
        except OSError as exc:
            raise SettingsError(f"{self.path}: cannot be replaced: {exc.strerror}", field="static_file") from exc

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold a lock, so that only one command at a time changes files in this folder."""
        try:
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            raise SettingsError(f"{self.path.parent}: {exc.strerror}", field="static_file") from exc
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _mode(found: os.stat_result) -> int:
    """Return the mode of the new file: private if everybody may access the old one."""
    return PRIVATE if found.st_mode & stat.S_IRWXO else stat.S_IMODE(found.st_mode) & _KEPT | PRIVATE


def _entries(text: str, section: str) -> list[Entry]:
    loaded: Any = yaml_text.load_with_node(text)[1]
    return list((loaded or {}).get(section) or [])


def _index(text: str, section: str, key: str) -> int:
    """Return the index of the entry with this id; one for all domains precedes one of a single domain."""
    found = [number for number, entry in enumerate(_entries(text, section)) if str(entry[ID_NAMES[section]]) == key]
    if not found:
        raise NotFoundError(key=ID_NAMES[section], value=key)
    return min(found, key=lambda number: str(_entries(text, section)[number].get("domain_id") or ""))
