"""The findings of `inventory doctor`, from a running server, for operators."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from inventory.domain.clock import Clock
from inventory.domain.finding import Finding, Level
from inventory.domain.principal import SYSTEM, Principal
from inventory.errors import PermissionDeniedError, RequestTimeoutError

BUDGET_SECONDS: Final = 10.0
"""No check begins later than this after the first, s; each is bounded by itself."""
REUSE_SECONDS: Final = 5.0
"""How long findings are reused, s, so that the checks run no more often, however many callers there are."""

Checks = Callable[[bool], Iterator[Finding]]
"""Yields the findings; those of the plugins only if requested."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The findings of one run of the checks.

    Attributes:
        checked_at: when it began.
        findings: in the order of the checks; the first failure is the most likely cause of the others.
    """

    checked_at: datetime
    findings: tuple[Finding, ...]

    def document(self) -> dict[str, Any]:
        """Return it with the fields of its message."""
        return {
            "healthy": all(each.level is not Level.FAIL for each in self.findings),
            "checked_at": self.checked_at,
            "findings": [{**asdict(each), "level": each.level.name} for each in self.findings],
        }


class DiagnosisService:
    """Runs the checks for operators, one run at a time.

    Args:
        checks: yields the findings.
        clock: of this machine: MongoDB may be unreachable.
    """

    def __init__(self, *, checks: Checks, clock: Clock) -> None:
        self._checks = checks
        self._clock = clock
        self._running = threading.Lock()
        self._newest: dict[bool, tuple[float, Diagnosis]] = {}

    def get(self, principal: Principal, *, plugins: bool) -> Diagnosis:
        """Return what the checks find, at most ``REUSE_SECONDS`` old.

        Args:
            principal: a SYSTEM caller; or a caller without a user, as all are without authentication.
            plugins: whether to check the collectors' plugins as well, with a secret of each.

        Raises:
            PermissionDeniedError: the caller is no operator.
            RequestTimeoutError: the checks that another caller requested take longer than this one waits.
        """
        if principal.user_id and principal.role_type != SYSTEM:
            raise PermissionDeniedError
        patience = principal.remaining_seconds()
        if not self._running.acquire(timeout=min(patience, threading.TIMEOUT_MAX)):
            raise RequestTimeoutError(reason="the checks requested by another caller still run")
        try:
            until, newest = self._newest.get(plugins, (-1.0, None))
            if newest is not None and self._clock.monotonic() < until:
                return newest
            found = self._run(plugins=plugins)
            if patience >= BUDGET_SECONDS:
                # Checks that were interrupted by one caller's deadline are of no use to others.
                self._newest[plugins] = (self._clock.monotonic() + REUSE_SECONDS, found)
            return found
        finally:
            self._running.release()

    def _run(self, *, plugins: bool) -> Diagnosis:
        checked_at, end = self._clock.now(), self._clock.monotonic() + BUDGET_SECONDS
        found: list[Finding] = []
        for finding in self._checks(plugins):
            found.append(finding)
            if self._clock.monotonic() > end:
                reason = f"not reached within {BUDGET_SECONDS:.0f} s; `inventory doctor` takes its time"
                found.append(Finding("further checks", Level.SKIP, reason))
                break
        return Diagnosis(checked_at, tuple(found))
