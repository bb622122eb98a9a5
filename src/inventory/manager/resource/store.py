"""The collections of resources: finds what batches ask for, and writes what was decided. Uses raw documents only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bson
from bson.dbref import DBRef
from bson.errors import BSONError
from bson.objectid import ObjectId
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS, RawBSONDocument
from pymongo import InsertOne, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)

from inventory.domain.plain import Document
from inventory.manager.metrics import bulk_write
from inventory.model.connection import CODEC, DUPLICATE_KEY, PASSING

Write = InsertOne[Document] | InsertOne[RawBSONDocument] | UpdateOne

UNSTORABLE: Final = "cannot be stored: a NUL in a key, a number too large, too deep or too large"
MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024 - 64 * 1024
"""MongoDB's limit, minus room for what an update adds."""
_AT_ONCE: Final = 1_000
"""Documents in MongoDB's first reply, if they fit; its default of a hundred would need a second request."""
_RESOURCE_ID: Final = "reference.resource_id"
_BY_RESOURCE_ID: Final = [
    (key, 1) for key in ("domain_id", _RESOURCE_ID, "provider", "cloud_service_type", "cloud_service_group", "account")
]
BY_KEY: Final = [("_id", 1)]
"""The index for writes of single resources: without it, MongoDB weighs all that begin with the domain each time."""
_BY_FINGERPRINT: Final = [("domain_id", 1), ("fingerprint", 1)]
_REFERENCE: Final = b"$ref\0"
_REFUSALS: Final = (PyMongoError, BSONError, OverflowError, UnicodeError)
"""Errors with which a bulk write may end because of one of its documents."""


class RefusedWriteError(Exception):
    """MongoDB rejects one of the writes of a transaction, which is thereby aborted.

    Attributes:
        position: of the write in the transaction, whose earlier writes are valid; None if unknown.
        duplicate: whether a unique key is taken; otherwise the document cannot be stored.
    """

    def __init__(self, position: int | None, *, duplicate: bool = False) -> None:
        super().__init__(f"write {position} was refused")
        self.position = position
        self.duplicate = duplicate


@dataclass(frozen=True, slots=True)
class Applied:
    """The message that an update of a resource has applied.

    Attributes:
        key: the resource's ``_id``.
        fingerprint: of the message; None if it has none.
        revision: of the resource after the update.
    """

    key: ObjectId
    fingerprint: bytes | None
    revision: int | None


