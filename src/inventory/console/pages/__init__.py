"""The pages: a module for each part of the console, each with its ``PAGES``."""

from __future__ import annotations

from typing import Final

from inventory.console.pages import access, collector_actions, collectors, jobs, overview, resource, resources
from inventory.console.routes import ConsolePage

ALL: Final[tuple[ConsolePage, ...]] = (
    *overview.PAGES,
    *resources.PAGES,
    *resource.PAGES,
    *collector_actions.PAGES,
    *collectors.PAGES,
    *jobs.PAGES,
    *access.PAGES,
)
"""Of two that fit a path, the first answers."""
