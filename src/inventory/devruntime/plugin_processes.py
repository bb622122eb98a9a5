"""The plugin processes of `inventory up`: plugins whose entry in the platform file says how to run them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inventory.bootstrap.static_file import PluginEntry, parse_text, read_text
from inventory.devruntime import child
from inventory.devruntime.containers import ContainerRemoval
from inventory.devruntime.ports import LOOPBACK, is_taken
from inventory.errors import SettingsError
from inventory.process.file_state import FileState, file_state
from inventory.process.restarts import RestartPolicy, Restarts
from inventory.standalone.files import private_folder, private_log
from inventory.standalone.launch import container_of, launch_of, plugin_environment, port_of
from inventory.standalone.plugin_state import FOLDER, PluginState, State, log_file, read_states, write_states

LOOK_SECONDS: Final = 0.25
"""How often the platform file is checked for changes, s."""
GRACE_SECONDS: Final = 10.0
"""How long a plugin may take to stop before it is killed, s."""
PORT_SECONDS: Final = 2.0
"""How long the port of a plugin may stay taken before its start counts as failed, s: a killed process may hold it."""
LOG_BYTES: Final = 5 * 1024 * 1024
"""A larger log is rotated when its plugin is started, bytes."""


@dataclass
class _Plugin:
    entry: PluginEntry
    restarts: Restarts
    container: str
    process: subprocess.Popen[bytes] | None = None
    restart_at: float | None = None
    kill_at: float | None = None
    taken_since: float | None = None
    removal: ContainerRemoval | None = None
    deaths: int = 0
    failed: bool = False
    reason: str = ""

    @property
    def state(self) -> PluginState:
        pid = self.process.pid if self.process is not None else 0
        state = State.FAILED if self.failed else State.RESTARTING if self.restart_at is not None else State.RUNNING
        return PluginState(state, pid, self.deaths, self.reason, self.container)


class PluginProcesses:
    """Starts, restarts and stops plugins according to the platform file; a failing plugin does not affect the others.

    All methods must be called from the main thread, because the kernel ends a child with the thread that started it.

    Args:
        platform_file: reread when it changes; while it is invalid, which is reported once, nothing changes.
        data_dir: folder of states and logs.
        emit: called with each line about a plugin.
        on_start, on_end: called with the process group of each plugin that was started, and that has ended.
        now: monotonic time, s.
    """

    def __init__(
        self,
        platform_file: Path,
        data_dir: Path,
        *,
        emit: Callable[[str], None],
        on_start: Callable[[int], None] = lambda _: None,
        on_end: Callable[[int], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = platform_file
        self._data_dir = data_dir
        self._emit = emit
        self._on_start = on_start
        self._on_end = on_end
        self._now = now
        self._plugins: dict[str, _Plugin] = {}
        self._stopping: list[_Plugin] = []
        self._groups: set[int] = set()
        """Process groups that have not been ended."""
        self._left = {state.container for state in read_states(data_dir).values()} - {""}
        """Containers of an earlier `up` that was killed."""
        self._removals: list[ContainerRemoval] = []
        self._seen: FileState | None = None
        self._looked_at = -LOOK_SECONDS
        self._written: dict[str, PluginState] = {}

    def tend(self) -> None:
        """Do what is due. Returns quickly and does not raise."""
        now = self._now()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._look()
        for plugin in self._plugins.values():
            self._tend(plugin, now)
        self._stopping = [plugin for plugin in self._stopping if not self._ended(plugin, now)]
        self._removals = [removal for removal in self._removals if not removal.ended(now)]
        self._write()

    def stop(self) -> None:
        """Stop all plugins, and wait for them."""
        for plugin in self._plugins.values():
            self._terminate(plugin)
        self._plugins.clear()
        while self._stopping:
            now = self._now()
            self._stopping = [plugin for plugin in self._stopping if not self._ended(plugin, now)]
            time.sleep(child.POLL_SECONDS)
        for removal in self._removals:
            removal.wait()
        self._removals.clear()
        self._write()

    def _look(self) -> None:
        seen = file_state(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            content = parse_text(self._path, read_text(self._path))
        except SettingsError as exc:
            self._say("plugins", f"left as they are: {exc.message}")
            return
        wanted = {entry.plugin_id: entry for entry in content.plugins if entry.run is not None}
        for plugin_id in [name for name, plugin in self._plugins.items() if not _same(plugin.entry, wanted.get(name))]:
            self._terminate(self._plugins.pop(plugin_id))
        # Containers of plugins that still have an entry are removed before the plugin is started.
        containers = {plugin_id: container_of(entry, self._path) for plugin_id, entry in wanted.items()}
        self._removals += [self._removal(name) for name in self._left - set(containers.values())]
        self._left.clear()
        for plugin_id, entry in wanted.items():
            if plugin_id not in self._plugins:
                made = _Plugin(entry, Restarts(RestartPolicy()), containers[plugin_id], restart_at=self._now())
                self._plugins[plugin_id] = made

    def _tend(self, plugin: _Plugin, now: float) -> None:
        if plugin.restart_at is not None:
            # The port is free only after the previous process has ended.
            free = not any(_same_port(plugin, other) for other in self._stopping) and not any(
                removal.name == plugin.container for removal in self._removals
            )
            if now >= plugin.restart_at and free and self._cleared(plugin, now):
                self._start_if_free(plugin, now)
        elif plugin.process is not None and not plugin.failed and (code := plugin.process.poll()) is not None:
            child.send(plugin.process, signal.SIGKILL)
            self._release(plugin.process.pid)
            plugin.deaths += 1
            self._retry(plugin, f"ended with exit code {code}", now)
            if plugin.failed and plugin.container:
                self._removals.append(self._removal(plugin.container))

    def _cleared(self, plugin: _Plugin, now: float) -> bool:
        """Return whether the plugin's container is gone; asks Docker to remove it."""
        if not plugin.container:
            return True
        if plugin.removal is None:
            plugin.removal = self._removal(plugin.container)
        if not plugin.removal.ended(now):
            return False
        if plugin.removal.timed_out:
            self._say(plugin.entry.plugin_id, f"its container may still exist: docker rm --force {plugin.container}")
        return True

    def _removal(self, container: str) -> ContainerRemoval:
        return ContainerRemoval(container, plugin_environment(), self._now())

    def _start_if_free(self, plugin: _Plugin, now: float) -> None:
        """Start a plugin unless another process has its port, which would get its secrets."""
        port = port_of(plugin.entry)
        if not _is_taken(port):
            plugin.taken_since = None
            self._start(plugin)
            return
        plugin.taken_since = now if plugin.taken_since is None else plugin.taken_since
        if now - plugin.taken_since < PORT_SECONDS:
            plugin.restart_at = now + LOOK_SECONDS
            return
        plugin.deaths += 1
        self._retry(plugin, f"port {port} on {LOOPBACK} is taken by another process", now)

    def _start(self, plugin: _Plugin) -> None:
        plugin.restart_at = None
        plugin.removal = None
        launch = launch_of(plugin.entry, self._path)
        path = log_file(self._data_dir, plugin.entry.plugin_id)
        try:
            private_folder(path.parent)
            if path.exists() and path.stat().st_size > LOG_BYTES:
                path.replace(path.with_suffix(".log.1"))
            with open(private_log(path), "ab") as log:
                plugin.process = child.spawn(launch.argv, env=launch.environment, stdout=log, cwd=launch.folder)
                self._groups.add(plugin.process.pid)
                self._on_start(plugin.process.pid)
        except (SettingsError, OSError) as exc:
            plugin.deaths += 1
            plugin.failed = True
            plugin.reason = exc.message if isinstance(exc, SettingsError) else f"cannot be started: {exc.strerror}"
            self._say(plugin.entry.plugin_id, plugin.reason)

    def _retry(self, plugin: _Plugin, reason: str, now: float) -> None:
        plugin.reason = reason
        plugin.restart_at = plugin.restarts.after_death(now)
        plugin.failed = plugin.restart_at is None
        then = "giving up" if plugin.failed else "it is started again"
        self._say(plugin.entry.plugin_id, f"{reason}; {then}: inventory plugin logs {plugin.entry.plugin_id}")

    def _terminate(self, plugin: _Plugin) -> None:
        if plugin.process is not None and plugin.process.pid in self._groups:
            # Even if it has just ended: what it started may still run.
            plugin.process.terminate()
            plugin.kill_at = self._now() + GRACE_SECONDS
            self._stopping.append(plugin)
        elif plugin.container:
            self._removals.append(plugin.removal or self._removal(plugin.container))

    def _release(self, group: int) -> None:
        self._groups.remove(group)
        self._on_end(group)

    def _ended(self, plugin: _Plugin, now: float) -> bool:
        if plugin.process is not None:
            if plugin.process.poll() is None and now < (plugin.kill_at or now):
                return False
            child.stop(plugin.process, grace_seconds=0.0)
            self._release(plugin.process.pid)
            plugin.process = None
        # A container that ignores SIGTERM keeps running after its client was killed.
        return self._cleared(plugin, now)

    def _write(self) -> None:
        states = {plugin_id: plugin.state for plugin_id, plugin in self._plugins.items()}
        if states != self._written:
            self._written = states
            with contextlib.suppress(OSError):
                private_folder(self._data_dir / FOLDER)
                write_states(self._data_dir, states)

    def _say(self, name: str, words: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._emit(f"{name:<12} | {words}")


def _same(old: PluginEntry, new: PluginEntry | None) -> bool:
    return new is not None and (old.run, old.endpoint) == (new.run, new.endpoint)


def _is_taken(port: int) -> bool:
    try:
        return is_taken(port)
    except SettingsError:
        # It cannot be bound at all, which the plugin reports itself.
        return False


def _same_port(one: _Plugin, other: _Plugin) -> bool:
    return one.entry.endpoint == other.entry.endpoint
