"""Documents in the form in which MongoDB sent them, decoded only on access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from struct import Struct
from typing import Any, Final

from bson import decode
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, PyMongoError, ServerSelectionTimeoutError

from inventory.errors import InvalidParameterError
from inventory.model.connection import CODEC
from inventory.process.memory_budget import hold

_size: Final = Struct("<i").unpack_from
_CURSOR: Final = slice(4, 12), b"\x03cursor\0"
_BATCH: Final = slice(16, 28), b"\x04firstBatch\0"
_FIRST: Final = slice(32, 35), b"\x030\0"
_FIRST_AT: Final = 35
"""Offset of the first document in a reply to ``find``, if its first members are ``cursor.firstBatch.0``."""

_ROWS_AT: Final = 28
"""Offset of the array of documents in such a reply."""
_END_OF_ROWS: Final = b"\x12id\0" + bytes(8)
"""What follows the array if the cursor has no more: its id is 0."""

FIRST_BATCH: Final = 101
"""How many documents MongoDB's first answer to ``find`` holds, if they do not exceed 16 MiB."""

_ALL_ROWS: Final = 2**31 - 1
"""More rows than an answer of MongoDB can hold: all that fit into 16 MiB."""

_AHEAD_BYTES: Final = 1024 * 1024
"""How much memory is reserved ahead while rows arrive, bytes."""


