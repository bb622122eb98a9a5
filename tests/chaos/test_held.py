"""The checks of held deletions find each way in which resources or holds are lost."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from tests.chaos.held import hold_violations, plant, settle_holds
from tests.chaos.world import DOMAIN, make_world

Document = dict[str, Any]


@pytest.fixture
def planted(database: Database[Document]) -> dict[str, int]:
    """Missing resources of two collectors, those of the first secret held."""
    specs = {
        f"collector-{number}": spec for number, spec in enumerate(make_world(1, collectors=3, interval=1).collectors)
    }
    found = plant(database, specs)
    held = {"secret_id": next(iter(found))}
    hold = {**held, "domain_id": DOMAIN, "deletion_id": "hold-1", "state": "HELD", "kind": "COLLECT"}
    database["deletion"].insert_one({**hold, "held": found[held["secret_id"]], "deleted_count": 0})
    database["collection_state"].update_many(held, {"$set": {"hold_id": "hold-1"}})
    settle_holds(database)
    return found


def test_what_is_held_is_right(database: Database[Document], planted: dict[str, int]) -> None:
    assert list(hold_violations(database, planted)) == []


@pytest.mark.parametrize(
    ("collection", "change", "found"),
    [
        ("cloud_service", {"state": "DELETED", "deleted_by": "job_task-1"}, "1 deleted"),
        ("cloud_service", {"state": "DELETED", "deleted_by": "somebody"}, "somebody has deleted 1"),
        ("cloud_service", {"reference.resource_id": "missing/secret-c00-0/1"}, "missing resources of"),
        ("collection_state", {"hold_id": None, "disconnected_count": 3}, "neither held nor deleted"),
        ("collection_state", {"hold_id": None}, "holds 19 of 20"),
        ("deletion", {"state": "APPROVED"}, "is APPROVED and holds 20"),
        ("deletion", {"state": "APPROVING"}, "is still APPROVING"),
        ("deletion", {"deleted_count": 1}, "has deleted 1 and 0 are restored"),
    ],
)
def test_what_is_lost_or_wrong_is_found(
    database: Database[Document], planted: dict[str, int], collection: str, change: Document, found: str
) -> None:
    one = {} if collection == "deletion" else {"cloud_service_id": "cloud-svc-missing-secret-c00-0-0"}
    database[collection].update_one(one, {"$set": change})
    violations = list(hold_violations(database, planted))
    assert any(found in each for each in violations), violations


def test_an_answer_that_a_client_got_and_that_was_lost_is_found(
    database: Database[Document], planted: dict[str, int]
) -> None:
    assert list(hold_violations(database, planted, {"hold-1": "DISCARDED"})) == [
        "hold-1 was told to be DISCARDED, and is HELD"
    ]
