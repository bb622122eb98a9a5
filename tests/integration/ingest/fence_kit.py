"""A worker that is frozen at any point of its work, while another takes the work over and ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener

from inventory.domain.job.outcome import Outcome
from inventory.domain.job.states import TaskStatus
from inventory.ingest.context import IngestContext
from inventory.manager.job.slice_claim import SliceClaims
from inventory.manager.job.slice_slots import SlotLimits
from inventory.manager.job.slices import SliceManager, first_slice_id
from inventory.manager.job.tasks import JobTaskManager
from inventory.model.connection import APP_NAME, CODEC
from tests.integration.ingest.ingest_tools import CONTEXT
from tests.manual_clock import ManualClock

Document = dict[str, Any]

LEASE_SECONDS = 30.0
STORED = ("cloud_service", "cloud_service_type", "region", "record", "collection_state", "filter_cache", "job_task")


class Frozen(CommandListener):
    """Freezes a process right before a command, or right after (``after``); ``meanwhile`` then runs.

    The command is given by its number, or by its name and collection: then it is the first such one.

    Attributes:
        names: of the commands that were sent.
    """

    def __init__(self, at: int | str, meanwhile: Callable[[], None], *, after: bool = False) -> None:
        self._at = at
        self._after = after
        self._meanwhile = meanwhile
        self._count = 0
        self._request = 0
        self.names: list[str] = []
        self.happened = False
        self.error: BaseException | None = None

    def started(self, event: Any) -> None:
        self._count += 1
        self.names.append(event.command_name)
        name = f"{event.command_name} {event.command.get(event.command_name)}"
        if self._at in (self._count, name) and not self.happened:
            self._request = event.request_id
            if not self._after:
                self._freeze()

    def succeeded(self, event: Any) -> None:
        if self._after and event.request_id == self._request and self._request:
            self._freeze()

    def failed(self, event: Any) -> None:
        self.succeeded(event)

    def _freeze(self) -> None:
        self._request, self.happened = 0, True
        try:
            self._meanwhile()
        except BaseException as exc:
            self.error = exc


@contextmanager
def frozen(
    database: Database[Document], uri: str, at: int | str, meanwhile: Callable[[], None], *, after: bool = False
) -> Iterator[tuple[Database[Document], Frozen]]:
    """Give the database of a process that is frozen at a command while ``meanwhile`` runs."""
    point = Frozen(at, meanwhile, after=after)
    with MongoClient[Document](uri, tz_aware=True, event_listeners=[point], appname=APP_NAME) as client:
        yield client.get_database(database.name, codec_options=CODEC), point
    if point.error:
        raise point.error


class Slices:
    """One job task with one slice, and the claims of both."""

    def __init__(self, database: Database[Document], clock: ManualClock, *, max_attempts: int = 3) -> None:
        self.database = database
        self.clock = clock
        self.slices = SliceManager(database=database, clock=clock)
        self.tasks = JobTaskManager(database=database, slices=self.slices, clock=clock)
        self.claims = SliceClaims(
            database=database, clock=clock, lease_seconds=LEASE_SECONDS, max_attempts=max_attempts, backoff_seconds=1
        )
        keys = ("domain_id", "collector_id", "secret_id", "job_id")
        [self.task] = self.tasks.insert_tasks([{key: getattr(CONTEXT, key) for key in keys} | {"full_collect": True}])
        self.task_id = self.task["job_task_id"]
        self.tasks.start("domain-1", self.task_id)

    def claim(self, owner: str, session: Any = None) -> IngestContext:
        """Claim the slice and return what its owner collects with."""
        found = self.slices.get("domain-1", first_slice_id(self.task_id))
        assert found is not None
        session_id = session.session_id["id"] if session else None
        claimed = self.claims.claim(found, owner=owner, limits=SlotLimits(9, 9), session_id=session_id)
        assert isinstance(claimed, dict), claimed
        self.claimed = claimed
        return replace(
            CONTEXT,
            job_task_id=self.task_id,
            slice_id=claimed["slice_id"],
            owner=owner,
            resumed=claimed["attempts"] > 1,
        )

    def lose(self) -> None:
        """Let the lease of who has the slice run out."""
        self.clock.advance(timedelta(seconds=LEASE_SECONDS + 1))

    def finish(self, counts: Any) -> None:
        """End the slice as its owner does."""
        outcome = Outcome(total_count=counts.total, created_count=counts.created, updated_count=counts.updated)
        assert self.claims.finish(self.claimed, TaskStatus.SUCCESS, outcome)


def stored(database: Database[Document]) -> dict[str, list[Document]]:
    """Return all that is stored of resources, as it is."""
    return {name: list(database[name].find({}).sort("_id", 1)) for name in STORED}
