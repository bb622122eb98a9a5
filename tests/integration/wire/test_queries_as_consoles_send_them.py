"""Queries as a console sends them, and the answers it counts on (contract, sections 3, 4 and 7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service
from tests.integration.wire.client import Json
from tests.integration.wire.wire_kit import Home

LABELS = {"app.kubernetes.io/name": "web", "$dollar": "yes"}


@pytest.fixture
def stocked(home: Callable[..., Home], plugin: FakePlugin) -> Home:
    """A domain with three collected resources, of which ``i-2`` is deleted since."""
    own = home()
    plugin.resources = [
        cloud_service(f"i-{number}", data={"labels": LABELS, "size": number, "big": 2.0**63, "half": 1.5})
        for number in range(3)
    ]
    own.client.finished(own.collect(own.create()))
    (gone,) = names(own, {"k": "reference.resource_id", "v": "i-2", "o": "eq"})
    own.client.call("CloudService.delete", {"cloud_service_id": gone["cloud_service_id"]})
    return own


def names(home: Home, *filters: Json, **query: object) -> list[Json]:
    answer = home.client.call("CloudService.list", {"query": {"filter": list(filters), **query}})
    return list(answer.get("results", []))


def stat(home: Home, *stages: Json, **query: object) -> list[Json]:
    answer = home.client.call("CloudService.stat", {"query": {"aggregate": list(stages), **query}})
    return list(answer["results"])


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ({"k": "state", "v": "DELETED", "o": "eq"}, 1),
        ({"k": "state", "v": ["ACTIVE", "DELETED"], "o": "in"}, 3),
        ({"k": "state", "v": "ACTIVE", "o": "not"}, 0),
        ({"k": "state", "v": True, "o": "exists"}, 2),
        ({"k": "state", "v": "DEL", "o": "contain"}, 0),
        ({"k": "state", "v": "D", "o": "gt"}, 0),
        ({"k": "state", "v": ["ACTIVE"], "o": "not_in"}, 0),
    ],
)
def test_deleted_ones_show_only_where_state_is_named(stocked: Home, condition: Json, count: int) -> None:
    assert len(names(stocked, condition)) == count


def test_a_condition_in_filter_or_shows_no_deleted_ones(stocked: Home) -> None:
    either = [{"k": "state", "v": "DELETED", "o": "eq"}, {"k": "provider", "v": True, "o": "exists"}]
    assert len(names(stocked, filter_or=either)) == 2


@pytest.mark.parametrize(("member", "value"), [("app\\.kubernetes\\.io/name", "web"), ("$dollar", "yes")])
def test_labels_with_dots_and_dollars_are_found_and_grouped(stocked: Home, member: str, value: str) -> None:
    key = f"data.labels.{member}"
    assert len(names(stocked, {"k": key, "v": value, "o": "eq"})) == 2
    assert names(stocked, {"k": key, "v": "other", "o": "eq"}) == []
    group = {"keys": [{"key": key, "name": "n"}], "fields": [{"operator": "count", "name": "c"}]}
    assert [(row["n"], row["c"]) for row in stat(stocked, {"group": group})] == [(value, 2)]


def test_dates_of_a_group_are_numbers(stocked: Home) -> None:
    keys = [{"key": "created_at", "name": part, "date_format": part} for part in ("year", "month", "day")]
    (row,) = stat(stocked, {"group": {"keys": keys, "fields": [{"operator": "count", "name": "c"}]}})
    assert all(isinstance(row[part], float) for part in ("year", "month", "day"))


@pytest.mark.parametrize("method", ["list", "stat"])
def test_the_history_of_an_unknown_resource_is_not_found(stocked: Home, method: str) -> None:
    request: Json = {"cloud_service_id": "cloud-svc-000000000000"}
    request |= {"query": {"distinct": "action"}} if method == "stat" else {}
    assert stocked.client.fails(f"ChangeHistory.{method}", request) == ("INVALID_ARGUMENT", "ERROR_NOT_FOUND")


def test_unknown_keys_are_absent(stocked: Home) -> None:
    assert len(names(stocked, sort={"key": "no_such_key"})) == 2
    group = {"keys": [{"key": "no_such_key", "name": "n"}], "fields": [{"operator": "count", "name": "c"}]}
    (row,) = stat(stocked, {"group": group})
    assert row["c"] == 2


def test_a_tag_without_its_provider_finds_nothing_and_with_it_does(
    home: Callable[..., Home], plugin: FakePlugin
) -> None:
    own = home()
    plugin.resources = [cloud_service("i-1", tags=["web", "a.b/c"])]
    own.client.finished(own.collect(own.create()))
    (stored,) = names(own)
    provider = stored["provider"]

    assert stored["tags"] == {provider: {"web": "", "a.b/c": ""}}
    assert names(own, {"k": "tags.web", "v": True, "o": "exists"}) == []
    assert len(names(own, {"k": f"tags.{provider}.a.b/c", "v": "", "o": "eq"})) == 1
