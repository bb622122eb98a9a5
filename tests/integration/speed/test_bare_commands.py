"""A page or statistics by a bare command are what a cursor would have found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import encode
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import AutoReconnect

from inventory.errors import InvalidParameterError
from inventory.manager.raw_documents import FIRST_BATCH
from inventory.manager.reader import Reader
from inventory.query.parser import parse_list
from inventory.query.schemas import COLLECTOR
from inventory.query.statistics.aggregate import parse_stat

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINE = {"domain_id": "domain-1", "state": "ENABLED"}
NAMES = [f"name-{number:03}" for number in range(FIRST_BATCH + 2)]


def fill(database: Database[dict[str, Any]], **fields: Any) -> None:
    database["collector"].insert_many([{**MINE, "collector_id": name, "name": name, **fields} for name in NAMES])


def read(database: Database[dict[str, Any]], start: int, limit: int, *, raw: bool, **options: Any) -> list[Any]:
    """Return a page of names, or whole documents as BSON if they are raw."""
    reader = Reader(database=database, collection="collector", schema=COLLECTOR, timeout_seconds=10, raw=raw, **options)
    query = parse_list(COLLECTOR, {"page": {"start": start, "limit": limit}, "sort": {"key": "name"}}, now=NOW)
    results = reader.list(query, domain_id="domain-1").results
    return [each.raw if raw else each["name"] for each in results]


def names_by_stat(database: Database[dict[str, Any]], **options: Any) -> list[str]:
    """Return the names of the collectors, in order, from statistics with a row for each."""
    reader = Reader(database=database, collection="collector", schema=COLLECTOR, timeout_seconds=10, **options)
    keys = [{"key": "name", "name": "name"}, {"key": "tags.text", "name": "text"}]
    query = {"aggregate": [{"group": {"keys": keys}}, {"sort": {"key": "name"}}]}
    answer = reader.stat(parse_stat(COLLECTOR, query, now=NOW), domain_id="domain-1")
    return [row["name"] for row in answer["results"]]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("limit", [1, 10, 11, FIRST_BATCH, FIRST_BATCH + 1])
@pytest.mark.parametrize("start", [1, 3, len(NAMES), len(NAMES) + 1])
def test_it_is_what_is_stored(database: Database[dict[str, Any]], start: int, limit: int, raw: bool) -> None:
    fill(database)
    expected = NAMES[start - 1 :][:limit]

    found = read(database, start, limit, raw=raw)

    documents = {name: encode({**MINE, "collector_id": name, "name": name}) for name in expected}
    assert found == ([documents[name] for name in expected] if raw else expected)


@pytest.mark.parametrize("raw", [False, True])
def test_a_page_larger_than_one_answer_of_mongodb_is_complete(database: Database[dict[str, Any]], raw: bool) -> None:
    fill(database, tags={"text": "x" * 200_000})

    assert len(read(database, 1, FIRST_BATCH, raw=raw)) == FIRST_BATCH


@pytest.mark.parametrize("raw", [False, True])
def test_one_larger_than_an_answer_of_ours_is_refused(database: Database[dict[str, Any]], raw: bool) -> None:
    fill(database)

    with pytest.raises(InvalidParameterError, match="use smaller pages"):
        read(database, 1, 100, raw=raw, max_bytes=1000)


def test_statistics_of_more_rows_than_a_cursor_begins_with_are_complete(database: Database[dict[str, Any]]) -> None:
    fill(database)

    assert names_by_stat(database) == NAMES


def test_statistics_larger_than_one_answer_of_mongodb_are_complete(database: Database[dict[str, Any]]) -> None:
    fill(database, tags={"text": "x" * 200_000})

    assert names_by_stat(database) == NAMES


@pytest.mark.parametrize("size", [10, 200_000])
def test_statistics_larger_than_an_answer_of_ours_are_refused(database: Database[dict[str, Any]], size: int) -> None:
    fill(database, tags={"text": "x" * size})

    with pytest.raises(InvalidParameterError, match="the answer would need more than"):
        names_by_stat(database, max_bytes=1000)


def names_by_page(database: Database[dict[str, Any]]) -> list[str]:
    """Return the names of the first page."""
    return read(database, 1, FIRST_BATCH, raw=False)


each_reading = pytest.mark.parametrize(
    ("names_of", "expected"), [(names_by_page, NAMES[:FIRST_BATCH]), (names_by_stat, NAMES)]
)


@each_reading
def test_a_reading_that_was_cut_off_is_repeated(
    database: Database[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    names_of: Callable[[Database[dict[str, Any]]], list[str]],
    expected: list[str],
) -> None:
    def cut_off(*_: object, **__: object) -> None:
        raise AutoReconnect("connection closed")

    fill(database)
    monkeypatch.setattr(Database, "command", cut_off)

    assert names_of(database) == expected


@each_reading
def test_no_cursor_is_created(
    database: Database[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    names_of: Callable[[Database[dict[str, Any]]], list[str]],
    expected: list[str],
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a cursor costs a sixth of a page, and more than the parsing of statistics")

    fill(database)
    for method in ("find_raw_batches", "aggregate_raw_batches", "find", "aggregate"):
        monkeypatch.setattr(Collection, method, refused)

    assert names_of(database) == expected
