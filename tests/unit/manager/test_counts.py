"""Counts of very many documents are remembered for a moment, others never."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from inventory.manager.counts import MANY, REUSE, CountCache


@dataclass
class Store:
    """Something to count that takes its time."""

    now: float = 0.0
    stored: int = MANY
    seconds: float = 0.1
    counted: int = 0

    def count(self) -> int:
        self.counted += 1
        self.now += self.seconds
        return self.stored


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def counts(store: Store) -> CountCache:
    return CountCache(MOST_SECONDS, lambda: store.now)


NAME = "collector"
DOMAIN = "domain-1"
MOST_SECONDS = 5.0
MATCH = {"domain_id": DOMAIN}


def test_many_are_counted_each_time_unless_told_otherwise(store: Store) -> None:
    counts = CountCache(0.0, lambda: store.now)

    assert [counts.total(DOMAIN, NAME, MATCH, store.count) for _ in range(3)] == [MANY] * 3
    assert store.counted == 3


def test_few_are_counted_each_time(store: Store, counts: CountCache) -> None:
    store.stored = MANY - 1

    assert [counts.total(DOMAIN, NAME, MATCH, store.count) for _ in range(3)] == [MANY - 1] * 3
    assert store.counted == 3


def test_many_are_counted_anew_after_twenty_times_as_long_as_it_took(store: Store, counts: CountCache) -> None:
    counts.total(DOMAIN, NAME, MATCH, store.count)
    store.stored += 1

    store.now += store.seconds * REUSE - 0.01
    assert counts.total(DOMAIN, NAME, MATCH, store.count) == MANY

    store.now += 0.02
    assert counts.total(DOMAIN, NAME, MATCH, store.count) == MANY + 1


def test_no_count_is_older_than_some_seconds(store: Store, counts: CountCache) -> None:
    store.seconds = 60.0
    counts.total(DOMAIN, NAME, MATCH, store.count)
    store.stored += 1

    store.now += MOST_SECONDS + 0.01

    assert counts.total(DOMAIN, NAME, MATCH, store.count) == MANY + 1


def test_each_filter_has_its_own(store: Store, counts: CountCache) -> None:
    counts.total(DOMAIN, NAME, MATCH, store.count)
    store.stored += 5

    assert counts.total(DOMAIN, NAME, {"domain_id": "domain-2"}, store.count) == MANY + 5


def test_memory_is_bounded(store: Store, counts: CountCache) -> None:
    for number in range(1_100):
        counts.total(DOMAIN, NAME, {"domain_id": str(number)}, lambda: MANY)

    assert len(counts._known) == 1_000


def test_each_collection_has_its_own(store: Store, counts: CountCache) -> None:
    counts.total(DOMAIN, NAME, MATCH, store.count)
    store.stored += 5

    assert counts.total(DOMAIN, "job", MATCH, store.count) == MANY + 5


def test_who_writes_sees_it_in_the_next_count(store: Store, counts: CountCache) -> None:
    counts.total(DOMAIN, NAME, MATCH, store.count)
    store.stored += 1

    counts.forget(DOMAIN)

    assert counts.total(DOMAIN, NAME, MATCH, store.count) == MANY + 1


def test_a_count_during_which_something_was_written_is_not_remembered(store: Store, counts: CountCache) -> None:
    def counted_meanwhile() -> int:
        found = store.count()
        store.stored += 1
        counts.forget(DOMAIN)
        return found

    counts.total(DOMAIN, NAME, MATCH, counted_meanwhile)

    assert counts.total(DOMAIN, NAME, MATCH, store.count) == MANY + 1


def test_a_write_elsewhere_does_not_matter(store: Store, counts: CountCache) -> None:
    counts.total(DOMAIN, NAME, MATCH, store.count)
    counts.forget("domain-2")
    store.stored += 1

    assert counts.total(DOMAIN, NAME, MATCH, store.count) == MANY


def test_a_count_that_fails_leaves_nothing(store: Store, counts: CountCache) -> None:
    def failed() -> int:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        counts.total(DOMAIN, NAME, MATCH, failed)

    assert (counts._going_on, counts._known) == (set(), {})
