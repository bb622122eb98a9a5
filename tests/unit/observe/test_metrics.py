"""Declaring metrics, and the few labels that plugins could blow up."""

from __future__ import annotations

import re
import threading
import time

import pytest

from inventory.api.metrics import RPCS, RPCS_IN_WORK, Meter
from inventory.ingest import metrics as ingest_metrics
from inventory.observe import metric_feed
from inventory.observe.metric_list import all_metrics, table
from inventory.observe.metrics import Declared

METRICS = all_metrics()


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_and_texts_follow_prometheus(metric: Declared) -> None:
    assert re.fullmatch(r"inventory_[a-z][a-z0-9_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.type == "counter")
    assert metric.about.endswith((".", "s", "not yet.")), "a sentence, or a unit"
    assert metric.processes
    assert "|" not in metric.about
    assert not {"domain_id", "job_id", "collector_id", "transaction_id", "instance", "job"} & set(metric.labels)


def test_the_table_has_a_line_for_each() -> None:
    lines = list(table())

    assert len(lines) == len(METRICS) + 2
    assert all(line.count("|") == 6 for line in lines)


def test_types_that_a_plugin_invents_become_one() -> None:
    for number in range(500):
        ingest_metrics.count_unknown_type(f"inventory.Invented{number}")

    named = {
        sample.labels["resource_type"] for family in ingest_metrics.UNKNOWN_TYPES.collect() for sample in family.samples
    }
    assert len(named) <= 51
    assert "other" in named


def test_a_method_is_named_without_what_all_have_in_common() -> None:
    meter = Meter("/spaceone.api.inventory.v1.Collector/try_me")
    meter.begin()
    meter.end("NOT_FOUND", 0.1)
    metric_feed.flush()

    assert RPCS.labels("inventory.v1.Collector.try_me", "NOT_FOUND")._value.get() == 1
    assert RPCS.labels("inventory.v1.Collector.try_me", "OK")._value.get() == 0


def test_what_is_noted_is_counted_once_and_without_being_asked_for() -> None:
    meter, before = Meter("/spaceone.api.inventory.v1.Collector/count_me"), RPCS_IN_WORK._value.get()
    counted = RPCS.labels("inventory.v1.Collector.count_me", "OK")._value

    def call() -> None:
        for _ in range(1_000):
            meter.begin()
            meter.end("OK", 0.1)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    deadline = time.monotonic() + 10
    while counted.get() < 4_000 and time.monotonic() < deadline:
        time.sleep(metric_feed.INTERVAL_SECONDS)
    metric_feed.flush()
    assert counted.get() == 4_000
    assert RPCS_IN_WORK._value.get() == before
