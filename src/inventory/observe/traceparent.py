"""``traceparent``, the header of W3C Trace Context by which a trace goes from one process to the next."""

from __future__ import annotations

import re
from typing import Final

TRACEPARENT: Final = "traceparent"
"""The header, and the key of metadata and messages."""

_TRACEPARENT: Final = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<ids>(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-[\x21-\x7e]*)?"
)
"""Of any version that W3C allows: what version 00 holds, and of later ones perhaps more."""
_SAMPLED: Final = 1


def valid(*traceparents: str) -> str:
    """Return a caller's ``traceparent`` as version 00 says it, empty where it is none, or where it sent several.

    Of later versions only the part that version 00 knows is read, and of their flags only ``sampled``
    (W3C Trace Context, "Versioning of traceparent").
    """
    found = _TRACEPARENT.fullmatch(traceparents[0]) if len(traceparents) == 1 else None
    if found is None:
        return ""
    if found["version"] == "00":
        return "" if found["more"] else traceparents[0]
    return f"00-{found['ids']}-{int(found['flags'], 16) & _SAMPLED:02x}"


def trace_id(traceparent: str) -> str:
    """Return the trace id, 32 hex digits, of a ``traceparent`` that ``valid`` returned; empty of an empty one."""
    return traceparent[3:35]
