"""MongoDB works for a caller no longer than the caller waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import mongoengine
import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from inventory.errors import RequestTimeoutError
from inventory.manager.resource.cloud_services import CloudServiceManager
from inventory.model.connection import translated_errors
from inventory.model.time_limit import FINISH_SECONDS, LEAST_SECONDS, finish, query_limit, time_limit
from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import Client
from tests.integration.wire.probes import base_request, methods
from tests.integration.wire.two_domains import SCHEMAS, Domain, furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

PATIENCE_SECONDS = 25
LONGEST_MS = 26_500
"""gRPC rounds a deadline up a little."""
READS = {"get", "get_schedule", "list_schedule_facts", "list_all_schedule_facts", "explain_schedule", "verify_plugin"}
OWN_READS = {
    "Deletion.list",
    "Diagnosis.get",
    "DryRun.list_changes",
    "Explanations.explain_resource",
    "Explanations.explain_type",
    "Freshness.list",
    "JobOperations.list_slices",
    "ResourcePages.list",
}
CHANGE_NOTHING = {"Collector.update_schedule", "CollectorRule.change_order"}
"""As they are asked here, for what is there already."""
ENDED_ANYHOW = {
    "Collector.collect",
    "JobOperations.retry",
    "CloudService.create",
    "CloudService.update",
    "CloudService.delete",
}
"""What these begin they end, within a time of its own; so do all that number rules."""
WRITES = {"insert", "update", "delete", "findAndModify"}
UNLIMITED = {"getMore", "killCursors", "endSessions"}
"""MongoDB limits what a cursor goes on with by the command that opened it."""


class Commands(CommandListener):
    """Writes down what the server's threads send to MongoDB."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, object]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if threading.current_thread().name.startswith(("rpc", "MainThread")):
            self.seen.append((event.command_name, event.command.get("maxTimeMS")))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.fixture(scope="module")
def commands() -> Commands:
    return Commands()


@pytest.fixture(scope="module")
def wire(
    mongo_uri: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory, commands: Commands
) -> Iterator[Wire]:
    """The service, listened in on."""
    connect = mongoengine.connect

    def listened_in(*, event_listeners: Sequence[Any] = (), **options: Any) -> Any:
        return connect(event_listeners=[*event_listeners, commands], **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mongoengine, "connect", listened_in)
        made = Wire(mongo_uri, redis_url, tmp_path_factory.mktemp("wire")).start_worker()
    yield made
    made.close()


@pytest.fixture(scope="module")
def furnished(wire: Wire) -> Iterator[tuple[Domain, dict[str, Any]]]:
    """A domain with one of everything, and all that is stored of it."""
    with FakePlugin(resources=plugin_stream) as plugin:
        domain = furnish(wire, Client(wire.serve()), "zeta", plugin.endpoint)
        yield domain, wire.dump(domain.domain_id)


@pytest.fixture
def domain(wire: Wire, furnished: tuple[Domain, dict[str, Any]]) -> Iterator[Domain]:
    """The domain, as it was at first."""
    domain, before = furnished
    yield domain
    for name, documents in wire.dump(domain.domain_id).items():
        if documents != before.get(name, []):
            wire.database[name].delete_many({"domain_id": domain.domain_id})
            if kept := before.get(name):
                wire.database[name].insert_many(kept)


@pytest.mark.parametrize("name", methods())
def test_every_command_ends_with_its_callers_patience(
    wire: Wire, commands: Commands, domain: Domain, name: str
) -> None:
    request = base_request(name, domain)
    if "query" in request and name.endswith(".list"):
        request.pop("query")
    if name == "JobOperations.retry":
        failed = {"domain_id": domain.domain_id, "job_id": request["job_id"]}
        wire.database["job_task"].update_many(failed, {"$set": {"status": "FAILURE"}})
    commands.seen.clear()

    answer = domain.client.call(name, request, timeout=PATIENCE_SECONDS)

    found = [(command, limit) for command, limit in commands.seen if command not in UNLIMITED]
    longest = FINISH_SECONDS * 1000 if name in ENDED_ANYHOW or name.startswith("CollectorRule") else LONGEST_MS
    assert found
    assert [each for each in found if not isinstance(each[1], int) or not 0 < each[1] <= longest] == []
    is_read = name.partition(".")[2] in READS or name in {*SCHEMAS, *OWN_READS, *CHANGE_NOTHING}
    assert is_read != any(command in WRITES for command, _ in found)
    if name in {"Collector.collect", "JobOperations.retry"}:
        domain.client.finished(answer.get("job", answer))


