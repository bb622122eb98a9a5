"""Turns: as many as there are, callers in rotation, none with more than its share."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.api.admission.lane import Lane, Ticket
from inventory.errors import LimitExceededError


def lane(*, turns: int = 2, share: int = 2, queue: int = 100) -> Lane:
    return Lane("heavy", turns=turns, share=share, queue=queue, hint="ask for less")


def ticket(caller: str) -> Ticket:
    return Ticket(caller, lambda: None)


def test_one_callers_hundred_calls_delay_anothers_by_one() -> None:
    found = lane(turns=1, share=1, queue=1000)
    found.enter(ticket("greedy"))
    for _ in range(100):
        assert not found.enter(ticket("greedy"))
    assert not found.enter(ticket("modest"))

    after = [found.leave("greedy"), found.leave("greedy")]

    assert "modest" in [each.caller for each in after if each]


def test_a_caller_holds_no_more_than_its_share_though_turns_are_free() -> None:
    found = lane(turns=4, share=2)

    assert [found.enter(ticket("greedy")) for _ in range(4)] == [True, True, False, False]
    assert [found.enter(ticket("modest")) for _ in range(2)] == [True, True]

    given_to = found.leave("modest")
    assert given_to is None  # the free turn waits for somebody else
    given_to = found.leave("greedy")
    assert given_to is not None
    assert given_to.caller == "greedy"


def test_a_caller_may_fill_half_of_the_queue_and_hears_of_it_with_a_hint() -> None:
    found = lane(turns=1, share=1, queue=4)
    found.enter(ticket("greedy"))
    found.enter(ticket("greedy"))
    found.enter(ticket("greedy"))

    with pytest.raises(LimitExceededError, match=r"limit = heavy calls, hint = ask for less"):
        found.enter(ticket("greedy"))

    assert not found.enter(ticket("modest"))
    assert not found.enter(ticket("other"))
    with pytest.raises(LimitExceededError):
        found.enter(ticket("third"))


def test_who_comes_back_goes_before_those_that_wait() -> None:
    found = lane(turns=1, share=1)
    found.enter(ticket("first"))
    found.enter(ticket("second"))
    assert not found.enter_again(ticket("back"))

    order = [found.leave("first"), found.leave("back")]

    assert [each.caller for each in order if each] == ["back", "second"]


def test_a_withdrawn_ticket_gets_no_turn() -> None:
    found = lane(turns=1, share=1)
    found.enter(ticket("first"))
    waiting = ticket("second")
    found.enter(waiting)

    assert found.withdraw(waiting)
    assert not found.withdraw(waiting)
    assert found.leave("first") is None
    assert found.queued == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["enter", "leave", "again"]))), st.integers(1, 4))
def test_no_turn_is_lost_or_given_twice(steps: list[tuple[str, str]], turns: int) -> None:
    share = max(turns // 2, 1)
    found = lane(turns=turns, share=share, queue=10_000)
    running: Counter[str] = Counter()
    away: list[str] = []
    waiting = 0
    for caller, step in steps:
        if step == "enter":
            if found.enter(ticket(caller)):
                running[caller] += 1
            else:
                waiting += 1
        elif step == "again" and away:
            back = away.pop()
            if found.enter_again(ticket(back)):
                running[back] += 1
            else:
                waiting += 1
        elif running[caller]:
            running[caller] -= 1
            away.append(caller)
            granted = found.leave(caller)
            if granted is not None:
                running[granted.caller] += 1
                waiting -= 1
        assert running.total() <= turns
        assert found.queued == waiting
        # Nobody waits while there is a turn that it may have.
        assert running.total() == turns or all(running[each] >= share for each in found._queues)
