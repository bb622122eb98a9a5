"""How many operations a read costs MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener

from inventory.domain.principal import Principal
from tests.integration.api.conftest import DOMAIN, FakeContainer, collector, job, make_container

Store = Database[dict[str, Any]]
CALLER = Principal(domain_id=DOMAIN)


class Recorder(CommandListener):
    """Notes the names of the commands sent."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def started(self, event: Any) -> None:
        self.commands.append(event.command_name)

    def succeeded(self, event: object) -> None:
        """Nothing to note."""

    def failed(self, event: object) -> None:
        """Nothing to note."""


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def watched(database: Store, mongo_uri: str, recorder: Recorder) -> Iterator[FakeContainer]:
    """Use cases whose commands ``recorder`` notes."""
    database["collector"].insert_many([collector(number) for number in range(30)])
    database["job"].insert_many([job(number, collector_id=f"collector-{number:012x}") for number in range(30)])
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[recorder]) as client:
        client[database.name].command("ping")
        recorder.commands.clear()
        yield make_container(client[database.name])


def test_a_whole_list_is_one_operation(watched: FakeContainer, recorder: Recorder) -> None:
    page = watched.collector_service.list(CALLER, {}, {})

    assert page.total_count == 30
    assert recorder.commands == ["find"]


def test_a_page_inside_costs_one_count_more_and_the_last_page_none(watched: FakeContainer, recorder: Recorder) -> None:
    assert watched.collector_service.list(CALLER, {"page": {"start": 1, "limit": 10}}, {}).total_count == 30
    assert recorder.commands == ["find", "count"]

    recorder.commands.clear()
    assert watched.collector_service.list(CALLER, {"page": {"start": 25, "limit": 10}}, {}).total_count == 30
    assert recorder.commands == ["find"]


def test_a_page_behind_the_end_still_counts(watched: FakeContainer, recorder: Recorder) -> None:
    page = watched.collector_service.list(CALLER, {"page": {"start": 100, "limit": 10}}, {})

    assert (list(page.results), page.total_count) == ([], 30)


def test_a_count_reads_no_documents(watched: FakeContainer, recorder: Recorder) -> None:
    watched.collector_service.list(CALLER, {"count_only": True}, {})

    assert recorder.commands == ["count"]


def test_jobs_read_all_their_collectors_in_one_query(watched: FakeContainer, recorder: Recorder) -> None:
    page = watched.job_service.list(CALLER, {}, {})

    assert len({document["collector_info"]["name"] for document in page.results}) == 30
    assert recorder.commands == ["find", "find"]


def test_a_get_is_one_operation(watched: FakeContainer, recorder: Recorder) -> None:
    watched.collector_service.get(CALLER, "collector-000000000000")

    assert recorder.commands == ["find"]


def test_a_condition_on_the_collector_costs_one_query(watched: FakeContainer, recorder: Recorder) -> None:
    condition = {"key": "collector_info.name", "value": "Collector 003", "operator": "eq"}

    page = watched.job_service.list(CALLER, {"filter": [condition], "only": ["job_id"]}, {})

    assert page.total_count == 1
    assert recorder.commands == ["find", "find"]
