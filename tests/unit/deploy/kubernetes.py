"""Kubernetes' own schemas, several versions of them, without a network and without a cluster."""

from __future__ import annotations

from typing import Any

import kubernetes_validate

VERSIONS = ("1.27", "1.29", "1.31", "1.34", "1.37")
"""The oldest that the chart allows (its kubeVersion), up to the newest that is known."""


def faults(document: dict[str, Any], version: str) -> str:
    """Return what an object has that its schema does not allow, or empty text; fails where its kind has no schema."""
    try:
        checked = kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as found:
        return f"{'.'.join(map(str, found.path))}: {found.message}"
    assert checked == version
    return ""
