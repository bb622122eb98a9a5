"""Identifiers."""

from __future__ import annotations

import re
from itertools import islice

from inventory.domain import ids


def test_ids_drawn_by_the_thousand_look_like_single_ones_and_differ() -> None:
    drawn = list(islice(ids.new_ids(ids.RECORD), 1_000))
    assert len(set(drawn)) == len(drawn)
    assert all(re.fullmatch("record-[0-9a-f]{12}", each) for each in [*drawn, ids.new_id(ids.RECORD)])
