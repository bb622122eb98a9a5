"""What errors of MongoDB that speak of a node that goes away mean."""

from __future__ import annotations

import traceback

import pytest
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    CursorNotFound,
    OperationFailure,
    ProtocolError,
    PyMongoError,
    WriteConcernError,
)

from inventory.errors import (
    ConnectionFailureError,
    InvalidParameterError,
    InventoryError,
    QueryError,
    RequestTimeoutError,
    mongodb_error_name,
)
from inventory.model.connection import refused_duplicates, translated_errors


@pytest.mark.parametrize(
    "error",
    [
        WriteConcernError("Replication is being shut down", 91),
        WriteConcernError("operation was interrupted", 11602, {"code": 11602}),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 91, "errmsg": "shut down"}]}),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 10107, "errmsg": "not primary"}]}),
        OperationFailure("interrupted at shutdown", 11600),
        WriteConcernError("operation was interrupted", 11601),
        OperationFailure("operation was interrupted", 11601),
        OperationFailure("cursor was killed", 237),
        CursorNotFound("cursor id 1 not found", 43),
        WriteConcernError("whatever else a majority may say", 50000),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 11601, "errmsg": "interrupted"}]}),
        ProtocolError("Got response id 7 but expected 8"),
        OperationFailure("No space left on device", 14031),
        OperationFailure("Incomplete history detected for transaction", 217),
        OperationFailure("whatever the reason", 4711, {"errorLabels": ["RetryableWriteError"]}),
        OperationFailure("whatever the reason", 4711, {"errorLabels": ["TransientTransactionError"]}),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 50000, "errmsg": "whatever else"}]}),
        ConfigurationError("Sessions are not supported by this MongoDB deployment"),
    ],
)
def test_a_node_that_goes_away_while_it_writes_is_a_lost_connection(error: PyMongoError) -> None:
    with pytest.raises(ConnectionFailureError), translated_errors():
        raise error


@pytest.mark.parametrize(("code", "words"), [(13, "not authorized on inventory"), (18, "Authentication failed.")])
def test_a_wrong_password_or_role_is_said_plainly_and_can_be_waited_for(code: int, words: str) -> None:
    with pytest.raises(ConnectionFailureError, match="wrong user or password") as caught, translated_errors():
        raise OperationFailure(words, code)

    assert words not in caught.value.message


@pytest.mark.parametrize(
    ("code", "meant"), [(262, RequestTimeoutError), (50, RequestTimeoutError), (64, ConnectionFailureError)]
)
def test_what_mongodb_cannot_do_now_inside_a_bulk_write_may_be_tried_again(
    code: int, meant: type[InventoryError]
) -> None:
    details = {"writeErrors": [{"index": 0, "code": code, "op": {"data": "private"}}]}
    with pytest.raises(meant) as caught, translated_errors():
        raise BulkWriteError(details)

    assert "private" not in "".join(traceback.format_exception(caught.value.__cause__, chain=False))


def test_an_unforeseen_bulk_error_quotes_no_document() -> None:
    details = {"writeErrors": [{"index": 0, "code": 4711, "errmsg": "?", "op": {"data": "private"}}]}
    with pytest.raises(OperationFailure) as caught, translated_errors():
        raise BulkWriteError(details)

    assert "4711" in str(caught.value)
    assert "private" not in "".join(traceback.format_exception(caught.value))


def test_a_document_that_an_update_makes_too_large_is_the_clients_fault() -> None:
    with pytest.raises(InvalidParameterError, match=r"key = data, reason = .*too large"), translated_errors(key="data"):
        raise OperationFailure("Resulting document after update is larger than 16777216", 17419)


def test_a_query_that_cannot_be_evaluated_stays_the_clients_fault() -> None:
    with pytest.raises(QueryError), translated_errors():
        raise OperationFailure("Regular expression is invalid", 51091)


def test_documents_whose_key_is_taken_are_named() -> None:
    refused = BulkWriteError({"writeErrors": [{"index": 2, "code": 11000}], "writeConcernErrors": []})
    assert refused_duplicates(refused) == {2}


@pytest.mark.parametrize(
    "details",
    [
        {"writeErrors": [{"index": 0, "code": 11000}, {"index": 1, "code": 2}]},
        {"writeErrors": [{"index": 0, "code": 11000}], "writeConcernErrors": [{"code": 91}]},
        {"writeErrors": [], "writeConcernErrors": [{"code": 64}]},
    ],
)
def test_a_write_that_may_be_rolled_back_is_no_duplicate(details: dict[str, object]) -> None:
    with pytest.raises(BulkWriteError):
        refused_duplicates(BulkWriteError(details))


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (OperationFailure("not authorized on db of boss", 13, {"codeName": "Unauthorized"}), "Unauthorized"),
        (OperationFailure("E11000 duplicate key: { name: boss }", 11000), "code 11000"),
        (BulkWriteError({"writeErrors": [{"index": 0, "code": 11000, "op": {"name": "boss"}}]}), "code 65"),
        (ConnectionError("db.boss.example refused"), "ConnectionError"),
    ],
)
def test_the_name_of_an_error_contains_nothing_of_its_text(error: Exception, name: str) -> None:
    assert mongodb_error_name(error) == name
