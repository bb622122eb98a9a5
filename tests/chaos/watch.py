"""Watching the run: every change of status, in order, and every process's memory."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import psutil
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.chaos.fleet import DATABASE, Fleet

ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED", "ERROR", "TIMEOUT"})
_STREAM_MS = 500
_SAMPLE_SECONDS = 1.0
_OUTAGE_SECONDS = 3.0
"""So long between two good looks is an outage, s."""
_PROBE_MS = 2000


class HistoryWatcher(threading.Thread):
    """Follows MongoDB's change stream: what has ended must stay as it ended, remainders only fall.

    Attributes:
        violations: what did not.
        ends: how many documents ended, by collection and status.
        claims: how many times a slice was claimed.
    """

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(name="history", daemon=True)
        self._client = fleet.client()
        self._stopped = threading.Event()
        self._status: dict[Any, str] = {}
        self._remained: dict[Any, int] = {}
        self._token: Mapping[str, Any] | None = None
        self.opened = threading.Event()
        self.violations: list[str] = []
        self.ends: Counter[str] = Counter()
        self.claims = 0

    def stop(self) -> None:
        """End once all that has happened was seen."""
        self._stopped.set()
        self.join(60)
        self._client.close()

    def run(self) -> None:
        """Follow, also over restarts of MongoDB."""
        pipeline = [{"$match": {"ns.coll": {"$in": ["job", "job_task", "slice"]}}}]
        while True:
            with contextlib.suppress(PyMongoError):
                self._follow(pipeline)
                return
            if self._stopped.wait(0.3):
                return

    def _follow(self, pipeline: list[Mapping[str, Any]]) -> None:
        database = self._client[DATABASE]
        with database.watch(pipeline, resume_after=self._token, max_await_time_ms=_STREAM_MS) as stream:
            self.opened.set()
            while True:
                change = stream.try_next()
                self._token = stream.resume_token
                if change is not None:
                    self._see(change)
                elif self._stopped.is_set():
                    return

    def _see(self, change: Mapping[str, Any]) -> None:
        kind, key = change["ns"]["coll"], change["documentKey"]["_id"]
        if change["operationType"] == "delete":
            self._status.pop(key, None)
            self._remained.pop(key, None)
            return
        if change["operationType"] == "update":
            fields = change["updateDescription"]["updatedFields"]
        else:
            fields = change["fullDocument"]
        self._see_status(kind, key, fields)
        if kind == "job" and "remained_tasks" in fields:
            self._see_remained(key, fields)
        if kind == "slice" and fields.get("status") == "IN_PROGRESS":
            self.claims += 1

    def _see_status(self, kind: str, key: Any, fields: Mapping[str, Any]) -> None:
        status = fields.get("status")
        if status is None:
            return
        before = self._status.get(key)
        if before in ENDED and status != before:
            self.violations.append(f"{kind} {key} went from {before} to {status}")
        if status in ENDED and before not in ENDED:
            self.ends[f"{kind} {status}"] += 1
        self._status[key] = status

    def _see_remained(self, key: Any, fields: Mapping[str, Any]) -> None:
        remained = fields["remained_tasks"]
        before = self._remained.get(key)
        if remained < 0 or (before is not None and remained > before):
            self.violations.append(f"remained_tasks of job {key} went from {before} to {remained}")
        # It is 0 until the job is planned.
        if fields.get("planned") or before is not None:
            self._remained[key] = remained


class MemoryWatcher(threading.Thread):
    """Notes the largest resident set of each kind of process, bytes."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(name="memory", daemon=True)
        self._fleet = fleet
        self._stopped = threading.Event()
        self.largest: dict[str, int] = defaultdict(int)

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self.join(60)

    def run(self) -> None:
        """Look again and again."""
        while not self._stopped.wait(_SAMPLE_SECONDS):
            for service in self._fleet.services:
                process = service.process
                if process is not None:
                    self._look(service.kind, process.pid)

    def _look(self, kind: str, pid: int) -> None:
        with contextlib.suppress(psutil.Error):
            top = psutil.Process(pid)
            for each in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    self.largest[kind] = max(self.largest[kind], each.memory_info().rss)


class OutageWatcher(threading.Thread):
    """Notes when nobody could fire schedules: MongoDB accepted no write, no scheduler lived, or the machine stalled.

    Of a fault only the begin is known. How long MongoDB is away after it depends on the machine: on a busy one, a node
    may need minutes to start.

    Attributes:
        outages: begin and end of each, epoch seconds.
    """

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(name="outages", daemon=True)
        self._fleet = fleet
        self._stopped = threading.Event()
        self.outages: list[tuple[float, float]] = []

    def stop(self) -> None:
        """End; calling it again, or without a start, does nothing."""
        self._stopped.set()
        if self.is_alive():
            self.join(60)

    def run(self) -> None:
        """Look again and again."""
        with MongoClient[dict[str, Any]](
            self._fleet.mongod.uri,
            serverSelectionTimeoutMS=_PROBE_MS,
            connectTimeoutMS=_PROBE_MS,
            socketTimeoutMS=_PROBE_MS,
        ) as client:
            good_at = time.time()
            while not self._stopped.wait(_SAMPLE_SECONDS / 2):
                if self._can_fire(client):
                    good_at = self._see(good_at)
            self._see(good_at)

    def _see(self, good_at: float) -> float:
        now = time.time()
        if now - good_at > _OUTAGE_SECONDS:
            self.outages.append((good_at, now))
        return now

    def _can_fire(self, client: MongoClient[dict[str, Any]]) -> bool:
        with contextlib.suppress(PyMongoError):
            client["probe"]["probe"].update_one({}, {"$inc": {"count": 1}}, upsert=True)
            return any(each.is_alive() for each in self._fleet.of("scheduler"))
        return False
