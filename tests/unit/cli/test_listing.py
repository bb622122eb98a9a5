"""What the options of lists and stats ask the API for; watching; names where ids are wanted."""

from __future__ import annotations

from typing import Any

import click
import grpc
import pytest
from click.testing import CliRunner

from inventory.cli import cli, listing
from inventory.cli.client import CallError
from inventory.cli.commands.stat import statistics_query
from inventory.cli.listing import FilterParameter, Listing
from inventory.cli.lookup import COLLECTOR, REGION, RESOURCE, UnclearNameError, find, find_id, find_schedule
from inventory.cli.options import ClientOptions
from inventory.cli.parameters import ConditionParameter

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("state=ENABLED", {"k": "state", "v": "ENABLED", "o": "eq"}),
        ("state!=ENABLED", {"k": "state", "v": "ENABLED", "o": "not"}),
        ("name~web", {"k": "name", "v": "web", "o": "contain"}),
        ("name!~web", {"k": "name", "v": "web", "o": "not_contain"}),
        ("tags.url=a=b!=c", {"k": "tags.url", "v": "a=b!=c", "o": "eq"}),
        ("priority>=5", {"k": "priority", "v": 5, "o": "gte"}),
        ("data.load<-0.5", {"k": "data.load", "v": -0.5, "o": "lt"}),
        ("data.version>1.2.3", {"k": "data.version", "v": "1.2.3", "o": "gt"}),
        ("created_at>2026-01-05", {"k": "created_at", "v": "2026-01-05", "o": "datetime_gt"}),
        ("created_at<=now/d - 7d", {"k": "created_at", "v": "now/d - 7d", "o": "timediff_lte"}),
        ("name=", {"k": "name", "v": "", "o": "eq"}),
    ],
)
def test_a_filter_becomes_a_condition(text: str, condition: Json) -> None:
    assert FilterParameter().convert(text, None, None) == condition


@pytest.mark.parametrize("text", ["state", "=x", "", "~"])
def test_a_filter_without_key_or_operator_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="KEY=VALUE"):
        FilterParameter().convert(text, None, None)


def test_a_condition_of_a_rule_reads_alike() -> None:
    assert ConditionParameter().convert("tags.env~pro", None, None) == {
        "key": "tags.env",
        "value": "pro",
        "operator": "contain",
    }
    with pytest.raises(click.BadParameter):
        ConditionParameter().convert("tags.env", None, None)


def test_a_listing_becomes_a_query() -> None:
    condition = {"k": "a", "v": "b", "o": "eq"}
    wanted = Listing(conditions=(condition,), keyword="web", sort=("-created_at", "name"), page=3, limit=20)
    assert wanted.query({"k": "c", "v": "d", "o": "eq"}) == {
        "page": {"start": 41, "limit": 20},
        "filter": [condition, {"k": "c", "v": "d", "o": "eq"}],
        "keyword": "web",
        "sort": {"keys": [{"key": "created_at", "desc": True}, {"key": "name", "desc": False}]},
    }
    assert Listing().query() == {"page": {"start": 1, "limit": 50}}


def test_counting_becomes_an_aggregation() -> None:
    query = statistics_query(by=("data.os.name",), sums=("instance_size",))
    group = query["aggregate"][0]["group"]
    assert group["keys"] == [{"key": "data.os.name", "name": "data_os_name"}]
    assert group["fields"][1] == {"name": "instance_size", "operator": "sum", "key": "instance_size"}
    assert statistics_query(distinct="provider") == {"distinct": "provider"}
    with pytest.raises(click.UsageError):
        statistics_query(by=("a",), distinct="b")


# Watching


class _Rpc(grpc.RpcError):
    def __init__(self, status: grpc.StatusCode, details: str) -> None:
        self._status, self._details = status, details

    def code(self) -> grpc.StatusCode:
        return self._status

    def details(self) -> str:
        return self._details


def _fail(status: grpc.StatusCode, details: str = "") -> CallError:
    return CallError(_Rpc(status, details), ClientOptions(endpoint="127.0.0.1:1"))


def _watch(monkeypatch: pytest.MonkeyPatch, answers: list[Json | CallError], *arguments: str) -> Any:
    left = list(answers)

    def call(*_: Any, **__: Any) -> Json:
        answer = left.pop(0)
        if isinstance(answer, CallError):
            raise answer
        return answer

    def sleep(_: float) -> None:
        if not left:
            raise KeyboardInterrupt

    monkeypatch.setattr("inventory.cli.client.Client.call", call)
    monkeypatch.setattr(listing.time, "sleep", sleep)
    return CliRunner().invoke(cli, ["collector", "list", "--watch", *arguments])


