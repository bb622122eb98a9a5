"""Faults of the network and of the stores: what kills alone do not show. Each returns what it met, or nothing."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import psutil
import redis

from tests.chaos import stores
from tests.chaos.relay import Clients, Kind

if TYPE_CHECKING:
    from tests.chaos.faults import Fault
    from tests.chaos.fleet import Fleet, Service

FAR_ENDS = ("mongo", "redis", "plugin")
WEIGHTS: Mapping[str, int] = {
    **{f"{kind}_{far_end}": 2 for kind in Kind for far_end in FAR_ENDS},
    "hang_mongod": 2,
    "lock_mongod": 2,
    "fill_mongod": 1,
    "fill_redis": 1,
    "double_messages": 2,
}
MESSAGES_DOUBLED = 50
REDIS_SECONDS = 2.0

At = Callable[[float, Callable[[], None]], None]
"""Runs an action after so many seconds, in the fleet's thread."""


class Disturber:
    """Does the faults of :data:`WEIGHTS`. Belongs to the fleet's thread.

    Args:
        at: how to let something follow.
        longer: s, longer than any lease and time-out: how long whatever hangs does.
        outage: is told the name of each fault that may keep schedules from firing.
    """

    def __init__(self, fleet: Fleet, at: At, *, longer: float, outage: Callable[[str], None]) -> None:
        self._fleet = fleet
        self._at = at
        self._longer = longer
        self._outage = outage

    def does(self, name: str) -> bool:
        """Tell whether a fault is one of these."""
        return name in WEIGHTS

    def do(self, fault: Fault) -> str:
        """Do it; return what it met."""
        verb, _, what = fault.name.partition("_")
        if verb in set(Kind):
            return self._disturb(Kind(verb), what, fault)
        done: str = getattr(self, f"_{fault.name}")(fault)
        return done

    def _disturb(self, kind: Kind, far_end: str, fault: Fault) -> str:
        """Disturb the connections of one process to all nodes of a store, or all connections to one node."""
        fleet = self._fleet
        relays = fleet.relays.get(far_end, [])
        if fleet.network is None or not relays:
            return ""
        victims = [*(service for service in fleet.services if service.kind != "plugin"), None]
        victim = victims[int(fault.choice * len(victims))]
        if far_end == "mongo":
            self._outage(fault.name)
        if victim is None:
            relays = [relays[int(fault.length * len(relays))]]
        seconds = self._seconds(fault) if kind is not Kind.CUT else 0.3 + 2 * fault.length
        deliver = int(fault.length * 1000) % 2 == 0
        clients = connections_of(victim) if victim else None
        met = [fleet.network.disturb(relay, kind, seconds, clients=clients, deliver=deliver) for relay in relays]
        self._at(seconds + 0.1, lambda: None)
        after = "" if kind is not Kind.HOLE else (", then delivers" if deliver else ", then resets")
        return (
            f"{victim.name if victim else 'everyone'} for {seconds:.1f} s{after}, {sum(each.hits for each in met)} open"
        )

    def _seconds(self, fault: Fault) -> float:
        return self._longer + 2 * fault.length

    def _hang_mongod(self, fault: Fault) -> str:
        """Stop the primary where it stands; it wakes as if nothing had been."""
        self._outage(fault.name)
        mongod = self._fleet.mongod
        hung = mongod.hang()
        if hung:
            self._at(self._seconds(fault), mongod.release)
        return hung

    def _lock_mongod(self, fault: Fault) -> str:
        """Let all writes of the primary wait."""
        self._outage(fault.name)
        mongod = self._fleet.mongod
        locked = mongod.lock()
        if locked:
            self._at(self._seconds(fault), mongod.release)
        return locked

    def _fill_mongod(self, fault: Fault) -> str:
        """Fill the disk of a node, which dies of it, and make room before it is started again."""
        self._outage(fault.name)
        mongod = self._fleet.mongod
        full = mongod.fill(fault.choice)
        if full:
            self._at(self._longer / 2 + 2 * fault.length, mongod.start)
        return full

    def _fill_redis(self, fault: Fault) -> str:
        """Fill its disk: it answers, and refuses what writes."""
        pid = self._fleet.redis.pid
        if pid is None or not stores.fill_disk(pid):
            return ""
        self._at(self._seconds(fault), lambda: stores.free_disk(pid))
        return f"for {self._seconds(fault):.1f} s"

    def _double_messages(self, _fault: Fault) -> str:
        """Enqueue messages that are queued or in work once more, as a sender does whose answer was lost."""
        try:
            with redis.Redis.from_url(self._fleet.redis.url, socket_timeout=REDIS_SECONDS) as client:
                count = double_messages(client)
        except redis.RedisError:
            return ""
        return f"{count} messages" if count else ""


def connections_of(service: Service) -> Clients:
    """Return how to find a service's connections to a relay: those of all its processes, whenever it is asked."""

    def local_ports(relay_port: int) -> set[int]:
        ports: set[int] = set()
        process = service.process
        if process is None:
            return ports
        with contextlib.suppress(psutil.Error):
            top = psutil.Process(process.pid)
            for each in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    connections = each.net_connections("tcp")
                    ports |= {one.laddr.port for one in connections if one.raddr and one.raddr.port == relay_port}
        return ports

    return local_ports


def double_messages(client: redis.Redis, *, most: int = MESSAGES_DOUBLED) -> int:
    """Enqueue up to ``most`` of dramatiq's messages again, under ids of their own; return how many there were."""
    count = 0
    for key in list(client.scan_iter("*.msgs")):
        queue = key.removesuffix(b".msgs")
        messages: dict[bytes, bytes] = client.hgetall(key)
        for payload in list(messages.values())[: most - count]:
            message: dict[str, Any] = json.loads(payload)
            twin = str(uuid.uuid4())
            message["options"] = {**message.get("options", {}), "redis_message_id": twin}
            client.hset(key, twin, json.dumps(message).encode())
            client.rpush(queue, twin)
            count += 1
    return count


def held_messages(client: redis.Redis) -> int:
    """Return how many messages Redis holds, queued or in work."""
    return sum(int(client.hlen(key)) for key in list(client.scan_iter("*.msgs")))


def await_messages(client: redis.Redis, seconds: float) -> int:
    """Return how many messages Redis holds once there are any, or 0 after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (held := held_messages(client)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return held
