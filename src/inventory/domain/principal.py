"""The caller on whose behalf every use case acts."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import Final

SYSTEM: Final = "SYSTEM"
DOMAIN: Final = "DOMAIN"
PROJECT: Final = "PROJECT"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a use case.

    Attributes:
        domain_id: the domain to which every read and write is bound.
        user_id: the user, for change history; empty if authentication is off.
        role_type: ``SYSTEM``, ``DOMAIN`` or ``PROJECT``.
        projects: the projects to which a PROJECT caller is restricted; ``None`` means no restriction.
        token: passed on to the platform; never logged or stored.
        transaction_id: connects log lines, platform calls and the caller's own trace.
        deadline: time by ``time.monotonic()`` at which the caller stops waiting; infinity for none.
    """

    domain_id: str
    user_id: str = ""
    role_type: str = DOMAIN
    projects: frozenset[str] | None = None
    token: str = field(default="", repr=False)
    transaction_id: str = ""
    deadline: float = math.inf

    def in_domain(self, domain_id: str) -> Principal:
        """Return the same caller bound to another domain (for SYSTEM callers)."""
        return replace(self, domain_id=domain_id)

    def remaining_seconds(self) -> float:
        """Return how long the caller will wait, in seconds, never negative; infinity without a deadline."""
        return max(self.deadline - time.monotonic(), 0.0)


def system_principal(domain_id: str, *, token: str = "", transaction_id: str = "") -> Principal:
    """Return the principal with which workers and the scheduler act."""
    return Principal(
        domain_id=domain_id, user_id="system", role_type=SYSTEM, token=token, transaction_id=transaction_id
    )
