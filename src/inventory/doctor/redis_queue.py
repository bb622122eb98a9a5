"""Redis and its queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import redis

from inventory.doctor.finding import fail, ok, warn
from inventory.doctor.surroundings import Surroundings
from inventory.domain.finding import Finding
from inventory.errors import ConnectionFailureError, own_words

WAIT_WARN_SECONDS: Final = 60.0
WAIT_FAIL_SECONDS: Final = 600.0
_TIMEOUT_SECONDS: Final = 5.0


def check_redis(url: str) -> Iterator[Finding]:
    """Check the server. Raises ``ConnectionFailureError`` if it is unreachable."""
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=_TIMEOUT_SECONDS, socket_timeout=_TIMEOUT_SECONDS)
        with client:
            info = client.info()
    except ValueError:
        yield fail("redis", "the URL is invalid", "INVENTORY_REDIS_URL must be redis://host:port/number")
        return
    except redis.RedisError as exc:
        raise ConnectionFailureError(service="redis", reason=own_words(exc)) from exc
    version, policy = str(info.get("redis_version", "?")), str(info.get("maxmemory_policy", "noeviction"))
    if info.get("maxmemory") and policy != "noeviction":
        mend = "Set maxmemory-policy noeviction: an evicted message has to wait for the sweeper."
        yield warn("redis", f"reachable, version {version}, may evict messages ({policy})", mend)
    else:
        yield ok("redis", f"reachable, version {version}")


def check_queue(container: Surroundings) -> Iterator[Finding]:
    """Check how many messages wait for the workers, and for how long."""
    states = container.queue.states()
    waiting = sum(state.waiting for state in states)
    oldest = max(state.oldest_seconds for state in states)
    words = f"{waiting} messages wait, the oldest for {oldest:.0f} s"
    mend = "Is a worker running (inventory worker)? If all are busy, run more of them."
    if waiting and oldest > WAIT_FAIL_SECONDS:
        yield fail("queue", words, mend)
    elif waiting and oldest > WAIT_WARN_SECONDS:
        yield warn("queue", words, mend)
    else:
        yield ok("queue", words if waiting else "nothing waits")
