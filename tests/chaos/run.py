"""One run: start everything, let clients and faults loose, let it settle, check."""

from __future__ import annotations

import shutil
import time
from collections import ChainMap, Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pymongo.database import Database
from pymongo.errors import PyMongoError

from inventory.model.documents.deletion import APPROVING
from inventory.stubs.inventory.operations.v1 import (
    deletion_pb2,
    deletion_pb2_grpc,
    job_operations_pb2,
    job_operations_pb2_grpc,
    operations_pb2,
    operations_pb2_grpc,
)
from inventory.stubs.spaceone.api.inventory.v1 import collector_pb2, collector_pb2_grpc
from tests.chaos.checks import (
    RSS_LIMIT_BYTES,
    JobChecks,
    Logs,
    ScheduleChecks,
    resource_violations,
    secret_violations,
)
from tests.chaos.faults import KILLS, Havoc, plan_faults
from tests.chaos.fleet import DATABASE, Fleet, Size
from tests.chaos.held import MISSING, hold_violations, plant, settle_holds
from tests.chaos.traffic import Api, Client
from tests.chaos.truth import content_violations
from tests.chaos.watch import HistoryWatcher, MemoryWatcher, OutageWatcher
from tests.chaos.world import DOMAIN, CollectorSpec, World, make_world

Document = dict[str, Any]
T = TypeVar("T")
POLL_SECONDS = 0.2
LAST_COLLECT_SECONDS = 300.0
"""How long what is asked for after the faults may take, on a machine that runs three fleets."""
"""How long the last collect of all may take, s: seconds on a quiet machine, a minute on one that is busy."""

RETRIED = 5
"""So many jobs are retried when all has settled."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run goes; times in seconds.

    Attributes:
        every: a fault about so often.
        clients: threads of clients, each acting about every ``pause``.
        interval: of the shortest schedule.
        settle: how long after the last fault all may take to end.
        answers_holds: whether clients approve, discard and undo deletions.
    """

    seed: int
    seconds: float
    every: float = 2.5
    collectors: int = 10
    clients: int = 2
    pause: float = 0.5
    interval: int = 7
    settle: float = 180.0
    answers_holds: bool = True
    size: Size = field(default_factory=Size)


