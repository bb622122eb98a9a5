"""The public keys for verifying tokens: from a local JWKS file, or per domain from identity, cached."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cachetools import LRUCache
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from inventory.connector.ports import Identity
from inventory.domain.clock import Clock
from inventory.domain.rate_limit import RateLimit
from inventory.errors import BadRequestError, SettingsError
from inventory.observe.logs import get_logger
from inventory.process.file_state import file_state

log = get_logger(__name__)

PublicKey = RSAKey | ECKey

KEY_SECONDS: Final = 600.0
"""How long a domain's key is reused without asking identity again, s."""
REFETCH_SECONDS: Final = 5.0
"""Minimum interval between requests for a domain's key, s, so that forged tokens do not become calls to identity."""
MAX_DOMAINS: Final = 10_000
"""Number of domains whose keys are cached; the same number of domains is cached as having none."""
UNKNOWN_PER_SECOND: Final = 20.0
"""Maximum rate of requests to identity about unknown domains. A token's domain is read before the token can be
verified: otherwise invented domains would turn each token into a call, and evict the keys of real domains."""
LOOK_SECONDS: Final = 1.0
"""How often the JWKS file is checked for changes, s; also checked when no key matches."""


class KeySource(Protocol):
    """Provides the keys of a domain."""

    def keys(self, domain_id: str, *, fresh: bool = False) -> tuple[PublicKey, ...]:
        """Return the domain's keys, or none.

        Args:
            domain_id: taken from an unverified token.
            fresh: fetch again, since no cached key matched.

        Raises:
            ConnectionFailureError, RequestTimeoutError, LimitExceededError: they are currently unavailable.
        """


class _LocalKeys:
    """The keys of one file, reread when it changes; if the new content is unusable, the previous keys are kept."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = clock.monotonic()
        self._seen = file_state(path)
        self._keys = _read_keys(path)

    def keys(self, domain_id: str, *, fresh: bool = False) -> tuple[PublicKey, ...]:  # noqa: ARG002
        """See :class:`KeySource`."""
        with self._lock:
            now = self._clock.monotonic()
            if fresh or now - self._looked_at >= LOOK_SECONDS:
                self._looked_at = now
                self._look()
            return self._keys

    def _look(self) -> None:
        seen = file_state(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._keys = _read_keys(self._path)
        except SettingsError as exc:
            log.error("jwks_file_kept_last_good", reason=exc.message)
        else:
            log.info("jwks_file_reloaded", path=str(self._path), keys=len(self._keys))


def local_keys(path: Path, clock: Clock) -> KeySource:
    """Return the public keys in the JWKS file ``path``, which may change at any time.

    Raises:
        SettingsError: it cannot be read, or contains no RSA or EC key.
    """
    return _LocalKeys(path, clock)


def _read_keys(path: Path) -> tuple[PublicKey, ...]:
    try:
        return parse_keys(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"jwks_file (INVENTORY_JWKS_FILE): {path}: {exc.strerror}") from exc
    except ValueError as exc:
        reason = "is not UTF-8" if isinstance(exc, UnicodeDecodeError) else str(exc)
        raise SettingsError(f"jwks_file (INVENTORY_JWKS_FILE): {path}: {reason}") from None


def parse_keys(text: str) -> tuple[PublicKey, ...]:
    """Return the RSA and EC keys of a JWK or JWKS.

    Raises:
        ValueError: there are none, or the text is neither.
    """
    try:
        raw: Any = json.loads(text)
    except ValueError:
        raise ValueError("is not JSON") from None
    if not isinstance(raw, dict):
        raise ValueError("is neither a JWK nor a JWKS")
    try:
        imported = KeySet.import_key_set({"keys": raw.get("keys", [raw])})
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("is neither a JWK nor a JWKS") from None
    keys = tuple(key for key in imported.keys if isinstance(key, RSAKey | ECKey))
    if not keys:
        raise ValueError("contains no RSA or EC key")
    return keys


@dataclass(frozen=True, slots=True)
class _Remembered:
    keys: tuple[PublicKey, ...]
    asked_at: float


class _IdentityKeys:
    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._lock = threading.Lock()
        self._known: LRUCache[str, _Remembered] = LRUCache(MAX_DOMAINS)
        self._without: LRUCache[str, _Remembered] = LRUCache(MAX_DOMAINS)
        self._unknown_limit = RateLimit(UNKNOWN_PER_SECOND, clock)

    def keys(self, domain_id: str, *, fresh: bool = False) -> tuple[PublicKey, ...]:
        """See :class:`KeySource`."""
        now = self._clock.monotonic()
        with self._lock:
            remembered = self._known.get(domain_id) or self._without.get(domain_id)
        if remembered is not None:
            limit = KEY_SECONDS if remembered.keys and not fresh else REFETCH_SECONDS
            if now - remembered.asked_at < limit:
                return remembered.keys
        if remembered is None or not remembered.keys:
            self._unknown_limit.take("")
        return self._remember(domain_id, _Remembered(self._ask(domain_id), now)).keys

    def _remember(self, domain_id: str, found: _Remembered) -> _Remembered:
        place, other = (self._known, self._without) if found.keys else (self._without, self._known)
        with self._lock:
            other.pop(domain_id, None)
            place[domain_id] = found
        return found

    def _ask(self, domain_id: str) -> tuple[PublicKey, ...]:
        try:
            return parse_keys(self._identity.get_public_key(domain_id))
        except (ValueError, BadRequestError):
            return ()  # an unknown domain, or a key of an unsupported type: its tokens cannot be verified


def identity_keys(identity: Identity, clock: Clock) -> KeySource:
    """Return the keys that identity has for each domain, cached for ``KEY_SECONDS``."""
    return _IdentityKeys(identity, clock)
