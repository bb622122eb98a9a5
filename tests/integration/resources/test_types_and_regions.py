"""CloudServiceType and Region: everything their services do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from tests.integration.resources.conftest import Client
from tests.manual_clock import ManualClock

TYPE = {"name": "Instance", "provider": "aws", "group": "EC2"}
REGION = {"name": "Virginia", "region_code": "us-east-1", "provider": "aws"}
KINDS = [("CloudServiceType", "cloud_service_type_id", TYPE), ("Region", "region_id", REGION)]


def test_a_created_type_is_shown_as_it_was_sent(client: Client) -> None:
    made = client(
        "CloudServiceType.create",
        **TYPE,
        service_code="AmazonEC2",
        is_primary=True,
        is_major=True,
        resource_type="inventory.Server",
        metadata={"view": {"sub": [1, "x"]}},
        labels=["Compute"],
        tags={"a.b": "1", "$c": "2"},
    )

    got = client("CloudServiceType.get", cloud_service_type_id=made["cloud_service_type_id"])

    assert got == made
    assert re.fullmatch("cloud-svc-type-[0-9a-f]{12}", made.pop("cloud_service_type_id"))
    assert made == {
        **TYPE,
        "cloud_service_type_key": "aws.EC2.Instance",
        "service_code": "AmazonEC2",
        "is_primary": True,
        "is_major": True,
        "resource_type": "inventory.Server",
        "metadata": {"view": {"sub": [1.0, "x"]}},
        "labels": ["Compute"],
        "tags": {"a.b": "1", "$c": "2"},
        "domain_id": "domain-one",
        "created_at": "2026-01-05T12:00:00.000Z",
        "updated_at": "2026-01-05T12:00:00.000Z",
    }


def test_a_created_region_is_shown_as_it_was_sent(client: Client) -> None:
    made = client("Region.create", **REGION, tags={"continent": "america"})

    got = client("Region.get", region_id=made["region_id"])

    assert got == made
    assert re.fullmatch("region-[0-9a-f]{12}", made.pop("region_id"))
    assert made == {
        **REGION,
        "region_key": "aws.us-east-1",
        "tags": {"continent": "america"},
        "domain_id": "domain-one",
        "created_at": "2026-01-05T12:00:00.000Z",
        "updated_at": "2026-01-05T12:00:00.000Z",
    }


@pytest.mark.parametrize(("service", "_id_field", "fields"), KINDS)
def test_create_requires_its_fields_and_the_others_an_id(
    client: Client, service: str, _id_field: str, fields: dict[str, Any]
) -> None:
    for missing in fields:
        sent = {key: value for key, value in fields.items() if key != missing}
        failure = client.refused(f"{service}.create", **sent)
        assert failure.text == f"Required parameter. (key = {missing})"
    for method in ("get", "update", "delete"):
        assert client.refused(f"{service}.{method}").text == f"Required parameter. (key = {_id_field})"
    assert client.refused(f"{service}.stat").text == "Required parameter. (key = query)"


@pytest.mark.parametrize(
    ("service", "fields", "keys"),
    [("CloudServiceType", TYPE, "name, provider, group"), ("Region", REGION, "region_code, provider")],
)
def test_the_natural_keys_are_unique_in_a_domain(
    client: Client, service: str, fields: dict[str, Any], keys: str
) -> None:
    client(f"{service}.create", **fields)

    failure = client.refused(f"{service}.create", **fields)

    assert (failure.status.name, failure.code) == ("INVALID_ARGUMENT", "ERROR_SAVE_UNIQUE_VALUES")
    assert failure.text == f"Duplicate value. (keys = {keys})"
    assert client.by("user@domain-two")(f"{service}.create", **fields)["domain_id"] == "domain-two"


def test_update_replaces_what_was_sent_and_makes_it_a_users(
    client: Client, clock: ManualClock, database: Database[dict[str, Any]]
) -> None:
    type_ = client("CloudServiceType.create", **TYPE, tags={"a": "1"}, labels=["x"], metadata={"m": 1})
    region = client("Region.create", **REGION, tags={"a": "1"})
    for collection in ("cloud_service_type", "region"):
        database[collection].update_one({}, {"$set": {"updated_by": "collector-1"}})
    clock.advance(timedelta(seconds=2))

    new_type = client(
        "CloudServiceType.update",
        cloud_service_type_id=type_["cloud_service_type_id"],
        service_code="code",
        is_major=True,
        labels=["y"],
        tags={},
    )
    new_region = client("Region.update", region_id=region["region_id"], name="N. Virginia", tags={"b": "2"})

    assert new_type == type_ | {
        "service_code": "code",
        "is_major": True,
        "labels": ["y"],
        "tags": {},
        "updated_at": "2026-01-05T12:00:02.000Z",
    }
    assert new_region == region | {
        "name": "N. Virginia",
        "tags": {"b": "2"},
        "updated_at": "2026-01-05T12:00:02.000Z",
    }
    for collection in ("cloud_service_type", "region"):
        assert database[collection].distinct("updated_by") == ["manual"]


def test_labels_are_texts(client: Client) -> None:
    failure = client.refused("CloudServiceType.create", **TYPE, labels=[1])

    assert (failure.code, failure.text) == (
        "ERROR_INVALID_PARAMETER_TYPE",
        "Parameter type is invalid. (key = labels, type = list of strings)",
    )


@pytest.mark.parametrize(("service", "id_field", "fields"), KINDS)
def test_a_deleted_one_is_gone(client: Client, service: str, id_field: str, fields: dict[str, Any]) -> None:
    made = client(f"{service}.create", **fields)

    assert client(f"{service}.delete", **{id_field: made[id_field]}) == {}

    for method in ("get", "update", "delete"):
        failure = client.refused(f"{service}.{method}", **{id_field: made[id_field]})
        assert failure.text == f"Value not found. ({id_field} = {made[id_field]})"
    assert client(f"{service}.list") == {}


@pytest.mark.parametrize(("service", "id_field", "fields"), KINDS)
def test_another_domains_does_not_exist(client: Client, service: str, id_field: str, fields: dict[str, Any]) -> None:
    made = client(f"{service}.create", **fields)
    other = client.by("user@domain-two")

    for method in ("get", "update", "delete"):
        assert other.refused(f"{service}.{method}", **{id_field: made[id_field]}).code == "ERROR_NOT_FOUND"
    assert other(f"{service}.list") == {}
    assert other(f"{service}.stat", query={"distinct": "name"})["results"] == []
    assert client(f"{service}.get", **{id_field: made[id_field]}) == made


def test_types_are_listed_by_provider_group_and_name(client: Client) -> None:
    for provider, group, name in (("gcp", "A", "a"), ("aws", "B", "a"), ("aws", "A", "b"), ("aws", "A", "a")):
        client("CloudServiceType.create", provider=provider, group=group, name=name, is_primary=name == "b")

    keys = client.ids("CloudServiceType.list", "cloud_service_type_key")

    assert keys == ["aws.A.a", "aws.A.b", "aws.B.a", "gcp.A.a"]
    assert client.ids("CloudServiceType.list", "cloud_service_type_key", is_primary=True) == ["aws.A.b"]
    assert client.ids("CloudServiceType.list", "name", cloud_service_type_key="gcp.A.a") == ["a"]
    assert client.ids("CloudServiceType.list", "cloud_service_type_key", query={"keyword": "ware"}) == []
    client("CloudServiceType.create", provider="x", group="SoftWare", name="n", service_code="Z")
    assert client.ids("CloudServiceType.list", "name", query={"keyword": "ware"}) == ["n"]
    minimal = client("CloudServiceType.list", query={"minimal": True}, group="B")["results"][0]
    assert minimal.keys() == {"cloud_service_type_id", "name", "provider", "group", "resource_type"}
    assert client("CloudServiceType.stat", query={"distinct": "group"})["results"] == ["A", "B", "SoftWare"]


def test_regions_are_listed_by_name(client: Client) -> None:
    for name, code in (("Seoul", "ap-northeast-2"), ("Ohio", "us-east-2")):
        client("Region.create", name=name, region_code=code, provider="aws", tags={"k": code})

    assert client.ids("Region.list", "name") == ["Ohio", "Seoul"]
    assert client.ids("Region.list", "name", region_key="aws.us-east-2") == ["Ohio"]
    assert client.ids("Region.list", "name", query={"keyword": "seo"}) == ["Seoul"]
    minimal = client("Region.list", query={"minimal": True}, region_code="us-east-2")["results"][0]
    assert minimal.keys() == {"region_id", "name", "region_code", "provider"}
    assert client("Region.list", query={"only": ["tags.k"]}, name="Ohio")["results"] == [{"tags": {"k": "us-east-2"}}]
    count = client("Region.stat", query={"aggregate": [{"count": {"name": "n"}}]})
    assert count["results"] == [{"n": 2.0}]
