"""Stored resources as their Info messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from inventory.api.present import Presenter
from inventory.api.presenters import (
    CLOUD_SERVICE,
    CLOUD_SERVICE_TYPE,
    COLLECTOR_RULE,
    RECORD,
    REGION,
    with_plain_keys,
)
from inventory.stubs.spaceone.api.inventory.v1 import (
    change_history_pb2,
    cloud_service_pb2,
    cloud_service_type_pb2,
    collector_rule_pb2,
    region_pb2,
)

NOW = datetime(2026, 1, 5, 12, 0, 0, 195_000, tzinfo=UTC)
WIRE_NOW = "2026-01-05T12:00:00.195Z"


def shown(presenter: Presenter, message: type[Message], document: dict[str, Any]) -> dict[str, Any]:
    """Present a document both ways that it may come, and return the message as a dict."""
    from_dict = MessageToDict(message.FromString(presenter.one(document)), preserving_proto_field_name=True)
    raw = RawBSONDocument(bson.encode(document))
    assert MessageToDict(message.FromString(presenter.one(raw)), preserving_proto_field_name=True) == from_dict
    return from_dict


def test_a_cloud_service_shows_the_keys_that_its_provider_gave() -> None:
    document = {
        "cloud_service_id": "cloud-svc-000000000000",
        "instance_size": 0.5,
        "tags": {"my%2Ecloud": {"a%2Eb/%24c": "1", "50%25": "2"}, "custom": {"k": {"in.ner": "x"}}},
        "tag_keys": {"my%2Ecloud": ["a.b/$c", "50%"], "custom": ["k"]},
        "metadata": {"my%2Ecloud": {"x%2Ey": 1}},
        "collection_info": [{"provider": "aws", "collector_id": "collector-1", "last_collected_at": NOW}],
        "ref_region": "domain.aws.us-east-1",
        "match_key": b"m",
        "fingerprint": b"f",
        "stamps": [b"s"],
        "revision": 3,
        "created_at": NOW,
        "deleted_at": None,
    }

    assert shown(CLOUD_SERVICE, cloud_service_pb2.CloudServiceInfo, document) == {
        "cloud_service_id": "cloud-svc-000000000000",
        "instance_size": 0.5,
        "tags": {"my.cloud": {"a.b/$c": "1", "50%": "2"}, "custom": {"k": {"in.ner": "x"}}},
        "tag_keys": {"my.cloud": ["a.b/$c", "50%"], "custom": ["k"]},
        "metadata": {"my.cloud": {"x%2Ey": 1.0}},
        "collection_info": [{"provider": "aws", "collector_id": "collector-1", "last_collected_at": WIRE_NOW}],
        "created_at": WIRE_NOW,
    }


def test_presenting_leaves_the_document_as_it_is() -> None:
    document = {"tags": {"aws": {"a%2Eb": "1"}}, "metadata": {"a%2Eb": {}}}

    assert with_plain_keys(document) == {"tags": {"aws": {"a.b": "1"}}, "metadata": {"a.b": {}}}
    assert document == {"tags": {"aws": {"a%2Eb": "1"}}, "metadata": {"a%2Eb": {}}}
    assert with_plain_keys({"tags": None, "name": "x"}) == {"tags": None, "name": "x"}


def test_empty_maps_are_shown_as_such_and_absent_ones_not() -> None:
    assert shown(CLOUD_SERVICE, cloud_service_pb2.CloudServiceInfo, {"tags": {}, "data": {}}) == {
        "tags": {},
        "data": {},
    }


def test_data_that_looks_like_a_database_reference_is_shown() -> None:
    stored = bson.decode(bson.encode({"data": {"$ref": "things", "$id": "1"}}))

    assert shown(CLOUD_SERVICE, cloud_service_pb2.CloudServiceInfo, stored) == {"data": {"$ref": "things", "$id": "1"}}


def test_a_type_shows_labels_and_a_region_its_key() -> None:
    type_ = {"name": "Instance", "labels": ["Compute"], "is_major": True, "is_primary": False, "updated_by": "manual"}
    region = {"region_code": "r", "region_key": "aws.r", "ref_region": "d.aws.r", "updated_at": NOW}

    assert shown(CLOUD_SERVICE_TYPE, cloud_service_type_pb2.CloudServiceTypeInfo, type_) == {
        "name": "Instance",
        "labels": ["Compute"],
        "is_major": True,
    }
    assert shown(REGION, region_pb2.RegionInfo, region) == {
        "region_code": "r",
        "region_key": "aws.r",
        "updated_at": WIRE_NOW,
    }


def test_a_record_shows_nulls_in_its_differences() -> None:
    diff = [{"key": "name", "before": None, "after": "x", "type": "ADDED"}]
    record = {"action": "UPDATE", "diff": diff, "diff_count": 1, "updated_by": "USER", "created_at": NOW}

    assert shown(RECORD, change_history_pb2.RecordInfo, record) == record | {"created_at": WIRE_NOW}


def test_a_rule_shows_its_policy_and_actions() -> None:
    rule = {
        "conditions_policy": "ANY",
        "conditions": [{"key": "tags.a", "value": "v", "operator": "eq"}],
        "actions": {"match_project": {"source": "account", "target": "project_id"}},
        "options": {"stop_processing": True},
        "rule_type": "MANAGED",
        "order": 2,
    }

    assert shown(COLLECTOR_RULE, collector_rule_pb2.CollectorRuleInfo, rule) == rule
