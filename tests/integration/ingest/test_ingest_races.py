"""Tasks that stream at the same moment, and streams that outlast their welcome."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from inventory.domain.clock import SystemClock
from inventory.errors import CollectorCollectingError
from inventory.ingest.context import IngestLimits
from inventory.ingest.pipeline import Ingest
from inventory.ingest.stores import IngestStores
from tests.integration.ingest.ingest_tools import CONTEXT, FakeIdentity, ingest, services
from tests.integration.ingest.test_ingest_mutations import assert_history_tells_the_present, assert_no_doubles
from tests.streams.build import message, region, service, service_type


def test_parallel_tasks_end_in_one_document_per_resource(database):
    stream = [service_type(), region(), *(service(number) for number in range(120))]
    barrier = threading.Barrier(4)

    def run(number):
        barrier.wait(timeout=10)
        return ingest(
            database,
            SystemClock(),
            stream,
            limits=IngestLimits(batch_count=25),
            secret_id=f"secret-{number}",
            job_task_id=f"job_task-{number}",
            slice_id=f"slice-{number}",
        )

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(4)))

    assert [result.counts.failure for result in results] == [0] * 4
    assert sum(result.counts.created for result in results) == 120
    assert sum(result.counts.updated for result in results) == 3 * 120
    assert len(services(database)) == 120
    assert database["record"].count_documents({}) == 120
    assert database["collection_state"].count_documents({}) == 480
    assert_no_doubles(database)
    assert_history_tells_the_present(database)


def test_parallel_changes_lose_no_data_and_no_record(database):
    ingest(database, SystemClock(), [service(number, data={}) for number in range(40)])
    barrier = threading.Barrier(3)

    def run(writer):
        barrier.wait(timeout=10)
        context = {"collector_id": f"collector-{writer}", "slice_id": f"slice-{writer}", "project_id": ""}
        stream = [service(number, data={f"by_{writer}": writer}) for number in range(40)]
        return ingest(database, SystemClock(), stream, limits=IngestLimits(batch_count=10), **context)

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(run, range(3)))

    assert [result.counts.updated for result in results] == [40] * 3
    assert all(doc["data"] == {"by_0": 0, "by_1": 1, "by_2": 2} for doc in services(database))
    assert all(doc["revision"] == 4 for doc in services(database))
    assert database["record"].count_documents({"action": "UPDATE"}) == 120
    keys = [record["diff"][0]["key"] for record in database["record"].find({"action": "UPDATE"})]
    assert sorted(keys) == sorted(f"data.by_{writer}" for writer in range(3) for _ in range(40))


def test_what_very_many_streams_change_at_once_is_changed_by_all_of_them(database):
    ingest(database, SystemClock(), [service(0, data={})])
    streams, changes = 12, 8
    barrier = threading.Barrier(streams)

    def run(writer):
        barrier.wait(timeout=10)
        context = {"collector_id": f"collector-{writer}", "slice_id": f"slice-{writer}", "project_id": ""}
        stream = [service(0, data={f"by_{writer}": change}) for change in range(changes)]
        return ingest(database, SystemClock(), stream, limits=IngestLimits(batch_count=1), **context)

    with ThreadPoolExecutor(streams) as pool:
        results = list(pool.map(run, range(streams)))

    assert [(result.counts.updated, result.counts.failure) for result in results] == [(changes, 0)] * streams
    [stored] = services(database)
    assert stored["data"] == {f"by_{writer}": changes - 1 for writer in range(streams)}
    assert stored["revision"] == 1 + streams * changes
    assert_history_tells_the_present(database)


def test_slices_that_see_the_same_resources_for_the_first_time_note_each_once(database):
    """Resources of another collector, types, regions and the filter cache: all of them meet at the same keys."""
    ingest(database, SystemClock(), [service(number) for number in range(30)], collector_id="collector-0")
    slices = 6
    barrier = threading.Barrier(slices)

    def run(number):
        barrier.wait(timeout=10)
        cache = message("inventory.FilterCache", {"region_name": [number]})
        stream = [cache, service_type(), region(), *(service(each) for each in range(30))]
        return ingest(database, SystemClock(), stream, slice_id=f"slice-{number}", parallel=True)

    with ThreadPoolExecutor(slices) as pool:
        results = list(pool.map(run, range(slices)))

    assert [(result.counts.updated, result.counts.failure) for result in results] == [(30, 0)] * slices
    assert database["collection_state"].count_documents({"collector_id": "collector-1"}) == 30
    assert [database[name].count_documents({}) for name in ("cloud_service_type", "region")] == [1, 1]
    [cache] = database["filter_cache"].find({})
    assert sorted(cache["cache"]["region_name"]) == list(range(slices))


class SlowStream:
    """Sends some messages, then stays silent until it is canceled."""

    def __init__(self, messages):
        self._messages = messages
        self.canceled = threading.Event()

    def __iter__(self):
        yield from self._messages
        self.canceled.wait(timeout=30)
        raise CollectorCollectingError(reason="canceled")

    def cancel(self):
        self.canceled.set()


def test_a_batch_is_written_when_it_grows_old_and_a_stop_ends_a_silent_stream(database):
    stream = SlowStream([service(1), service(2)])
    began = time.monotonic()

    def should_stop():
        return database["cloud_service"].count_documents({}) == 2 or time.monotonic() - began > 20

    pipeline = Ingest(
        stores=IngestStores.of(database, SystemClock()),
        identity=FakeIdentity(),
        clock=SystemClock(),
        limits=IngestLimits(batch_seconds=0.1),
    )
    progress = []
    result = pipeline.run(
        stream, CONTEXT, should_stop=should_stop, on_progress=lambda counts: progress.append(counts.created)
    )
    assert stream.canceled.is_set()
    assert progress[-1] == 2
    assert not result.complete
    assert result.failure is None


def test_the_reader_is_never_more_than_a_batch_ahead(database, clock):
    sent = 0
    ahead = []

    def stream():
        nonlocal sent
        for number in range(50):
            sent += 1
            yield service(number)

    pipeline = Ingest(
        stores=IngestStores.of(database, clock),
        identity=FakeIdentity(),
        clock=clock,
        limits=IngestLimits(batch_count=5),
    )
    pipeline.run(
        stream(),
        CONTEXT,
        should_stop=lambda: False,
        on_progress=lambda counts: ahead.append(sent - counts.total),
    )
    # One batch that waits and the message that finds it full.
    assert max(ahead) <= 6
