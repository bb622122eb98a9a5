"""The ports of what `inventory up` starts.

One rule for all of them: a port that was chosen must be free, or nothing starts; a usual one that is taken is replaced
by the next free one, and `up` says so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from inventory.devruntime import ports
from inventory.devruntime.platform_file import ensure_platform_file, local_plugin_port
from inventory.errors import SettingsError
from inventory.settings import Settings

USUAL_MONGO_PORT: Final = 50063
USUAL_REDIS_PORT: Final = 50064
"""Close to the service's own ports; not the defaults, which another database on the machine may use."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports on which the processes listen; all were free.

    Attributes:
        mongodb: of the embedded MongoDB; None if an external one is configured. The same holds for ``redis``.
        replaced: for each usual port that is taken, a sentence that says what listens where instead, and how to choose.
    """

    server: int
    server_health: int
    worker: int
    scheduler: int
    gateway: int
    plugin: int
    mongodb: int | None
    redis: int | None
    replaced: tuple[str, ...] = ()

    @property
    def health(self) -> tuple[int, int, int]:
        """Those of the health pages of server, worker and scheduler."""
        return self.server_health, self.worker, self.scheduler


@dataclass(frozen=True, kw_only=True)
class _Need:
    """A port to find.

    Attributes:
        name: its field of :class:`Ports`.
        purpose: what listens there, such as "the gRPC server".
        setting: the variable or option with which it is chosen.
        usual: the port unless another is chosen.
        chosen: the port that was chosen; 0: any free one; None: none was.
    """

    name: str
    purpose: str
    setting: str
    usual: int
    chosen: int | None


def choose_ports(
    settings: Settings,
    static_file: Path,
    *,
    plugin_port: int | None = None,
    mongo_port: int | None = None,
    redis_port: int | None = None,
) -> Ports:
    """Choose where each process listens; the platform file is written if it is missing or the plugin's port changes.

    Args:
        settings: the settings in force.
        static_file: the platform file, which names the local plugin's port.
        plugin_port: the port that was chosen for the local plugin; 0: any free one; None: none was.
        mongo_port: likewise, of the embedded MongoDB.
        redis_port: likewise, of the embedded Redis.

    Raises:
        SettingsError: a port that was chosen is taken, or two are the same; nothing was changed.
    """
    needs = [
        _of_setting(settings, "server", "port", "the gRPC server"),
        _of_setting(settings, "gateway", "gateway_port", "the HTTP gateway"),
        _of_setting(settings, "server_health", "server_health_port", "the server's health page"),
        _of_setting(settings, "worker", "worker_health_port", "the worker's health page"),
        _of_setting(settings, "scheduler", "scheduler_health_port", "the scheduler's health page"),
    ]
    usual_plugin = local_plugin_port(static_file)
    options = [("plugin", "the local collector plugin", "--plugin-port", usual_plugin, plugin_port)]
    if not settings.mongo_uri.get_secret_value():
        options.append(("mongodb", "the embedded MongoDB", "--mongo-port", USUAL_MONGO_PORT, mongo_port))
    if not settings.redis_url.get_secret_value():
        options.append(("redis", "the embedded Redis", "--redis-port", USUAL_REDIS_PORT, redis_port))
    needs += [
        _Need(name=name, purpose=purpose, setting=option, usual=usual, chosen=chosen)
        for name, purpose, option, usual, chosen in options
    ]
    found = _Found()
    # Those that were chosen first: a usual one gives way.
    for need in sorted(needs, key=lambda need: need.chosen is None):
        found.add(need, usual={each.usual for each in needs})
    if found.numbers["plugin"] != usual_plugin or not static_file.exists():
        ensure_platform_file(static_file, plugin_port=found.numbers["plugin"])
    return Ports(**{"mongodb": None, "redis": None} | found.numbers, replaced=tuple(found.replaced))  # type: ignore[arg-type]


def _of_setting(settings: Settings, name: str, setting: str, purpose: str) -> _Need:
    number: int = getattr(settings, setting)
    chosen = number if setting in settings.model_fields_set else None
    return _Need(name=name, purpose=purpose, setting=f"INVENTORY_{setting.upper()}", usual=number, chosen=chosen)


@dataclass
class _Found:
    numbers: dict[str, int] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    _setting_of: dict[int, str] = field(default_factory=dict)

    def add(self, need: _Need, *, usual: Collection[int]) -> None:
        """Find a port. Raises ``SettingsError``: the chosen one is taken."""
        number = self._number(need, usual)
        self.numbers[need.name] = number
        self._setting_of[number] = need.setting

    def _number(self, need: _Need, usual: Collection[int]) -> int:
        if need.chosen:
            if need.chosen in self._setting_of:
                both = f"{self._setting_of[need.chosen]} and {need.setting}"
                raise SettingsError(f"Port {need.chosen} is chosen twice, with {both}.", field=need.setting)
            ports.require_free(need.chosen, purpose=need.purpose, setting=need.setting)
            return need.chosen
        if need.chosen == 0:
            return ports.free_port()
        if need.usual not in self._setting_of and not ports.is_taken(need.usual):
            return need.usual
        number = ports.next_free(need.usual, avoid={*usual, *self._setting_of})
        self.replaced.append(
            f"Port {need.usual} is taken: {need.purpose} listens on {number}. {need.setting} chooses another."
        )
        return number