class ResourceStore:
    """One collection of resources of all domains; every method takes a domain."""

    def __init__(self, *, database: Database[Document], collection: str, id_field: str, stateful: bool) -> None:
        self._collection = database[collection]
        self._encoded = self._collection.with_options(codec_options=DEFAULT_RAW_BSON_OPTIONS)
        self._id_field = id_field
        self._base: Document = {"state": "ACTIVE"} if stateful else {}

    def find(self, domain_id: str, query: Mapping[str, Any], *, fields: Iterable[str] | None = None) -> list[Document]:
        """Return the ACTIVE resources that ``query`` finds, whole or only their ``fields``."""
        whole = {"domain_id": domain_id, **self._base, **query}
        index = index_for(query) if self._base else None
        if fields is None:
            found = self._encoded.find(whole, batch_size=_AT_ONCE, hint=index)
            return [_decoded(bytes(document.raw)) for document in found]
        wanted = dict.fromkeys([*_without_children(fields), self._id_field], 1)
        return list(self._collection.find(whole, wanted, batch_size=_AT_ONCE, hint=index))

    def fetch(self, domain_id: str, keys: Sequence[ObjectId]) -> dict[ObjectId, Document]:
        """Return the ACTIVE resources with these ``_id`` as whole documents."""
        return {document["_id"]: document for document in self.find(domain_id, {"_id": {"$in": list(keys)}})}

    def write(self, writes: Sequence[Write], session: ClientSession) -> int:
        """Write in order, as part of a transaction, and return how many updates found their document.

        Raises:
            RefusedWriteError: one of them is rejected; the transaction is aborted.
            PyMongoError: MongoDB is unreachable, or cannot write at the moment.
        """
        if not writes:
            return 0
        try:
            with bulk_write(self._collection.name, len(writes)):
                return self._bulk_write(writes, session)
        except _REFUSALS as exc:
            if refusal := _refusal(exc):
                raise refusal from exc
            raise

    def _bulk_write(self, writes: Any, session: ClientSession) -> int:
        # The driver's type hints do not cover encoded documents.
        return self._collection.bulk_write(writes, session=session).matched_count

    def stamped(self, domain_id: str, keys: Sequence[ObjectId], stamp: bytes, session: ClientSession) -> set[ObjectId]:
        """Return those of ``keys`` whose recent writes carry ``stamp``."""
        query = {"_id": {"$in": list(keys)}, "domain_id": domain_id, "stamps": stamp}
        return {document["_id"] for document in self._collection.find(query, {"_id": 1}, session=session)}

    def remember(self, domain_id: str, applied: Sequence[Applied]) -> None:
        """Store the fingerprints of messages once their updates are committed, unless written again since.

        Not in the transactions of the updates: before 7.0, MongoDB reads a collection's catalog twice per index for
        each update in a transaction that changes an indexed field. If it is not done, the resource counts as changed.
        """
        writes = [
            UpdateOne(
                {"_id": each.key, "domain_id": domain_id, "revision": each.revision},
                {"$set": {"fingerprint": each.fingerprint}, "$unset": {"fingerprint_outdated": ""}},
                hint=BY_KEY,
            )
            for each in applied
            if each.fingerprint
        ]
        if writes:
            with bulk_write(self._collection.name, len(writes)):
                self._collection.bulk_write(writes, ordered=False)

    def touch(
        self,
        domain_id: str,
        keys: Sequence[ObjectId],
        update: Mapping[str, Any],
        array_filters: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """Apply the same update to all of ``keys``."""
        if keys:
            query = {"_id": {"$in": list(keys)}, "domain_id": domain_id, **self._base}
            self._collection.update_many(query, update, array_filters=array_filters, hint=BY_KEY)

    def release_match_keys(
        self, domain_id: str, stale: Sequence[tuple[ObjectId, bytes]], session: ClientSession
    ) -> None:
        """Remove the ``match_key`` from documents that are no longer what they were created as."""
        writes = [
            UpdateMany({"_id": key, "domain_id": domain_id, "match_key": held}, {"$unset": {"match_key": ""}})
            for key, held in stale
        ]
        if writes:
            self._collection.bulk_write(writes, ordered=False, session=session)

    def holders(self, domain_id: str, match_keys: Sequence[bytes]) -> list[Document]:
        """Return all documents, of any state, that hold one of ``match_keys``."""
        return list(self._collection.find({"domain_id": domain_id, "match_key": {"$in": list(match_keys)}}))


def _refusal(exc: Exception) -> RefusedWriteError | None:
    """Return the rejection if the write can never succeed; None if it may succeed later."""
    if isinstance(exc, BulkWriteError):
        errors = exc.details.get("writeErrors", [])
        if len(errors) != 1 or errors[0]["code"] in PASSING:
            return None
        return RefusedWriteError(errors[0]["index"], duplicate=errors[0]["code"] == DUPLICATE_KEY)
    if isinstance(exc, PyMongoError) and exc.has_error_label("TransientTransactionError"):
        return None
    if isinstance(exc, ConnectionFailure) or (isinstance(exc, OperationFailure) and exc.code in PASSING):
        return None
    return RefusedWriteError(None)


def index_for(query: Mapping[str, Any]) -> list[tuple[str, int]] | None:
    """Return the index for a ``query`` about CloudServices, or None to let MongoDB choose.

    By itself, MongoDB tries every index that begins with the domain, and over a large inventory chooses a poor one: as
    measured, a lookup of 500 takes eight times as long among 60,000 as among 2,000; with this index, the same time.
    """
    if "_id" in query:
        return BY_KEY
    if "fingerprint" in query:
        return _BY_FINGERPRINT
    asked = query.get(_RESOURCE_ID) or {}
    values = asked.get("$in", ()) if "$in" in asked else [asked.get("$eq")]
    return None if None in values else _BY_RESOURCE_ID


def _without_children(fields: Iterable[str]) -> Iterator[str]:
    """Yield ``fields`` without those below another one: MongoDB rejects such a projection."""
    kept = set(fields)
    for name in kept:
        parts = name.split(".")
        if not any(".".join(parts[:count]) in kept for count in range(1, len(parts))):
            yield name


def encodable(document: Mapping[str, Any]) -> bool:
    """Return whether MongoDB can store ``document``: no NUL in a key, no huge integer, not too deep or large."""
    return _encode(document) is not None


def encoded(document: Mapping[str, Any]) -> RawBSONDocument | None:
    """Return ``document`` in encoded form, so that it is encoded only once; None if it cannot be encoded."""
    written = _encode(document)
    return None if written is None else RawBSONDocument(written)


def _encode(document: Mapping[str, Any]) -> bytes | None:
    try:
        written = bson.encode(document)
    except (BSONError, OverflowError, UnicodeError, RecursionError, TypeError, ValueError):
        return None
    return written if len(written) <= MAX_DOCUMENT_BYTES else None


def _decoded(written: bytes) -> Document:
    """Return a whole document with dicts only, without references; the bytes of most show that they have none."""
    document = bson.decode(written, CODEC)
    return plain(document) if _REFERENCE in written else document


def plain(value: Any) -> Any:
    """Return ``value`` with dicts in place of ``{"$ref", "$id"}`` that the driver decoded as references."""
    if isinstance(value, DBRef):
        return plain(dict(value.as_doc()))
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value


def holds_reference(value: Any) -> bool:
    """Return whether the driver decoded a ``{"$ref", "$id"}`` anywhere in ``value`` as a reference."""
    waiting = [[value]]
    while waiting:
        container: Any = waiting.pop()
        for part in container.values() if type(container) is dict else container:
            kind = type(part)
            if kind is dict or kind is list:
                waiting.append(part)
            elif kind is DBRef:
                return True
    return False
