"""Declares metrics, and shows those of a parent and its children as one.

Every metric is declared in a ``metrics.py`` through :class:`Metrics`, which records its meaning and the kinds of
process that have it: tests compare the processes, the dashboard and the alerts with that.
Labels have few values, known in advance if possible, and never an id.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import psutil
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass

from inventory.observe import log_stream
from inventory.observe.metrics_folder import FOLDER_VARIABLE, metrics_folder
from inventory.version import package_version

ProcessKind = Literal["server", "worker", "scheduler", "gateway"]
"""A kind of process."""

SERVER: Final = "server"
WORKER: Final = "worker"
SCHEDULER: Final = "scheduler"
GATEWAY: Final = "gateway"
ALL: Final[tuple[ProcessKind, ...]] = (SERVER, WORKER, SCHEDULER, GATEWAY)

OPEN: Final[tuple[str, ...]] = ()
"""For a label whose values are not known in advance, but still few."""

FAST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Buckets for durations that somebody waits for."""
SLOW_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
"""Buckets for background work."""

# Creation times of series add nothing to the process's start time, and double the number of series.
disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as Prometheus sees it: its name, type, labels, meaning, and the kinds of process that have it."""

    name: str
    type: str
    about: str
    labels: tuple[str, ...]
    processes: tuple[ProcessKind, ...]


_declared: dict[str, Declared] = {}
_MetricT = TypeVar("_MetricT", Counter, Gauge, Histogram)
_Labels = Mapping[str, Sequence[str]]


def declared() -> list[Declared]:
    """Return the metrics declared by the modules imported so far, by name."""
    return [_declared[name] for name in sorted(_declared)]


class Metrics:
    """Declares metrics of some kinds of process.

    In each declaration ``labels`` gives the values of each label that are known in advance, or ``OPEN``.
    """

    def __init__(self, *processes: ProcessKind) -> None:
        self._processes = processes

    def counter(self, name: str, about: str, *, labels: _Labels | None = None) -> Counter:
        """Declare a counter."""
        _note(name, "counter", about, labels, self._processes)
        return _prepared(Counter(name, about, list(labels or ())), labels)

    def gauge(
        self, name: str, about: str, *, labels: _Labels | None = None, mode: Literal["livesum", "livemax"] = "livesum"
    ) -> Gauge:
        """Declare a gauge. ``mode``: what a parent with children shows: the sum of living processes or the maximum."""
        _note(name, "gauge", about, labels, self._processes)
        return _prepared(Gauge(name, about, list(labels or ()), multiprocess_mode=mode), labels)

    def histogram(
        self, name: str, about: str, *, labels: _Labels | None = None, buckets: Sequence[float] = FAST_SECONDS
    ) -> Histogram:
        """Declare a histogram."""
        _note(name, "histogram", about, labels, self._processes)
        return _prepared(Histogram(name, about, list(labels or ()), buckets=buckets), labels)


def _note(name: str, type_: str, about: str, labels: _Labels | None, processes: Sequence[ProcessKind]) -> None:
    _declared[name] = Declared(name, type_, about, tuple(labels or ()), tuple(processes))


def _prepared(metric: _MetricT, labels: _Labels | None) -> _MetricT:
    """Return the metric set to zero for all known combinations of labels: a rate needs a start value."""
    if labels and all(labels.values()):
        for values in itertools.product(*labels.values()):
            metric.labels(*values)
    return metric


_METRICS = Metrics(*ALL)

LOG_LINES_DROPPED: Final = _METRICS.counter(
    "inventory_log_lines_dropped_total", "Log lines dropped because standard error was too slow."
)
ACCEPTS_FAILED: Final = _METRICS.counter(
    "inventory_accepts_failed_total", "Connections refused because the process had no file descriptor left."
)
log_stream.on_dropped(LOG_LINES_DROPPED.inc)

_note(
    "inventory_build_info",
    "gauge",
    "1, labeled with versions.",
    {"process": OPEN, "version": OPEN, "python": OPEN},
    ALL,
)
_note("inventory_process_memory_bytes", "gauge", "Resident memory, children included.", {"process": OPEN}, ALL)
_note("inventory_process_cpu_seconds_total", "counter", "CPU time, living children included.", {"process": OPEN}, ALL)
_note("inventory_children_wanted", "gauge", "Child processes that should run.", {"process": OPEN}, (SERVER, WORKER))
_note("inventory_children_running", "gauge", "Running child processes.", {"process": OPEN}, (SERVER, WORKER))


class ProcessFacts(Collector):
    """What a process, or a parent with its children, reports about itself at each scrape.

    Args:
        wanted: children that should run; 0 for a process without children.
        running: returns how many are running.
    """

    def __init__(self, kind: ProcessKind, *, wanted: int = 0, running: Callable[[], int] = lambda: 0) -> None:
        self._kind = kind
        self._wanted = wanted
        self._running = running

    def collect(self) -> Iterator[Metric]:
        """See ``prometheus_client``."""
        build = _family("inventory_build_info", "process", "version", "python")
        build.add_metric([self._kind, package_version(), platform.python_version()], 1)
        yield build
        processes = (
            [psutil.Process(), *psutil.Process().children(recursive=True)] if self._wanted else [psutil.Process()]
        )
        memory = _family("inventory_process_memory_bytes", "process")
        memory.add_metric([self._kind], sum(_each(processes, lambda one: float(one.memory_info().rss))))
        yield memory
        about = _declared["inventory_process_cpu_seconds_total"].about
        cpu = CounterMetricFamily("inventory_process_cpu_seconds_total", about, labels=["process"])
        cpu.add_metric([self._kind], sum(_each(processes, lambda one: sum(one.cpu_times()[:2]))))
        yield cpu
        if self._wanted:
            for name, value in (("wanted", self._wanted), ("running", self._running())):
                children = _family(f"inventory_children_{name}", "process")
                children.add_metric([self._kind], value)
                yield children


def _family(name: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, _declared[name].about, labels=labels)


def _each(processes: Iterable[psutil.Process], read: Callable[[psutil.Process], float]) -> Iterator[float]:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            yield read(process)


@contextlib.contextmanager
def own_registry(kind: ProcessKind) -> Iterator[CollectorRegistry]:
    """Give the metrics of this process, with its facts."""
    facts = ProcessFacts(kind)
    REGISTRY.register(facts)
    try:
        yield REGISTRY
    finally:
        REGISTRY.unregister(facts)


@contextlib.contextmanager
def shared_registry(
    kind: ProcessKind | None = None, *, wanted: int = 0, running: Callable[[], int] = lambda: 0
) -> Iterator[CollectorRegistry]:
    """Let the child processes of the block share a registry, and give it.

    Args:
        kind, wanted, running: see :class:`ProcessFacts`.
    """
    with metrics_folder() as folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        if kind is not None:
            registry.register(ProcessFacts(kind, wanted=wanted, running=running))
        yield registry


def recorded_in_folder() -> bool:
    """Return whether this process records in the folder of a parent and its children, and so do processes forked now.

    Only if it imported prometheus_client within :func:`metrics_folder`.
    """
    return bool(ValueClass._multiprocess)


def forget_process(pid: int) -> None:
    """Drop the gauges of a process that died; its counters are kept."""
    if os.environ.get(FOLDER_VARIABLE):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
