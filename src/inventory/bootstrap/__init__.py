"""The composition root: builds objects from settings. Nothing else builds them, and nothing connects on import."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from inventory.bootstrap.container import Container
    from inventory.bootstrap.platform import Platform

__all__ = ["Container", "Platform"]

_MODULES: Final = {"Container": "container", "Platform": "platform"}


def __getattr__(name: str) -> Any:
    # On demand: a command that needs one module of this package should not import everything a worker needs.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
