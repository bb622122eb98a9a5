"""Clients: they collect, look, cancel and make short-lived collectors, and note what was answered."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from google.protobuf.struct_pb2 import Struct

from inventory.stubs.inventory.operations.v1 import (
    deletion_pb2,
    deletion_pb2_grpc,
    job_operations_pb2,
    job_operations_pb2_grpc,
)
from inventory.stubs.spaceone.api.inventory.v1 import (
    cloud_service_pb2,
    cloud_service_pb2_grpc,
    collector_pb2,
    collector_pb2_grpc,
    job_pb2,
    job_pb2_grpc,
)
from tests.chaos.world import DOMAIN, PLAIN, VERSION, CollectorSpec, World

CALL_SECONDS = 10.0
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
"""What a client may see while servers, MongoDB and networks come and go; it tries again."""
RETRY_SECONDS = 0.3
State = deletion_pb2.DeletionInfo.State
ANSWERABLE = (State.HELD, State.APPROVING, State.APPROVED)
UNDONE = 0.3
"""So many of the approvals that were interrupted are undone; the others are completed."""
BRIEF = CollectorSpec(name="brief", slices=0, resources=20, accounts=1, pause_ms=20)


def struct(content: Mapping[str, Any]) -> Struct:
    """Return ``content`` as a Struct."""
    result = Struct()
    json_format.ParseDict(dict(content), result)
    return result


class Api:
    """Calls of one thread to any of the servers.

    Args:
        targets: of the servers.
        lacking: by target, methods that this server does not have.

    Attributes:
        refused: how often a call was answered with UNAVAILABLE or came too late, by method and status.
        wrong: answers that no client should get.
    """

    def __init__(self, targets: list[str], lacking: Mapping[str, frozenset[str]] = MappingProxyType({})) -> None:
        # A short back-off, so that a server that is back is found soon.
        options = [("grpc.max_reconnect_backoff_ms", 500), ("grpc.initial_reconnect_backoff_ms", 100)]
        self._lacks = [lacking.get(target, frozenset()) for target in targets]
        self._channels = [grpc.insecure_channel(target, options=options) for target in targets]
        self._turn = 0
        self.refused: Counter[str] = Counter()
        self.wrong: list[str] = []

    def close(self) -> None:
        """Close the connections."""
        for channel in self._channels:
            channel.close()

    def once(self, stub: Callable[[grpc.Channel], Any], method: str, request: Any) -> Any:
        """Call once, or return None where it was refused in a way that passes."""
        self._turn += 1
        channel = self._channels[self._turn % len(self._channels)]
        lacks = self._lacks[self._turn % len(self._channels)]
        try:
            return getattr(stub(channel), method)(request, timeout=CALL_SECONDS)
        except grpc.RpcError as exc:
            code = exc.code()
            if method == "delete" and str(exc.details()).startswith("ERROR_NOT_FOUND"):
                # An earlier try was carried out, and its answer got lost.
                return empty_pb2.Empty()
            if code is grpc.StatusCode.UNIMPLEMENTED and method in lacks:
                return None
            self.refused[f"{method} {code.name}"] += 1
            if code not in PASSING and not _is_right(exc.details()) and not _plugin_is_away(method, exc):
                self.wrong.append(f"{method}: {code.name} {exc.details()}")
            return None

    def until(self, stub: Callable[[grpc.Channel], Any], method: str, request: Any, *, seconds: float = 60) -> Any:
        """Call until it is answered. Raises ``AssertionError`` after ``seconds``."""
        deadline = time.monotonic() + seconds
        while (answer := self.once(stub, method, request)) is None:
            assert time.monotonic() < deadline, f"{method} was not answered within {seconds:g} s"
            time.sleep(RETRY_SECONDS)
        return answer

    def create(self, spec: CollectorSpec) -> str:
        """Make a collector with its schedule; return its id."""
        plugin = collector_pb2.PluginInfo(
            plugin_id=spec.plugin_id,
            version=VERSION,
            options=struct(spec.options),
            provider=spec.provider,
            upgrade_mode="MANUAL",
        )
        request = collector_pb2.CreateCollectorRequest(
            name=spec.name, plugin_info=plugin, priority=spec.priority, domain_id=DOMAIN
        )
        collector_id: str = self.until(collector_pb2_grpc.CollectorStub, "create", request).collector_id
        if spec.interval:
            schedule = collector_pb2.CreateScheduleRequest(
                collector_id=collector_id,
                name=spec.name,
                schedule=collector_pb2.Scheduled(interval=spec.interval),
                domain_id=DOMAIN,
            )
            self.until(collector_pb2_grpc.CollectorStub, "add_schedule", schedule)
        return collector_id

    def collect(self, collector_id: str) -> str:
        """Collect, trying once; return the job's id, or nothing."""
        request = collector_pb2.CollectRequest(collector_id=collector_id, domain_id=DOMAIN)
        answer = self.once(collector_pb2_grpc.CollectorStub, "collect", request)
        return answer.job_id if answer is not None else ""


def _is_right(details: str) -> bool:
    """Return whether a refusal is right.

    Somebody, or our own lost call, has deleted it or answered it otherwise, or it cannot be retried; or the threads for
    heavy calls are held by others that wait for MongoDB.
    """
    right = (
        "ERROR_NOT_FOUND",
        "ERROR_JOB_NOT_RETRYABLE",
        "(key = deletion_id, reason = the hold is ",
        "(limit = heavy calls, ",
    )
    return any(each in details for each in right)


