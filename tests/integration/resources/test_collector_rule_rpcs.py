"""CollectorRule over gRPC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from tests.integration.resources.conftest import DOMAIN, Client

COLLECTOR_ID = "collector-000000000001"
RULE: dict[str, Any] = {
    "collector_id": COLLECTOR_ID,
    "name": "to A",
    "conditions_policy": "ALL",
    "conditions": [{"key": "provider", "value": "aws", "operator": "eq"}],
    "actions": {"change_project": "project-a"},
    "options": {"stop_processing": True},
    "tags": {"a": "1"},
}


@pytest.fixture(autouse=True)
def collector(database: Database[dict[str, Any]]) -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    database["collector"].insert_one({"collector_id": COLLECTOR_ID, "domain_id": DOMAIN, "name": "c"})
    database["collector_rule"].insert_one(
        {
            "collector_rule_id": "collector-rule-managed00000",
            "collector_id": COLLECTOR_ID,
            "domain_id": DOMAIN,
            "rule_type": "MANAGED",
            "order": 1,
            "conditions_policy": "ALWAYS",
            "conditions": [],
            "actions": {"match_service_account": {"source": "account", "target": "data.account_id"}},
            "created_at": now,
        }
    )


def test_a_created_rule_is_shown_as_it_was_sent(client: Client) -> None:
    made = client("CollectorRule.create", **RULE)

    assert client("CollectorRule.get", collector_rule_id=made["collector_rule_id"]) == made
    assert made.pop("collector_rule_id").startswith("collector-rule-")
    assert made == RULE | {
        "order": 1,
        "rule_type": "CUSTOM",
        "domain_id": DOMAIN,
        "created_at": "2026-01-05T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"collector_id": ""}, "ERROR_REQUIRED_PARAMETER"),
        ({"conditions_policy": "NONE"}, "ERROR_REQUIRED_PARAMETER"),
        ({"conditions": []}, "ERROR_REQUIRED_PARAMETER"),
        ({"actions": {}}, "ERROR_REQUIRED_PARAMETER"),
        ({"conditions_policy": 9}, "ERROR_INVALID_PARAMETER"),
        ({"actions": {"change_project": "project-x"}}, "ERROR_NOT_FOUND"),
        ({"collector_id": "collector-x"}, "ERROR_NOT_FOUND"),
    ],
)
def test_create_refuses(client: Client, change: dict[str, Any], code: str) -> None:
    assert client.refused("CollectorRule.create", **(RULE | change)).code == code


def test_update_change_order_and_delete(client: Client) -> None:
    first, second = (client("CollectorRule.create", **(RULE | {"name": name})) for name in ("first", "second"))

    moved = client("CollectorRule.change_order", collector_rule_id=second["collector_rule_id"], order=1)
    changed = client(
        "CollectorRule.update", collector_rule_id=first["collector_rule_id"], conditions_policy="ALWAYS", name="uno"
    )

    assert moved == second | {"order": 1}
    assert (changed["name"], changed["conditions_policy"], changed["order"]) == ("uno", "ALWAYS", 2)
    assert client("CollectorRule.delete", collector_rule_id=second["collector_rule_id"]) == {}
    custom = {"filter": [{"k": "rule_type", "v": "CUSTOM", "o": "eq"}]}
    left = client("CollectorRule.list", query=custom)["results"]
    assert [(rule["name"], rule["order"]) for rule in left] == [("uno", 1)]
    assert client("CollectorRule.stat", query={"distinct": "rule_type"})["results"] == ["CUSTOM", "MANAGED"]


def test_managed_rules_are_read_only(client: Client) -> None:
    managed = {"collector_rule_id": "collector-rule-managed00000"}

    codes = [
        client.refused("CollectorRule.update", **managed, name="x").code,
        client.refused("CollectorRule.change_order", **managed, order=1).code,
        client.refused("CollectorRule.delete", **managed).code,
    ]

    assert codes == [
        "ERROR_NOT_ALLOWED_TO_UPDATE_RULE",
        "ERROR_NOT_ALLOWED_TO_CHANGE_ORDER",
        "ERROR_NOT_ALLOWED_TO_DELETE_RULE",
    ]


def test_data_source_id_is_refused_and_other_domains_see_nothing(client: Client) -> None:
    other = client.by("user@domain-two")

    assert client.refused("CollectorRule.list", data_source_id="ds-1").code == "ERROR_INVALID_PARAMETER"
    assert other("CollectorRule.list") == {}
    assert other.refused("CollectorRule.get", collector_rule_id="collector-rule-managed00000").code == "ERROR_NOT_FOUND"
    assert client.refused("CollectorRule.change_order", collector_rule_id="x").text == (
        "Required parameter. (key = order)"
    )
