"""The guard: how many deletions at once are held."""

from __future__ import annotations

import pytest

from inventory.domain.deletion_guard import NO_GUARD, DeletionGuard, check_tags
from inventory.errors import InvalidParameterError


@pytest.mark.parametrize(
    ("deleted", "alive", "held"),
    [(19, 19, False), (20, 20, True), (20, 66, True), (20, 67, False), (300, 1000, False), (301, 1000, True)],
)
def test_more_than_the_share_and_no_fewer_than_the_least_are_held(deleted: int, alive: int, held: bool) -> None:
    assert DeletionGuard(30, 20).holds(deleted, alive) is held
    assert not NO_GUARD.holds(deleted, alive)


@pytest.mark.parametrize(
    ("tag", "percent"),
    [("50", 50), (12.5, 12.5), (0, 0), ("101", 30), ("-1", 30), ("nan", 30), ("many", 30), (None, 30), ({}, 30)],
)
def test_a_tag_replaces_the_share_if_it_is_one(tag: object, percent: float) -> None:
    assert DeletionGuard(30, 7).of_collector({"deletion_guard_percent": tag}) == DeletionGuard(percent, 7)
    assert DeletionGuard(30, 7).of_collector(None) == DeletionGuard(30, 7)


@pytest.mark.parametrize("tag", ["90 %", "many", "", 101, -1, "nan", True, {}, [30]])
def test_a_tag_that_is_no_percentage_is_refused(tag: object) -> None:
    with pytest.raises(InvalidParameterError, match=r"tags\.deletion_guard_percent"):
        check_tags({"deletion_guard_percent": tag})


@pytest.mark.parametrize("tags", [{}, {"deletion_guard_percent": None}, {"deletion_guard_percent": "12.5"}])
def test_other_tags_are_not(tags: dict[str, object]) -> None:
    check_tags(tags)
