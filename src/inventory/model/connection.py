"""The connection to MongoDB: opening it, building indexes, and translating errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import mongoengine
import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import InvalidDocument
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    InvalidURI,
    NetworkTimeout,
    OperationFailure,
    ProtocolError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
)

from inventory.domain.plain import Document
from inventory.errors import (
    ConnectionFailureError,
    InvalidParameterError,
    QueryError,
    RequestTimeoutError,
    SettingsError,
    mongodb_error_name,
)
from inventory.model.driver import BoundedClient
from inventory.model.metrics import PoolWatch
from inventory.model.time_limit import is_limited

CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    tzinfo=UTC,
    unicode_decode_error_handler="replace",
    datetime_conversion=DatetimeConversion.DATETIME_CLAMP,
)
"""How documents are decoded: invalid UTF-8 is replaced, and times beyond year 9999 are clamped. Other programs can
store such values, and a single one would otherwise prevent reading a whole list."""
APP_NAME = "inventory"
"""How MongoDB's logs and lists of operations name the connections of this service."""
MONGODB = "mongodb"
QUERY = "query"
"""The request field blamed for errors of reads."""
_UNINITIATED = "its replica set is not initiated yet: run rs.initiate() on one of its nodes"
_OTHER_NAME = "its set has another name than in mongo_uri (INVENTORY_MONGO_URI)"
PING_SECONDS = 5.0
"""How long a server that accepts connections may take to answer a ping, s."""

_CLIENT_FAULTS = frozenset({2, 9, 14, 16, 31, 40, 51075, 51091, 51108, 16410, 17124, 40353, 15998})
"""Server codes for a query that cannot be evaluated over the data (BadValue, FailedToParse, TypeMismatch, regex …)."""
DUPLICATE_KEY = 11000
"""Server code for a write rejected by a unique index."""
NOT_PERMITTED = frozenset({13, 8000})
"""Server codes for a user without the privilege (8000: Atlas)."""
_NO_ACCESS = NOT_PERMITTED | {18}
"""Server codes for a user without the privilege, and for a wrong user or password."""

_GOES_AWAY = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
"""Server codes for a node that is shutting down or is no longer primary. The driver does not turn them into its own
connection errors if they are errors of a write concern: the write exists, but may be rolled back."""
_OUT_OF_TIME = frozenset({50, 202, 262})
"""Server codes for a time limit exceeded inside a bulk write, or beside another operation."""
INTERRUPTED = 11601
"""Server code for an operation that was killed, alone or with its session."""
_INTERRUPTED = frozenset({43, 175, 237, 279, INTERRUPTED})
"""Server codes for an operation or a cursor that was killed: by an election, an administrator or a lost client."""
PASSING = (
    _GOES_AWAY
    | _OUT_OF_TIME
    | _INTERRUPTED
    | {6, 7, 24, 46, 64, 89, 94, 112, 133, 134, 136, 217, 225, 239, 246, 251, 290, 317, 365, 9001, 14031}
)
"""Server codes for operations that MongoDB temporarily cannot perform, through no fault of the request."""
_DISTINCT_TOO_LARGE = 17217
"""Server code for distinct values that do not fit into one document."""
_TOO_LARGE = frozenset({10334, 17419, 17420})
"""Server codes for a document that an update would make too large."""
_MEMORY = frozenset({146, 292, 10334, 13548, 16493, 16819, 17419, 17420})
"""Server codes of a query for an array, set, group, sort, buffer or row above MongoDB's limits (16 MiB for a document,
64 MiB for a buffer, 100 MiB for an array or a set, or for a sort that must not use the disk)."""


