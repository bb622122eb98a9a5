"""Pages that begin after a cursor: together they are the whole list, in every order, whatever the values are."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from inventory.errors import InvalidParameterError
from inventory.manager import keyset
from inventory.manager.cursor_reader import CursorReader
from inventory.manager.page import CursorPage
from inventory.query.parser import parse_list
from inventory.query.schemas import CLOUD_SERVICE

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DOMAIN = "domain-one"
COUNT = 60
LIMIT = 7


@pytest.fixture
def reader(database: Database[dict[str, Any]]) -> CursorReader:
    """A reader of resources with ties, absent values and nulls, beside another domain's."""
    chance = random.Random(7)
    names: tuple[Any, ...] = ("", "a", "a", "é", "z\u0000", None)
    sizes: tuple[Any, ...] = (1, "1", None, [3, 1], {"a": 1}, True, 2.5)
    documents = []
    for number in range(COUNT):
        document = {
            "domain_id": DOMAIN if number % 6 else "another",
            "cloud_service_id": f"cloud-svc-{number:03}",
            "state": "ACTIVE",
            "created_at": NOW + timedelta(milliseconds=chance.randrange(4)),
            "name": chance.choice(names),
            "region_code": chance.choice(names),
            "ip_addresses": ["10.0.0.1"] * chance.randrange(3),
            "data": {"size": chance.choice(sizes)},
        }
        documents.append({key: value for key, value in document.items() if chance.random() < 0.9 or key != "name"})
    database["cloud_service"].insert_many(documents)
    return CursorReader(database=database, collection="cloud_service", schema=CLOUD_SERVICE, timeout_seconds=20)


def page_of(reader: CursorReader, query: dict[str, Any], after: str = "") -> CursorPage:
    parsed = parse_list(CLOUD_SERVICE, {**query, "page": {"start": 1, "limit": LIMIT}}, now=NOW)
    return reader.page(parsed, after=after, domain_id=DOMAIN)


@pytest.mark.parametrize("desc", [False, True])
@pytest.mark.parametrize(
    "key", ["", "created_at", "name", "region_code", "state", "cloud_service_id", "ip_addresses", "data.size"]
)
def test_the_pages_are_the_list(key: str, desc: bool, reader: CursorReader) -> None:
    query: dict[str, Any] = {"sort": {"key": key, "desc": desc}} if key else {}
    query["only"] = ["cloud_service_id"]
    whole = parse_list(CLOUD_SERVICE, {**query, "page": {"start": 1, "limit": COUNT}}, now=NOW)
    expected = [row["cloud_service_id"] for row in reader.list(whole, domain_id=DOMAIN).results]

    found, after = [], ""
    while page := page_of(reader, query, after):
        assert page.total_count == len(expected) == COUNT - COUNT / 6
        found += [row["cloud_service_id"] for row in page.results]
        after = page.next
        if not after:
            break

    assert found == expected


def test_a_page_after_a_row_that_is_gone_begins_where_it_was(
    reader: CursorReader, database: Database[dict[str, Any]]
) -> None:
    first = page_of(reader, {})
    second = [row["cloud_service_id"] for row in page_of(reader, {}, first.next).results]

    database["cloud_service"].delete_one({"cloud_service_id": first.results[-1]["cloud_service_id"]})

    assert [row["cloud_service_id"] for row in page_of(reader, {}, first.next).results] == second


def test_matches_are_counted_up_to_a_number(reader: CursorReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "MOST_COUNTED", 10)

    page = page_of(reader, {})

    assert (page.total_count, page.is_counted) == (10, False)
    assert page.next


ORDER = [("created_at", -1), ("_id", -1)]


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "é",
        "e30",
        "bnVsbA",
        keyset.encode([("name", 1), ("_id", 1)], {}),
        keyset._encoded({"order": [["created_at", -1], ["_id", -1]], "values": [{"$gt": ""}, {"id": "0" * 24}]}),
        keyset._encoded({"order": [["created_at", -1], ["_id", -1]], "values": [None, {"$ne": None}]}),
        keyset._encoded({"order": [["created_at", -1], ["_id", -1]], "values": [None]}),
        keyset._encoded({"order": [["created_at", -1], ["_id", -1]], "values": [1, None]}),
        keyset._encoded({"order": [["created_at", -1], ["_id", -1]], "skip": "x"}),
        "A" * 20_000,
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused(after: str) -> None:
    with pytest.raises(InvalidParameterError, match="after"):
        keyset.decode(after, ORDER)
