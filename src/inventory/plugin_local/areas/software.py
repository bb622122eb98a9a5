"""The Python packages that this interpreter can import."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions

from inventory.plugin_local.resources import JSON, DisplayField, LocalResource, ServiceType

GROUP = "Software"

PYTHON_PACKAGE = ServiceType(
    group=GROUP,
    name="PythonPackage",
    is_primary=True,
    labels=("Software",),
    fields=(
        DisplayField(key="name", name="Package"),
        DisplayField(key="data.version", name="Version"),
        DisplayField(key="data.summary", name="Summary"),
        DisplayField(key="data.license", name="License", optional=True),
        DisplayField(key="data.installer", name="Installer", optional=True),
        DisplayField(key="data.requires", name="Requires", type="list", optional=True),
        DisplayField(key="data.environment", name="Environment", optional=True),
    ),
)
TYPES = (PYTHON_PACKAGE,)

_SEPARATORS = re.compile(r"[-_.]+")


def find() -> Iterator[LocalResource]:
    """Yield the packages of the running interpreter."""
    return packages(distributions(), environment=sys.prefix)


def packages(found: Iterable[Distribution], *, environment: str) -> Iterator[LocalResource]:
    """Yield each package once: of two copies on the path, the first is the one that is imported.

    Args:
        found: what is installed, in the order of the import path.
        environment: folder of the environment, part of the identity.
    """
    seen: set[str] = set()
    for distribution in found:
        name = _entry(distribution, "Name")
        # Broken leftovers of an uninstall have no name.
        if not name or normalized(name) in seen:
            continue
        seen.add(normalized(name))
        requires: list[JSON] = list(distribution.requires or ())
        yield LocalResource(
            type=PYTHON_PACKAGE,
            resource_id=f"python{environment}/{normalized(name)}",
            name=name,
            instance_type=platform.python_implementation(),
            tags={"python": platform.python_version()},
            data={
                "version": distribution.version or "",
                "summary": _entry(distribution, "Summary"),
                "license": _entry(distribution, "License-Expression") or _first_line(_entry(distribution, "License")),
                "home_page": _entry(distribution, "Home-page"),
                "installer": (distribution.read_text("INSTALLER") or "").strip(),
                "requires": requires,
                "environment": environment,
            },
        )


def normalized(name: str) -> str:
    """Return the normalized name of a package (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def _entry(distribution: Distribution, key: str) -> str:
    metadata = distribution.metadata
    return str(metadata[key]) if key in metadata else ""


def _first_line(text: str) -> str:
    # Some packages put their whole license there.
    return text.strip().splitlines()[0] if text.strip() else ""
