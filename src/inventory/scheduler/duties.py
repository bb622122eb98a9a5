"""Duties of the scheduler: work that one of all replicas does once per period."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pymongo.client_session import ClientSession

from inventory.manager.duty import DutyManager
from inventory.manager.transactions import Fence
from inventory.observe.logs import get_logger
from inventory.scheduler.metrics import DUTIES, DUTY_DONE, DUTY_SECONDS

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PeriodicDuty:
    """A duty.

    Attributes:
        name: the same in all replicas.
        period_seconds: the duty is done once per period of this length, s.
        work: does it; may be interrupted anywhere, and repeated.
    """

    name: str
    period_seconds: float
    work: Callable[[], None]


class DutyRunner:
    """Claims duties and runs them; safe to use from several threads, one duty each."""

    def __init__(self, *, duties: DutyManager) -> None:
        """Prepare."""
        self._duties = duties
        self._lock = threading.Lock()
        self._running: dict[str, datetime] = {}
        self._sessions: dict[str, ClientSession] = {}

    def run(self, duty: PeriodicDuty) -> bool:
        """Run the duty if it is still due in this period and unclaimed; return whether it was done here."""
        with self._duties.session() as session:
            return self._run(duty, session)

    def _run(self, duty: PeriodicDuty, session: ClientSession) -> bool:
        start = self._duties.claim(duty.name, duty.period_seconds, session_id=session.session_id["id"])
        if start is None:
            return False
        with self._lock:
            self._running[duty.name] = start
            self._sessions[duty.name] = session
        done = False
        try:
            with DUTY_SECONDS.labels(duty.name).time():
                duty.work()
            done = True
            DUTY_DONE.labels(duty.name).set_to_current_time()
        finally:
            with self._lock:
                del self._running[duty.name], self._sessions[duty.name]
            DUTIES.labels(duty.name, "done" if done else "failed").inc()
            if not done:
                self._duties.release(duty.name, start)
        self._duties.done(duty.name, start)
        return True

    def fence(self, name: str) -> Fence | None:
        """Return the claim under which the duty is done here right now; None where it is not."""
        with self._lock:
            start = self._running.get(name)
        return self._duties.fence(name, start) if start is not None else None

    def session(self, name: str) -> ClientSession | None:
        """Return the session to use for what the duty writes in transactions: whoever takes it over, ends it."""
        with self._lock:
            return self._sessions.get(name)

    def renew(self) -> None:
        """Renew the claims of the running duties."""
        with self._lock:
            running = list(self._running.items())
        for name, start in running:
            # A duty that ended meanwhile no longer needs its claim.
            if not self._duties.renew(name, start) and self._runs(name, start):
                _log.warning("duty_lost", duty=name)

    def _runs(self, name: str, start: datetime) -> bool:
        with self._lock:
            return self._running.get(name) == start
