"""The composition root: from settings to objects. Nothing else builds them, and nothing connects on import."""

from inventory.bootstrap.container import Container
from inventory.bootstrap.platform import Platform

__all__ = ["Container", "Platform"]
