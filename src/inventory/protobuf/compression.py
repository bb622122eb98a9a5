"""Decompresses compressed requests within a limit.

grpc itself would decompress a whole message before checking its size, in the thread that serves all calls: 400 MB of
zeros, sent as 400 KB, would block everyone for half a second. So the server leaves that to the call's own thread, where
zlib lets others run. grpc does not say which messages are compressed, but their bytes do: no protobuf message begins
like gzip (wire type 7), and none that begins like zlib also ends with its checksum.
"""

from __future__ import annotations

import zlib
from typing import Final

from inventory.errors import LimitExceededError

MAX_RATIO: Final = 1032
"""Maximum number of bytes that one compressed byte can expand to."""

_GZIP_FIRST, _ZLIB_FIRST = b"\x1f\x8b", 0x78
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


def window_of(data: bytes) -> int:
    """Return zlib's ``wbits`` for a message that appears to be compressed, or 0."""
    first = data[:2]
    if first == _GZIP_FIRST:
        return _GZIP_WINDOW
    if len(first) == 2 and first[0] == _ZLIB_FIRST and int.from_bytes(first, "big") % 31 == 0:
        return zlib.MAX_WBITS
    return 0


def decompress(data: bytes, most: int) -> bytes:
    """Return the message in ``data``, which may be compressed.

    Args:
        data: as received.
        most: maximum size of the message, bytes.

    Raises:
        LimitExceededError: it is larger.
    """
    window = window_of(data)
    if not window:
        return data
    reader = zlib.decompressobj(window)
    try:
        message = reader.decompress(data, most + 1)
    except zlib.error:
        return data
    if len(message) > most:
        raise LimitExceededError(limit=f"{most} bytes in one request")
    return message if reader.eof and not reader.unused_data else data
