"""A client's collect filter → the plugin's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.domain.collector.filter_format import CheckedFilter, checked_filter, filters_by_secret, with_cache
from inventory.errors import InvalidParameterTypeError, UnsupportedFilterKeyError

METADATA: dict[str, Any] = {
    "filter_format": [
        {"key": "zone", "name": "Zone", "type": "str", "resource_type": "CUSTOM"},
        {"key": "region_name", "type": "list", "resource_type": "CUSTOM"},
        {
            "key": "resource_id",
            "type": "list",
            "resource_type": "inventory.CloudService",
            "search_key": "inventory.CloudService.reference.resource_id",
            "change_rules": [
                {"resource_key": "data.id", "change_key": "instance_id"},
                {"resource_key": "region_code", "change_key": "region_name"},
            ],
        },
        {"name": "without a key"},
        "nonsense",
    ]
}


def test_no_filter_asks_for_nothing() -> None:
    assert checked_filter({}, METADATA) == CheckedFilter()


@pytest.mark.parametrize("metadata", [{}, {"filter_format": None}, {"filter_format": "wrong"}])
def test_a_filter_for_a_plugin_without_a_format_is_passed_over_but_given(metadata: dict[str, Any]) -> None:
    checked = checked_filter({"zone": "a"}, metadata)
    assert checked.given
    assert filters_by_secret(checked, [], ["secret-1"]) == {"secret-1": {}}


def test_a_key_outside_the_format_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedFilterKeyError, match="nope"):
        checked_filter({"nope": 1}, METADATA)


def test_custom_values_pass_on_and_a_str_for_a_list_becomes_one_element() -> None:
    checked = checked_filter({"zone": "a", "region_name": "r1"}, METADATA)
    assert filters_by_secret(checked, [], ["s"]) == {"s": {"zone": "a", "region_name": ["r1"]}}
    checked = checked_filter({"region_name": ["r1", "r2"]}, METADATA)
    assert filters_by_secret(checked, [], ["s"]) == {"s": {"region_name": ["r1", "r2"]}}


@pytest.mark.parametrize("filter", [{"zone": ["a"]}, {"zone": None}, {"resource_id": [{}]}, {"resource_id": {}}])
def test_values_of_the_wrong_type_are_refused(filter: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterTypeError):
        checked_filter(filter, METADATA)


@pytest.mark.parametrize("filter", [{"region_name": []}, {"resource_id": []}])
def test_an_empty_list_finds_nothing(filter: dict[str, Any]) -> None:
    checked = checked_filter(filter, METADATA)
    assert filters_by_secret(checked, [{"s": {"instance_id": ["i"]}}] * len(checked.lookups), ["s"]) == {}


def test_looked_up_values_go_to_the_secrets_that_collected_them_only() -> None:
    checked = checked_filter({"resource_id": "arn-1", "zone": "a"}, METADATA)
    assert [(lookup.format.key, lookup.values) for lookup in checked.lookups] == [("resource_id", ("arn-1",))]
    found = {"s1": {"instance_id": ["i-1"], "region_name": []}, "s3": {"instance_id": [], "region_name": []}}
    assert filters_by_secret(checked, [found], ["s1", "s2", "s3"]) == {"s1": {"zone": "a", "instance_id": ["i-1"]}}


def test_two_lookups_narrow_each_other() -> None:
    checked = checked_filter({"resource_id": "x"}, METADATA)
    one = {"s1": {"k": [1, 2]}, "s2": {"k": [1]}}
    other = {"s1": {"k": [2, 3]}, "s2": {"k": [3]}}
    assert filters_by_secret(checked, [one, other], ["s1", "s2"]) == {"s1": {"k": [2]}}


def test_the_cache_adds_what_the_client_did_not_say() -> None:
    assert with_cache({"region_name": ["r1"]}, {"region_name": ["r2"], "zone": ["a"], "empty": []}) == {
        "region_name": ["r1"],
        "zone": ["a"],
    }


ANSWERS = st.dictionaries(
    st.sampled_from(["s1", "s2", "s3"]),
    st.dictionaries(st.sampled_from(["instance_id", "region_name"]), st.lists(st.integers(0, 3), max_size=3)),
)


@given(
    filter=st.dictionaries(
        st.sampled_from(["zone", "region_name", "resource_id"]), st.sampled_from(["a", "b"]), min_size=1
    ),
    answer=ANSWERS,
)
def test_a_filter_never_widens(filter: dict[str, Any], answer: dict[str, Any]) -> None:
    checked = checked_filter(filter, METADATA)
    filters = filters_by_secret(checked, [answer for _ in checked.lookups], ["s1", "s2"])
    assert set(filters) <= {"s1", "s2"}
    for secret_id, sent in filters.items():
        assert sent
        assert all(value != [] for value in sent.values())
        if checked.lookups:
            assert any(answer[secret_id].values())
