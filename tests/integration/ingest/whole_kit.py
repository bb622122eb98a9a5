"""The whole way of a collect without a process in between: the real container, a fake plugin, a clock moved by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from pymongo.database import Database

from inventory.bootstrap import Container
from inventory.domain.principal import Principal
from inventory.service.job.collect import CollectRequest
from inventory.settings import Settings
from tests.manual_clock import ManualClock

Document = dict[str, Any]

DOMAIN = "domain-1"
USER = Principal(domain_id=DOMAIN, user_id="user-1")
SECRETS = ("secret-1", "secret-2")
GARBAGE = {"supported_features": ["garbage_collection"]}
_COUNTS = ("created", "updated", "deleted", "disconnected", "failure")


class RecordingQueue:
    """A queue that keeps what it is enqueued for until :meth:`Whole.work` takes it."""

    def __init__(self) -> None:
        self.enqueued: list[str] = []
        self.dry_runs: list[str] = []

    def dry_run(self, dry_run_id: str, *, domain_id: str, priority: int) -> None:
        self.dry_runs.append(dry_run_id)

    def run_slices(self, slice_ids: Sequence[str], *, domain_id: str, priority: int) -> None:
        self.enqueued.extend(slice_ids)

    def plan_job(self, job_id: str, *, domain_id: str, priority: int) -> None:
        raise AssertionError("nobody schedules here")

    def close(self) -> None:
        """Nothing to close."""


class Whole:
    """A service over one database.

    Args:
        database, clock: what it works with.
        endpoint: where the plugin listens.
        folder: for the platform file.
        settings: further settings.
    """

    def __init__(
        self, database: Database[Document], clock: ManualClock, endpoint: str, folder: Path, **settings: Any
    ) -> None:
        file = folder / "platform.yaml"
        file.write_text(yaml.safe_dump(_platform(endpoint)), encoding="utf-8")
        file.chmod(0o600)
        self.database = database
        self.clock = clock
        self.queue = RecordingQueue()
        self.container = Container(
            Settings(platform="static", static_file=file, batch_seconds=0.05, max_attempts=1, **settings), clock=clock
        )
        vars(self.container).update(database=database, queue=self.queue)

    def collector(self, **plugin_info: Any) -> str:
        """Return the id of a new collector of both secrets."""
        info = {"plugin_id": "plugin-1", "version": "1.0", "provider": "test", "upgrade_mode": "MANUAL", **plugin_info}
        made = self.container.collector_service.create(USER, {"name": "mine", "plugin_info": info})
        found: str = made["collector_id"]
        return found

    def collect(self, collector_id: str, *, threads: int = 1, **request: Any) -> list[Document]:
        """Run a whole job, check what every job must be in the end, and return its tasks by secret."""
        job = self.container.collect.collect(USER, CollectRequest(collector_id, **request))
        self.work(threads)
        tasks = list(self.database["job_task"].find({"job_id": job["job_id"]}).sort("secret_id", 1))
        ended = self.container.jobs.get(DOMAIN, job["job_id"])
        failed = any(task["status"] == "FAILURE" for task in tasks)
        assert (ended["status"], ended["remained_tasks"]) == ("ERROR" if failed else "SUCCESS", 0)
        for task in tasks:
            parts = ("created_count", "updated_count", "failure_count", "uncounted_count")
            assert task["total_count"] == sum(task[part] for part in parts)
        return tasks

    def work(self, threads: int = 1) -> None:
        """Do what workers do until the queue is silent; ``threads`` slices at a time."""
        with ThreadPoolExecutor(threads) as pool:
            while self.queue.enqueued:
                enqueued, self.queue.enqueued = self.queue.enqueued, []
                list(pool.map(lambda slice_id: self.container.run_slice.run(DOMAIN, slice_id), enqueued))

    def listed(self, **query: Any) -> list[str]:
        """Return the resource ids that ``CloudService.list`` finds."""
        page = self.container.cloud_service_service.list(USER, query, {})
        return sorted(self.service(found["cloud_service_id"])["reference"]["resource_id"] for found in page.results)

    def service(self, cloud_service_id: str) -> Document:
        """Return a CloudService as it is stored."""
        found = self.database["cloud_service"].find_one({"cloud_service_id": cloud_service_id})
        assert found is not None
        return found

    def named(self, resource_id: str) -> Document:
        """Return the newest CloudService with this resource id as it is stored."""
        found = self.database["cloud_service"].find_one({"reference.resource_id": resource_id}, sort=[("_id", -1)])
        assert found is not None
        return found


def counts(task: Mapping[str, Any]) -> Document:
    """Return what a task counted, without the zeros."""
    return {name: task[f"{name}_count"] for name in _COUNTS if task[f"{name}_count"]}


def _platform(endpoint: str) -> Document:
    return {
        "plugins": [{"plugin_id": "plugin-1", "provider": "test", "versions": {"1.0": endpoint}}],
        "secrets": [
            {
                "secret_id": name,
                "provider": "test",
                "project_id": f"project-of-{name}",
                "data": {"account": name, "password": f"very-{name}-value"},
            }
            for name in SECRETS
        ],
        "projects": [
            *({"project_id": f"project-of-{name}"} for name in SECRETS),
            {"project_id": "project-sent"},
            {"project_id": "project-managed"},
            {"project_id": "project-custom"},
            {"project_id": "project-tagged", "tags": {"account": "account-1"}},
            {"project_id": "project-account"},
        ],
        "service_accounts": [
            {
                "service_account_id": "sa-general",
                "project_id": "project-account",
                "provider": "test",
                "data": {"account_id": "account-1"},
            },
            {
                "service_account_id": "sa-trusted",
                "project_id": "project-sent",
                "service_account_type": "TRUSTED",
                "provider": "test",
                "data": {"account_id": "account-1"},
            },
        ],
    }
