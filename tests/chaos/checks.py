"""What must be true once everything has settled. Each check returns what is not, in words."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from bson import json_util
from pymongo.database import Database

from tests.chaos.held import PREFIX
from tests.chaos.traffic import BRIEF
from tests.chaos.watch import ENDED
from tests.chaos.world import PASSED_OVER, CollectorSpec, World, shared_ids

Document = dict[str, Any]
DUPLICATE = "ERROR_DUPLICATE_JOB"
RSS_LIMIT_BYTES = 400 * 1024 * 1024
OUTAGE_SECONDS = 25.0
"""So long after a fault a schedule may still be late: restart, replay of a log, election."""
SHOWN = 8
OLD_CONTENDED = "others kept changing it at the same time"
"""In the error of 0.1 for a resource that it has not stored after some tries. The next collect stores it."""
OLD = "old-"
"""How the names of processes of 0.1 begin, in an upgrade."""
OLD_PAGE_ERROR = "Exception occurred during processing of request from"
"""What a health page of 0.1 writes before the traceback, should who asked have gone away meanwhile."""
NEVER_LOGGED = ("Traceback (most recent call last)", "Cannot use MongoClient after close")
"""Raw, from an exception that nobody caught; and from work that went on while its process was closing."""


class JobChecks:
    """Jobs, tasks and slices.

    Args:
        database: of the run.
        specs: the collectors by collector_id; brief ones are not among them.
        deleted: jobs that a client deleted, or tried to.
        brief: collectors that a client deleted, or tried to.
    """

    def __init__(
        self,
        database: Database[Document],
        specs: Mapping[str, CollectorSpec],
        *,
        deleted: set[str],
        brief: set[str],
    ) -> None:
        self.jobs = {job["job_id"]: job for job in database["job"].find()}
        self.tasks = list(database["job_task"].find())
        self.slices = list(database["slice"].find())
        self._specs = specs
        self._deleted = deleted
        self._brief = brief
        self._contended: Counter[str] = Counter()
        self._of_job: dict[str, list[Document]] = defaultdict(list)
        for task in self.tasks:
            self._of_job[task["job_id"]].append(task)

    def open(self) -> int:
        """Return how many documents have not ended."""
        return sum(one["status"] not in ENDED for one in (*self.jobs.values(), *self.tasks, *self.slices))

    def excuse(self, old_slices: Collection[str]) -> None:
        """Expect the failures of resources that 0.1 gives up, should others change them again and again meanwhile.

        Args:
            old_slices: the slices that processes of 0.1 have finished.
        """
        for one in self.slices:
            if one["slice_id"] in old_slices:
                given_up = sum(OLD_CONTENDED in error["message"] for error in one["errors"])
                self._contended[one["job_task_id"]] += given_up

    def violations(self, answered: Iterable[str]) -> Iterator[str]:
        """Yield what is wrong."""
        for job_id in answered:
            if job_id not in self.jobs and job_id not in self._deleted:
                yield f"{job_id} was promised to a client and is gone"
        for job in self.jobs.values():
            yield from self._job(job, self._of_job[job["job_id"]])
        for task in self.tasks:
            yield from self._task(task)
        yield from self._parts()
        yield from self._retries()

    def _job(self, job: Document, tasks: Sequence[Document]) -> Iterator[str]:
        name, status = job["job_id"], job["status"]
        if status not in ENDED or not job.get("finished_at"):
            yield f"{name} has not ended: {status}"
            return
        if job["remained_tasks"] != 0:
            yield f"{name} is {status} with remained_tasks {job['remained_tasks']}"
        if name in self._deleted or job["collector_id"] in self._brief or job.get("retry_of") in self._deleted:
            return
        if job["total_tasks"] != len(tasks):
            yield f"{name} has {len(tasks)} tasks, not {job['total_tasks']}"
        if job.get("errors"):
            yield f"{name} carries an error: {job['errors'][0].get('error_code')} {job['errors'][0].get('message')}"
        bad = any(task["status"] != "SUCCESS" for task in tasks)
        if status != ("ERROR" if bad else "SUCCESS"):
            yield f"{name} is {status} with tasks {Counter(task['status'] for task in tasks)}"
        spec = self._specs.get(job["collector_id"])
        if spec and len(tasks) != spec.accounts and not job.get("retry_of"):
            yield f"{name} has {len(tasks)} tasks for {spec.accounts} secrets"

    def _task(self, task: Document) -> Iterator[str]:
        name, status = task["job_task_id"], task["status"]
        counted = sum(task[f"{part}_count"] for part in ("created", "updated", "failure", "uncounted"))
        if task["total_count"] != counted:
            yield f"{name}: total {task['total_count']} is not the sum {counted}"
        if status not in ENDED:
            yield f"{name} has not ended: {status}"
        if task["job_id"] in self._deleted or task["collector_id"] in self._brief:
            return
        spec = self._specs[task["collector_id"]]
        codes = {error["error_code"] for error in task["errors"]}
        if status == "CANCELED":
            if codes != {DUPLICATE}:
                yield f"{name} was canceled for no reason: {codes}"
            return
        failures = int(spec.leaks) + self._contended[name]
        if status != ("FAILURE" if failures else "SUCCESS"):
            yield f"{name} of {spec.name} is {status}: {task['errors'][:2]}"
        elif task["total_count"] != spec.task_total:
            yield f"{name} of {spec.name} counts {task['total_count']}, not {spec.task_total}"
        elif task["uncounted_count"] != PASSED_OVER * spec.streams or task["failure_count"] != failures:
            yield f"{name} of {spec.name} counts uncounted {task['uncounted_count']}, failure {task['failure_count']}"

    def _retries(self) -> Iterator[str]:
        """A job has one retry at most, which has a task for each of its secrets that failed, and no other."""
        retries = [job for job in self.jobs.values() if job.get("retry_of")]
        for source, count in Counter(job["retry_of"] for job in retries).items():
            if count > 1:
                yield f"{source} has {count} retries"
        for job in retries:
            if {job["job_id"], job["retry_of"]} & self._deleted or job["collector_id"] in self._brief:
                continue
            failed = {task["secret_id"] for task in self._of_job[job["retry_of"]] if task["status"] != "SUCCESS"}
            retried = {task["secret_id"] for task in self._of_job[job["job_id"]]}
            if retried != failed:
                yield f"{job['job_id']} retries {sorted(retried)}, but {sorted(failed)} failed in {job['retry_of']}"

    def _parts(self) -> Iterator[str]:
        tasks = {task["job_task_id"]: task for task in self.tasks}
        for task in self.tasks:
            if task["job_id"] not in self.jobs:
                yield f"{task['job_task_id']} belongs to no job"
        for one in self.slices:
            if one["job_task_id"] not in tasks:
                yield f"{one['slice_id']} belongs to no task"
            if one["status"] not in ENDED or one["held"]:
                yield f"{one['slice_id']} has not ended: {one['status']}"
            if "collector_slot" in one or "endpoint_slot" in one:
                yield f"{one['slice_id']} has ended and occupies a place"


def resource_violations(database: Database[Document], world: World) -> Iterator[str]:
    """Every resource of the world is there once, and nothing else but those of brief collectors."""
    seen: Counter[str] = Counter()
    for one in database["cloud_service"].find({}, {"reference.resource_id": 1, "state": 1}):
        if one["reference"]["resource_id"].startswith(PREFIX):
            continue  # see hold_violations
        seen[one["reference"]["resource_id"]] += 1
        if one["state"] != "ACTIVE":
            yield f"{one['reference']['resource_id']} is {one['state']}"
    expected = world.resource_ids()
    doubled = [name for name, count in seen.items() if count > 1]
    missing = expected - set(seen)
    strange = [name for name in seen.keys() - expected if not name.startswith(f"{BRIEF.name}/")]
    for what, names in (("are doubled", doubled), ("are missing", missing), ("were never sent", strange)):
        if names:
            yield f"{len(names)} resources {what}: {sorted(names)[:SHOWN]}"
    created = Counter(record["cloud_service_id"] for record in database["record"].find({"action": "CREATE"}))
    twice = [name for name, count in created.items() if count > 1]
    if twice:
        yield f"{len(twice)} resources have more than one CREATE record"
    for name in ("cloud_service_type", "region"):
        count = database[name].count_documents({})
        if count != 1:
            yield f"{name} holds {count} documents, not 1"
    assert len(shared_ids()) <= len(seen)


class ScheduleChecks:
    """Fire times against jobs.

    Args:
        schedules: as they were stored when the chaos was over, every fire time before ``until`` dealt with.
        until: fire times up to it are looked at.
        outages: begin and end of what excuses a fire time that was passed over, epoch seconds.
    """

    def __init__(
        self,
        database: Database[Document],
        schedules: Sequence[Document],
        until: datetime,
        outages: Sequence[tuple[float, float]],
    ) -> None:
        self._schedules = schedules
        self._until = until
        self._outages = outages
        self._fired: dict[str, list[datetime]] = defaultdict(list)
        for job in database["job"].find({"schedule_id": {"$type": "string"}}, {"schedule_id": 1, "fire_at": 1}):
            self._fired[job["schedule_id"]].append(job["fire_at"])
        self.expected = self.fired = self.skipped = 0

    def violations(self) -> Iterator[str]:
        """Yield what is wrong."""
        for schedule in self._schedules:
            yield from self._schedule(schedule)

    def _schedule(self, schedule: Document) -> Iterator[str]:
        name, fired = schedule["schedule_id"], Counter(self._fired[schedule["schedule_id"]])
        for moment, count in fired.items():
            if count > 1:
                yield f"{name} fired {count} times at {moment}"
        expected = set(self._times(schedule))
        strange = {moment for moment in fired if moment <= self._until} - expected
        if strange:
            yield f"{name} fired at {sorted(strange)[:SHOWN]}, which are none of its times"
        for moment in sorted(expected):
            self.expected += 1
            skipped = any(skip["fire_at"] <= moment <= skip["last_at"] for skip in schedule.get("skips") or ())
            if moment in fired:
                self.fired += 1
                if skipped:
                    yield f"{name} fired at {moment} and says that it did not"
            elif not skipped:
                yield f"{name} did not fire at {moment}"
            else:
                self.skipped += 1
                if not self._excused(moment):
                    yield f"{name} passed {moment} over though schedulers ran"

    def _times(self, schedule: Document) -> Iterator[datetime]:
        step = timedelta(seconds=schedule["schedule"]["interval"])
        moment = schedule["anchor_at"] + step
        while moment <= self._until:
            yield moment
            moment += step

    def _excused(self, moment: datetime) -> bool:
        at = moment.timestamp()
        return any(begun - 1 <= at <= ended + OUTAGE_SECONDS for begun, ended in self._outages)


def secret_violations(
    world: World, database: Database[Document], redis_url: str, folder: Path, platform: Path
) -> Iterator[str]:
    """No planted value in any document, key or log line, nor in what Redis wrote to its files."""
    planted = [value.encode() for value in world.planted_values()]
    for name in database.list_collection_names():
        for document in database[name].find():
            if any(value in json_util.dumps(document).encode() for value in planted):
                yield f"a secret lies in {name}: {document.get('_id')}"
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter():
            if any(value in client.dump(key) + key for value in planted):
                yield f"a secret lies in Redis: {key!r}"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != platform:
            content = path.read_bytes()
            if any(value in content for value in planted):
                yield f"a secret lies in {path.relative_to(folder)}"


class Logs:
    """What the processes logged.

    Attributes:
        events: how often each event was logged.
        violations: slices that two have ended, and errors that nobody should see.
        finished: by slice, the files of the processes that have finished it.
    """

    def __init__(self, folder: Path) -> None:
        self.events: Counter[str] = Counter()
        self.violations: list[str] = []
        self.errors: Counter[str] = Counter()
        self.finished: dict[str, list[str]] = defaultdict(list)
        for path in sorted(folder.glob("*.log")):
            if path.name.startswith(("mongod", "redis", "plugin")):
                continue
            before = ""
            for line in path.read_text(errors="replace").splitlines():
                if not (path.name.startswith(OLD) and before.startswith(OLD_PAGE_ERROR)):
                    self._read(path.name, line)
                before = line
        for error, count in self.errors.items():
            if any(words in error for words in NEVER_LOGGED):
                self.violations.append(f"logged {count} times: {error}")
        for slice_id, names in self.finished.items():
            if len(names) > 1:
                self.violations.append(f"{slice_id} was finished {len(names)} times")

    def _read(self, name: str, line: str) -> None:
        try:
            entry = json.loads(line)
            event = entry["event"]
        except (ValueError, KeyError, TypeError):
            self.errors[f"{name.split('-')[0].split('.')[0]} raw: {line[:140]}"] += 1
            return
        self.events[event] += 1
        if event == "slice_finished":
            self.finished[entry["slice_id"]].append(name)
        if entry.get("level") in ("error", "critical") or "exception" in entry:
            last = entry.get("exception", "").strip().splitlines()[-1:]
            self.errors[f"{entry.get('process')} {event[:120]} {' '.join(last)[:160]}"] += 1
