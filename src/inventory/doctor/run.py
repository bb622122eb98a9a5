"""Runs all checks, in an order in which the first failure is the likely cause of later ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from inventory.doctor import mongodb, pages, platform, redis_queue, system_token, work
from inventory.doctor.finding import guarded, ok, skip, warn
from inventory.doctor.surroundings import Surroundings
from inventory.domain.finding import Finding, Level
from inventory.settings import nearest_variable, unknown_variables

_MONGODB: Final = "Start it, or correct INVENTORY_MONGO_URI: host, password, replicaSet, TLS."
_MIGRATE: Final = "Run `inventory migrate`, or use the version of inventory named here."
_REDIS: Final = "Start it, or correct INVENTORY_REDIS_URL: host, password, TLS."
_PLATFORM: Final = "Fix the file named here; `inventory config` shows which settings are in force."


def checks(container: Surroundings, *, plugins: bool) -> Iterator[Finding]:
    """Yield the findings as they are made; if one check fails, the others still run.

    Args:
        plugins: whether to check the collectors' plugins as well.
    """
    yield from _names()
    yield from _checks(container, plugins=plugins)


def _names() -> Iterator[Finding]:
    unknown = unknown_variables()
    for name in unknown:
        near = nearest_variable(name)
        mend = f"Did you mean {near}?" if near else "`inventory config` lists all settings."
        yield warn("settings", f"there is no setting {name}", mend)
    if not unknown:
        yield ok("settings", "all names and values are valid")


def _checks(container: Surroundings, *, plugins: bool) -> Iterator[Finding]:
    settings = container.settings
    stored = bool(settings.mongo_uri.get_secret_value())
    if stored:
        found = guarded("mongodb", lambda: mongodb.check_server(container.database), mend=_MONGODB)
        yield from found
        # On a standalone server or without a primary, all later checks fail for the reason reported here.
        stored = not any(each.level is Level.FAIL for each in found)
        if stored:
            yield from _mongodb(container)
    else:
        yield skip(
            "mongodb",
            "INVENTORY_MONGO_URI is not set, and no `inventory up` with its own MongoDB runs on this --data-dir",
        )
    url = settings.redis_url.get_secret_value()
    if url:
        found = guarded("redis", lambda: redis_queue.check_redis(url), mend=_REDIS)
        yield from found
        if not any(each.level is Level.FAIL for each in found):
            yield from guarded("queue", lambda: redis_queue.check_queue(container), mend=_REDIS)
    else:
        yield skip(
            "redis", "INVENTORY_REDIS_URL is not set, and no `inventory up` with its own Redis runs on this --data-dir"
        )
    yield from pages.check_processes(settings)
    if settings.platform == "static" and settings.static_file is None and not stored:
        yield skip("secrets", "INVENTORY_STATIC_FILE is not set")
        yield skip("plugins", "their requirements are not met")
        return
    found = guarded("secrets", lambda: platform.check_platform(container), mend=_PLATFORM)
    yield from found
    if settings.platform == "grpc":
        reached = not any(each.level is Level.FAIL for each in found)
        token = system_token.check_token(container, stored=stored) if reached else system_token.untried()
        yield token
        found.append(token)
    if not plugins or not stored or any(each.level is Level.FAIL for each in found):
        reason = "not requested" if not plugins else "their requirements are not met"
        yield skip("plugins", reason)
    else:
        yield from guarded("plugins", lambda: platform.check_plugins(container), mend=_PLATFORM)


def _migrations(container: Surroundings) -> Iterator[Finding]:
    # Raises if migrations are pending, or of a newer version.
    container.migrator.check()
    yield ok("migrations", "the database is up to date")


def _mongodb(container: Surroundings) -> Iterator[Finding]:
    database, now = container.database, container.clock.now
    looks: dict[str, Callable[[], Iterable[Finding]]] = {
        "write concern": lambda: mongodb.check_write_concern(database),
        "clock": lambda: mongodb.check_clock(database, container.machine_clock.now),
        "disk": lambda: mongodb.check_disk(database),
        "migrations": lambda: _migrations(container),
        "indexes": lambda: mongodb.check_indexes(database),
        "jobs": lambda: work.check_work(database, container.settings, now()),
    }
    for check, look in looks.items():
        yield from guarded(check, look, mend=_MIGRATE if check == "migrations" else _MONGODB)
