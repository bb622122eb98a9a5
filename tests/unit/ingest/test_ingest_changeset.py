"""What becomes of a resource, and what its history tells, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from inventory.errors import RequiredParameterError
from inventory.ingest.decision.changeset import (
    CUSTOM_SCOPE,
    CollectionEntry,
    change_cloud_service,
    change_cloud_service_type,
    change_region,
    merge_collection,
    new_cloud_service,
    new_cloud_service_type,
    new_region,
    user_update,
)
from inventory.ingest.decision.history import Author, clip_record, diff, excluded_keys, new_record

NOW = datetime(2026, 1, 5, tzinfo=UTC)
VALUES = {
    "cloud_service_type": "Instance",
    "cloud_service_group": "EC2",
    "provider": "aws",
    "name": "one",
    "region_code": "r1",
    "data": {"a": {"b": {"c": 1}}, "list": [1]},
    "metadata": {"view": 1},
    "tags": {"k.1": "v"},
    "reference": {"resource_id": "i-1"},
}


def service(**values):
    return new_cloud_service({**VALUES, **values}, cloud_service_id="cloud-svc-1", domain_id="d", now=NOW)


@pytest.mark.parametrize("key", ["cloud_service_type", "cloud_service_group", "provider", "data"])
def test_a_new_resource_needs_what_identifies_it(key):
    with pytest.raises(RequiredParameterError) as caught:
        service(**{key: None})
    assert caught.value.field == key


def test_empty_data_is_a_value_and_empty_texts_are_none():
    stored = service(data={}, name="", region_code="")
    assert stored["data"] == {}
    assert "name" not in stored
    assert "ref_region" not in stored


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ({"list": [2]}, {"data.list": [2]}),
        ({"new": 1, "list": [1]}, {"data.new": 1}),
        ({"list": [True]}, {"data.list": [True]}),
        ({"list": [1]}, {}),
        ({"a.b": 1}, {"data": {"a": {"b": {"c": 1}}, "list": [1], "a.b": 1}}),
        ({"$a": 1}, {"data": {"a": {"b": {"c": 1}}, "list": [1], "$a": 1}}),
        ({"": 1, "list": [2]}, {"data": {"a": {"b": {"c": 1}}, "list": [2], "": 1}}),
    ],
)
def test_of_data_only_what_differs_is_written_where_a_path_can_name_it(sent, written):
    change = change_cloud_service(service(), {"data": sent}, scope="aws")
    assert repr(change.set) == repr(written)
    assert change.after["data"] == {**VALUES["data"], **sent}


@pytest.mark.parametrize("empty", [{}, None])
def test_data_that_was_empty_is_written_whole(empty):
    stored = {**service(), "data": empty}
    assert change_cloud_service(stored, {"data": {"a": 1}}, scope="aws").set == {"data": {"a": 1}}


def test_a_new_resource_keeps_tags_and_metadata_under_its_provider():
    stored = service()
    assert stored["tags"] == {"aws": {"k%2E1": "v"}}
    assert stored["tag_keys"] == {"aws": ["k.1"]}
    assert stored["metadata"] == {"aws": {"view": 1}}
    assert (stored["state"], stored["revision"], stored["collection_info"]) == ("ACTIVE", 1, [])


def test_nothing_new_is_no_change():
    assert not change_cloud_service(service(), VALUES, scope="aws")


def test_a_users_tags_live_beside_the_providers():
    change = change_cloud_service(service(), {"tags": {"a.b": "c"}, "metadata": {"x": 1}}, scope=CUSTOM_SCOPE)
    assert change.set == {"tags.custom": {"a%2Eb": "c"}, "tag_keys.custom": ["a.b"], "metadata.custom": {"x": 1}}
    assert change.after["tags"] == {"aws": {"k%2E1": "v"}, "custom": {"a%2Eb": "c"}}
    cleared = change_cloud_service(change.after, {"tags": {}}, scope=CUSTOM_SCOPE)
    assert cleared.unset == ["tags.custom", "tag_keys.custom"]


def test_an_empty_text_clears_and_takes_the_reference_along():
    change = change_cloud_service(service(project_id="p"), {"region_code": "", "project_id": ""}, scope="aws")
    assert sorted(change.unset) == ["project_id", "ref_region", "region_code"]
    assert not change.set


def test_references_follow_what_they_are_made_of():
    change = change_cloud_service(service(), {"region_code": "r2", "cloud_service_type": "Volume"}, scope="aws")
    assert change.after["ref_region"] == "d.aws.r2"
    assert change.after["ref_cloud_service_type"] == "d.aws.EC2.Volume"


def test_what_identifies_a_resource_cannot_be_cleared():
    assert not change_cloud_service(service(), {"provider": "", "cloud_service_type": None}, scope="aws")


def test_a_users_update_drops_what_ties_a_resource_to_an_ingest():
    change = change_cloud_service(service(), {"name": "", "account": "x"}, scope=CUSTOM_SCOPE)
    assert user_update(change, now=NOW) == {
        "$set": {"account": "x", "updated_at": NOW},
        "$unset": {"name": "", "fingerprint": "", "match_key": ""},
        "$inc": {"revision": 1},
    }


def test_one_entry_of_collection_info_per_provider():
    def entry(provider, collector):
        return CollectionEntry(provider, "sa", "secret", collector, NOW)

    merged = merge_collection([entry("aws", "c1").document(), entry("x", "c2").document()], entry("aws", "c3"))
    assert [(info["provider"], info["collector_id"]) for info in merged] == [("x", "c2"), ("aws", "c3")]


def test_types_and_regions_have_their_defaults_and_keys():
    kind = new_cloud_service_type(
        {"name": "n", "provider": "p", "group": "g", "is_major": True},
        cloud_service_type_id="t",
        domain_id="d",
        now=NOW,
    )
    assert (kind["cloud_service_type_key"], kind["updated_by"], kind["is_primary"]) == ("p.g.n", "manual", False)
    assert kind["resource_type"] == "inventory.CloudService"
    assert change_cloud_service_type(kind, {"name": "other", "labels": ["x"]}).set == {"labels": ["x"]}
    place = new_region({"name": "n", "provider": "p", "region_code": "c"}, region_id="r", domain_id="d", now=NOW)
    assert place["region_key"] == "p.c"
    assert change_region(place, {"name": "m", "tags": {}}).set == {"name": "m"}
    with pytest.raises(RequiredParameterError):
        new_region({"provider": "p", "region_code": "c"}, region_id="r", domain_id="d", now=NOW)


def told(before, after, **options):
    return {entry["key"]: (entry["before"], entry["after"], entry["type"]) for entry in diff(before, after, **options)}


def test_a_creation_tells_every_key_to_depth_three():
    assert told(None, service()) == {
        "name": (None, "one", "ADDED"),
        "reference.resource_id": (None, "i-1", "ADDED"),
        "region_code": (None, "r1", "ADDED"),
        "data.a.b": (None, '{"c": 1}', "ADDED"),
        "data.list": (None, "[1]", "ADDED"),
        "tags.aws.k.1": (None, "v", "ADDED"),
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 2, {"data.k": ("1", "2", "CHANGED")}),
        (None, True, {"data.k": (None, "True", "ADDED")}),
        ({"x": 1}, None, {"data.k.x": ("1", None, "CHANGED")}),
        ({"x": 1}, 5, {"data.k": ('{"x": 1}', "5", "CHANGED")}),
        (5, {"x": 1}, {"data.k": ("5", None, "CHANGED"), "data.k.x": (None, "1", "ADDED")}),
        ([{"b": 1, "a": 2}], [], {"data.k": ('[{"a": 2, "b": 1}]', "[]", "CHANGED")}),
        (8, 8.0, {}),
        (None, None, {}),
    ],
)
def test_changes_tell_before_and_after(old, new, expected):
    assert told({"data": {"k": old}}, {"data": {"k": new}}) == expected


def test_excluded_keys_and_what_lies_below_are_left_out():
    exclude = excluded_keys({"change_history": {"exclude": ["data.a", "name", 5, ""]}})
    assert exclude == {"data.a", "name"}
    assert "data.a.b" not in told(None, service(), exclude=exclude)
    assert "data.ab" in told(None, {"data": {"ab": 1}}, exclude=exclude)
    assert excluded_keys({"change_history": "x"}) == excluded_keys({}) == frozenset()


def test_a_record_names_its_author():
    by_user = new_record(
        "UPDATE", [], cloud_service_id="c", domain_id="d", author=Author(user_id="u"), now=NOW, revision=2
    )
    assert (by_user["updated_by"], by_user["user_id"]) == ("USER", "u")
    assert "collector_id" not in by_user
    huge = [{"key": "data.x", "before": None, "after": "x" * 5000, "type": "ADDED"}]
    clipped = clip_record({**by_user, "diff": huge})
    assert len(clipped["diff"][0]["after"]) == 1025
