"""Turns documents into Info messages. A presenter reads; it never writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from bson import decode as decode_bson
from bson.codec_options import CodecOptions

from inventory.model.connection import CODEC
from inventory.protobuf.encoder import (
    MessageDescriptor,
    MessageEncoder,
    delimited,
    struct_bytes,
    tag,
    varint,
)

Stored = Mapping[str, Any]
"""A stored document, or what a service derived from one."""

Derive = Callable[[dict[str, Any]], dict[str, Any]]
"""Adds to a document the API fields that are not stored as such; returns a new dict, the argument is unchanged."""

EMPTY: Final = b""
"""A ``google.protobuf.Empty``."""

CACHE_BYTES: Final = 16 * 1024 * 1024
"""Size of the cache of documents and their messages, per process, bytes."""

_CODEC: Final[CodecOptions[Any]] = CODEC
_RESULT: Final = tag(1, 2)
_TOTAL_COUNT: Final = tag(2, 0)
_INT32_MAX: Final = 2**31 - 1


class Memory:
    """A cache of conversion results, bounded in size; the oldest entries are dropped first.

    The key is the whole content, so an entry can never be outdated.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._entries: dict[bytes, bytes] = {}
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: bytes) -> bytes | None:
        """Return the cached result for ``key``, or None."""
        return self._entries.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Store the result ``value`` for ``key``."""
        with self._lock:
            if key in self._entries:
                return
            self._entries[key] = value
            self._size += len(key) + len(value)
            while self._size > self._limit:
                oldest = next(iter(self._entries))
                self._size -= len(oldest) + len(self._entries.pop(oldest))


class Presenter:
    """Presents documents of one resource as its Info message.

    Documents are dicts, or objects with their BSON in ``raw``. For the latter the message is cached by the document's
    bytes, so that an unchanged document costs one lookup.

    Args:
        descriptor: of the Info message.
        derive: adds the API fields that are not stored as such.
        shared: the presenters of fields whose value is one object shared by many documents of a list, or the bytes of a
            document of its own.
    """

    def __init__(
        self,
        descriptor: MessageDescriptor,
        *,
        derive: Derive | None = None,
        shared: Mapping[str, Presenter] = MappingProxyType({}),
    ) -> None:
        self._encode = MessageEncoder(descriptor)
        self._derive = derive
        self._shared = dict(shared)
        self._memory = Memory(CACHE_BYTES)

    def one(self, document: Stored) -> bytes:
        """Return the Info message of ``document``."""
        raw = getattr(document, "raw", None)
        if raw is None:
            ready = {
                name: presenter.one(document[name])
                for name, presenter in self._shared.items()
                if hasattr(document.get(name), "raw")
            }
            return self._present({**document, **ready} if ready else document)
        known = self._memory.get(raw)
        if known is None:
            known = self._present(decode_bson(raw, _CODEC))
            self._memory.put(raw, known)
        return known

    def many(self, documents: Iterable[Stored], total_count: int) -> bytes:
        """Return the list message: in every one, ``results`` is field 1 and ``total_count`` field 2."""
        if self._shared:
            documents = self._with_shared(documents)
        parts = [delimited(_RESULT, self.one(document)) for document in documents]
        if total_count:
            parts.append(_TOTAL_COUNT + varint(min(total_count, _INT32_MAX)))
        return b"".join(parts)

    def _with_shared(self, documents: Iterable[Stored]) -> Iterator[Stored]:
        """Yield the documents with the bytes of shared values, each encoded once."""
        made: dict[int, bytes] = {}
        # Shared objects stay alive until the end, so that their ids stay unique.
        for document in tuple(documents):
            ready = {}
            for name, presenter in self._shared.items():
                value = document.get(name)
                if value is not None:
                    if id(value) not in made:
                        made[id(value)] = presenter.one(value)
                    ready[name] = made[id(value)]
            yield {**document, **ready}

    def _present(self, document: Stored) -> bytes:
        return self._encode(document if self._derive is None else self._derive(dict(document)))


def sole_project(job: dict[str, Any]) -> dict[str, Any]:
    """Return ``job`` with ``project_id`` if all its secrets belong to one project."""
    projects = job.get("projects")
    if not isinstance(projects, list) or len(projects) != 1:
        return job
    return {**job, "project_id": projects[0]}


def statistics(answer: Stored) -> bytes:
    """Return the answer of stat or analyze as a Struct."""
    return struct_bytes(answer)
