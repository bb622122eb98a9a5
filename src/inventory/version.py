"""Which version of the package this is.

Written here, and read by the build: to look it up in what is installed takes a command longer than all else it does.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"


def package_version() -> str:
    """Return the version of this package."""
    return VERSION
