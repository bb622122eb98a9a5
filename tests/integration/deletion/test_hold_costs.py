"""A collect without a hold costs no more commands of MongoDB than before there were holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inventory.domain.clock import ManualClock
from inventory.domain.deletion_guard import DeletionGuard
from tests.commands import Commands, counted
from tests.fakes.plugin import FakePlugin
from tests.integration.deletion.conftest import Fleet
from tests.integration.ingest.whole_kit import Whole


@pytest.fixture
def watched(
    database: Any, mongo_uri: str, clock: ManualClock, plugin: FakePlugin, tmp_path: Path
) -> Iterator[tuple[Fleet, Commands]]:
    with counted(database, mongo_uri) as (counting, commands):
        made = Whole(counting, clock, plugin.endpoint, tmp_path, disconnect_threshold=2)
        yield Fleet(made, plugin), commands
        made.container.plugin_connector.close()


def garbage_commands(watched: tuple[Fleet, Commands], lost: Sequence[int], of: int) -> list[tuple[str, str]]:
    """Return which commands the collect sends that is to delete ``lost`` of so many, sorted."""
    fleet, commands = watched
    fleet.loses(lost[:0] or (), of)
    fleet.sees(*(number for number in range(of) if number not in lost))
    fleet.collect()
    commands.sent.clear()
    fleet.collect()
    return sorted(commands.sent.elements())


SIZES = {"nothing": (0, 30), "one": (1, 30), "the least that may be held, of very many": (20, 90)}


@pytest.mark.parametrize("size", SIZES)
def test_a_collect_without_a_hold_costs_as_much_as_without_the_guard(
    watched: tuple[Fleet, Commands], monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    lost, of = SIZES[size]
    fleet, _ = watched

    guarded = garbage_commands(watched, range(lost), of)

    assert ("aggregate", "collection_state") in guarded
    monkeypatch.setattr(DeletionGuard, "of_collector", lambda *_: DeletionGuard(percent=0))
    fleet.sees(*range(of))
    fleet.collect()
    fleet.whole.clock.advance(timedelta(hours=2))
    without = garbage_commands(watched, range(lost), of)
    # Until there were holds, two counts stood in the place of one aggregation: one more is no more than before.
    allowed = 1 if lost >= 20 else 0
    assert len(guarded) - len(without) <= allowed, sorted(set(guarded) - set(without))
    assert not [each for each in guarded if each[1] == "deletion"]
