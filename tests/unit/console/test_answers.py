"""Answers that take long: asked once, waited for, used again for a while, by the same caller only."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from inventory.console.answers import AT_ONCE, MOST_SECONDS, Answers, key_of
from inventory.console.api import ApiError


class Server:
    """Answers as soon as it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.error: ApiError | None = None

    async def __call__(self) -> dict[str, Any]:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return {"number": number}


def test_a_late_answer_is_asked_for_once_and_found_by_who_waits() -> None:
    async def story() -> None:
        server, answers = Server(), Answers()
        assert await answers.ask(b"k", server, 0.001) is None
        server.open.set()
        assert await answers.ask(b"k", server, 5) == {"number": 1}
        assert server.asked == 1

    asyncio.run(story())


def test_an_answer_is_used_again_for_a_multiple_of_the_time_it_took() -> None:
    now = [0.0]

    async def story() -> None:
        server, answers = Server(), Answers(monotonic=lambda: now[0])
        assert await answers.ask(b"k", server, 0.001) is None
        now[0] = 2.0
        server.open.set()
        assert await answers.ask(b"k", server, 5) == {"number": 1}
        now[0] = 41.0
        assert await answers.ask(b"k", server, 5) == {"number": 1}
        now[0] = 43.0
        assert await answers.ask(b"k", server, 5) == {"number": 2}
        now[0] += MOST_SECONDS + 2
        assert await answers.ask(b"k", server, 5) == {"number": 3}

    asyncio.run(story())


def test_an_error_is_told_and_not_remembered() -> None:
    async def story() -> None:
        server, answers = Server(), Answers()
        server.open.set()
        server.error = ApiError(503, "ERROR_GRPC_CONNECTION", "away")
        with pytest.raises(ApiError):
            await answers.ask(b"k", server, 5)
        server.error = None
        assert await answers.ask(b"k", server, 5) == {"number": 2}

    asyncio.run(story())


def test_callers_and_requests_are_told_apart() -> None:
    keys = {
        key_of(token, name, request)
        for token in ("", "a", "b")
        for name in ("Job.list", "Job.stat")
        for request in ({}, {"domain_id": "d"})
    }

    assert len(keys) == 12


def test_whoever_changed_something_sees_it_at_once_and_so_does_who_asks_what_is_quick() -> None:
    now = [0.0]

    async def story() -> None:
        server, answers = Server(), Answers(monotonic=lambda: now[0])
        key, other = key_of("me", "Job.list", {}), key_of("you", "Job.list", {})
        assert await answers.ask(key, server, 0.001) is None
        assert await answers.ask(other, server, 0.001) is None
        now[0] = 5.0
        server.open.set()
        await answers.ask(key, server, 5)
        await answers.ask(other, server, 5)
        answers.forget("me")
        assert await answers.ask(key, server, 5) == {"number": 3}
        assert await answers.ask(other, server, 5) == {"number": 2}
        assert await answers.ask(key, server, 5) == {"number": 4}, "it was quick"

    asyncio.run(story())


def test_no_more_run_at_a_time_than_may() -> None:
    async def story() -> None:
        server, answers = Server(), Answers()
        for number in range(AT_ONCE):
            assert await answers.ask(key_of("", "Job.list", {"page": number}), server, 0) is None
        with pytest.raises(ApiError) as refused:
            await answers.ask(key_of("", "Job.list", {}), server, 0)
        assert refused.value.status == 429
        server.open.set()
        while server.asked and await answers.ask(key_of("", "Job.list", {"page": 0}), server, 5) is None:
            pass
        assert await answers.ask(key_of("", "Job.list", {}), server, 5)

    asyncio.run(story())