def _plugin_is_away(method: str, exc: grpc.RpcError) -> bool:
    return method == "create" and "ERROR_VERIFY_PLUGIN_FAILURE" in exc.details()


class Client(threading.Thread):
    """One client, acting at random until told to stop.

    Attributes:
        answered: jobs that a server has promised.
        deleted: jobs that it has deleted, or tried to.
        brief: collectors that it made and deleted, or tried to.
        holds: the last state of holds that a server has told as decided, by id.
    """

    def __init__(
        self,
        seed: str,
        api: Api,
        world: World,
        collectors: Mapping[str, str],
        pause: float,
        *,
        answers_holds: bool = True,
    ) -> None:
        super().__init__(name=f"client-{seed}", daemon=True)
        self._chance = random.Random(seed)
        self.api = api
        self._ids = [collectors[spec.name] for spec in world.collectors]
        self._pause = pause
        self._stopped = threading.Event()
        self.answered: list[str] = []
        self.deleted: set[str] = set()
        self.brief: set[str] = set()
        self.holds: dict[str, str] = {}
        self._answers_holds = answers_holds

    def stop(self) -> None:
        """End after the call in hand."""
        self._stopped.set()
        self.join(CALL_SECONDS * 12)
        self.api.close()

    def run(self) -> None:
        """Act."""
        actions = {self._collect: 12, self._look: 4, self._retry: 3, self._delete_job: 1, self._brief: 1}
        if self._answers_holds:
            actions[self._answer_hold] = 2
        try:
            while not self._stopped.wait(self._chance.uniform(0, 2 * self._pause)):
                self._chance.choices(list(actions), list(actions.values()))[0]()
        except Exception as exc:
            self.api.wrong.append(f"a client gave up: {exc!r}")

    def _collect(self) -> None:
        job_id = self.api.collect(self._chance.choice(self._ids))
        if job_id:
            self.answered.append(job_id)

    def _look(self) -> None:
        jobs = job_pb2.JobsQuery(domain_id=DOMAIN, status="IN_PROGRESS")
        self.api.once(job_pb2_grpc.JobStub, "list", jobs)
        services = cloud_service_pb2.CloudServiceQuery(domain_id=DOMAIN, query={"count_only": True})
        self.api.once(cloud_service_pb2_grpc.CloudServiceStub, "list", services)

    def _retry(self) -> None:
        """Retry one of the last jobs; most of them run, or nothing failed in them."""
        if self.answered:
            job_id = self._chance.choice(self.answered[-10:])
            request = job_operations_pb2.RetryRequest(job_id=job_id, domain_id=DOMAIN)
            answer = self.api.once(job_operations_pb2_grpc.JobOperationsStub, "retry", request)
            if answer is not None:
                self.answered.append(answer.job.job_id)

    def _delete_job(self) -> None:
        if self.answered:
            job_id = self.answered[-1]
            self.deleted.add(job_id)
            self.api.once(job_pb2_grpc.JobStub, "delete", job_pb2.JobRequest(job_id=job_id, domain_id=DOMAIN))

    def _answer_hold(self) -> None:
        """Approve or discard a hold, go on with an approval that was interrupted, or undo one, whichever comes."""
        stub = deletion_pb2_grpc.DeletionStub
        found = self.api.once(stub, "list", deletion_pb2.DeletionQuery(domain_id=DOMAIN, states=ANSWERABLE))
        if found is None or not found.results:
            return
        hold = self._chance.choice(found.results)
        if hold.state == State.APPROVED or (hold.state == State.APPROVING and self._chance.random() < UNDONE):
            undo = deletion_pb2.UndoRequest(domain_id=DOMAIN, deletion_id=hold.deletion_id)
            self.api.once(stub, "undo", undo)
            return
        method = "approve" if hold.state == State.APPROVING else self._chance.choice(("approve", "discard"))
        request = deletion_pb2.DeletionRequest(domain_id=DOMAIN, deletion_id=hold.deletion_id)
        answered = self.api.once(stub, method, request)
        if answered is not None and answered.state in (State.APPROVED, State.DISCARDED):
            self.holds[hold.deletion_id] = State.Name(answered.state)

    def _brief(self) -> None:
        """Make a collector, collect, and delete it while it runs."""
        plugin = collector_pb2.PluginInfo(
            plugin_id=PLAIN,
            version=VERSION,
            options=struct(BRIEF.options),
            provider="provider-c00",
            upgrade_mode="MANUAL",
        )
        request = collector_pb2.CreateCollectorRequest(name=BRIEF.name, plugin_info=plugin, domain_id=DOMAIN)
        made = self.api.once(collector_pb2_grpc.CollectorStub, "create", request)
        if made is None:
            return
        self.brief.add(made.collector_id)
        self.api.collect(made.collector_id)
        self._stopped.wait(self._chance.uniform(0, 0.6))
        gone = collector_pb2.CollectorRequest(collector_id=made.collector_id, domain_id=DOMAIN)
        self.api.until(collector_pb2_grpc.CollectorStub, "delete", gone)
