"""Check the dependencies as far as that goes without a network; part of ``make check``.

- Each entry of ``requirements.lock`` pins one package to one version, with hashes; so does the file
  ``requirements-runtime.lock``, of which the image is made, with the same versions.
- Each dependency of ``pyproject.toml``, extras included, is pinned, within its bounds.
- Whatever these need, however deep, is installed in just the pinned version, and what packages ask of each
  other holds (``pip check``).

It knows no advisories. Where there is a network, ``pip-audit -r requirements.lock`` looks them up.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK, RUNTIME = "requirements.lock", "requirements-runtime.lock"
UNPINNED = frozenset({"pip"})
"""What comes with a virtual environment."""
_HASH = re.compile(r"\s--hash=sha256:[0-9a-f]{64}(?=\s|$)")


def main() -> int:
    """Print what is wrong; return 0 if nothing is."""
    pins, faults = read_lock((ROOT / LOCK).read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    faults += [*unbound(declared(project), pins), *drifted(reached(declared(project)), pins)]
    runtime, runtime_faults = read_lock((ROOT / RUNTIME).read_text(encoding="utf-8"), RUNTIME)
    extras = {name: project["optional-dependencies"][name] for name in ("tracing", "build")}
    needed = declared({**project, "optional-dependencies": extras})
    faults += [*runtime_faults, *unbound(needed, runtime, RUNTIME), *differing(runtime, pins)]
    for fault in faults:
        print(f"dependencies: {fault}", file=sys.stderr)
    checked = subprocess.run([sys.executable, "-m", "pip", "check", "--disable-pip-version-check"], check=False)
    return 1 if faults else checked.returncode


def read_lock(text: str, file: str = LOCK) -> tuple[dict[str, str], list[str]]:
    """Return the pinned versions by canonical name, and what is wrong with the entries of ``file``."""
    pins: dict[str, str] = {}
    faults: list[str] = []
    for line in filter(None, (line.partition("#")[0].strip() for line in text.replace("\\\n", " ").splitlines())):
        entry, hashes = _HASH.subn("", line)
        try:
            wanted = Requirement(entry)
        except InvalidRequirement:
            faults.append(f"{file}: {entry}: does not pin one package to one version, once")
            continue
        name, version = canonicalize_name(wanted.name), str(wanted.specifier).removeprefix("==")
        if f"=={version}" != str(wanted.specifier) or "*" in version or "," in version or name in pins:
            faults.append(f"{file}: {entry}: does not pin one package to one version, once")
            continue
        pins[name] = version
        if not hashes:
            faults.append(f"{file}: {entry}: has no hash")
    return pins, faults


def differing(runtime: Mapping[str, str], pins: Mapping[str, str]) -> Iterator[str]:
    """Yield each package that the image would have in another version than the tests."""
    for name, version in sorted(runtime.items()):
        if pins.get(name) != version:
            yield f"{RUNTIME}: {name}=={version}: {LOCK} has {pins.get(name, 'no such package')}"


def declared(project: Mapping[str, Any]) -> Iterator[str]:
    """Yield the dependencies of a ``[project]`` table and its extras."""
    yield from project["dependencies"]
    for extra in project.get("optional-dependencies", {}).values():
        yield from extra


def unbound(requirements: Iterable[str], pins: Mapping[str, str], file: str = LOCK) -> Iterator[str]:
    """Yield each requirement that the pins do not fulfil."""
    for text in requirements:
        wanted = Requirement(text)
        pinned = pins.get(canonicalize_name(wanted.name))
        if pinned is None:
            yield f"{text}: is not in {file}"
        elif not wanted.specifier.contains(pinned, prereleases=True):
            yield f"{text}: {file} has {pinned}"


def reached(requirements: Iterable[str]) -> dict[str, str]:
    """Return the installed version of all that the requirements need, by canonical name; empty: not installed."""
    found: dict[str, str] = {}
    open_ends = [Requirement(text) for text in requirements]
    while open_ends:
        wanted = open_ends.pop()
        name = canonicalize_name(wanted.name)
        if name in found:
            continue
        try:
            installed = metadata.distribution(wanted.name)
        except metadata.PackageNotFoundError:
            found[name] = ""
            continue
        found[name] = installed.version
        needs = (Requirement(text) for text in installed.requires or ())
        extras = wanted.extras or {""}
        open_ends += [
            each for each in needs if each.marker is None or any(each.marker.evaluate({"extra": e}) for e in extras)
        ]
    return found


def drifted(installed: Mapping[str, str], pins: Mapping[str, str]) -> Iterator[str]:
    """Yield each package of those needed that is not pinned, or installed in another version."""
    for name, version in sorted(installed.items()):
        pinned = pins.get(canonicalize_name(name))
        if name not in UNPINNED and pinned != version:
            yield f"{name} {version or 'not'} installed; requirements.lock has {pinned or 'no such package'}"


if __name__ == "__main__":
    sys.exit(main())
