"""The static platform file: reads it, validates it, and reads it again when it changes."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from inventory.connector.static.schema import PlatformContent
from inventory.errors import SettingsError
from inventory.observe.logs import get_logger
from inventory.process import yaml_text
from inventory.process.file_state import FileState, file_state

_log = get_logger(__name__)

_QUOTED = re.compile(r"'(?!<)[^']{2,}'|\"(?!<)[^\"]{2,}\"")

SETTLE_SECONDS: Final = 0.5
"""How long a file that is written in place must be unchanged before it is read, s: half of a YAML file is often valid,
with half of the secrets. A file that is replaced as a whole is read at once, unless it happens to get the inode of its
predecessor."""


class StaticFile:
    """One YAML file that contains plugins, secrets and projects.

    A change on disk is noticed at the next use, by modification time, size and inode. If the changed file is invalid,
    this is logged once and the previous content stays in force.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        """Read the file.

        Args:
            now: returns seconds since the epoch, by the file system's clock.

            Raises:
            SettingsError: it cannot be read, or is invalid; names file, line, key and reason, never a value.
        """
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._seen = file_state(path)
        self._content = parse(path)

    @property
    def content(self) -> PlatformContent:
        """The content in force."""
        with self._lock:
            seen = file_state(self.path)
            if seen != self._seen and not self._is_being_written(seen):
                self._seen = seen
                self._reload()
            return self._content

    def _is_being_written(self, seen: FileState | None) -> bool:
        if seen is None or self._seen is None or seen.inode != self._seen.inode:
            return False
        return abs(self._now() - seen.modified_ns / 1e9) < SETTLE_SECONDS

    def _reload(self) -> None:
        try:
            self._content = parse(self.path)
        except SettingsError as exc:
            _log.error("static_file_kept_last_good", path=str(self.path), reason=exc.message)
        else:
            _log.info("static_file_reloaded", path=str(self.path))


def parse(path: Path) -> PlatformContent:
    """Return the content of the static platform file ``path``.

    Raises:
        SettingsError: see :class:`StaticFile`.
    """
    content = parse_text(path, read_text(path))
    _warn_if_readable(path, content)
    return content


def read_text(path: Path) -> str:
    """Return the text of the static platform file ``path``. Raises ``SettingsError`` if it cannot be read."""
    try:
        # Line ends are kept: whoever edits the file keeps them as well.
        return path.read_bytes().decode("utf-8")
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read: {exc.strerror}", field="static_file") from exc
    except UnicodeDecodeError as exc:
        raise SettingsError(f"{path}: is not UTF-8", field="static_file") from exc


def parse_text(path: Path, text: str) -> PlatformContent:
    """Return the content of ``text``, the present or future text of the file ``path``.

    Raises:
        SettingsError: see :class:`StaticFile`.
    """
    try:
        node, data = yaml_text.load_with_node(text)
    except yaml.YAMLError as exc:
        raise SettingsError(f"{path}: {_describe(exc)}", field="static_file") from None
    try:
        return PlatformContent.model_validate({} if data is None else data)
    except ValidationError as exc:
        raise SettingsError("; ".join(_complaints(path, node, exc)), field="static_file") from None


def _describe(exc: yaml.YAMLError) -> str:
    # PyYAML quotes the text at the error, which may be a password that starts with * or !.
    problem = _QUOTED.sub("…", getattr(exc, "problem", None) or "is not YAML")
    return f"{yaml_text.place(exc)}{problem}"


def _complaints(path: Path, node: yaml.Node | None, exc: ValidationError) -> list[str]:
    complaints = []
    for error in exc.errors(include_input=False, include_url=False, include_context=False):
        line, key = _locate(node, error["loc"])
        at = f"line {line}: " if line else ""
        complaints.append(f"{path}: {at}{key or 'top'}: {error['msg'].removeprefix('Value error, ')}")
    return complaints


def _locate(node: yaml.Node | None, location: Sequence[int | str]) -> tuple[int, str]:
    """Return the line and the dotted key of the deepest part of ``location`` that exists in the file."""
    line, key = (node.start_mark.line + 1 if node else 0), ""
    for part in location:
        found: yaml.Node | None = None
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line, key = found.start_mark.line + 1, f"{key}[{part}]"
        elif isinstance(node, yaml.MappingNode):
            key = f"{key}.{part}".lstrip(".")
            for key_node, value in node.value:
                if key_node.value == str(part):
                    line, found = key_node.start_mark.line + 1, value
        if found is None:
            break
        node = found
    return line, key


def _warn_if_readable(path: Path, content: PlatformContent) -> None:
    if any(secret.data for secret in content.secrets) and is_readable_by_others(path):
        _log.warning("static_file_with_secrets_is_readable_by_others", path=str(path))


def read_private(path: Path) -> str:
    """Return the text of a file that only its owner may read; if it belongs to another user, also our group.

    Raises:
        PermissionError: group or others have access to it.
        OSError, UnicodeDecodeError: it cannot be read.
    """
    with path.open(encoding="utf-8") as file:
        # Of the open file: the path may refer to another file by now.
        if _is_open_to_others(os.fstat(file.fileno())):
            raise PermissionError(errno.EPERM, "group or others may read it; set its mode to 600")
        return file.read()


def is_readable_by_others(path: Path) -> bool:
    """Return whether group or others have any access to the file ``path``."""
    return _is_open_to_others(path.stat())


def _is_open_to_others(found: os.stat_result) -> bool:
    refused = stat.S_IRWXG | stat.S_IRWXO
    if found.st_uid != os.geteuid() and found.st_gid in (os.getegid(), *os.getgroups()):
        # This is how orchestrators mount secrets: owned by another user, and readable through the group.
        refused &= ~stat.S_IRGRP
    return bool(found.st_mode & refused)
