"""One changed leaf of what a plugin sends makes one entry in the history, in whichever field it is sent."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inventory.ingest.decision.changeset import change_cloud_service, new_cloud_service
from inventory.ingest.decision.history import diff
from inventory.ingest.reading.kinds import CLOUD_SERVICE
from inventory.ingest.reading.record import values_of
from tests.unit.connector.test_salvage import received, sent

NOW = datetime(2026, 1, 5, tzinfo=UTC)
USUAL = {"provider": "aws", "cloud_service_group": "EC2", "cloud_service_type": "Instance"}
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
LEAVES = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53), 2**53).map(float)
    | NAMES
)
DATA = st.dictionaries(
    NAMES,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    min_size=1,
    max_size=4,
)
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all scalars in ``value``."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, name))
    else:
        yield path


def changed(data: dict[str, Any], path: Path, leaf: Any) -> dict[str, Any]:
    """Return ``data`` with ``leaf`` at ``path``."""
    whole = copy.deepcopy(data)
    inner: Any = whole
    for name in path[:-1]:
        inner = inner[name]
    assume(repr(inner[path[-1]]) != repr(leaf) and inner[path[-1]] != leaf)
    inner[path[-1]] = leaf
    return whole


def key_of(path: Path) -> str:
    """Return the history's key: to depth 3, and never into a list."""
    names: list[str] = ["data"]
    for name in path[:2]:
        if isinstance(name, int):
            break
        names.append(name)
    return ".".join(names)


def values(data: dict[str, Any], field: str) -> dict[str, Any]:
    """Return what ingest reads of ``data`` sent over the wire in ``field``."""
    content = {"data": data} if field == "data" else {"data": None, "json_data": json.dumps(data)}
    message = received(sent({**USUAL, **content}))
    assert message.fault == ""
    return values_of(CLOUD_SERVICE, message.resource)


def stored(data: dict[str, Any], field: str) -> dict[str, Any]:
    """Return the document that ``data`` makes."""
    return new_cloud_service(values(data, field), cloud_service_id="c", domain_id="d", now=NOW)


@pytest.mark.parametrize("first", ["data", "json_data"])
@pytest.mark.parametrize("second", ["data", "json_data"])
@given(data=DATA, leaf=LEAVES, choice=st.randoms(use_true_random=False))
def test_one_changed_leaf_is_one_entry(first: str, second: str, data: dict[str, Any], leaf: Any, choice: Any) -> None:
    paths = list(leaves(data))
    assume(paths)
    path = choice.choice(paths)
    before = stored(data, first)

    change = change_cloud_service(before, values(changed(data, path, leaf), second), scope="aws")
    found = diff(before, change.after)

    assert [entry["key"] for entry in found] == [key_of(path)]


@pytest.mark.parametrize("second", ["data", "json_data"])
@given(data=DATA)
def test_what_is_sent_again_changes_nothing_and_is_what_was_sent(second: str, data: dict[str, Any]) -> None:
    before = stored(data, "data")

    assert before["data"] == data
    assert not change_cloud_service(before, values(data, second), scope="aws")


@pytest.mark.parametrize(("size", "told"), [(4.0, "4"), ("4", "4"), (4.5, "4.5"), (0.0, "0"), (2.0**53, str(2.0**53))])
def test_an_integral_number_of_the_history_is_an_integer(size: Any, told: str) -> None:
    read = values_of(CLOUD_SERVICE, {**USUAL, "data": {}, "instance_size": size})
    document = new_cloud_service(read, cloud_service_id="c", domain_id="d", now=NOW)

    created = {entry["key"]: entry["after"] for entry in diff(None, document)}
    changes = diff(document, {**document, "instance_size": 7.0})

    assert created["instance_size"] == told
    assert [(entry["before"], entry["after"]) for entry in changes] == [(told, "7")]
