"""A traceback in the log says where and what, and quotes no document."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable

import bson
import pydantic
import pytest
import structlog
from bson.errors import InvalidDocument
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from mongoengine import ValidationError
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, WriteError

from inventory.errors import QueryError
from inventory.observe import log_exceptions, logs

PRIVATE = "private-content"
DOCUMENT = {"domain_id": "d", "data": {"password": PRIVATE}}


def _encode() -> None:
    bson.encode({"data": {PRIVATE: object()}})


def _parse_json() -> None:
    json_format.ParseDict({PRIVATE: object()}, Struct(), max_recursion_depth=1)
    json_format.Parse('{"a": ' + PRIVATE, Struct())


def _validate() -> None:
    pydantic.TypeAdapter(int).validate_python(PRIVATE)


def _raise(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


ERRORS: dict[str, Callable[[], None]] = {
    "command": _raise(OperationFailure(f"First element: data: {DOCUMENT}", 10334, {"errmsg": str(DOCUMENT)})),
    "write": _raise(WriteError(str(DOCUMENT), 17419, {"errmsg": str(DOCUMENT)})),
    "duplicate": _raise(DuplicateKeyError(f"dup key: {DOCUMENT}", 11000, {"keyValue": DOCUMENT})),
    "bulk": _raise(BulkWriteError({"writeErrors": [{"index": 0, "code": 2, "op": DOCUMENT}]})),
    "document": _raise(InvalidDocument(f"Invalid document: {DOCUMENT}")),
    "encode": _encode,
    "mongoengine": _raise(ValidationError(str(DOCUMENT))),
    "protobuf": _parse_json,
    "pydantic": _validate,
    "text": lambda: ("\ud800" + PRIVATE).encode() and None,
    "long": lambda: int("9" * 4_000 + PRIVATE) and None,
}


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("logged_by", ["structlog", "logging"])
@pytest.mark.parametrize("chained", [False, True])
def test_no_line_quotes_what_an_error_quotes(
    name: str, form: str, logged_by: str, chained: bool, restored: None, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.setup(level="info", form=form, process="server")
    log = structlog.get_logger("n") if logged_by == "structlog" else logging.getLogger("n")

    try:
        try:
            ERRORS[name]()
        except Exception as exc:
            if chained:
                raise QueryError(reason="it cannot be run") from exc
            raise
    except Exception:
        log.exception("failed")

    written = capsys.readouterr().err
    assert "Traceback" in written
    assert "test_log_exceptions.py" in written, "where is told"
    assert PRIVATE not in written
    if form == "json":
        assert [json.loads(line)["event"] for line in written.splitlines()] == ["failed"]


def test_own_errors_and_short_texts_are_shown() -> None:
    try:
        try:
            raise KeyError("collector_id")
        except KeyError as exc:
            raise QueryError(reason="it cannot be run") from exc
    except QueryError as exc:
        text = log_exceptions.rendered(exc)

    assert "KeyError: 'collector_id'" in text
    assert text.splitlines()[-1].endswith("ERROR_DB_QUERY: Failed to query. (reason = it cannot be run)")
    assert "direct cause" in text


def test_the_parts_of_a_group_are_shown() -> None:
    stream = io.StringIO()

    log_exceptions.print_exception(stream, ExceptionGroup("two", [ValueError("one"), OperationFailure(PRIVATE, 2)]))

    assert "ValueError: one" in stream.getvalue()
    assert "(text withheld, code 2)" in stream.getvalue()


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> object:
    """What others have configured is restored."""
    before = structlog.get_config()
    monkeypatch.setattr(logs, "_line", None)
    yield
    structlog.configure(**before)
