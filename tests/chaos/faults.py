"""Faults: what may happen, when, to whom — planned from the seed before the run begins."""

from __future__ import annotations

import faulthandler
import heapq
import itertools
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis

from inventory.devruntime import child
from tests.chaos import disturb
from tests.chaos.fleet import SETTINGS, Fleet, Service
from tests.chaos.mongo import transactions_of

LEASE_SECONDS = float(str(SETTINGS["LEASE_SECONDS"]))
AWAIT_MESSAGES_SECONDS = 1.5
"""So long the emptying of Redis waits for messages that it takes away."""

STALL_SECONDS = 40.0
"""Longer than any fault takes to be done: a node of MongoDB that ends in order takes 15 s."""
LATE_SECONDS = 20.0
IN_TRANSACTION_SECONDS = 4.0
"""How long a worker is stopped and let go on, again and again, until it is in the middle of a transaction."""
IDLE_SECONDS = 0.05
"""A transaction in which nothing happened for so long belongs to a process that sleeps."""

WEIGHTS = {
    "kill_worker_child": 4,
    "kill_worker": 4,
    "kill_worker_parent": 1,
    "stop_worker": 1,
    "kill_server": 3,
    "kill_scheduler": 3,
    "kill_plugin": 1,
    "empty_redis": 2,
    "kill_redis": 2,
    "kill_mongod": 2,
    "restart_mongod": 1,
    "depose_mongod": 2,
    "pause_worker": 2,
    "pause_worker_in_transaction": 2,
    "pause_scheduler": 1,
    "pause_server": 1,
    **disturb.WEIGHTS,
}
KILLS = frozenset(name for name in WEIGHTS if name.startswith("kill_"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        after: since the start of the chaos, s.
        name: a key of :data:`WEIGHTS`.
        choice: which of several, a share of 1.
        length: how long a pause or an outage lasts, a share of 1.
    """

    after: float
    name: str
    choice: float
    length: float


def plan_faults(seed: int, seconds: float, *, every: float) -> list[Fault]:
    """Return the faults of a run: each kind once as long as there is time, then at random; about one ``every`` s."""
    chance = random.Random(seed)
    first = list(WEIGHTS)
    chance.shuffle(first)
    names = itertools.chain(first, iter(lambda: chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0], None))
    faults = []
    after = 0.0
    while True:
        after += chance.uniform(0.4, 1.6) * every
        if after >= seconds:
            return faults
        faults.append(Fault(after, next(names), chance.random(), chance.random()))


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which schedules could not fire: MongoDB away, or a scheduler dead or asleep; epoch seconds."""

    name: str
    begun: float


class Havoc:
    """Does what was planned. Belongs to the fleet's thread."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self.done: Counter[str] = Counter()
        self.outages: list[Outage] = []
        self._disturber = disturb.Disturber(
            fleet,
            lambda seconds, action: self._at(time.monotonic() + seconds, action),
            longer=LEASE_SECONDS + 1,
            outage=lambda name: self.outages.append(Outage(name, time.time())),
        )

    def run(self, faults: list[Fault]) -> None:
        """Do all faults, and what follows from them; return when the last is over and nobody sleeps."""
        self._plan_next(iter(faults), time.monotonic())
        while self._agenda:
            # Where a stall happened is worth knowing: nothing is released or started again meanwhile.
            faulthandler.dump_traceback_later(STALL_SECONDS, file=sys.__stderr__)
            self._fleet.tend()
            if self._agenda[0][0] <= time.monotonic():
                heapq.heappop(self._agenda)[2]()
            else:
                time.sleep(0.05)
        faulthandler.cancel_dump_traceback_later()

    def _plan_next(self, faults: Iterator[Fault], begun: float) -> None:
        """Plan the next fault; after a stall all are put off, since what piled up would come at once."""
        fault = next(faults, None)
        if fault is None:
            return

        def act() -> None:
            late = time.monotonic() - begun - fault.after
            self._do(fault)
            self._plan_next(faults, begun + late if late > LATE_SECONDS else begun)

        self._at(begun + fault.after, act)

    def _at(self, moment: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._number), action))

    def _do(self, fault: Fault) -> None:
        hit = self._disturber.do(fault) if self._disturber.does(fault.name) else self._end(fault)
        if hit:
            self.done[fault.name] += 1
            print(f"{fault.after:7.1f} s  {fault.name} {hit}", flush=True)

    def _end(self, fault: Fault) -> str:
        verb, _, what = fault.name.partition("_")
        if "mongod" in what or "scheduler" in what:
            self.outages.append(Outage(fault.name, time.time()))
        done = getattr(self, f"_{verb}_{what}", None)
        hit: str = done(fault) if done else getattr(self, f"_{verb}")(self._pick(what, fault), fault)
        return hit

    def _pick(self, kind: str, fault: Fault) -> Service:
        services = self._fleet.of(kind)
        return services[int(fault.choice * len(services))]

    def _kill(self, service: Service, _fault: Fault) -> str:
        if not service.is_running():
            return ""
        child.send(service.process, signal.SIGKILL)
        return service.name

    def _stop(self, service: Service, _fault: Fault) -> str:
        if not service.is_running():
            return ""
        service.process.terminate()
        return service.name

    def _kill_worker_child(self, fault: Fault) -> str:
        service = self._pick("worker", fault)
        return " ".join(self._signal(each.pid, signal.SIGKILL) for each in service.children()[:1])

    def _kill_worker_parent(self, fault: Fault) -> str:
        service = self._pick("worker", fault)
        if not service.is_running():
            return ""
        return self._signal(service.process.pid, signal.SIGKILL)

    def _pause(self, service: Service, fault: Fault) -> str:
        """Let it sleep longer than any lease, then wake it as if nothing had been."""
        pids = [each.pid for each in service.children()]
        if not pids and service.is_running():
            pids = [service.process.pid]
        for pid in pids:
            self._signal(pid, signal.SIGSTOP)
        self._wake(pids, fault)
        return " ".join(map(str, pids))

    def _pause_worker_in_transaction(self, fault: Fault) -> str:
        """Let a worker sleep as above, in the middle of a transaction."""
        pids = [each.pid for each in self._pick("worker", fault).children()]
        # While MongoDB is away, each look waits for it, and nobody would start it again meanwhile.
        deadline = time.monotonic() + IN_TRANSACTION_SECONDS
        with transactions_of(self._fleet.mongod.uri) as idle_transactions:
            while pids and time.monotonic() < deadline:
                for pid in pids:
                    self._signal(pid, signal.SIGSTOP)
                time.sleep(IDLE_SECONDS)
                if found := idle_transactions(IDLE_SECONDS):
                    self._wake(pids, fault)
                    return f"{' '.join(map(str, pids))}, {found} open"
                for pid in pids:
                    self._signal(pid, signal.SIGCONT)
                time.sleep(IDLE_SECONDS * fault.choice)
        return ""

    def _wake(self, pids: list[int], fault: Fault) -> None:
        """Let stopped processes go on once they have slept longer than any lease."""
        for pid in pids:
            self._at(
                time.monotonic() + LEASE_SECONDS + 1 + 2 * fault.length,
                lambda pid=pid: self._signal(pid, signal.SIGCONT),
            )

    @staticmethod
    def _signal(pid: int, signum: signal.Signals) -> str:
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            return ""
        return str(pid)

    def _empty_redis(self, _fault: Fault) -> str:
        try:
            with redis.Redis.from_url(self._fleet.redis.url, socket_timeout=2) as client:
                held = disturb.await_messages(client, AWAIT_MESSAGES_SECONDS)
                client.flushall()
        except redis.RedisError:
            return ""
        return f"with {held} messages" if held else ""

    def _kill_redis(self, fault: Fault) -> str:
        """Kill it and take its file away; it comes back empty."""
        server = self._fleet.redis
        if server.pid is None:
            return ""
        os.kill(server.pid, signal.SIGKILL)
        server.stop()
        keep = self._fleet.folder / f"redis-{next(self._number)}"
        if server.data_dir.exists():
            shutil.move(server.data_dir, keep)
        self._at(time.monotonic() + 2.5 * fault.length, server.start)
        return "with its file"

    def _kill_mongod(self, fault: Fault) -> str:
        return self._take_mongod(fault, signal.SIGKILL)

    def _restart_mongod(self, fault: Fault) -> str:
        return self._take_mongod(fault, signal.SIGTERM)

    def _take_mongod(self, fault: Fault, signum: signal.Signals) -> str:
        taken = self._fleet.mongod.take(fault.choice, signum)
        if taken:
            self._at(time.monotonic() + 2 * fault.length, self._fleet.mongod.start)
        return taken

    def _depose_mongod(self, _fault: Fault) -> str:
        return self._fleet.mongod.step_down()
