"""How many commands an ingest costs MongoDB: as many per batch, however many resources are in it."""

from __future__ import annotations

import pytest

from inventory.domain.clock import SystemClock
from inventory.ingest.pipeline import IngestLimits
from inventory.model.indexes import declared_indexes
from tests.commands import counted
from tests.integration.ingest.ingest_tools import ingest
from tests.streams.build import region, service, service_type

BATCHES = 2
LIMITS = IngestLimits(batch_count=500, batch_seconds=60)
PER_STREAM = {("find", "collector_rule"): 1, ("find", "cloud_service_type"): 1, ("find", "region"): 1}
"""The latter two at its end, because the stream does not send the type and the region that its resources name."""
LOOKUPS = {("find", "cloud_service"): 2}
"""By fingerprint, and by the match rule."""
TRANSACTION = {("commitTransaction", "1"): 1}
"""Of a slice with a claim also ``find slice``, in the jobs' own test."""
CREATED = (
    LOOKUPS | TRANSACTION | {("insert", "record"): 1, ("insert", "cloud_service"): 1, ("insert", "collection_state"): 1}
)
CHANGED = (
    LOOKUPS | TRANSACTION | {("insert", "record"): 1, ("update", "cloud_service"): 2, ("update", "collection_state"): 1}
)
"""The second update stores the fingerprints, once the changes are committed."""
UNCHANGED = LOOKUPS | TRANSACTION | {("update", "cloud_service"): 1, ("update", "collection_state"): 1}


INDEXED_ONCE_A_DAY = "updated_day"


@pytest.fixture
def collect(database, mongo_uri):
    """Ingest a thousand resources of a version and return the commands that this took."""

    ingest(database, SystemClock(), [service_type(), region()])

    def run(version):
        stream = [service(number, data={"version": version}) for number in range(1_000)]
        with counted(database, mongo_uri) as (watched, commands):
            result = ingest(watched, SystemClock(), stream, limits=LIMITS)
        assert result.counts.failure == 0
        return dict(commands.sent)

    return run


def test_a_thousand_resources_cost_a_handful_of_commands_per_batch(collect):
    def per_batch(commands):
        return {key: count for key, count in commands.items() if key not in PER_STREAM}

    def in_all(commands):
        return {key: count * BATCHES for key, count in commands.items()}

    created, changed, unchanged = collect(0), collect(1), collect(1)

    assert per_batch(created) == in_all(CREATED)
    assert per_batch(changed) == in_all(CHANGED)
    assert per_batch(unchanged) == in_all(UNCHANGED)
    assert {key: created[key] for key in PER_STREAM} == PER_STREAM


def test_what_a_collect_notes_of_a_known_resource_changes_no_index_but_once_a_day(database, mongo_uri):
    """An update that changes an indexed field costs MongoDB a multiple, in a transaction more so."""
    ingest(database, SystemClock(), [service(number) for number in range(3)])
    changed = [service(0), *(service(number, data={"version": "new"}) for number in range(1, 3))]

    with counted(database, mongo_uri) as (watched, commands):
        ingest(watched, SystemClock(), changed)

    written = [(command, field) for command in commands.updates for field in _fields(command)]
    indexed = {
        name: {key.partition(".")[0] for model in models for key in model.document["key"]}
        for name, models in declared_indexes().items()
    }
    found = {(command["update"], field) for command, field in written if field in indexed[command["update"]]}
    # The day is the same as before, and nothing is held: neither is written.
    unwritten = {("cloud_service", INDEXED_ONCE_A_DAY), ("collection_state", "hold_id")}
    assert found == {*unwritten, ("cloud_service", "fingerprint")}
    assert all("autocommit" not in command for command, field in written if field == "fingerprint")


def _fields(command):
    for update in command["updates"]:
        for fields in update["u"].values():
            yield from (name.partition(".")[0] for name in (fields if isinstance(fields, dict) else fields.keys()))
