"""Migrations run once, in order, by one at a time, and go on where a dead process was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from pymongo.database import Database

from inventory.cli import cli
from inventory.devruntime.child import wait_until
from inventory.domain.clock import Clock, SystemClock
from inventory.migration.catalog import MIGRATIONS, Migration
from inventory.migration.errors import DatabaseTooNewError, MigrationFailedError, MigrationPendingError
from inventory.migration.migrator import LEASE_SECONDS, Migrator
from inventory.migration.start import await_migrated, migrate
from inventory.model.indexes import build_indexes, declared_indexes
from tests.integration.migration.upgrade_kit import Document, index_names, restore
from tests.manual_clock import ManualClock

VERSION = "9.9.9"

ALL = [one.number for one in MIGRATIONS]


def make(database: Database[Document], clock: Clock | None = None, owner: str = "one", **values: Any) -> Migrator:
    return Migrator(database=database, clock=clock or SystemClock(), owner=owner, version=VERSION, **values)


def everything(database: Database[Document]) -> dict[str, list[Document]]:
    names = set(database.list_collection_names()) - {"migration", "migration_lock"}
    return {name: list(database[name].find().sort("_id")) for name in names}


def test_a_database_of_the_commit_before_migrations_is_brought_to_what_is_declared(bare: Database[Document]) -> None:
    restore(bare)
    before = everything(bare)

    done = make(bare).run()

    assert done == [one.number for one in MIGRATIONS]
    declared = {name: {model.document["name"] for model in models} for name, models in declared_indexes().items()}
    assert {name: found for name, found in index_names(bare).items() if name in declared} == declared
    assert {name: documents for name, documents in everything(bare).items() if documents or name in before} == before
    records = list(bare["migration"].find().sort("_id"))
    assert [(one["_id"], one["name"], one["version"], one["attempts"]) for one in records] == [
        (one.number, one.name, VERSION, 1) for one in MIGRATIONS
    ]
    assert all(one["finished_at"] >= one["started_at"] for one in records)
    assert bare["migration_lock"].count_documents({}) == 0


def test_run_twice_it_changes_nothing(bare: Database[Document]) -> None:
    restore(bare)
    make(bare).run()
    records = list(bare["migration"].find())

    assert make(bare).run() == []

    assert list(bare["migration"].find()) == records
    make(bare).check()
    for one in MIGRATIONS:
        one.apply(bare)  # also without a record that says so


def test_killed_between_steps_the_next_goes_on_after_what_is_done(bare: Database[Document]) -> None:
    applied: list[int] = []

    class Killed(BaseException):
        pass

    def die(_: Database[Document]) -> None:
        raise Killed

    first = Migration(1, "first", "1.0", lambda _: applied.append(1))
    dying, second = (Migration(2, "second", "1.0", apply) for apply in (die, lambda _: applied.append(2)))
    with pytest.raises(Killed):
        make(bare, migrations=(first, dying)).run()

    assert make(bare, migrations=(first, second)).run() == [2]

    assert applied == [1, 2]
    assert bare["migration"].find_one({"_id": 2})["attempts"] == 2  # type: ignore[index]


_HANGS = """
import sys, time
from pymongo import MongoClient
from inventory.domain.clock import SystemClock
from inventory.migration.catalog import MIGRATIONS, Migration
from inventory.migration.migrator import Migrator
database = MongoClient(sys.argv[1], tz_aware=True)[sys.argv[2]]
def hang(_):
    database["hanging"].insert_one({})
    time.sleep(60)
