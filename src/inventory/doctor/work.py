"""Work that makes no progress: jobs, slices and schedules that should have been handled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import pymongo
from pymongo.database import Database

from inventory.doctor.finding import fail, ok, skip, warn
from inventory.domain.finding import Finding
from inventory.domain.plain import Document
from inventory.model.connection import translated_errors
from inventory.settings import Settings

_COUNTED: Final = 1000
"""The maximum up to which each is counted."""
_CALL_SECONDS: Final = 10.0
_PATIENCE: Final = timedelta(seconds=60)
_QUEUED: Final = timedelta(minutes=10)


def check_work(database: Database[Document], settings: Settings, now: datetime) -> Iterator[Finding]:
    """Check for overdue work."""
    with translated_errors(), pymongo.timeout(_CALL_SECONDS):
        yield from _jobs(database, settings, now)
        yield from _slices(database, now)
        yield from _schedules(database, now)
        yield from _scheduler(database, now)


def _jobs(database: Database[Document], settings: Settings, now: datetime) -> Iterator[Finding]:
    limit = timedelta(seconds=settings.job_timeout_seconds) + _PATIENCE
    open_ = {"status": {"$in": ["CREATED", "IN_PROGRESS"]}}
    running = database["job"].count_documents(open_, limit=_COUNTED)
    stuck = database["job"].find_one({**open_, "created_at": {"$lt": now - limit}}, {"job_id": 1})
    if stuck:
        words = f"{stuck['job_id']} should have timed out by now"
        yield fail("jobs", words, "Only the scheduler ends it: is one running (inventory scheduler)?")
    else:
        yield ok("jobs", f"{_many(running)} running, none for too long")


def _slices(database: Database[Document], now: datetime) -> Iterator[Finding]:
    lost = database["slice"].count_documents(
        {"status": "IN_PROGRESS", "lease_until": {"$lt": now - _PATIENCE}}, limit=_COUNTED
    )
    pending = {"status": "PENDING", "held": False, "created_at": {"$lt": now - _QUEUED}}
    waiting = database["slice"].count_documents(pending, limit=_COUNTED)
    if lost:
        words = f"{_many(lost)} belong to lost workers, and have not been taken over"
        yield fail("slices", words, "The scheduler does that: is one running (inventory scheduler)?")
    elif waiting:
        words = f"{_many(waiting)} have waited for more than {_QUEUED.total_seconds() / 60:.0f} minutes"
        yield warn("slices", words, "Run more workers, or raise INVENTORY_SLICES_PER_COLLECTOR and _PER_ENDPOINT.")
    else:
        yield ok("slices", "none waits for long, none is lost")


def _schedules(database: Database[Document], now: datetime) -> Iterator[Finding]:
    disabled = [each["collector_id"] for each in database["collector"].find({"state": "DISABLED"}, {"collector_id": 1})]
    late = {"next_fire_at": {"$lt": now - _PATIENCE}, "collector_id": {"$nin": disabled}}
    count = database["schedule"].count_documents(late, limit=_COUNTED)
    if count:
        words = f"{_many(count)} are late by more than a minute"
        yield fail("schedules", words, "Does a scheduler run (inventory scheduler)? Its log says what prevents it.")
    else:
        yield ok("schedules", "none is late")


def _scheduler(database: Database[Document], now: datetime) -> Iterator[Finding]:
    newest = database["duty"].find_one({}, {"lease_until": 1, "done_at": 1}, sort=[("lease_until", -1)])
    if newest is None:
        yield skip("duties", "no scheduler has ever done any")
        return
    seen = max(each for each in (newest.get("done_at"), newest["lease_until"]) if each)
    if seen < now - 5 * _PATIENCE:
        words = f"none was done since {seen:%Y-%m-%d %H:%M:%S} UTC"
        yield fail("duties", words, "No scheduler works: start one (inventory scheduler).")
    else:
        yield ok("duties", "a scheduler sweeps and cleans up")


def _many(count: int) -> str:
    return f"{count} or more" if count >= _COUNTED else str(count)
