"""Calls hold no more memory together than their process may."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from inventory.devruntime.child import wait_until
from inventory.process import memory_budget
from inventory.process.memory_budget import FREE_BYTES, BudgetSpentError, Holding, MemoryBudget, holding

MIB = 1024 * 1024


def test_what_is_taken_is_given_back() -> None:
    budget = MemoryBudget(10 * MIB)
    held = Holding(budget)

    held.hold(4 * MIB)
    held.hold(6 * MIB)
    assert budget.held_bytes == 6 * MIB
    held.hold(1 * MIB)
    assert budget.held_bytes == 6 * MIB, "only shrink gives back"
    held.shrink(2 * MIB)
    assert budget.held_bytes == 2 * MIB
    held.release()
    held.release()
    assert budget.held_bytes == 0


def test_a_single_call_never_needs_more_than_there_is() -> None:
    budget = MemoryBudget(10 * MIB)

    Holding(budget).hold(1000 * MIB)

    assert budget.held_bytes == 10 * MIB


def test_what_others_hold_is_waited_for_and_then_refused() -> None:
    budget = MemoryBudget(10 * MIB, wait_seconds=0.05)
    other, held = Holding(budget), Holding(budget)
    other.hold(8 * MIB)

    with pytest.raises(BudgetSpentError, match="try again, or ask for smaller pages"):
        held.hold(4 * MIB)

    assert held.size == 0
    assert budget.held_bytes == 8 * MIB


def test_what_is_given_back_in_time_is_taken() -> None:
    budget = MemoryBudget(10 * MIB, wait_seconds=20)
    other, held = Holding(budget), Holding(budget)
    other.hold(8 * MIB)
    waiting = threading.Thread(target=held.hold, args=(4 * MIB,))
    waiting.start()

    other.release()
    waiting.join(10)

    assert budget.held_bytes == held.size == 4 * MIB


def test_memory_is_given_back_though_no_thread_can_be_started_to_trim_it(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = threading.Event()
    monkeypatch.setattr(memory_budget, "trim", trimmed.set)
    monkeypatch.setattr(memory_budget, "TRIM_SECONDS", 0.0)
    budget = MemoryBudget(10 * MIB)
    first, second = Holding(budget), Holding(budget)
    first.hold(4 * MIB)
    second.hold(4 * MIB)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        first.release()
    assert budget.held_bytes == 4 * MIB
    assert not trimmed.is_set()

    second.release()
    assert trimmed.wait(10)


def test_small_calls_and_those_of_nobody_are_not_counted() -> None:
    budget = MemoryBudget(10 * MIB)
    held = Holding(budget)

    with holding(held):
        memory_budget.hold(FREE_BYTES)
    memory_budget.hold(5 * MIB)

    assert budget.held_bytes == 0


class _Cycle:
    """As a failed call leaves it: an exception whose frames hold it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_given_back_is_freed_although_a_cycle_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_budget, "TRIM_SECONDS", 0.01)
    held = Holding(MemoryBudget(10 * MIB))
    held.hold(4 * MIB)
    gc.disable()
    try:
        cycle = _Cycle()
        seen = weakref.ref(cycle)
        del cycle
        assert seen() is not None

        held.release()

        assert wait_until(lambda: seen() is None, timeout_seconds=10)
    finally:
        gc.enable()
