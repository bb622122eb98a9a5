"""Which callers identity has recently confirmed to be the system: the rate limit does not apply to them.

A token does not show it; only ``Authorization.verify`` does, by its role_type (contract, section 8), which is called
after a call is counted. So the answer is cached for the caller's next calls.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

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
        self._clock = clock
        self._lock = threading.Lock()
        self._until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __contains__(self, caller: Caller) -> bool:
        """Return whether identity has recently confirmed that the caller is the system."""
        return self._until.get((caller.domain_id, caller.user_id), 0.0) > self._clock.monotonic()

    def note(self, caller: Caller, role_type: str) -> None:
        """Record what identity answered about the caller."""
        name = caller.domain_id, caller.user_id
        if role_type != SYSTEM:
            if name in self._until:
                with self._lock:
                    self._until.pop(name, None)
            return
        with self._lock:
            self._until[name] = self._clock.monotonic() + REMEMBER_SECONDS
            self._until.move_to_end(name)
            if len(self._until) > MAX_REMEMBERED:
                self._until.popitem(last=False)