@dataclass
class Report:
    """What a run showed."""

    seed: int
    violations: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return it for people."""
        lines = [f"chaos, seed {self.seed}", *(f"  {name}: {value}" for name, value in self.facts.items())]
        lines += [f"violations: {len(self.violations)}", *(f"  {violation}" for violation in self.violations)]
        return "\n".join(lines)


class Run:
    """A run; use it once, from a thread that lives on."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.world: World = make_world(plan.seed, collectors=plan.collectors, interval=plan.interval)
        self.fleet = Fleet(self.world, plan.size, folder)
        self.report = Report(plan.seed)
        self._havoc = Havoc(self.fleet)
        self._outages = OutageWatcher(self.fleet)
        self._specs: dict[str, CollectorSpec] = {}
        self._clients: list[Client] = []
        self._missing: dict[str, int] = {}
        self._old_ended: datetime | None = None

    def run(self) -> Report:
        """Do it all, and stop everything whatever happens."""
        print(f"chaos: CHAOS_SEED={self.plan.seed} CHAOS_SECONDS={self.plan.seconds:g}", flush=True)
        history = memory = None
        try:
            self._timed("started after", self.fleet.start)
            history, memory = HistoryWatcher(self.fleet), MemoryWatcher(self.fleet)
            for watcher in (history, memory, self._outages):
                watcher.start()
            assert history.opened.wait(60), "no change stream"
            self._loose()
            self._settle_and_check(history, memory)
        finally:
            for client in self._clients:
                client.stop()
            for watcher in (history, memory, self._outages):
                if watcher is not None:
                    watcher.stop()
            left = self._timed("stopped after", self.fleet.stop)
            self.report.violations += [f"did not stop: {name}" for name in left]
        return self.report

    def _let_clients_in(self) -> None:
        api = Api(self.fleet.targets)
        ids = {spec.name: api.create(spec) for spec in self.world.collectors}
        api.close()
        self._specs = {ids[spec.name]: spec for spec in self.world.collectors}
        plan = self.plan
        self._clients = [
            Client(
                f"{plan.seed}/{number}",
                Api(self.fleet.targets, self.fleet.lacking),
                self.world,
                ids,
                plan.pause,
                answers_holds=plan.answers_holds,
            )
            for number in range(plan.clients)
        ]
        for client in self._clients:
            client.start()

    def _loose(self) -> None:
        self._let_clients_in()
        self._let_resources_go_missing()
        plan = self.plan
        self._havoc.run(plan_faults(plan.seed, plan.seconds, every=plan.every))
        for client in self._clients:
            client.stop()

    def _settle_and_check(self, history: HistoryWatcher, memory: MemoryWatcher) -> None:
        self._timed("healthy again after", self.fleet.await_health)
        deadline = time.monotonic() + self.plan.settle
        with self.fleet.client() as client:
            database = client[DATABASE]
            schedules, until = self._stop_schedules(database)
            self._outages.stop()
            self._timed(
                "settled after",
                lambda: self._await(lambda: self._jobs(database).open() == 0, deadline, "not all has ended"),
            )
            self._timed("collected once more after", lambda: self._collect_all(database))
            self._timed("retried after", lambda: self._retry_failed(database))
            self._timed("holds settled after", lambda: self._settle_holds(database))
            history.stop()
            memory.stop()
            self.report.violations += history.violations
            self._check(database, schedules, until)
        self._facts(history, memory)

    def _stop_schedules(self, database: Database[Document]) -> tuple[list[Document], datetime]:
        """Wait until every fire time so far was dealt with, note the schedules and what is explained as skipped, and
        delete them."""
        until = datetime.now(UTC)
        self._await(
            lambda: database["schedule"].count_documents({"next_fire_at": {"$lte": until}}) == 0,
            time.monotonic() + 120,
            "schedules stay due",
        )
        schedules = list(database["schedule"].find())
        api = Api(self.fleet.targets)
        for schedule in schedules:
            key = {name: schedule[name] for name in ("collector_id", "schedule_id")} | {"domain_id": DOMAIN}
            explained = api.until(
                operations_pb2_grpc.OperationsStub, "explain_schedule", operations_pb2.ExplainScheduleRequest(**key)
            )
            schedule["skips"] = [
                {"fire_at": datetime.fromisoformat(each.first), "last_at": datetime.fromisoformat(each.last)}
                for each in explained.skipped
            ]
            request = collector_pb2.DeleteScheduleRequest(**key)
            api.until(collector_pb2_grpc.CollectorStub, "delete_schedule", request)
        api.close()
        return schedules, until

    def _collect_all(self, database: Database[Document]) -> None:
        """Collect once more, undisturbed: everything works again, and finds all of it known."""
        api = Api(self.fleet.targets)
        wanted = {}
        for collector_id, spec in self._specs.items():
            request = collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN)
            job_id = api.until(collector_pb2_grpc.CollectorStub, "collect", request).job_id
            wanted[job_id] = "ERROR" if spec.leaks else "SUCCESS"
        self.report.violations += api.wrong
        api.close()
        query = {"job_id": {"$in": list(wanted)}}

        def statuses() -> dict[str, str]:
            return {job["job_id"]: job["status"] for job in database["job"].find(query)}

        deadline = time.monotonic() + LAST_COLLECT_SECONDS
        self._await(lambda: statuses() == wanted, deadline, lambda: f"the last collect: {statuses()}")

    def _retry_failed(self, database: Database[Document]) -> None:
        """Retry some of what failed and was not retried yet: killed workers and lost calls have left it whole."""
        retried = set(database["job"].distinct("retry_of"))
        failed = database["job"].find({"status": "ERROR", "collector_id": {"$in": list(self._specs)}})
        wanted = [job["job_id"] for job in failed if job["job_id"] not in retried and job["total_tasks"]][-RETRIED:]
        api = Api(self.fleet.targets)
        for job_id in wanted:
            request = job_operations_pb2.RetryRequest(job_id=job_id, domain_id=DOMAIN)
            api.until(job_operations_pb2_grpc.JobOperationsStub, "retry", request)
        self.report.violations += api.wrong
        api.close()
        self._await(
            lambda: self._jobs(database).open() == 0,
            time.monotonic() + LAST_COLLECT_SECONDS,
            "not all that was retried has ended",
        )

    def _settle_holds(self, database: Database[Document]) -> None:
        """Complete the approvals that were interrupted, as a client does that repeats its call, and the rest."""
        api = Api(self.fleet.targets)
        for hold in list(database["deletion"].find({"state": APPROVING})):
            request = deletion_pb2.DeletionRequest(domain_id=DOMAIN, deletion_id=hold["deletion_id"])
            api.until(deletion_pb2_grpc.DeletionStub, "approve", request)
        self.report.violations += api.wrong
        api.close()
        settle_holds(database)

    def _let_resources_go_missing(self) -> None:
        """Plant resources that no plugin sends; see :mod:`tests.chaos.held`."""
        with self.fleet.client() as client:
            self._missing = plant(client[DATABASE], self._specs)

    def _old_slices(self) -> set[str]:
        """Return the slices that processes of an earlier version have finished."""
        return set()

    def _jobs(self, database: Database[Document]) -> JobChecks:
        deleted = set().union(*(client.deleted for client in self._clients))
        brief = set().union(*(client.brief for client in self._clients))
        return JobChecks(database, self._specs, deleted=deleted, brief=brief)

    def _check(self, database: Database[Document], schedules: list[Document], until: datetime) -> None:
        jobs = self._jobs(database)
        answered = [job_id for client in self._clients for job_id in client.answered]
        faults = [(outage.begun, outage.begun) for outage in self._havoc.outages]
        fires = ScheduleChecks(database, schedules, until, [*faults, *self._outages.outages])
        report = self.report
        jobs.excuse(self._old_slices())
        report.violations += jobs.violations(answered)
        report.violations += resource_violations(database, self.world)
        report.violations += content_violations(
            database, self.world, self.fleet.truth, unnumbered_until=self._old_ended
        )
        report.violations += hold_violations(
            database, self._missing, dict(ChainMap(*(client.holds for client in self._clients)))
        )
        report.violations += fires.violations()
        report.violations += secret_violations(
            self.world, database, self.fleet.redis.url, self.fleet.folder, self.fleet.folder / "platform.yaml"
        )
        report.violations += [f"orphan: {each}" for each in self.fleet.orphans()]
        report.violations += [wrong for client in self._clients for wrong in client.api.wrong]
        report.facts |= {
            "jobs": dict(Counter(job["status"] for job in jobs.jobs.values())),
            "tasks": dict(Counter(task["status"] for task in jobs.tasks)),
            "most attempts of a slice": max((one["attempts"] for one in jobs.slices), default=0),
            "answered collects": len(answered),
            "retries": sum("retry_of" in job for job in jobs.jobs.values()),
            "deleted jobs, brief collectors": [sum(len(c.deleted) for c in self._clients), len(jobs._brief)],
            "resources": database["cloud_service"].count_documents({}),
            "changes told": database["record"].count_documents({"action": "UPDATE"}),
            "holds": dict(Counter(hold["state"] for hold in database["deletion"].find())),
            "missing resources": dict(
                Counter(each["state"] for each in database["cloud_service"].find({"reference.resource_id": MISSING}))
            ),
            "fire times": f"{fires.expected} expected, {fires.fired} fired, {fires.skipped} passed over",
        }

    def _facts(self, history: HistoryWatcher, memory: MemoryWatcher) -> None:
        logs = Logs(self.fleet.logs)
        self.report.violations += logs.violations
        for kind, largest in memory.largest.items():
            if kind != "plugin" and largest > RSS_LIMIT_BYTES:
                self.report.violations.append(f"a {kind} took {largest >> 20} MiB of memory")
        refused: Counter[str] = sum((client.api.refused for client in self._clients), Counter())
        done = self._havoc.done
        events = ("slice_lost", "slice_will_be_retried", "slice_handed_back", "slice_canceled", "task_refused")
        self.report.facts |= {
            "kills": sum(count for name, count in done.items() if name in KILLS),
            "faults": dict(sorted(done.items())),
            "claims": history.claims,
            "ends": dict(sorted(history.ends.items())),
            "logged": {name: logs.events[name] for name in events},
            "errors logged": dict(logs.errors.most_common(12)),
            "refused calls": dict(refused),
            "largest process, MiB": {kind: size >> 20 for kind, size in sorted(memory.largest.items())},
        }

    def _timed(self, what: str, action: Callable[[], T]) -> T:
        begun = time.monotonic()
        try:
            return action()
        finally:
            self.report.facts[what] = f"{time.monotonic() - begun:.1f} s"

    def _await(self, condition: Callable[[], bool], deadline: float, otherwise: str | Callable[[], str]) -> None:
        while True:
            self.fleet.tend()
            try:
                if condition():
                    return
            except PyMongoError as exc:
                print(f"chaos: MongoDB: {exc}", flush=True)
            if time.monotonic() >= deadline:
                self.report.violations.append(otherwise if isinstance(otherwise, str) else otherwise())
                return
            time.sleep(POLL_SECONDS)


def conclude(report: Report, folder: Path) -> int:
    """Print the report; return 1 where something was violated, and leave the logs then."""
    print(report.text())
    if report.violations:
        print(f"logs: {folder / 'logs'}")
    else:
        shutil.rmtree(folder)
    return 1 if report.violations else 0