class LazyDocument(Mapping[str, Any]):
    """A stored document; ``raw`` is its BSON.

    Unlike pymongo's ``RawBSONDocument`` it costs almost nothing until its content is accessed, and nested documents are
    plain dicts.
    """

    __slots__ = ("_content", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._content: dict[str, Any] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The document as a read-only dict."""
        if self._content is None:
            self._content = decode(self.raw, CODEC)
        return self._content

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)


def at_most(max_bytes: int, parts: Iterable[bytes], weight: int) -> Iterator[bytes]:
    """Yield the parts of an answer as long as their total size does not exceed ``max_bytes``.

    Their memory is charged to the current call; that of the next part is reserved before it is read.

    Args:
        max_bytes: of all parts.
        parts: as MongoDB sends them.
        weight: peak memory of an answer per byte of a part, bytes.

    Raises:
        InvalidParameterError: they are larger, so the client must request smaller pages.
        LimitExceededError: other calls hold too much memory.
    """
    size = held = 0
    for part in parts:
        size += len(part)
        if size > max_bytes:
            reason = f"the answer would need more than {max_bytes} bytes of stored data: use smaller pages"
            raise InvalidParameterError(key="query.page.limit", reason=reason)
        if size > held:
            # A cursor knows when it is exhausted.
            ahead = max(len(part), min(size, _AHEAD_BYTES)) if getattr(parts, "alive", True) else 0
            held = min(size + ahead, max_bytes)
            hold(held * weight)
        yield part


def charge(max_bytes: int, answer: bytes, weight: int) -> bytes:
    """Return an answer that came as a whole, its memory charged to the current call; raises like ``at_most``."""
    for _ in at_most(max_bytes, _Whole((answer,)), weight):
        pass
    return answer


class _Whole(tuple[bytes]):
    """The parts of an answer after which there are no more."""

    __slots__ = ()
    alive = False


def documents_of(batches: Iterable[bytes]) -> Iterator[LazyDocument]:
    """Yield the documents in raw batches; in BSON, each begins with its size."""
    for batch in batches:
        start, end = 0, len(batch)
        while start < end:
            (size,) = _size(batch, start)
            yield LazyDocument(batch[start : start + size])
            start += size


def find_rows(
    collection: Collection[Any],
    match: Mapping[str, Any],
    projection: Mapping[str, Any],
    *,
    sort: Sequence[tuple[str, int]],
    skip: int,
    limit: int,
    max_time_ms: int,
) -> bytes | None:
    """Return MongoDB's answer with all documents of a page, for ``documents_in``.

    It is read by a plain command: the driver's cursor over raw documents creates an object per document, which costs a
    sixth of the whole call.

    Args:
        limit: of the page, at most ``FIRST_BATCH``; others as for ``find``.

    Returns:
        None if only a cursor can tell: the page is larger than one answer, or the connection broke.
    """
    options = {"skip": skip, "limit": limit, **({"sort": dict(sort)} if sort else {})}
    return _all_rows(collection, _find(collection, match, projection, max_time_ms, options))


def documents_in(answer: bytes) -> Iterator[LazyDocument]:
    """Yield the documents of an answer by ``find_rows``; in a BSON array, each has its type and number before it."""
    at, end = _ROWS_AT + 4, _ROWS_AT + _size(answer, _ROWS_AT)[0] - 1
    while at < end:
        start = answer.index(0, at + 1) + 1
        at = start + _size(answer, start)[0]
        yield LazyDocument(answer[start:at])


def aggregate_rows(
    collection: Collection[Any], pipeline: Sequence[Mapping[str, Any]], *, max_time_ms: int
) -> bytes | None:
    """Return MongoDB's answer with all rows of a pipeline; read like ``find_rows``, and None as there."""
    command = {
        "aggregate": collection.name,
        "pipeline": pipeline,
        "cursor": {"batchSize": _ALL_ROWS},
        "maxTimeMS": max_time_ms,
        "allowDiskUse": True,
    }
    return _all_rows(collection, _reply(collection, command))


def find_one(
    collection: Collection[Any], match: Mapping[str, Any], projection: Mapping[str, Any], *, max_time_ms: int
) -> LazyDocument | None:
    """Return the document that ``match`` finds, with a plain command: a cursor would cost half of a whole get."""
    reply = _find(collection, match, projection, max_time_ms, {"limit": 1, "singleBatch": True})
    if reply is None:
        batches: Any = collection.find_raw_batches(match, projection, limit=-1, max_time_ms=max_time_ms)
        return next(documents_of(batches), None)
    return _first_document(bytes(reply.raw))


def _all_rows(collection: Collection[Any], reply: Any) -> bytes | None:
    """Return a reply with a first batch if it holds all rows."""
    if reply is None:
        return None
    answer = bytes(reply.raw)
    if all(answer[at] == wanted for at, wanted in (_CURSOR, _BATCH)):
        end = _ROWS_AT + _size(answer, _ROWS_AT)[0]
        if answer.startswith(_END_OF_ROWS, end):
            return answer
    if cursor_id := reply["cursor"]["id"]:
        with suppress(PyMongoError):  # it would end by itself, too
            collection.database.command("killCursors", collection.name, cursors=[cursor_id])
    return None


def _find(
    collection: Collection[Any],
    match: Mapping[str, Any],
    projection: Mapping[str, Any],
    max_time_ms: int,
    options: Mapping[str, Any],
) -> Any:
    """Return the reply to a plain ``find``, or None as from ``_reply``."""
    command = {
        "find": collection.name,
        "filter": match,
        "projection": projection,
        "maxTimeMS": max_time_ms,
        **options,
    }
    return _reply(collection, command)


def _reply(collection: Collection[Any], command: dict[str, Any]) -> Any:
    """Return the reply to a command that reads, or None if the connection broke: the driver retries only cursors.

    The collection's read concern is added to ``command``.
    """
    if concern := collection.read_concern.document:
        command["readConcern"] = concern
    try:
        return collection.database.command(
            command, codec_options=DEFAULT_RAW_BSON_OPTIONS, read_preference=collection.read_preference
        )
    except ServerSelectionTimeoutError:
        raise  # the server selection timeout has already passed
    except AutoReconnect:
        return None


def _first_document(reply: bytes) -> LazyDocument | None:
    if all(reply[at] == wanted for at, wanted in (_CURSOR, _BATCH, _FIRST)):
        return LazyDocument(reply[_FIRST_AT : _FIRST_AT + _size(reply, _FIRST_AT)[0]])
    found = decode(reply, DEFAULT_RAW_BSON_OPTIONS)["cursor"]["firstBatch"]
    return LazyDocument(bytes(found[0].raw)) if found else None
