"""Escapes keys of free-form maps so that they are single segments of a MongoDB path.

Tag keys come from cloud providers and contain dots, slashes and dollars. A dot would split a path, and a dollar may be
read as an operator, so the tag keys of a cloud service are stored escaped, like in URLs, reversibly.
"""

from __future__ import annotations

import re

ESCAPES = {"%": "%25", ".": "%2E", "$": "%24", "\0": "%00"}
_UNESCAPES = {escaped: plain for plain, escaped in ESCAPES.items()}
_TO_ESCAPE = re.compile(r"[%.$\x00]")
_TO_UNESCAPE = re.compile("%(?:25|2E|24|00)")


def escape_key(key: str) -> str:
    """Return ``key`` without dots, dollars and NULs; ``unescape_key`` restores it."""
    return _TO_ESCAPE.sub(lambda match: ESCAPES[match.group()], key)


def unescape_key(key: str) -> str:
    """Return the original key for a result of ``escape_key``."""
    if "%" not in key:
        return key
    return _TO_UNESCAPE.sub(lambda match: _UNESCAPES[match.group()], key)
