"""What errors of MongoDB that speak of a node that goes away mean."""

from __future__ import annotations

import pytest
from pymongo.errors import BulkWriteError, OperationFailure, WriteConcernError

from inventory.errors import ConnectionFailureError, QueryError
from inventory.model.connection import translated_errors


@pytest.mark.parametrize(
    "error",
    [
        WriteConcernError("Replication is being shut down", 91),
        WriteConcernError("operation was interrupted", 11602, {"code": 11602}),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 91, "errmsg": "shut down"}]}),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 10107, "errmsg": "not primary"}]}),
        OperationFailure("interrupted at shutdown", 11600),
    ],
)
def test_a_node_that_goes_away_while_it_writes_is_a_lost_connection(error: OperationFailure) -> None:
    with pytest.raises(ConnectionFailureError), translated_errors():
        raise error


def test_a_query_that_cannot_be_evaluated_stays_the_clients_fault() -> None:
    with pytest.raises(QueryError), translated_errors():
        raise OperationFailure("Regular expression is invalid", 51091)
