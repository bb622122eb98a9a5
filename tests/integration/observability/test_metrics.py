"""Metrics of real processes: all that is declared is there, children are summed, and the numbers are right."""

from __future__ import annotations

import httpx
import psutil
import pytest

from inventory.devruntime import child
from inventory.observe.metric_list import all_metrics
from inventory.observe.metrics import Declared
from tests.integration.observability.conftest import KINDS, Fleet

SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
MAX_SERIES = 3000


def samples_of(metric: Declared) -> set[str]:
    return {metric.name + suffix for suffix in SUFFIXES[metric.type]}


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_shows_every_metric_that_is_declared_for_it(fleet: Fleet, kind: str) -> None:
    shown = fleet.scrape(kind)
    wanted = {name for metric in all_metrics() if kind in metric.processes for name in samples_of(metric)}

    assert wanted - shown.keys() == set()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_shown_that_is_not_declared(fleet: Fleet, kind: str) -> None:
    known = {name for metric in all_metrics() for name in samples_of(metric)}
    own = {name for name in fleet.scrape(kind) if name.startswith("inventory_")}

    assert own - known == set()


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_those_declared_few_and_no_ids(fleet: Fleet, kind: str) -> None:
    labels = {name: set(metric.labels) for metric in all_metrics() for name in samples_of(metric)}
    shown = fleet.scrape(kind)

    for name, samples in shown.items():
        if name.startswith("inventory_"):
            for have, _ in samples:
                assert have.keys() - {"le"} == labels[name], name
                assert fleet.job["job_id"] not in have.values()
                assert "domain-1" not in have.values()
    assert sum(len(samples) for samples in shown.values()) < MAX_SERIES


def test_every_call_is_counted_once_whichever_child_answered(fleet: Fleet) -> None:
    method = {"method": "inventory.v1.Region.list"}
    before = [fleet.value("server", name, **method) for name in ("inventory_rpcs_total", "inventory_rpc_seconds_count")]

    for _ in range(20):
        fleet.call("region/list", {})

    def counted() -> list[float]:
        after = [
            fleet.value("server", name, **method) for name in ("inventory_rpcs_total", "inventory_rpc_seconds_count")
        ]
        return [late - early for late, early in zip(after, before, strict=True)]

    # Calls are counted a moment after they were answered.
    assert child.wait_until(lambda: counted() == [20, 20], timeout_seconds=10), counted()
    assert child.wait_until(lambda: fleet.value("server", "inventory_rpcs_in_work") == 0, timeout_seconds=10)
    refused = {"method": "inventory.v1.Collector.get", "status": "INVALID_ARGUMENT"}
    assert fleet.value("server", "inventory_rpcs_total", **refused) == 1


def test_what_a_collect_did_is_counted(fleet: Fleet) -> None:
    def worker(name: str, **labels: str) -> float:
        return fleet.value("worker", f"inventory_{name}", **labels)

    assert worker("resources_total", outcome="created") == 40
    assert worker("batch_resources_sum") == 40
    assert worker("batch_seconds_count") == worker("batch_resources_count") >= 4
    assert worker("bulk_writes_total", collection="cloud_service") == 40
    assert worker("slices_left_total", outcome="success") == 1
    assert worker("queue_wait_seconds_count", band="normal") >= 1
    assert worker("plugin_calls_total", method="collect", status="OK") == 1

    def ended() -> float:
        # A sweep may come first where the worker is slow.
        kinds = ("worker", "scheduler")
        return sum(fleet.value(kind, "inventory_jobs_ended_total", status="SUCCESS") for kind in kinds)

    # The job is seen to have ended a moment before it is counted.
    assert child.wait_until(lambda: ended() == 1, timeout_seconds=60)
    assert child.wait_until(lambda: worker("slices_running") == 0, timeout_seconds=60)
    assert fleet.value("server", "inventory_plugin_calls_total", method="init", status="OK") == 1
    assert fleet.value("gateway", "inventory_gateway_requests_total", method="Collector.collect", status="200") == 1


def test_the_scheduler_tells_what_is_open_and_that_it_sweeps(fleet: Fleet) -> None:
    done = {"duty": "sweep", "outcome": "done"}

    assert child.wait_until(lambda: fleet.value("scheduler", "inventory_duties_total", **done) > 0, timeout_seconds=60)
    assert fleet.value("scheduler", "inventory_duty_done_timestamp_seconds", duty="sweep") > 1.7e9
    for name in ("inventory_queue_messages", "inventory_jobs_open"):
        assert child.wait_until(lambda name=name: fleet.value("scheduler", name) == 0, timeout_seconds=60)  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_tells_what_it_is(fleet: Fleet, kind: str) -> None:
    shown = fleet.scrape(kind)

    [(build, one)] = shown["inventory_build_info"]
    assert (build["process"], one) == (kind, 1)
    assert shown["inventory_process_memory_bytes"][0][1] > 20e6
    if kind in {"server", "worker"}:
        assert shown["inventory_children_running"] == shown["inventory_children_wanted"]


@pytest.mark.parametrize("kind", ["server", "worker", "scheduler"])
def test_the_pool_of_mongodb_is_watched(fleet: Fleet, kind: str) -> None:
    assert fleet.value(kind, "inventory_mongodb_pool_size") >= fleet.value(kind, "inventory_mongodb_connections") > 0


def test_a_server_child_that_dies_is_forgotten_but_not_what_it_counted(fleet: Fleet) -> None:
    answered = fleet.value("server", "inventory_rpcs_total")
    [parent] = [
        process for process in psutil.Process().children() if process.cmdline()[-3:] == ["-m", "inventory", "server"]
    ]
    children = [each for each in parent.children() if "resource_tracker" not in " ".join(each.cmdline())]
    assert not any("spawn_main" in part for each in children for part in each.cmdline()), "they are forked at the start"
    children[0].kill()

    def replaced() -> bool:
        return children[0].pid not in {each.pid for each in parent.children()} and (
            fleet.value("server", "inventory_children_running") == 2
        )

    assert child.wait_until(replaced, timeout_seconds=30)
    assert fleet.value("server", "inventory_rpcs_total") >= answered


def test_the_page_of_a_server_tells_its_readiness(fleet: Fleet) -> None:
    """With TLS it is what orchestrators ask."""
    told = httpx.get(f"{fleet.pages['server']}/readyz", timeout=30, trust_env=False).json()

    assert (told["status"], told["process"]) == ("ready", "server")
    assert told["checks"] == {"mongodb": "ok", "migrations": "ok", "processes": "ok"}
