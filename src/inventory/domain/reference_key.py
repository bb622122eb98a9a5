"""The keys by which a CloudService refers to its type and its region, and the name of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inventory.domain.keys import escape_key

TYPE_FIELDS: Final = ("provider", "cloud_service_group", "cloud_service_type")
"""The fields of a CloudService that name its type."""


def type_name(resource: Mapping[str, Any]) -> str:
    """Return the name of a CloudService's type for people and settings, such as ``aws.EC2.Instance``."""
    return ".".join(str(resource.get(name) or "") for name in TYPE_FIELDS)


def reference_key(domain_id: str, *parts: str) -> str:
    """Return ``domain_id`` and ``parts`` joined by dots; different parts give different keys.

    All parts except the last are escaped, so that group ``a.x`` with type ``y`` differs from group ``a`` with type
    ``x.y``. Parts without a dot, a dollar or a percent sign, which is almost all of them, stay unchanged.

    Args:
        parts: provider, group and type, or provider and region code.
    """
    return ".".join([domain_id, *map(escape_key, parts[:-1]), parts[-1]])
