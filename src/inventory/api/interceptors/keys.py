"""The public keys that tokens are checked with: a local JWKS, or the domain's from identity, remembered."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from inventory.connector.ports import Identity
from inventory.domain.clock import Clock
from inventory.errors import BadRequestError, SettingsError

Key = RSAKey | ECKey

KEY_SECONDS: Final = 600.0
"""How long a domain's key is used without asking identity again, s."""
REFETCH_SECONDS: Final = 5.0
"""A domain's key is asked for at most this often, so that forged tokens do not become calls to identity, s."""
MAX_DOMAINS: Final = 10_000
"""Domains whose keys are remembered."""


class KeySource(Protocol):
    """Finds the keys of a domain."""

    def keys(self, domain_id: str, *, fresh: bool = False) -> tuple[Key, ...]:
        """Return the domain's keys, none where it has none.

        Args:
            domain_id: taken from a token that is not yet checked.
            fresh: ask anew, since what is remembered did not fit.

        Raises:
            ConnectionFailureError, RequestTimeoutError: they cannot be had right now.
        """


class _LocalKeys:
    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = keys

    def keys(self, domain_id: str, *, fresh: bool = False) -> tuple[Key, ...]:  # noqa: ARG002
        """See :class:`KeySource`."""
        return self._keys


def local_keys(path: Path) -> KeySource:
    """Return the public keys in the JWKS file ``path``.

    Raises:
        SettingsError: it cannot be read, or holds no RSA or EC key.
    """
    try:
        keys = parse_keys(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"jwks_file (INVENTORY_JWKS_FILE): {path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise SettingsError(f"jwks_file (INVENTORY_JWKS_FILE): {path}: {exc}") from None
    return _LocalKeys(keys)


def parse_keys(text: str) -> tuple[Key, ...]:
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
        raise ValueError("holds no RSA or EC key")
    return keys


@dataclass(frozen=True, slots=True)
class _Remembered:
    keys: tuple[Key, ...]
    asked_at: float


class _IdentityKeys:
    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._lock = threading.Lock()
        self._domains: OrderedDict[str, _Remembered] = OrderedDict()

    def keys(self, domain_id: str, *, fresh: bool = False) -> tuple[Key, ...]:
        """See :class:`KeySource`."""
        now = self._clock.monotonic()
        with self._lock:
            known = self._domains.get(domain_id)
        if known is not None:
            limit = KEY_SECONDS if known.keys and not fresh else REFETCH_SECONDS
            if now - known.asked_at < limit:
                return known.keys
        found = _Remembered(self._ask(domain_id), now)
        with self._lock:
            self._domains[domain_id] = found
            self._domains.move_to_end(domain_id)
            if len(self._domains) > MAX_DOMAINS:
                self._domains.popitem(last=False)
        return found.keys

    def _ask(self, domain_id: str) -> tuple[Key, ...]:
        try:
            return parse_keys(self._identity.get_public_key(domain_id))
        except (ValueError, BadRequestError):
            return ()  # no such domain, or a key that is none of ours: its tokens cannot be checked


def identity_keys(identity: Identity, clock: Clock) -> KeySource:
    """Return the keys that identity knows of each domain, remembered for ``KEY_SECONDS``."""
    return _IdentityKeys(identity, clock)
