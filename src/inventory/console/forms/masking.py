"""Hides values that bystanders should not read: those whose key, or whose own form, indicates a secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

MASK: Final = "••••••"
_KEY: Final = re.compile(
    r"secret|passw|passphrase|(?:^|[_.\- ])pass$|pwd|token|credential|creds$|private|authorization|bearer|cookie|"
    r"passcode|dsn$|connection[_.\- ]?(?:string|uri|url)|kubeconfig|webhook|"
    r"(?:^|[_.\- ])(?:auth|otp|pat|sas)$|(?:^|[_.\- ])sas[_.\- ]|"
    r"(?:amqp|broker|database|db|jdbc|mongo|mongodb|mysql|postgres|postgresql|redis)[_.\- ]?ur[il]|"
    r"(?:access|account|api|app|auth|client|deploy|encrypt|encryption|hmac|licen[cs]e|master|pgp|gpg|rsa|service|session|"
    r"shared|signing|ssh|ssl|storage|tls)[_.\- ]?key",
    re.IGNORECASE,
)
_TEXT: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"
    r"|://\S{0,500}@"  # a URL with a user, and usually a password
    r"|^\s*(?:bearer|basic)\s+\S{8}"
    r"|authorization[\"']?\s{0,9}[:=]\s{0,9}[\"']?\w"
    r"|(?-i:\b(?:AKIA|ASIA)[A-Z0-9]{12})"  # AWS
    r"|\bgh[opsur]_\w{16}|\bgithub_pat_\w{16}|\bglpat-[\w-]{16}"  # GitHub, GitLab
    r"|\bxox[a-z]-[\w-]{8}|\bAIza[\w-]{30}|\bsk_live_\w{8}"  # Slack, Google, Stripe
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\."  # a JWT
    r"|(?:^|[?&;\s])[\w.\-]{0,60}(?:passw(?:or)?d|pwd|secret|token|key|sig|signature)\s{0,9}=\s{0,9}[^;&\s]",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(
    r"""(?:^|[\s{,\["'])([\w.\-]{1,80})(?:\\{0,3}["'])?\s{0,9}:(?:[ \t]{1,9}|(?=\\{0,3}["'\[{\d]))"""
    r"""(?!\s|(?:true|false|null|none)\b|\\{0,3}(?:""|''))\S""",
    re.IGNORECASE,
)
"""A key with a value in a text of JSON or YAML, whose quotation marks may be escaped."""
_NAME_KEYS: Final = ("name", "key", "header", "k")
_VALUE_KEYS: Final = ("value", "v")


def is_secret(key: str) -> bool:
    """Return whether a key indicates a secret."""
    return _KEY.search(key) is not None


def is_secret_text(value: Any) -> bool:
    """Return whether a value contains a secret, whatever its key, such as a private key, a URL with a password, or JSON
    with a key that indicates one.
    """
    if not isinstance(value, str):
        return False
    return _TEXT.search(value) is not None or any(is_secret(pair[1]) for pair in _PAIR.finditer(value))


def masked(value: Any, secrets: Collection[str] = ()) -> Any:
    """Return a value with all nested secrets hidden.

    Args:
        secrets: further keys of ``value`` itself that are secrets, such as those that a schema marks.
    """
    if isinstance(value, Mapping):
        named = any(is_secret(value[key]) for key in _NAME_KEYS if isinstance(value.get(key), str))
        hidden = {*secrets, *(_VALUE_KEYS if named else ())}
        return {key: MASK if _hides(key, inner, hidden) else masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return MASK if is_secret_text(value) else value


def _hides(key: Any, value: Any, hidden: Collection[str]) -> bool:
    return (key in hidden or is_secret(str(key))) and not isinstance(value, bool) and value not in (None, "")
