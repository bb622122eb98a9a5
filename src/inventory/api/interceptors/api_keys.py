"""Whether an API key is still valid: it never expires, so identity is asked for its state (contract, section 8)."""

from __future__ import annotations

import threading
from typing import Final

from cachetools import TTLCache

from inventory.connector.ports import Identity
from inventory.domain.clock import Clock
from inventory.errors import AuthenticateFailureError, BadRequestError

MAX_API_KEYS: Final = 10_000
"""Number of API keys whose state is cached; the one used longest ago is dropped first."""


class ApiKeyStates:
    """The states of API keys according to identity, each cached for a short time.

    Only keys with a verified signature are looked up, so that invented keys do not cause calls to identity.

    Args:
        clock: only its monotonic time is used.
        reuse_seconds: how long an answer is reused, s; a deleted or disabled key works for that long.
    """

    def __init__(self, identity: Identity, clock: Clock, *, reuse_seconds: float) -> None:
        self._identity = identity
        self._lock = threading.Lock()
        self._states: TTLCache[tuple[str, str], bool] = TTLCache(MAX_API_KEYS, reuse_seconds, timer=clock.monotonic)

    def check(self, api_key_id: str, domain_id: str) -> None:
        """Return if the key is enabled.

        Raises:
            AuthenticateFailureError: it is disabled, or does not exist.
            ConnectionFailureError, RequestTimeoutError: identity is unavailable, and no answer is recent enough.
        """
        name = domain_id, api_key_id
        with self._lock:
            is_enabled = self._states.get(name)
        if is_enabled is None:
            is_enabled = self._ask(api_key_id, domain_id)
            with self._lock:
                self._states[name] = is_enabled
        if not is_enabled:
            raise AuthenticateFailureError

    def _ask(self, api_key_id: str, domain_id: str) -> bool:
        try:
            return self._identity.is_api_key_enabled(api_key_id, domain_id)
        except BadRequestError:
            return False  # no such key or domain
