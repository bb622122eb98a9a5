"""Authentication by JWT: RS256 or ES256, signed with a key of the token's domain (contract, section 8)."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cachetools import TTLCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from inventory.api.interceptors.api_keys import ApiKeyStates
from inventory.api.interceptors.authentication import API_USER, Caller
from inventory.api.interceptors.context import MAX_TOKEN
from inventory.api.interceptors.keys import KeySource, PublicKey
from inventory.domain.clock import Clock
from inventory.errors import AuthenticateFailureError

Claims = Mapping[str, Any]

KEY_TYPES: Final[Mapping[str, type[PublicKey]]] = {"RS256": RSAKey, "ES256": ECKey}
"""The accepted algorithms, each with its only type of key, so that a token cannot choose another use of a key."""

ACCESS_TOKEN: Final = "ACCESS_TOKEN"  # noqa: S105 (a category, no password)
API_KEY: Final = "API_KEY"
CATEGORIES: Final = frozenset({ACCESS_TOKEN, API_KEY})
"""Accepted values of ``cat``; refresh tokens are refused. Without ``cat`` it is an access token."""

MAX_NAME: Final = 255
"""Longest name of a domain or user in a token."""

REMEMBER_SECONDS: Final = 60.0
"""How long a verified token is trusted without verifying its signature again, s."""
MAX_REMEMBERED: Final = 10_000


class JwtAuthenticator:
    """Verifies tokens.

    Args:
        clock: for comparison with ``exp`` and ``iat``.
        leeway_seconds: tolerated clock skew, s.
        api_keys: says whether an API key is still valid; None: nobody can, so API keys must expire as well.
    """

    def __init__(
        self, keys: KeySource, *, clock: Clock, leeway_seconds: float, api_keys: ApiKeyStates | None = None
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._leeway = leeway_seconds
        self._api_keys = api_keys
        self._lock = threading.Lock()
        self._remembered: TTLCache[bytes, tuple[Caller, float]] = TTLCache(
            MAX_REMEMBERED, REMEMBER_SECONDS, timer=clock.monotonic
        )

    def authenticate(self, token: str) -> Caller:
        """See ``Authenticator``."""
        caller = self._signed_by(token)
        if caller.api_key_id and self._api_keys is not None:
            self._api_keys.check(caller.api_key_id, caller.domain_id)
        return caller

    def _signed_by(self, token: str) -> Caller:
        """Return the caller of a token whose signature, times and claims are valid."""
        if not token or len(token) > MAX_TOKEN:
            raise AuthenticateFailureError
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        with self._lock:
            known = self._remembered.get(digest)
        if known is not None and self._seconds() < known[1]:
            return known[0]
        header, unchecked = _peek(token)
        domain_id = _text(unchecked, "did")
        claims = self._verified(token, header, domain_id)
        if _text(claims, "did") != domain_id:
            # Two parsers read the token: the matching key must belong to the domain in the verified claims.
            raise AuthenticateFailureError
        expires = self._check_times(claims)
        caller = _caller(claims)
        with self._lock:
            self._remembered[digest] = caller, expires
        return caller

    def _verified(self, token: str, header: Claims, domain_id: str) -> Claims:
        """Return the claims if a key matches the signature; if none does, the keys are fetched again, once."""
        algorithm = header.get("alg")
        kind = KEY_TYPES.get(algorithm) if isinstance(algorithm, str) else None
        if kind is None:
            raise AuthenticateFailureError
        tried: Sequence[PublicKey] = ()
        for fresh in (False, True):
            keys = self._keys.keys(domain_id, fresh=fresh)
            if fresh and keys is tried:
                break
            for key in _candidates(keys, kind, header.get("kid")):
                try:
                    return jwt.decode(token, key, algorithms=[str(algorithm)]).claims
                except (JoseError, ValueError, TypeError, AttributeError):
                    continue  # whatever error the library raises for an invalid header
            tried = keys
        raise AuthenticateFailureError

    def _check_times(self, claims: Claims) -> float:
        """Return when the token expires, in seconds since the epoch, including the leeway."""
        endless = "exp" not in claims and claims.get("cat") == API_KEY and self._api_keys is not None
        registry = JWTClaimsRegistry(
            now=self._seconds(),  # type: ignore[arg-type]  # typed as int there, and compared only
            leeway=self._leeway,  # type: ignore[arg-type]
            exp={"essential": not endless},
        )
        try:
            registry.validate(dict(claims))
            return math.inf if endless else float(claims["exp"]) + self._leeway
        except (JoseError, OverflowError):
            raise AuthenticateFailureError from None

    def _seconds(self) -> float:
        return self._clock.now().timestamp()


def _candidates(keys: Sequence[PublicKey], kind: type[PublicKey], kid: object) -> list[PublicKey]:
    """Return the keys that may have signed: of the right type, and with the token's kid if both have one."""
    return [key for key in keys if isinstance(key, kind) and (kid is None or key.kid is None or key.kid == kid)]


def _peek(token: str) -> tuple[Claims, Claims]:
    """Return header and claims without verifying the signature, only to find the key."""
    parts = token.split(".")
    if len(parts) != 3:
        raise AuthenticateFailureError
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, RecursionError):
        raise AuthenticateFailureError from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise AuthenticateFailureError
    return header, claims


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    # Surrogates are not printable either; neither MongoDB nor gRPC could store them.
    if not isinstance(value, str) or not value or len(value) > MAX_NAME or not value.isprintable():
        raise AuthenticateFailureError
    return value


def _caller(claims: Claims) -> Caller:
    category = _text(claims, "cat") if "cat" in claims else ACCESS_TOKEN
    if category not in CATEGORIES:
        raise AuthenticateFailureError
    user_type = _text(claims, "user_type") if "user_type" in claims else "USER"
    permissions = claims.get("permissions")
    if permissions is not None and not (
        isinstance(permissions, list) and all(isinstance(pattern, str) for pattern in permissions)
    ):
        raise AuthenticateFailureError
    return Caller(
        domain_id=_text(claims, "did"),
        user_id=_text(claims, "aud"),
        user_type=API_USER if category == API_KEY else user_type,
        permissions=None if permissions is None else tuple(permissions),
        api_key_id=_text(claims, "api_key_id") if category == API_KEY else "",
    )
