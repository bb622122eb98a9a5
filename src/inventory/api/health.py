"""gRPC health: each service is SERVING while its dependency answers, and NOT_SERVING while the server drains."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Final

import grpc

from inventory.errors import InventoryError
from inventory.migration.errors import MigrationPendingError
from inventory.observe.logs import get_logger
from inventory.protobuf.health_service import HealthService

log = get_logger(__name__)

CHECK_SECONDS: Final = 2.0
"""How often the dependency is checked, s."""

FIRST_CHECK_SECONDS: Final = 1.0
"""How long a start waits for the first check, s."""


class Health:
    """The health of the services of one server.

    Args:
        names: full names of the services; the empty name, for the whole server, is added.
        check: returns if the dependency answers, else raises an ``InventoryError``.
    """

    def __init__(self, names: Iterable[str], check: Callable[[], None]) -> None:
        self._check = check
        self._service = HealthService(*names)
        self._stop = threading.Event()
        self._checked = threading.Event()
        self._serving: bool | None = None
        self._thread = threading.Thread(target=self._watch, name="health", daemon=True)

    def add_to(self, server: grpc.Server) -> None:
        """Serve ``grpc.health.v1.Health``."""
        self._service.add_to(server)

    def start(self) -> None:
        """Check in the background from now on; waits briefly for the first result, unless the dependency is down."""
        self._thread.start()
        self._checked.wait(FIRST_CHECK_SECONDS)

    def drain(self) -> None:
        """Report NOT_SERVING from now on."""
        self._stop.set()
        self._service.drain()
        log.info("not_serving", reason="draining")

    def join(self, timeout: float) -> None:
        """Wait until checking has ended, after ``drain``."""
        self._thread.join(timeout)

    def update(self) -> None:
        """Check the dependency and publish the result."""
        try:
            self._check()
        except MigrationPendingError as exc:
            # At every first start, all processes but one wait while it migrates.
            self._set_status(serving=False, reason=exc.message, expected=exc.runs and self._serving is None)
        except InventoryError as exc:
            self._set_status(serving=False, reason=exc.message)
        except Exception:  # the outermost frame of the thread: a failed check must not report SERVING
            if self._stop.is_set():
                # A check that outlasts the draining finds its connection closed.
                return
            log.exception("health_check_failed_unexpectedly")
            self._set_status(serving=False, reason="unexpected")
        else:
            self._set_status(serving=True)

    def _set_status(self, *, serving: bool, reason: str = "", expected: bool = False) -> None:
        if serving == self._serving:
            return
        self._serving = serving
        if serving:
            log.info("serving")
        else:
            log.log(logging.INFO if expected else logging.WARNING, "not_serving", reason=reason)
        self._service.set(serving=serving)

    def _watch(self) -> None:
        self.update()
        self._checked.set()
        while not self._stop.wait(CHECK_SECONDS):
            self.update()
