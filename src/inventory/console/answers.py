"""Slow answers: requested once, awaited as long as a page can wait, and fetched by the page when available.

Counting a million resources by region takes MongoDB seconds, and a page must not wait for that. The page is sent
without the number and requests the part again later, when the request is still running or answered. An answer is reused
for a multiple of the time that it took, only for the same caller.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from inventory.console.api import ApiError, Json

REUSE: Final = 20.0
"""An answer is reused for this multiple of its duration."""
MOST_SECONDS: Final = 60.0
QUICK_SECONDS: Final = 0.25
"""A quicker answer is never reused: its exact value may matter."""
AT_ONCE: Final = 200
"""Requests that run at a time; whoever leaves a page leaves its requests running."""
_KEPT: Final = 200

BUSY: Final = ApiError(
    429, "ERROR_LIMIT_EXCEEDED", "Too many parts of pages are being computed. Reload the page in a moment."
)


@dataclass(slots=True)
class _Question:
    task: asyncio.Task[Json]
    began: float
    until: float | None = None


class Answers:
    """Caches the requests of one process.

    Args:
        monotonic: a clock, s.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._questions: dict[bytes, _Question] = {}
        self._running = 0

    async def ask(self, key: bytes, call: Callable[[], Awaitable[Json]], wait_seconds: float) -> Json | None:
        """Return the answer, or None if it does not arrive within ``wait_seconds``; the request continues.

        Raises:
            ApiError: the API's error.
        """
        self._forget_old()
        question = self._questions.get(key)
        if question is None:
            if self._running >= AT_ONCE:
                raise BUSY
            task = asyncio.ensure_future(call())
            self._running += 1
            question = self._questions[key] = _Question(task, self._monotonic())
            task.add_done_callback(lambda _task: self._answered(key, question))
        done, _ = await asyncio.wait({question.task}, timeout=wait_seconds)
        return question.task.result() if done else None

    def forget(self, token: str) -> None:
        """Drop everything a caller requested, since it has changed something."""
        owner = _owner(token)
        for key in [key for key in self._questions if key.startswith(owner)]:
            del self._questions[key]

    def _answered(self, key: bytes, question: _Question) -> None:
        now = self._monotonic()
        self._running -= 1
        if question.task.cancelled() or question.task.exception() is not None:
            # Whoever waits receives the error; the next one asks again.
            if self._questions.get(key) is question:
                del self._questions[key]
            return
        took = now - question.began
        question.until = now + min(took * REUSE, MOST_SECONDS) if took >= QUICK_SECONDS else now

    def _forget_old(self) -> None:
        now = self._monotonic()
        ended = [key for key, each in self._questions.items() if each.until is not None and each.until <= now]
        for key in ended:
            del self._questions[key]
        for key in list(self._questions)[:-_KEPT]:
            # One that still runs is only dropped: somebody may wait for it.
            del self._questions[key]


def key_of(token: str, name: str, request: Mapping[str, Any]) -> bytes:
    """Return the key of a request: the caller, the method, and its fields."""
    content = json.dumps([name, request], sort_keys=True, ensure_ascii=True)
    return _owner(token) + hashlib.blake2b(content.encode(), digest_size=16).digest()


def _owner(token: str) -> bytes:
    return hashlib.blake2b(token.encode(), digest_size=16).digest()
