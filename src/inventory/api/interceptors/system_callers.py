"""Which callers identity has recently confirmed to be the system: the rate limit does not apply to them.

A token does not show it; only ``Authorization.verify`` does, by its role_type (contract, section 8), which is called
after a call is counted. So the answer is cached for the caller's next calls.
"""

from __future__ import annotations

import threading
from typing import Final

from cachetools import TTLCache

from inventory.api.interceptors.authentication import Caller
from inventory.domain.clock import Clock
from inventory.domain.principal import SYSTEM

REMEMBER_SECONDS: Final = 60.0
"""How long after identity's last answer a system caller's calls are not counted, s."""
MAX_REMEMBERED: Final = 1_000


class SystemCallers:
    """Caches which callers are the system.

    Args:
        clock: only its monotonic time is used.
    """

    def __init__(self, clock: Clock) -> None:
        self._lock = threading.Lock()
        self._known: TTLCache[tuple[str, str], bool] = TTLCache(MAX_REMEMBERED, REMEMBER_SECONDS, timer=clock.monotonic)

    def __contains__(self, caller: Caller) -> bool:
        """Return whether identity has recently confirmed that the caller is the system."""
        with self._lock:
            return (caller.domain_id, caller.user_id) in self._known

    def note(self, caller: Caller, role_type: str) -> None:
        """Record what identity answered about the caller."""
        name = caller.domain_id, caller.user_id
        with self._lock:
            if role_type == SYSTEM:
                self._known[name] = True
            else:
                self._known.pop(name, None)