@pytest.mark.parametrize("patience", [None, 90 * 86_400])
def test_a_caller_without_a_deadline_or_with_a_far_one_is_served(
    commands: Commands, domain: Domain, patience: float | None
) -> None:
    """grpcio says "no deadline" as some centuries, and MongoDB takes no limit beyond 25 days.

    Without one a change has that of ``change_timeout_seconds``.
    """
    commands.seen.clear()

    domain.client.call("Collector.disable", {"collector_id": domain.ids["collector_id"]}, timeout=patience)

    (limit,) = [limit for command, limit in commands.seen if command == "findAndModify"]
    assert isinstance(limit, int)
    assert patience is not None or limit <= 60_000


def test_a_query_has_its_own_limit_however_long_its_caller_waits(
    wire: Wire, commands: Commands, domain: Domain
) -> None:
    commands.seen.clear()

    domain.client.call("CloudService.list", {}, timeout=3_600)

    limit = int(wire.settings.query_timeout_seconds * 1000)
    assert commands.seen
    assert all(isinstance(found, int) and found <= limit for _, found in commands.seen)


def test_what_has_begun_is_ended_though_no_time_is_left(wire: Wire, commands: Commands) -> None:
    things = wire.database["things"]
    commands.seen.clear()
    with time_limit(LEAST_SECONDS):
        time.sleep(LEAST_SECONDS)
        with pytest.raises(RequestTimeoutError), translated_errors():
            things.insert_one({"_id": 1})
        finish(lambda: things.insert_one({"_id": 2}))

    assert [thing["_id"] for thing in things.find()] == [2]
    (inserted,) = [limit for command, limit in commands.seen if command == "insert"]
    assert isinstance(inserted, int)
    # Not what was left to the caller, 100 ms at most.
    assert 1_000 < inserted <= FINISH_SECONDS * 1000


def test_limits_only_ever_shorten(wire: Wire, commands: Commands) -> None:
    commands.seen.clear()
    with query_limit(1):
        wire.database["things"].find_one()
    with time_limit(60), query_limit(1):
        wire.database["things"].find_one()
    with time_limit(1), query_limit(60):
        wire.database["things"].find_one()

    unlimited, *limited = (limit for command, limit in commands.seen if command == "find")
    assert unlimited is None
    assert all(isinstance(limit, int) and limit <= 1000 for limit in limited)


def test_a_change_whose_time_runs_out_leaves_no_record_of_what_did_not_happen(
    wire: Wire, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller must not be able to end its call between the change and its record: both are there, or neither."""
    services = CloudServiceManager(database=wire.database)
    stored = services.get(domain.domain_id, domain.ids["cloud_service_id"])
    insert = services._records.insert

    def slow(*arguments: Any) -> None:
        time.sleep(LEAST_SECONDS)
        insert(*arguments)

    monkeypatch.setattr(services._records, "insert", slow)
    record = wire.database["record"].find_one({"domain_id": domain.domain_id})
    assert record is not None
    record = {key: value for key, value in record.items() if key != "_id"} | {"record_id": "record-late"}
    with time_limit(LEAST_SECONDS):
        after = services.write(stored, {"$set": {"name": "late"}, "$inc": {"revision": 1}}, record)

    assert after is not None
    assert after["name"] == "late"
    assert wire.database["record"].count_documents({"record_id": "record-late"}) == 1
