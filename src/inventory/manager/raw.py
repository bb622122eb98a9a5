"""Documents as MongoDB sent them, decoded only if somebody looks inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from struct import Struct
from typing import Any, Final

from bson import decode
from bson.codec_options import CodecOptions

CODEC: Final[CodecOptions[dict[str, Any]]] = CodecOptions(tz_aware=True, tzinfo=UTC)

_size: Final = Struct("<i").unpack_from


class StoredDocument(Mapping[str, Any]):
    """A stored document; ``raw`` is its BSON.

    Other than pymongo's ``RawBSONDocument`` it costs next to nothing as long as nobody looks inside, and nested
    documents are plain dicts.
    """

    __slots__ = ("_content", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._content: dict[str, Any] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The document as a dict, for reading only."""
        if self._content is None:
            self._content = decode(self.raw, CODEC)
        return self._content

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


def documents_of(batches: Iterable[bytes]) -> Iterator[StoredDocument]:
    """Yield the documents of raw batches; in BSON each begins with its size."""
    for batch in batches:
        start, end = 0, len(batch)
        while start < end:
            (size,) = _size(batch, start)
            yield StoredDocument(batch[start : start + size])
            start += size
