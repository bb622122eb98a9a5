"""Which version of the package this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from inventory import __name__ as package


def package_version() -> str:
    """Return the version of this package, ``0`` where it runs without being installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "0"
