"""An upgrade under load: old processes, old and new ones side by side, new ones; and the checks of the chaos."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pymongo.database import Database

from inventory.migration.catalog import INDEXES_OF_TIMES, SUPERSEDED_INDEXES
from tests.chaos.checks import OLD, Logs
from tests.chaos.fleet import DATABASE, START_SECONDS, Size
from tests.chaos.run import Document, Plan, Report, Run
from tests.old_version import PARENT, unpack

STOP_EVERY_SECONDS = 2.0
HOUSEKEEPING_SECONDS = 5
SETTINGS = {"SLICES_PER_COLLECTOR": 3, "SLICES_PER_ENDPOINT": 9, "HOUSEKEEPING_SECONDS": HOUSEKEEPING_SECONDS}
SIZE = Size(servers=2, workers=2, schedulers=2, settings=SETTINGS)
OLD_LACKS = frozenset({"retry"})
"""Methods that 0.1 does not have."""
_TICK_SECONDS = 0.1


class UpgradeRun(Run):
    """A run without faults, whose processes are replaced by those of another version one by one.

    What 0.1 does not promise is not asked of it: a retry, a revision of history records, a resource that is stored
    however many change it, and holds; so resources go missing when the last old process has ended.
    """

    def __init__(self, plan: Plan, folder: Path, *, old: Path) -> None:
        super().__init__(plan, folder)
        fleet = self.fleet
        self._old = [service for service in fleet.services if service.kind != "plugin"]
        for service in self._old:
            service.name = f"{OLD}{service.name}"
            service.env = dict(service.env) | {"PYTHONPATH": str(old)}
        old_targets = list(fleet.targets)
        fleet.lacking = dict.fromkeys(old_targets, OLD_LACKS)
        self._new = fleet._services(replace(plan.size, endpoints=_endpoints(fleet.ports)))
        self._new_targets = fleet.targets[len(old_targets) :]
        for service in self._new:
            service.name = f"new-{service.name}"

    def _loose(self) -> None:
        self._let_clients_in()
        fleet, seconds = self.fleet, self.plan.seconds
        self._go_on(seconds)
        for service in self._new:
            service.start()
        fleet.services += self._new
        self._timed("new processes ready after", lambda: fleet.await_health(START_SECONDS))
        self._go_on(seconds)
        self._a_late_old_one()
        for service in self._old:
            service.end()
            fleet.services.remove(service)
            self._go_on(STOP_EVERY_SECONDS)
        self._old_ended = datetime.now(UTC)
        self._let_resources_go_missing()
        self._go_on(seconds)
        for client in self._clients:
            client.stop()
        fleet.targets[:] = self._new_targets
        with fleet.client() as client:
            self.report.facts["migrations"] = [
                (one["_id"], one["attempts"], one["owner"].split(":")[1])
                for one in client[DATABASE]["migration"].find()
            ]
        self._look_at_refusals()

    def _a_late_old_one(self) -> None:
        """Start an old worker again, as an orchestrator does that moves it, on a database that is migrated."""
        late = next(service for service in self._old if service.kind == "worker")
        late.end()
        late.start()
        self.fleet.await_health(START_SECONDS)

    def _go_on(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for service in self.fleet.services:
                if service.process is not None and not service.is_running():
                    self.report.violations.append(f"{service.name} has died, see {service.log_path}")
            self.fleet.tend()
            time.sleep(_TICK_SECONDS)

    def _check(self, database: Database[Document], schedules: list[Document], until: datetime) -> None:
        super()._check(database, schedules, until)
        self._await(
            lambda: not _superseded(database),
            time.monotonic() + 6 * HOUSEKEEPING_SECONDS,
            lambda: f"indexes that an old process has built again stay: {_superseded(database)}",
        )

    def _old_slices(self) -> set[str]:
        finished = Logs(self.fleet.logs).finished
        return {slice_id for slice_id, names in finished.items() if all(name.startswith(OLD) for name in names)}

    def _look_at_refusals(self) -> None:
        for client in self._clients:
            self.report.violations += [
                f"{what}: {count} times, where only UNAVAILABLE passes"
                for what, count in client.api.refused.items()
                if not what.endswith(("UNAVAILABLE", "INVALID_ARGUMENT"))
            ]


def _superseded(database: Database[Document]) -> list[str]:
    """Return the indexes that the migrations drop, of those that exist."""
    return [
        f"{collection}.{name}"
        for names in (SUPERSEDED_INDEXES, INDEXES_OF_TIMES)
        for collection, superseded in names.items()
        for name in superseded
        if name in database[collection].index_information()
    ]


def _endpoints(ports: Mapping[str, int]) -> dict[str, str]:
    return {plugin_id: f"grpc://127.0.0.1:{port}" for plugin_id, port in ports.items()}


def run_upgrade(folder: Path, *, seed: int, phase_seconds: float, commit: str = PARENT) -> Report:
    """Upgrade from ``commit``.

    Args:
        folder: for the old code, logs and the platform file.
        seed: of clients and collectors.
        phase_seconds: how long old ones, both, and new ones run under load, each, s.
        commit: whose code the old processes run.
    """
    old = unpack(folder / "old", commit)
    asked = [sys.executable, "-c", "import inventory; print(inventory.__file__)"]
    told = subprocess.run(asked, env=os.environ | {"PYTHONPATH": str(old)}, capture_output=True, text=True, check=True)
    assert Path(told.stdout.strip()).is_relative_to(old), f"the old processes would run {told.stdout.strip()}"
    plan = Plan(
        seed=seed,
        seconds=phase_seconds,
        collectors=9,
        clients=3,
        interval=5,
        pause=0.5,
        answers_holds=False,
        size=SIZE,
    )
    return UpgradeRun(plan, folder, old=old).run()
