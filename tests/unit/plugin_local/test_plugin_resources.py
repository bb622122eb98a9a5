"""The builders of what the plugin sends."""

from __future__ import annotations

import json

from inventory.plugin_local.resources import (
    DisplayField,
    LocalResource,
    ServiceType,
    cloud_service,
    cloud_service_type,
    error,
    region,
)

LAMP = ServiceType(
    group="House",
    name="Lamp",
    is_primary=True,
    labels=("Light",),
    fields=(
        DisplayField(key="data.watts", name="Watts", data_type="integer"),
        DisplayField(key="data.colour", name="Colour", type="badge", options={"x": 1}, optional=True),
    ),
)


def test_a_cloud_service_is_found_again_by_its_reference() -> None:
    item = LocalResource(type=LAMP, resource_id="lamp/1", name="Desk", data={"watts": 5}, tags={"room": "study"})

    sent = cloud_service(item, account="machine-1")

    assert sent.resource_type == "inventory.CloudService"
    assert sent.match_rules == {
        "1": ("reference.resource_id", "provider", "cloud_service_type", "cloud_service_group", "account")
    }
    assert sent.resource["reference"] == {"resource_id": "machine-1/lamp/1"}
    assert sent.resource["account"] == "machine-1"
    assert sent.resource["tags"] == {"room": "study"}


def test_size_and_make_are_sent_only_where_they_are_known() -> None:
    plain = LocalResource(type=LAMP, resource_id="a", name="a", data={})
    sized = LocalResource(type=LAMP, resource_id="b", name="b", data={}, instance_type="led", instance_size=2.5)

    assert "instance_type" not in cloud_service(plain, account="m").resource
    assert "instance_size" not in cloud_service(plain, account="m").resource
    assert cloud_service(sized, account="m").resource["instance_type"] == "led"
    assert cloud_service(sized, account="m").resource["instance_size"] == 2.5


def test_a_type_has_a_table_and_search_keys_for_its_fields() -> None:
    sent = cloud_service_type(LAMP)

    view = json.loads(json.dumps(sent.resource["metadata"]))["view"]
    assert sent.match_rules == {"1": ("name", "group", "provider")}
    assert view["search"] == [
        {"key": "data.watts", "name": "Watts", "data_type": "integer"},
        {"key": "data.colour", "name": "Colour"},
    ]
    assert view["table"]["layout"]["type"] == "query-search-table"
    assert view["table"]["layout"]["options"]["fields"] == [
        {"key": "data.watts", "name": "Watts", "type": "text"},
        {"key": "data.colour", "name": "Colour", "type": "badge", "options": {"x": 1, "is_optional": True}},
    ]


def test_a_region_is_found_again_by_its_code() -> None:
    assert region(time_zone="UTC").match_rules == {"1": ("region_code", "provider")}


def test_an_error_names_its_group_and_has_no_match_rules() -> None:
    sent = error("no access", group="Network")

    assert (sent.resource_type, sent.message, sent.match_rules) == ("inventory.ErrorResource", "no access", {})
    assert sent.resource["cloud_service_group"] == "Network"