def connect(*, uri: str, database: str, timeout_seconds: float, pool_size: int = 32) -> Database[Document]:
    """Open the client of this process and bind the mongoengine documents to it.

    Nothing is sent until the first operation. After a fork or spawn each process opens its own.

    Args:
        uri: MongoDB connection string.
        timeout_seconds: how long an operation waits for a reachable server.
        pool_size: maximum number of connections; size it to the process's threads.

    Raises:
        SettingsError: the connection string is invalid.
    """
    milliseconds = int(timeout_seconds * 1000)
    try:
        client: MongoClient[Document] = mongoengine.connect(
            db=database,
            host=uri,
            alias="default",
            tz_aware=True,
            tzinfo=UTC,
            unicode_decode_error_handler=CODEC.unicode_decode_error_handler,
            datetime_conversion=CODEC.datetime_conversion,
            serverSelectionTimeoutMS=milliseconds,
            connectTimeoutMS=milliseconds,
            waitQueueTimeoutMS=milliseconds,
            maxPoolSize=pool_size,
            retryWrites=True,
            retryReads=True,
            uuidRepresentation="standard",
            appname=APP_NAME,
            event_listeners=[PoolWatch()],
            mongo_client_class=BoundedClient,
        )
    except (InvalidURI, ConfigurationError, ValueError) as exc:
        # The text of these errors may quote the connection string, which may contain a password.
        raise SettingsError("mongo_uri (INVENTORY_MONGO_URI): is not a MongoDB connection string") from exc
    return client.get_database(database, codec_options=CODEC)


def disconnect() -> None:
    """Close the client of this process."""
    mongoengine.disconnect(alias="default")


def ping(database: Database[Document]) -> None:
    """Return if MongoDB answers within ``PING_SECONDS``. Raises ``ConnectionFailureError``."""
    with translated_errors(), pymongo.timeout(PING_SECONDS):
        database.command("ping")


def server_hello(database: Database[Document]) -> Document:
    """Return what the primary says of itself, or a server that is connected directly.

    Raises:
        ConnectionFailureError: none answers within ``PING_SECONDS``, or it was started with --replSet, but belongs to
            no initiated replica set yet.
    """
    try:
        with translated_errors(), pymongo.timeout(PING_SECONDS):
            hello: Document = database.client.admin.command("hello")
    except ConnectionFailureError as exc:
        if not isinstance(exc.__cause__, ServerSelectionTimeoutError):
            raise
        # Unless the driver connects directly, without the name of a set, it sends such a server no command.
        servers = database.client.topology_description.server_descriptions().values()
        if any(server.server_type_name == "RSGhost" for server in servers):
            raise ConnectionFailureError(service=MONGODB, reason=_UNINITIATED) from exc
        if any(isinstance(server.error, ConfigurationError) for server in servers):
            raise ConnectionFailureError(service=MONGODB, reason=f"{_UNINITIATED}; or {_OTHER_NAME}") from exc
        raise
    if hello.get("isreplicaset"):
        raise ConnectionFailureError(service=MONGODB, reason=_UNINITIATED)
    return hello


def require_transactions(database: Database[Document]) -> None:
    """Return if MongoDB answers, and has transactions.

    Raises:
        ConnectionFailureError: see ``server_hello``.
        SettingsError: it is a standalone server, which has none.
    """
    hello = server_hello(database)
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise SettingsError(
            "mongo_uri (INVENTORY_MONGO_URI): names a standalone MongoDB, which has no transactions; "
            "start mongod with --replSet and run rs.initiate(): a replica set of one node is enough"
        )


def server_time(database: Database[Document]) -> datetime:
    """Return the primary's wall clock: timezone-aware, in whole milliseconds. Raises ``ConnectionFailureError``."""
    with translated_errors(), pymongo.timeout(PING_SECONDS):
        there: datetime = database.client.admin.command("hello")["localTime"]
    return there if there.tzinfo else there.replace(tzinfo=UTC)


