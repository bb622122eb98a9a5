"""A collect without a hold costs no more commands of MongoDB than before there were holds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.commands import counted
from tests.fakes.plugin import FakePlugin
from tests.fakes.resources import cloud_service, cloud_service_type, region
from tests.integration.ingest.whole_kit import GARBAGE, Whole
from tests.manual_clock import ManualClock

BEFORE = {(0, 30): 11, (1, 30): 24, (19, 90): 24, (20, 90): 24}
"""How many commands the collect sent that deleted so many of so many resources, before there were holds."""
COUNTED = {"cloud_service", "collection_state", "record", "deletion", "1"}
"""The collections that garbage collection uses; 1: commits."""
OTHER_COMMITS = 1
"""The one of the job with its task."""


def test_a_collect_without_a_hold_costs_no_more_than_before_there_were_holds(
    database: Any, mongo_uri: str, clock: ManualClock, tmp_path: Path
) -> None:
    with FakePlugin(metadata=GARBAGE) as plugin, counted(database, mongo_uri) as (counting, commands):
        whole = Whole(counting, clock, plugin.endpoint, tmp_path, disconnect_threshold=2)
        # A collect that names types and regions which nobody has sent notes that, in a commit of its own.
        plugin.resources = [cloud_service_type(metadata={"view": {}}), region()]
        whole.collect(whole.collector(), secret_id="secret-1")
        sent = {}
        for lost, of in BEFORE:
            collector_id = whole.collector()
            numbers = [[*range(of)], *[[*range(lost, of)]] * 2]
            for seen in numbers:
                plugin.resources = [cloud_service(f"i-{of}-{lost}-{number}") for number in seen]
                clock.advance(timedelta(hours=2))
                commands.sent.clear()
                [task] = whole.collect(collector_id, secret_id="secret-1")
            assert task["deleted_count"] == lost
            counts = (count for (_, name), count in commands.sent.items() if name in COUNTED)
            sent[lost, of] = sum(counts) - OTHER_COMMITS
        whole.container.plugin_connector.close()

    assert {size: sent[size] for size in BEFORE if sent[size] > BEFORE[size]} == {}
    assert sent[20, 90] > sent[0, 30]
