"""Keys of free-form maps made safe as single segments of a MongoDB path.

Tag keys come from cloud providers and hold dots, slashes and dollars. A dot would split a path in two and a dollar may
be read as an operator, so the keys of a cloud service's tags are stored escaped, in the manner of URLs, reversibly.
"""

from __future__ import annotations

import re

ESCAPES = {"%": "%25", ".": "%2E", "$": "%24", "\0": "%00"}
_UNESCAPES = {escaped: plain for plain, escaped in ESCAPES.items()}
_TO_ESCAPE = re.compile(r"[%.$\x00]")
_TO_UNESCAPE = re.compile("%(?:25|2E|24|00)")


def escape_key(key: str) -> str:
    """Return ``key`` without dots, dollars and NULs; ``unescape_key`` gives it back."""
    return _TO_ESCAPE.sub(lambda match: ESCAPES[match.group()], key)


def unescape_key(key: str) -> str:
    """Return the key that ``escape_key`` was given."""
    if "%" not in key:
        return key
    return _TO_UNESCAPE.sub(lambda match: _UNESCAPES[match.group()], key)
