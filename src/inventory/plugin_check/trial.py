"""Calls a plugin like a worker: init, verify, get_tasks, collect."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from inventory.connector.ports import CollectorPlugin, ResourceMessage, ResourceStream
from inventory.domain.collector.options_schema import with_defaults
from inventory.domain.plain import Json
from inventory.domain.redact import Redactor
from inventory.domain.texts import counted
from inventory.errors import InventoryError, PluginUnavailableError
from inventory.manager.resource.store import encodable
from inventory.plugin_check.fault import Faults, remark, violation
from inventory.plugin_check.message import secret_values
from inventory.plugin_check.metadata import faults_of_metadata, undeclared
from inventory.plugin_check.stream import StreamReport, StreamWatcher

ResultT = TypeVar("ResultT")

_AHEAD: Final = 100
"""Maximum number of messages read ahead of the one being checked."""
_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOptions:
    """The inputs of a trial.

    Attributes:
        options, secret_data, filter: sent unchanged, except that defaults of the options_schema are added to the
            options.
        limit: maximum number of messages; 0 for all.
        idle_seconds: how long the plugin may stay silent, s.
    """

    options: Json = field(default_factory=dict)
    secret_data: Json = field(default_factory=dict, repr=False)
    filter: Json = field(default_factory=dict)
    limit: int = 0
    idle_seconds: float = 120.0


@dataclass(slots=True)
class Step:
    """The result of one call.

    Attributes:
        words: its result.
        good: whether it succeeded.
        seconds: its duration, s.
    """

    name: str
    words: str
    good: bool
    seconds: float


@dataclass(slots=True)
class Report:
    """The whole trial."""

    faults: Faults = field(default_factory=Faults)
    steps: list[Step] = field(default_factory=list)
    metadata: Json = field(default_factory=dict)
    stream: StreamReport = field(default_factory=StreamReport)
    cut: bool = False


class Trial:
    """One trial of one plugin."""

    def __init__(self, plugin: CollectorPlugin, wanted: TrialOptions, *, on_step: Callable[[Step], None]) -> None:
        """Prepare.

        Args:
            plugin: a connection.
            on_step: called with each step when it has ended.
        """
        self._plugin = plugin
        self._wanted = wanted
        self._on_step = on_step
        self._redact = Redactor(wanted.secret_data)
        self.report = Report()

    def run(self) -> Report:
        """Call the plugin; never raises because of the plugin. Ctrl-C ends the stream; messages seen so far count."""
        reachable, metadata = self._call("init", lambda: self._plugin.init(self._wanted.options), metadata_words)
        if not reachable:
            return self.report
        self.report.metadata = metadata or {}
        if metadata is not None:
            self.report.faults.extend(faults_of_metadata(metadata))
        options = with_defaults(self._wanted.options, self.report.metadata)
        secret = self._wanted.secret_data
        self._call("verify", lambda: self._plugin.verify(options, secret), lambda _: "accepts the secret")
        _, slices = self._call("get_tasks", lambda: self._plugin.get_tasks(options, secret), _slices_words)
        self._check_slices(slices)
        self._collect(options, [None] if slices is None else slices)
        return self.report

    def _call(
        self, name: str, call: Callable[[], ResultT], words: Callable[[ResultT], str]
    ) -> tuple[bool, ResultT | None]:
        """Return whether the plugin is reachable, and its answer."""
        began = time.monotonic()
        try:
            answer = call()
        except InventoryError as exc:
            reason = self._redact(exc.message)
            self._step(name, reason, began, good=False)
            self.report.faults.add(violation(name, exc.code, reason))
            return not isinstance(exc, PluginUnavailableError), None
        self._step(name, words(answer), began, good=True)
        return True, answer

    def _step(self, name: str, words: str, began: float, *, good: bool) -> None:
        step = Step(name, words, good, time.monotonic() - began)
        self.report.steps.append(step)
        self._on_step(step)

    def _check_slices(self, slices: Sequence[Json] | None) -> None:
        if slices is None:
            return
        if not slices:
            self.report.faults.add(remark("get_tasks", "NO_SLICES", "it supports slices, but returned none"))
        if not all(encodable(dict(each)) for each in slices):
            self.report.faults.add(violation("get_tasks", "TASK_OPTIONS", "task_options that cannot be stored"))
        if len({repr(each) for each in slices}) < len(slices):
            self.report.faults.add(remark("get_tasks", "SAME_SLICES", "the same task_options more than once"))

    def _collect(self, options: Json, slices: Sequence[Json | None]) -> None:
        secret = self._wanted.secret_data
        watcher = StreamWatcher(secret_data=secret, secrets=secret_values(secret), faults=self.report.faults)
        self.report.stream = watcher.report
        began = time.monotonic()
        failed = ""
        done = 0
        for task_options in slices:
            try:
                self._read(options, task_options, watcher)
                done += 1
            except InventoryError as exc:
                failed = self._redact(exc.message)
                where = f"after {counted(watcher.report.count, 'message')}"
                self.report.faults.add(violation("collect", exc.code, failed), where=where)
            except KeyboardInterrupt:
                self.report.cut = True
            if self.report.cut:
                break
        watcher.report.seconds = time.monotonic() - began
        if watcher.report.count or not failed:
            self.report.faults.extend(watcher.closing(cut=self.report.cut or bool(failed)))
        self.report.faults.extend(undeclared(self.report.metadata, {key[0] for key in watcher.report.shares}))
        self._step("collect", self._collect_words(watcher.report, slices, done, failed), began, good=not failed)

    def _read(self, options: Json, task_options: Json | None, watcher: StreamWatcher) -> None:
        wanted = self._wanted
        stream = self._plugin.collect(
            options, wanted.secret_data, wanted.filter, task_options, idle_seconds=wanted.idle_seconds
        )
        with contextlib.closing(_Reader(stream)) as reader:
            for message, waited in reader:
                watcher.take(message, waited=waited)
                if wanted.limit and watcher.report.count >= wanted.limit:
                    self.report.cut = True
                    return

    def _collect_words(self, stream: StreamReport, slices: Sequence[object], done: int, failed: str) -> str:
        rate = stream.count / stream.seconds if stream.seconds else 0.0
        parts = [f"{counted(stream.count, 'message')} ({rate:.0f}/s), {stream.bytes / 1024:.0f} KiB"]
        if len(slices) > 1:
            parts.append(f"{done} of {len(slices)} slices")
        if stream.first_seconds is not None:
            parts.append(f"first after {stream.first_seconds:.2f} s, longest silence {stream.longest_silence:.2f} s")
        parts.append(f"broke off: {failed}" if failed else "cut short" if self.report.cut else "ended well")
        return "; ".join(parts)


class _Reader:
    """Reads a stream in a separate thread, so that Ctrl-C ends it even if the plugin is silent."""

    def __init__(self, stream: ResourceStream) -> None:
        self._stream = stream
        self._queue: queue.Queue[tuple[ResourceMessage, float] | BaseException | None] = queue.Queue(_AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plugin-try", daemon=True)
        self._thread.start()

    def __iter__(self) -> _Reader:
        return self

    def __next__(self) -> tuple[ResourceMessage, float]:
        while True:
            try:
                item = self._queue.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if item is None:
                raise StopIteration
            if isinstance(item, BaseException):
                raise item
            return item

    def close(self) -> None:
        """End the stream."""
        self._closed.set()
        self._stream.cancel()

    def _run(self) -> None:
        began = time.monotonic()
        try:
            for message in self._stream:
                self._put((message, time.monotonic() - began))
                if self._closed.is_set():
                    return
                began = time.monotonic()
        except Exception as exc:  # noqa: BLE001 - the outermost loop of this thread; raised again in the reader's
            self._put(exc)
        else:
            self._put(None)

    def _put(self, item: tuple[ResourceMessage, float] | BaseException | None) -> None:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return


def metadata_words(metadata: Json | None) -> str:
    """Return a one-line description of what a plugin's metadata declares."""
    metadata = metadata or {}
    parts = []
    for name, title in (
        ("supported_resource_type", "types"),
        ("supported_schedules", "schedules"),
        ("supported_features", "features"),
    ):
        value = metadata.get(name)
        if isinstance(value, list) and value:
            parts.append(f"{title} {', '.join(map(str, value))}")
    formats = metadata.get("filter_format")
    if isinstance(formats, list) and formats:
        parts.append("filter " + ", ".join(str(e.get("key", "?")) for e in formats if isinstance(e, Mapping)))
    if metadata.get("options_schema"):
        parts.append("options_schema")
    return "; ".join(parts) or "answers"


def _slices_words(slices: Sequence[Any] | None) -> str:
    if slices is None:
        return "not supported: collected as a whole"
    return counted(len(slices), "slice")