steps = (MIGRATIONS[0], Migration(2, "hangs", "1", hang))
Migrator(database=database, clock=SystemClock(), owner="dead", migrations=steps).run()
"""


def test_a_killed_process_is_followed_by_another_once_its_lease_is_out(
    bare: Database[Document], mongo_uri: str
) -> None:
    process = subprocess.Popen([sys.executable, "-c", _HANGS, mongo_uri, bare.name])
    try:
        assert wait_until(lambda: bare["hanging"].count_documents({}) == 1, timeout_seconds=30)
        follower = make(bare, owner="follower")
        with pytest.raises(MigrationPendingError, match="another process is at it"):
            follower.run()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)

    with pytest.raises(MigrationPendingError, match="another process is at it"):
        follower.run()
    lease_is_out = ManualClock(SystemClock().now() + timedelta(seconds=LEASE_SECONDS))
    follower = make(bare, lease_is_out, owner="follower")
    never = threading.Event()
    assert await_migrated(follower, apply=True, wait=never.wait) == [one.number for one in MIGRATIONS[1:]]


def test_of_many_at_once_one_runs_them_and_the_others_wait(bare: Database[Document]) -> None:
    applied: list[str] = []
    together = threading.Barrier(6)
    results: list[list[int] | None] = []

    def start(owner: str) -> None:
        steps = tuple(Migration(number, "step", "1.0", lambda _: applied.append(owner)) for number in (1, 2, 3))
        migrator = make(bare, owner=owner, migrations=steps)
        together.wait()
        results.append(await_migrated(migrator, apply=True, wait=threading.Event().wait))

    threads = [threading.Thread(target=start, args=(f"process-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(applied) == 3
    assert len(set(applied)) == 1
    assert sorted(results, key=len) == [[]] * 5 + [[1, 2, 3]]  # type: ignore[arg-type]


def test_the_lock_is_renewed_however_long_a_step_takes(bare: Database[Document]) -> None:
    def long(_: Database[Document]) -> None:
        until = bare["migration_lock"].find_one()["lease_until"]  # type: ignore[index]
        assert wait_until(
            lambda: bare["migration_lock"].find_one()["lease_until"] > until,  # type: ignore[index]
            timeout_seconds=30,
        )

    assert make(bare, migrations=(Migration(1, "long", "1.0", long),), lease_seconds=0.5).run() == [1]


def test_whoever_lost_the_lock_begins_no_further_step(bare: Database[Document]) -> None:
    def lose(_: Database[Document]) -> None:
        bare["migration_lock"].update_one({}, {"$set": {"owner": "other"}})
        assert wait_until(
            lambda: not any(t.name == "migration-lock" for t in threading.enumerate()), timeout_seconds=30
        )

    steps = (Migration(1, "loses", "1.0", lose), Migration(2, "never", "1.0", lambda _: pytest.fail("begun")))
    with pytest.raises(MigrationPendingError, match="lost"):
        make(bare, migrations=steps, lease_seconds=0.5).run()

    assert bare["migration_lock"].find_one()["owner"] == "other"  # type: ignore[index]


def test_a_lease_of_the_dead_ends_by_the_clock(bare: Database[Document], clock: ManualClock) -> None:
    steps = (Migration(1, "first", "1.0", lambda _: None),)
    lease = clock.now() + timedelta(seconds=LEASE_SECONDS)
    bare["migration_lock"].insert_one({"_id": "migrate", "owner": "dead", "lease_until": lease})
    with pytest.raises(MigrationPendingError):
        make(bare, clock, migrations=steps).run()

    clock.advance(timedelta(seconds=LEASE_SECONDS))

    assert make(bare, clock, migrations=steps).run() == [1]


def test_code_works_on_beside_newer_code_unless_a_step_breaks_it(bare: Database[Document]) -> None:
    newer = Migration(len(MIGRATIONS) + 1, "adds a field", "2.0", lambda _: None)
    breaking = Migration(len(MIGRATIONS) + 2, "renames a field", "3.0", lambda _: None, breaking=True)
    make(bare, migrations=(*MIGRATIONS, newer)).run()
    old = make(bare)
    old.check()

    with pytest.raises(MigrationPendingError, match="--breaking"):
        make(bare, migrations=(*MIGRATIONS, newer, breaking)).run()
    old.check()
    assert make(bare, migrations=(*MIGRATIONS, newer, breaking)).run(breaking=True) == [breaking.number]

    with pytest.raises(DatabaseTooNewError, match=r"\d renames a field, needs = inventory 3\.0 or newer"):
        old.check()
    with pytest.raises(DatabaseTooNewError):
        await_migrated(old, apply=True, wait=lambda _: False)


def test_who_must_not_migrate_waits_for_who_may(bare: Database[Document]) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if seconds >= 1.0:
            make(bare, owner="other").run()
        threading.Event().wait(0.01)
        return len(waits) > 6_000

    with pytest.raises(MigrationPendingError, match=f"numbers = {', '.join(map(str, ALL))}"):
        migrate(make(bare), apply=False)
    assert await_migrated(make(bare), apply=False, wait=wait) == []
    assert await_migrated(make(bare, migrations=(Migration(99, "x", "1", lambda _: None),)), apply=False,
                          wait=lambda _: True) is None  # fmt: skip


def test_data_in_the_way_are_named_by_key_and_never_shown(bare: Database[Document]) -> None:
    doubled = {"domain_id": "domain-1", "collector_id": "somebodys-data"}
    bare["collector"].insert_many([dict(doubled), dict(doubled)])

    with pytest.raises(MigrationFailedError, match=r"number = 1.*DuplicateKey on domain_id, collector_id") as caught:
        make(bare).run()

    assert "somebodys-data" not in str(caught.value)
    bare["collector"].delete_one({})
    assert make(bare).run() == ALL


def test_indexes_that_are_gone_are_built_again(
    bare: Database[Document], mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore without indexes: the records say that all is done, and no unique key guards anything."""
    monkeypatch.setattr("inventory.observe.logs.setup", lambda **_: None)  # the runner's streams end with it
    make(bare).run()
    records = list(bare["migration"].find())
    before = index_names(bare)
    bare["job"].drop_indexes()
    environment = {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_MONGO_DATABASE": bare.name}

    done = CliRunner().invoke(cli, ["migrate"], env=environment)

    assert done.exit_code == 0, done.output
    assert index_names(bare) == before
    assert list(bare["migration"].find()) == records
    bare["job"].drop_indexes()
    bare["job"].insert_many([{"domain_id": "d", "job_id": "j"}, {"domain_id": "d", "job_id": "j"}])
    refused = CliRunner().invoke(cli, ["migrate"], env=environment)
    assert refused.exit_code == 1
    assert "DuplicateKey on domain_id, job_id" in str(refused.exception)


def test_superseded_indexes_that_an_old_process_builds_again_are_dropped_again(bare: Database[Document]) -> None:
    """Each write maintained them for ever: the migration that dropped them does not run a second time."""
    make(bare).run()
    before = index_names(bare)
    bare["cloud_service"].create_index([("domain_id", 1), ("state", 1), ("updated_at", 1)])
    bare["slice"].create_index([("endpoint", 1)], name="waiting_of_endpoint")

    make(bare).drop_rebuilt_indexes()

    assert index_names(bare) == before


def test_indexes_are_left_alone_where_newer_code_has_been(bare: Database[Document]) -> None:
    make(bare).run()
    later = Migration(len(MIGRATIONS) + 1, "later", "9.0.0", lambda _: None)
    make(bare, migrations=[*MIGRATIONS, later]).run()
    bare["job"].drop_indexes()
    bare["slice"].create_index([("endpoint", 1)], name="waiting_of_endpoint")

    make(bare).mend_indexes()
    make(bare).drop_rebuilt_indexes()

    assert index_names(bare)["job"] == set()
    assert "waiting_of_endpoint" in index_names(bare)["slice"]


def test_an_index_that_changed_under_its_name_is_built_anew(bare: Database[Document]) -> None:
    bare["job"].create_index([("status", 1)], name="domain_id_1_job_id_1")
    bare["job_task"].create_index([("domain_id", 1), ("collector_id", 1)], name="one_running_task")
    bare["slice"].create_index([("created_at", 1)], unique=True)
    bare["schedule"].create_index([("next_fire_at", 1), ("priority", 1)], name="by_hand")
    bare["record"].create_index([("by", 1), ("hand", 1)])

    build_indexes(bare)

    assert bare["job"].index_information()["domain_id_1_job_id_1"]["unique"]
    assert bare["job_task"].index_information()["one_running_task"]["partialFilterExpression"]
    assert "unique" not in bare["slice"].index_information()["created_at_1"]
    assert "by_hand" not in bare["schedule"].index_information()
    assert "by_1_hand_1" in bare["record"].index_information()  # what others made stays
    names = index_names(bare)
    for collection, models in declared_indexes().items():
        assert {model.document["name"] for model in models} <= names[collection]


def test_the_command_runs_lists_and_checks(
    bare: Database[Document], mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.observe.logs.setup", lambda **_: None)  # the runner's streams end with it
    environment = {"INVENTORY_MONGO_URI": mongo_uri, "INVENTORY_MONGO_DATABASE": bare.name}

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["--json", "migrate", *arguments], env=environment)
        return result.exit_code, result.stdout

    assert run("--check")[0] == 1
    assert run()[1].endswith(f"ran {', '.join(map(str, ALL))}\n")
    assert run()[1] == "nothing to do\n"
    assert run("--check")[0] == 0
    code, listed = run("--list")
    assert code == 0
    assert [(one["number"], one["state"]) for one in json.loads(listed)] == [(number, "done") for number in ALL]
    assert all(one["finished_at"].endswith("Z") for one in json.loads(listed))
    table = CliRunner().invoke(cli, ["migrate", "--list"], env=environment)
    assert "build indexes" in table.output
