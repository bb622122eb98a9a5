"""What there is to collect: a function of the seed alone, so that plugin, harness and checks agree without talking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DOMAIN = "domain-chaos"
PLAIN, SLICED = "plugin-chaos-plain", "plugin-chaos-sliced"
PLUGINS = (PLAIN, SLICED)
VERSION = "1.0"
PASSED_OVER = 2
"""Messages of each stream that count as neither created nor updated: a type and a region."""
SHARED = 3
"""Resources that every stream of every collector sends: many tasks, one document."""


@dataclass(frozen=True, slots=True)
class CollectorSpec:
    """One collector and what its plugin has for it.

    Attributes:
        name: its name, and the root of its resources' ids.
        slices: shares of one secret; 0: a plugin that knows no slices.
        resources: own resources per stream.
        accounts: how many secrets it has.
        pause_ms: the plugin's rest between two messages, ms.
        interval: of its schedule, s; 0: none.
        leaks: the plugin quotes its secret in an error at the end of each stream.
        priority: of the collector.
    """

    name: str
    slices: int
    resources: int
    accounts: int
    pause_ms: int
    interval: int = 0
    leaks: bool = False
    priority: int = 10

    @property
    def plugin_id(self) -> str:
        """Its plugin."""
        return SLICED if self.slices else PLAIN

    @property
    def provider(self) -> str:
        """The provider of its secrets, which no other collector has."""
        return f"provider-{self.name}"

    @property
    def options(self) -> dict[str, Any]:
        """What the plugin is told."""
        return {
            "name": self.name,
            "slices": self.slices,
            "resources": self.resources,
            "pause_ms": self.pause_ms,
            "leaks": self.leaks,
        }

    @property
    def streams(self) -> int:
        """Streams per secret."""
        return max(self.slices, 1)

    @property
    def task_total(self) -> int:
        """Messages of one task that ends well."""
        return self.streams * (self.resources + SHARED + PASSED_OVER + self.leaks)

    def resource_ids(self) -> Iterator[str]:
        """All resources that are its own."""
        for account in range(self.accounts):
            for number in range(self.streams):
                yield from stream_ids(self.options, f"account-{account}", number)


def stream_ids(options: Mapping[str, Any], account: str, number: int) -> list[str]:
    """Return the ids of the own resources of one stream."""
    return [f"{options['name']}/{account}/{number}/{index}" for index in range(int(options["resources"]))]


def shared_ids() -> list[str]:
    """Return the ids of the resources that all streams send."""
    return [f"shared/{index}" for index in range(SHARED)]


@dataclass(frozen=True, slots=True)
class World:
    """All collectors and secrets of a run."""

    seed: int
    collectors: tuple[CollectorSpec, ...]

    def planted(self, collector: CollectorSpec, account: int) -> str:
        """Return the value that must be seen nowhere but in the platform file and the plugin."""
        text = f"{self.seed}/{collector.name}/{account}"
        return f"planted-{hashlib.sha256(text.encode()).hexdigest()[:24]}"

    def planted_values(self) -> list[str]:
        """Return the values of all secrets."""
        return [self.planted(spec, account) for spec in self.collectors for account in range(spec.accounts)]

    def platform(self, endpoints: Mapping[str, str]) -> dict[str, Any]:
        """Return the content of the static platform file."""
        return {
            "plugins": [
                {"plugin_id": plugin_id, "provider": "chaos", "capability": {}, "versions": {VERSION: endpoint}}
                for plugin_id, endpoint in endpoints.items()
            ],
            "secrets": [
                {
                    "secret_id": f"secret-{spec.name}-{account}",
                    "provider": spec.provider,
                    "data": {"account": f"account-{account}", "key": self.planted(spec, account)},
                }
                for spec in self.collectors
                for account in range(spec.accounts)
            ],
        }

    def resource_ids(self) -> set[str]:
        """Return the ids of all resources."""
        return {*shared_ids(), *(each for spec in self.collectors for each in spec.resource_ids())}


def make_world(seed: int, *, collectors: int, interval: int) -> World:
    """Return a world of ``collectors``: plain and sliced ones, a third with a schedule, one that leaks.

    Args:
        interval: of the schedules, s.
    """
    specs = []
    for number in range(collectors):
        leaks = number == collectors - 1
        specs.append(
            CollectorSpec(
                name=f"c{number:02}",
                slices=0 if leaks else (0, 3, 5)[number % 3],
                resources=12 + 7 * (number % 4),
                accounts=1 + number % 3,
                pause_ms=(10, 25, 40)[number % 3],
                interval=interval + number if number % 3 == 1 else 0,
                leaks=leaks,
                priority=(10, 5, 50)[number % 3],
            )
        )
    return World(seed, tuple(specs))
