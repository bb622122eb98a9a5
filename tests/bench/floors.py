"""The floor of the RPCs: bare grpcio handlers that do the one raw pymongo operation and return ready bytes.

``python -m tests.bench.floors PORT PROCESSES THREADS`` serves them with as many processes and threads as the service;
the database comes from the service's settings. Method ``/floor/<name>`` is one of :func:`handlers`.

The floor of a change is its raw inserts alone; ``<name>_whole`` also does what else the contract demands of any
implementation: ``add_schedule`` checks the collector and answers with it; so does ``collect``, which also sets its
``last_collected_at``.
"""

from __future__ import annotations

import copy
import itertools
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import grpc
import redis
from pymongo import MongoClient

from inventory.domain import ids
from inventory.process.stop_flag import StopFlag
from inventory.settings import Settings, load
from inventory.stubs.spaceone.api.inventory.plugin import collector_pb2
from tests.bench.documents import collector_id, collector_message, collectors

Document = dict[str, Any]
Handler = Callable[[bytes], bytes]

READ_DOMAIN = "domain-read"
WRITE_DOMAIN = "domain-write"
STORED = 1_000
WRITTEN = 200
"""Collectors of which every other one, those with the plugin that runs, gets schedules and collects."""
PAGE = 100
KEYWORD = "tor-01"
"""Is in the names of a hundred of the collectors."""
SORT = [("name", 1), ("collector_id", 1)]
INIT = "/spaceone.api.inventory.plugin.Collector/init"


def keyword_filter() -> Document:
    """Return the condition that the keyword is to MongoDB."""
    pattern = {"$regex": KEYWORD, "$options": "i"}
    return {"$or": [{"collector_id": pattern}, {"name": pattern}, {"provider": pattern}]}


def handlers(settings: Settings, plugin: str) -> dict[str, Handler]:
    """Return the floors by name.

    Args:
        settings: where the stores are.
        plugin: host:port of the collector plugin, which ``create`` calls, too.
    """
    client: MongoClient[Document] = MongoClient(settings.mongo_uri.get_secret_value(), tz_aware=True)
    database = client[settings.mongo_database]
    collection = database["collector"]
    queue = redis.Redis.from_url(settings.redis_url.get_secret_value())
    init: grpc.UnaryUnaryMultiCallable[bytes, bytes] = grpc.insecure_channel(plugin).unary_unary(INIT)
    init_request = collector_pb2.InitRequest()
    init_request.options.SetInParent()
    init_bytes = init_request.SerializeToString()
    pattern = collectors(WRITE_DOMAIN, 1)[0]
    one = collector_message(pattern)
    hundred = b"".join(_delimited(one) for _ in range(PAGE))
    turn = itertools.cycle(range(1, WRITTEN, 2))
    few = b"".join(_delimited(one[:200]) for _ in range(PAGE))

    def find(condition: Document, projection: Document | None, answer: bytes) -> bytes:
        list(collection.find({"domain_id": READ_DOMAIN, **condition}, projection).sort(SORT).limit(PAGE))
        return answer

    def get(data: bytes) -> bytes:
        collection.find_one({"domain_id": READ_DOMAIN, "collector_id": data.decode()})
        return one

    def stat(_data: bytes) -> bytes:
        group = {"$group": {"_id": {"plugin_id": "$plugin_info.plugin_id"}, "count": {"$sum": 1}}}
        list(collection.aggregate([{"$match": {"domain_id": READ_DOMAIN}}, group]))
        return one[:300]

    def create(_data: bytes) -> bytes:
        init(init_bytes)
        collection.insert_one(_fresh(pattern, "collector_id", ids.COLLECTOR))
        return one

    def add_schedule(_data: bytes) -> bytes:
        database["schedule"].insert_one(_fresh(SCHEDULE, "schedule_id", ids.SCHEDULE))
        return one[:300]

    def collect(_data: bytes) -> bytes:
        job = _fresh(JOB, "job_id", ids.JOB)
        database["job"].insert_one(job)
        task = {**_fresh(TASK, "job_task_id", ids.JOB_TASK), "job_id": job["job_id"]}
        database["job_task"].insert_one(task)
        slice_id = ids.new_id("slice")
        database["job_slice_floor"].insert_one({**TASK, "slice_id": slice_id, "job_task_id": task["job_task_id"]})
        queue.rpush("bench-floor", slice_id)
        return one[:300]

    def read(number: int) -> None:
        collection.find_one({"domain_id": WRITE_DOMAIN, "collector_id": collector_id(number)})

    def add_schedule_whole(data: bytes) -> bytes:
        read(next(turn))
        return add_schedule(data)

    def collect_whole(data: bytes) -> bytes:
        number = next(turn)
        read(number)
        answer = collect(data)
        mine = {"domain_id": WRITE_DOMAIN, "collector_id": collector_id(number)}
        collection.update_one(mine, {"$max": {"last_collected_at": datetime.now(UTC)}})
        return answer

    return {
        "noop": lambda _data: b"",
        "get": get,
        "list_100": lambda _data: find({}, None, hundred),
        "list_minimal": lambda _data: find({}, dict.fromkeys(MINIMAL, 1), few),
        "list_keyword": lambda _data: find(keyword_filter(), None, hundred),
        "stat": stat,
        "create": create,
        "add_schedule": add_schedule,
        "collect": collect,
        "add_schedule_whole": add_schedule_whole,
        "collect_whole": collect_whole,
    }


NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SCHEDULE: Document = {
    "domain_id": WRITE_DOMAIN,
    "collector_id": collector_id(0),
    "name": "hourly",
    "collect_mode": "ALL",
    "filter": {},
    "priority": 10,
    "schedule": {"hours": [1, 13]},
    "created_at": NOW,
    "anchor_at": NOW,
    "next_fire_at": datetime(2036, 1, 5, 13, tzinfo=UTC),
}
JOB: Document = {
    "domain_id": WRITE_DOMAIN,
    "collector_id": collector_id(0),
    "status": "IN_PROGRESS",
    "filter": {},
    "total_tasks": 1,
    "remained_tasks": 1,
    "plugin_id": "plugin-bench",
    "errors": [],
    "created_at": NOW,
    "updated_at": NOW,
}
TASK: Document = {
    "domain_id": WRITE_DOMAIN,
    "collector_id": collector_id(0),
    "secret_id": "secret-one",
    "provider": "aws",
    "status": "PENDING",
    "errors": [],
    "options": {},
    "created_at": NOW,
}
MINIMAL = (
    "collector_id",
    "name",
    "state",
    "provider",
    "capability",
    "plugin_info.plugin_id",
    "plugin_info.version",
    "is_public",
    "project_id",
)


def _fresh(pattern: Document, id_field: str, prefix: str) -> Document:
    document = copy.copy(pattern)
    document.pop("_id", None)
    document[id_field] = ids.new_id(prefix)
    return document


def _delimited(data: bytes) -> bytes:
    size, head = len(data), bytearray(b"\x0a")
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + data


class _Floors(grpc.GenericRpcHandler):
    def __init__(self, by_name: dict[str, Handler]) -> None:
        self._by_path = {f"/floor/{name}": _handler(handle) for name, handle in by_name.items()}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        return self._by_path.get(details.method)


def _handler(handle: Handler) -> grpc.RpcMethodHandler[bytes, bytes]:
    return grpc.unary_unary_rpc_method_handler(lambda data, _context: handle(data))


def serve(port: int, threads: int, plugin: str) -> None:
    """Serve in this process until SIGTERM."""
    stop = StopFlag()
    stop.set_by_signals()
    server = grpc.server(ThreadPoolExecutor(threads), options=[("grpc.so_reuseport", 1)])
    server.add_generic_rpc_handlers((_Floors(handlers(load(), plugin)),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    stop.wait()
    server.stop(0).wait(5)


def main() -> None:
    """Serve in several processes until SIGTERM."""
    port, processes, threads = (int(argument) for argument in sys.argv[1:4])
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=serve, args=(port, threads, sys.argv[4]), daemon=True) for _ in range(processes)]
    stop = StopFlag()
    stop.set_by_signals()
    for process in started:
        process.start()
    stop.wait()
    for process in started:
        process.terminate()


if __name__ == "__main__":
    main()
