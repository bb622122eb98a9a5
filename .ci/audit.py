"""Check the dependencies as far as that goes without a network; part of ``make check``.

- Each line of ``requirements.lock`` pins one package to one version.
- Each dependency of ``pyproject.toml``, extras included, is pinned, within its bounds.
- Whatever these need, however deep, is installed in just the pinned version (the extra ``bench`` need not be
  installed), and what packages ask of each other holds (``pip check``).

It knows no advisories. Where there is a network, ``pip-audit -r requirements.lock`` looks them up.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
UNPINNED = frozenset({"pip", "setuptools"})
"""What comes with a virtual environment."""
OPTIONAL = frozenset({"bench"})
"""Extras that ``make check`` does not install."""


def main() -> int:
    """Print what is wrong; return 0 if nothing is."""
    pins, faults = read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = declared(project, without=OPTIONAL)
    faults += [*unbound(declared(project), pins), *drifted(reached(installed), pins)]
    for fault in faults:
        print(f"dependencies: {fault}", file=sys.stderr)
    checked = subprocess.run([sys.executable, "-m", "pip", "check", "--disable-pip-version-check"], check=False)
    return 1 if faults else checked.returncode


def read_lock(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the pinned versions by canonical name, and what is wrong with the lines."""
    pins: dict[str, str] = {}
    faults: list[str] = []
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        name, sign, version = line.partition("==")
        try:
            Requirement(line)
        except InvalidRequirement:
            sign = ""
        if not sign or not version or "*" in version or canonicalize_name(name) in pins:
            faults.append(f"requirements.lock: {line}: does not pin one package to one version, once")
        else:
            pins[canonicalize_name(name)] = version
    return pins, faults


def declared(project: Mapping[str, Any], without: Collection[str] = ()) -> Iterator[str]:
    """Yield the dependencies of a ``[project]`` table and its extras, less those named ``without``."""
    yield from project["dependencies"]
    for name, extra in project.get("optional-dependencies", {}).items():
        if name not in without:
            yield from extra


def unbound(requirements: Iterable[str], pins: Mapping[str, str]) -> Iterator[str]:
    """Yield each requirement that the pins do not fulfil."""
    for text in requirements:
        wanted = Requirement(text)
        pinned = pins.get(canonicalize_name(wanted.name))
        if pinned is None:
            yield f"{text}: is not in requirements.lock"
        elif not wanted.specifier.contains(pinned, prereleases=True):
            yield f"{text}: requirements.lock has {pinned}"


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
