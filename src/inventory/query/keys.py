"""The syntax of a client's key: its segments, escaped dots in names, and the limits of length and depth."""

from __future__ import annotations

import re

from inventory.errors import InvalidParameterError

MAX_KEY_BYTES = 2048
"""Longest key that is accepted."""
MAX_KEY_SEGMENTS = 64
"""Deepest path; real documents nest about 20 levels, MongoDB's limit is 100."""

_TOKEN = re.compile(r"\\([.\\])|(\.)|([^.\\]+|\\)")
"""An escaped character, the end of a segment, or plain text."""


def split_key(key: str) -> list[str]:
    """Return the segments of a dotted key; after a backslash, a dot or a second backslash is part of a name.

    Raises:
        InvalidParameterError: empty, too long or too deep, an empty segment, a NUL, or a ``$`` at the beginning.
    """
    check_text(key)
    segments = _segments(key)
    if len(segments) > MAX_KEY_SEGMENTS:
        raise InvalidParameterError(key=key, reason=f"a key has at most {MAX_KEY_SEGMENTS} segments")
    for segment in segments:
        if not segment:
            raise InvalidParameterError(key=key, reason="a segment of the key is empty")
    if key[0] == "$":
        raise InvalidParameterError(key=key, reason="a key must not start with $")
    return segments


def _segments(key: str) -> list[str]:
    if "\\" not in key:
        return key.split(".")
    segments = [""]
    for escaped, end, text in _TOKEN.findall(key):
        if end:
            segments.append("")
        else:
            segments[-1] += escaped or text
    return segments


def is_special(segment: str) -> bool:
    """Return whether no MongoDB path can refer to a member of this name."""
    return "." in segment or segment.startswith("$")


def encoded(text: str, key: str) -> bytes:
    """Return ``text`` in UTF-8.

    Raises:
        InvalidParameterError: it contains a lone surrogate, which no database stores.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidParameterError(key=key, reason="a text must be valid Unicode") from None


def check_text(key: str) -> None:
    """Reject texts that cannot be keys; raises like ``split_key``."""
    if not isinstance(key, str) or not key:
        raise InvalidParameterError(key=str(key), reason="a key must be a non-empty string")
    if "\0" in key:
        raise InvalidParameterError(key=key.replace("\0", "\\0"), reason="a key must not contain NUL")
    if len(encoded(key, "query")) > MAX_KEY_BYTES:
        raise InvalidParameterError(key=key, reason=f"a key has at most {MAX_KEY_BYTES} bytes")