@contextmanager
def translated_errors(*, key: str = QUERY) -> Iterator[None]:
    """Translate pymongo's errors into ours.

    Args:
        key: the request field to blame for what MongoDB refuses to evaluate.

    Raises:
        ConnectionFailureError: MongoDB is unreachable, or refuses access.
        RequestTimeoutError: the time limit of the query was exceeded.
        QueryError: MongoDB cannot evaluate the query over the data.
        InvalidParameterError: a document cannot be encoded or is too large.
    """
    try:
        yield
    except (ServerSelectionTimeoutError, WaitQueueTimeoutError) as exc:
        raise ConnectionFailureError(service=MONGODB) from exc
    except ExecutionTimeout as exc:
        raise RequestTimeoutError(reason="the query took too long") from exc
    except (NetworkTimeout, AutoReconnect, ConnectionFailure, ProtocolError) as exc:
        if isinstance(exc, NetworkTimeout) and is_limited():
            raise RequestTimeoutError(reason="MongoDB did not answer in time") from exc
        raise ConnectionFailureError(service=MONGODB, reason="the connection broke") from exc
    except ConfigurationError as exc:
        # Nothing was sent. The options themselves are checked by ``connect``.
        raise ConnectionFailureError(service=MONGODB, reason="the node is still starting") from exc
    except (DocumentTooLarge, InvalidDocument, OverflowError, UnicodeEncodeError) as exc:
        raise InvalidParameterError(key=key, reason="too large, too deep or not encodable") from exc
    except OperationFailure as exc:
        codes = _codes(exc)
        if codes & _GOES_AWAY:
            raise ConnectionFailureError(
                service=MONGODB, reason=f"the node went away ({mongodb_error_name(exc)})"
            ) from _without_content(exc)
        if codes & _OUT_OF_TIME:
            raise RequestTimeoutError(reason="MongoDB took too long") from _without_content(exc)
        if codes & PASSING or _is_unconfirmed(exc) or _may_be_repeated(exc):
            raise ConnectionFailureError(
                service=MONGODB, reason=f"it cannot do this now ({mongodb_error_name(exc)})"
            ) from _without_content(exc)
        if codes & _MEMORY and key == QUERY:
            reason = "it takes more memory or a larger document than MongoDB allows: narrow the filter, or gather less"
            raise QueryError(reason=reason, key=key) from _without_content(exc)
        if codes & _TOO_LARGE:
            raise InvalidParameterError(key=key, reason="the resource would become too large") from exc
        if exc.code == _DISTINCT_TOO_LARGE:
            reason = "its values take more than 16 MiB: narrow the filter"
            raise InvalidParameterError(key="query.distinct", reason=reason) from exc
        if exc.code in _NO_ACCESS:
            # As if it were unreachable: waiting processes continue once privileges or password are fixed.
            reason = f"it refuses access ({mongodb_error_name(exc)}): wrong user or password, or a role is missing"
            raise ConnectionFailureError(service=MONGODB, reason=reason) from exc
        if exc.code in _CLIENT_FAULTS or (exc.code or 0) >= 10000:
            raise QueryError(reason="MongoDB cannot evaluate it over these documents", key=key) from exc
        raise _without_content(exc) from None


def _is_unconfirmed(exc: OperationFailure) -> bool:
    """Return whether a write was made but not confirmed by a majority: whatever the code, no document is to blame."""
    return isinstance(exc, WriteConcernError) or bool((exc.details or {}).get("writeConcernErrors"))


def _may_be_repeated(exc: OperationFailure) -> bool:
    """Return whether MongoDB itself says that the same write may succeed later, whatever the code."""
    return any(map(exc.has_error_label, ("RetryableWriteError", "TransientTransactionError")))


def refused_duplicates(exc: BulkWriteError) -> set[int]:
    """Return which documents of an unordered insert were rejected because their key exists.

    Raises:
        BulkWriteError: ``exc`` itself, if anything else went wrong: a write that a majority has not confirmed may be
            rolled back, so it does not count as done.
    """
    errors = exc.details.get("writeErrors", [])
    if exc.details.get("writeConcernErrors") or any(error["code"] != DUPLICATE_KEY for error in errors):
        raise exc
    return {error["index"] for error in errors}


def _without_content(exc: OperationFailure) -> OperationFailure:
    """Return an equivalent error without the documents that a bulk write's error quotes, since logs show it."""
    if not isinstance(exc, BulkWriteError):
        return exc
    codes = sorted(code for code in _codes(exc) if code is not None)
    return OperationFailure(f"a bulk write failed with the codes {codes}", exc.code)


def _codes(exc: OperationFailure) -> set[int | None]:
    """Return the server's codes in an error, including those of a bulk write's parts."""
    details = exc.details or {}
    parts = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    return {exc.code, *(part.get("code") for part in parts)}
