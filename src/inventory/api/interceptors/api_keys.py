"""Whether an API key is still valid: it never expires, so identity is asked for its state (contract, section 8)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from inventory.connector.ports import Identity
from inventory.domain.clock import Clock
from inventory.errors import AuthenticateFailureError, BadRequestError

MAX_API_KEYS: Final = 10_000
"""Number of API keys whose state is cached; the one checked longest ago is dropped first."""


class ApiKeyStates:
    """The states of API keys according to identity, each cached for a short time.

    Only keys with a verified signature are looked up, so that invented keys do not cause calls to identity.

    Args:
        identity: knows the keys.
        clock: only its monotonic time is used.
        reuse_seconds: how long an answer is reused, s; a deleted or disabled key works for that long.
    """

    def __init__(self, identity: Identity, clock: Clock, *, reuse_seconds: float) -> None:
        self._identity = identity
        self._clock = clock
        self._reuse_seconds = reuse_seconds
        self._lock = threading.Lock()
        self._states: OrderedDict[tuple[str, str], tuple[bool, float]] = OrderedDict()

    def check(self, api_key_id: str, domain_id: str) -> None:
        """Return if the key is enabled.

        Raises:
            AuthenticateFailureError: it is disabled, or does not exist.
            ConnectionFailureError, RequestTimeoutError: identity is unavailable, and no answer is recent enough.
        """
        now = self._clock.monotonic()
        name = domain_id, api_key_id
        with self._lock:
            state = self._states.get(name)
        if state is None or now >= state[1]:
            state = self._ask(api_key_id, domain_id), now + self._reuse_seconds
            with self._lock:
                self._states[name] = state
                self._states.move_to_end(name)
                if len(self._states) > MAX_API_KEYS:
                    self._states.popitem(last=False)
        if not state[0]:
            raise AuthenticateFailureError

    def _ask(self, api_key_id: str, domain_id: str) -> bool:
        try:
            return self._identity.is_api_key_enabled(api_key_id, domain_id)
        except BadRequestError:
            return False  # no such key or domain
