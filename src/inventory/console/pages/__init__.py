"""The pages: a module for each part of the console, each with its ``PAGES``."""

from __future__ import annotations

from typing import Final

from inventory.console.pages import (
    access,
    catalog,
    collector_actions,
    collectors,
    deletions,
    dry_runs,
    health,
    jobs,
    overview,
    resource,
    resources,
    schedules,
    search,
)
from inventory.console.routes import ConsolePage

ALL: Final[tuple[ConsolePage, ...]] = (
    *overview.PAGES,
    *resources.PAGES,
    *resource.PAGES,
    *collector_actions.PAGES,
    *collectors.PAGES,
    *deletions.PAGES,
    *dry_runs.PAGES,
    *jobs.PAGES,
    *schedules.PAGES,
    *catalog.PAGES,
    *health.PAGES,
    *search.PAGES,
    *access.PAGES,
)
"""If several match a path, the first one is used."""
