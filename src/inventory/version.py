"""The version of the package.

It is defined here, and read by the build: looking it up in the installed metadata takes longer than the rest of a
command.
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from typing import Final

VERSION: Final = "0.2.0"


def package_version() -> str:
    """Return the version of this package."""
    return VERSION


def compiled() -> bool:
    """Return whether the hot modules are compiled with mypyc, as in the image and in wheels built with a C compiler."""
    found = find_spec("inventory.domain.equality")
    return found is not None and str(found.origin).endswith(tuple(EXTENSION_SUFFIXES))
