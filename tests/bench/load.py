"""Clients in closed loops, in processes of their own: each sends its next call when the last is answered.

The processes are started once (``python -m tests.bench.load``) and told what to do by JSON lines on stdin.
"""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import grpc

PROCESSES = 2
CALL_SECONDS = 30.0
_OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]


@dataclass(frozen=True, slots=True)
class Measured:
    """What clients saw.

    Attributes:
        latencies: of the calls that were answered, s, ascending.
        seconds: how long they called.
        errors: how many calls failed, and how one of them did.
    """

    latencies: Sequence[float]
    seconds: float
    errors: int
    error: str

    @property
    def rate(self) -> float:
        """Answered calls per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Return a latency, ms."""
        if not self.latencies:
            return float("nan")
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)] * 1000


class Load:
    """The client processes; a context manager."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.bench.load"]
        self._processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()

    def run(self, address: str, method: str, requests: Sequence[bytes], *, clients: int, seconds: float) -> Measured:
        """Let ``clients`` call ``method`` for ``seconds``, each taking the next of ``requests`` in turn."""
        shares = [clients // PROCESSES + (number < clients % PROCESSES) for number in range(PROCESSES)]
        encoded = [base64.b64encode(request).decode() for request in requests]
        busy = [(process, share) for process, share in zip(self._processes, shares, strict=True) if share]
        for process, share in busy:
            order = {"address": address, "method": method, "requests": encoded, "clients": share, "seconds": seconds}
            assert process.stdin is not None
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
        answers: list[dict[str, Any]] = []
        for process, _ in busy:
            assert process.stdout is not None
            answers.append(json.loads(process.stdout.readline()))
        return Measured(
            latencies=sorted(itertools.chain.from_iterable(answer["latencies"] for answer in answers)),
            seconds=max(answer["seconds"] for answer in answers),
            errors=sum(answer["errors"] for answer in answers),
            error=next((answer["error"] for answer in answers if answer["error"]), ""),
        )


class _Clients:
    """The clients of one process, their connections kept between orders."""

    def __init__(self) -> None:
        self._channels: dict[str, list[grpc.Channel]] = {}

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        requests = [base64.b64decode(request) for request in order["requests"]]
        channels = self._connect(order["address"], order["clients"])
        latencies: list[list[float]] = [[] for _ in channels]
        failures: list[str] = []
        until = time.perf_counter() + order["seconds"]

        def work(number: int) -> None:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channels[number].unary_unary(order["method"])
            mine = itertools.cycle(requests[number * 37 % len(requests) :] + requests[: number * 37 % len(requests)])
            now = time.perf_counter()
            while now < until:
                try:
                    call(next(mine), timeout=CALL_SECONDS)
                except grpc.RpcError as exc:
                    failures.append(f"{exc.code()}: {exc.details()}")
                    now = time.perf_counter()
                    continue
                answered = time.perf_counter()
                latencies[number].append(answered - now)
                now = answered

        began = time.perf_counter()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(channels))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {
            "latencies": [round(each, 7) for each in itertools.chain.from_iterable(latencies)],
            "seconds": time.perf_counter() - began,
            "errors": len(failures),
            "error": failures[0] if failures else "",
        }

    def _connect(self, address: str, count: int) -> list[grpc.Channel]:
        channels = self._channels.setdefault(address, [])
        while len(channels) < count:
            channel = grpc.insecure_channel(address, options=_OPTIONS)
            grpc.channel_ready_future(channel).result(timeout=CALL_SECONDS)
            channels.append(channel)
        return channels[:count]


def main() -> None:
    """Obey until stdin ends."""
    clients = _Clients()
    for line in sys.stdin:
        print(json.dumps(clients.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