def _answer(name: str) -> Json:
    return {"results": [{"collector_id": "collector-1", "name": name}], "total_count": 1}


def test_a_watched_list_shows_what_changed_and_ends_well_by_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _watch(monkeypatch, [_answer("one"), _answer("one"), _answer("two")], "--json")
    assert result.exit_code == 0
    assert [line.count("collector-1") for line in result.output.splitlines()] == [1, 1]


def test_a_watched_list_outlives_a_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _watch(monkeypatch, [_answer("one"), _fail(grpc.StatusCode.UNAVAILABLE), _answer("two")])
    assert result.exit_code == 0
    assert "two" in result.output


def test_a_watched_list_ends_where_the_server_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = _fail(grpc.StatusCode.UNAUTHENTICATED, "ERROR_AUTHENTICATE_FAILURE: Authentication\nfailed.")
    result = _watch(monkeypatch, [refused])
    assert result.exit_code == 1
    assert (
        result.output == "error: ERROR_AUTHENTICATE_FAILURE: Authentication failed. Set INVENTORY_TOKEN to a token.\n"
    )


# Names


class _Client:
    def __init__(self, **answers: Json) -> None:
        self.answers = answers
        self.calls: list[tuple[str, Json]] = []

    def call(self, name: str, /, **request: Any) -> Json:
        self.calls.append((name, request))
        if "only" in request.get("query", {}):
            return self.answers.get("names", {})
        return self.answers.get(name.partition(".")[2], {})


def test_a_name_that_two_things_have_is_told_with_their_ids() -> None:
    both = {"results": [{"collector_id": "collector-1"}, {"collector_id": "collector-2"}], "total_count": 7}
    with pytest.raises(UnclearNameError, match="'b' names several collectors: collector-1, collector-2 and 5 more"):
        find(_Client(list=both), COLLECTOR, "b")  # type: ignore[arg-type]


def test_of_deleted_resources_with_one_name_each_is_named_with_when_it_was_deleted() -> None:
    found = [
        {"cloud_service_id": f"cloud-svc-{day}", "state": "DELETED", "deleted_at": f"2026-01-0{day}T00:00:00.000Z"}
        for day in (3, 2)
    ]
    client = _Client(list={"results": found, "total_count": 2})
    words = (
        "'b' names several resources: cloud-svc-3 (DELETED, deleted 2026-01-03T00:00:00.000Z), "
        "cloud-svc-2 (DELETED, deleted 2026-01-02T00:00:00.000Z); use the id instead"
    )
    with pytest.raises(UnclearNameError) as error:
        find(client, RESOURCE, "b", or_deleted=True)  # type: ignore[arg-type]
    assert error.value.message == words


def test_a_name_that_nothing_has_is_told_with_what_is_near() -> None:
    client = _Client(names={"results": [{"name": "this machine"}, {"name": "aws"}]})
    with pytest.raises(UnclearNameError, match="names no collector; did you mean 'this machine'") as error:
        find(client, COLLECTOR, "this machin")  # type: ignore[arg-type]
    assert error.value.exit_code == 3


def test_only_the_exact_form_of_an_id_is_one() -> None:
    client = _Client(get={"collector_id": "x"}, list={"results": [{"collector_id": "y"}], "total_count": 1})
    assert find(client, COLLECTOR, "collector-0123456789ab") == {"collector_id": "x"}  # type: ignore[arg-type]
    assert find(client, COLLECTOR, "collector-for-aws") == {"collector_id": "y"}  # type: ignore[arg-type]
    assert find_id(client, REGION, "region-0123456789ab") == "region-0123456789ab"  # type: ignore[arg-type]


def test_a_schedule_is_looked_for_among_the_collectors_own() -> None:
    rows = [{"schedule_id": "sched-1", "name": "a"}, {"schedule_id": "sched-2", "name": "b"}]
    client = _Client(list_schedules={"results": rows})
    assert find_schedule(client, "collector-1", "b")["schedule_id"] == "sched-2"  # type: ignore[arg-type]
    with pytest.raises(UnclearNameError, match="names no schedule"):
        find_schedule(client, "collector-1", "zzz")  # type: ignore[arg-type]
