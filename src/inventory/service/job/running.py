"""The slices that this process is collecting now, and how each is stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from pymongo.client_session import ClientSession

from inventory.connector.ports import Cancelable
from inventory.domain.job.outcome import Outcome
from inventory.manager.job.slice_claim import Beat, SliceClaims
from inventory.model.documents.job_task import StoredSlice
from inventory.service.job.metrics import SLICES_RUNNING


class StopReason(Enum):
    """Why a running slice must stop."""

    NOT_OURS = auto()
    """It was canceled, or its lease expired and another worker claimed it."""
    SHUTDOWN = auto()
    """This worker is stopping and puts it back."""


class RunningSlice:
    """A claimed slice while it is collected. Its own thread does the work; other threads may stop it.

    Attributes:
        claimed: the slice as it was claimed.
        session: by which what it collects is written; None: one of its own.
        progress: what has been stored so far; written with each heartbeat.
    """

    def __init__(self, claimed: StoredSlice, session: ClientSession | None = None) -> None:
        self.claimed = claimed
        self.session = session
        self.progress: Outcome | None = None
        self._lock = threading.Lock()
        self._reason: StopReason | None = None
        self._call: Cancelable | None = None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why it must stop, or None if it may go on."""
        return self._reason

    def should_stop(self) -> bool:
        """Return whether it must stop."""
        return self._reason is not None

    def attach(self, call: Cancelable) -> None:
        """Register the call that a stop cancels, usually the stream; if already stopped, cancel the call at once."""
        with self._lock:
            self._call = call
            stopped = self._reason is not None
        if stopped:
            call.cancel()

    def stop(self, reason: StopReason) -> None:
        """Ask it to stop and cancel its call; the first reason is kept."""
        with self._lock:
            self._reason = self._reason or reason
            call = self._call
        if call is not None:
            call.cancel()


class RunningSlices:
    """All running slices of a process."""

    def __init__(self, *, claims: SliceClaims) -> None:
        self._claims = claims
        self._lock = threading.Lock()
        self._running: dict[str, RunningSlice] = {}
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether no further slice may start here."""
        return self._stopping

    def __len__(self) -> int:
        return len(self._running)

    @contextmanager
    def tracking(self, claimed: StoredSlice, session: ClientSession | None = None) -> Iterator[RunningSlice]:
        """Renew the slice's lease during the block, and pass stop requests to it."""
        running = RunningSlice(claimed, session)
        with self._lock:
            self._running[claimed["owner"]] = running
            stopping = self._stopping
        if stopping:
            running.stop(StopReason.SHUTDOWN)
        SLICES_RUNNING.inc()
        try:
            yield running
        finally:
            SLICES_RUNNING.dec()
            with self._lock:
                del self._running[claimed["owner"]]

    def beat(self) -> None:
        """Renew all leases and stop slices whose claim was lost. Raises ``ConnectionFailureError``."""
        with self._lock:
            current = dict(self._running)
        beats = [
            Beat(
                domain_id=running.claimed["domain_id"],
                slice_id=running.claimed["slice_id"],
                owner=owner,
                progress=running.progress,
            )
            for owner, running in current.items()
        ]
        lost = self._claims.beat(beats)
        for owner, running in current.items():
            if owner in lost:
                running.stop(StopReason.NOT_OURS)

    def stop_all(self) -> None:
        """Start no further slice, and stop the running ones so that they are put back."""
        with self._lock:
            self._stopping = True
            current = list(self._running.values())
        for running in current:
            running.stop(StopReason.SHUTDOWN)

    def hand_back_all(self) -> None:
        """Put back what still runs, from another thread: its own threads can then no longer change its state."""
        with self._lock:
            current = list(self._running.values())
        for running in current:
            self._claims.hand_back(running.claimed, running.progress)
