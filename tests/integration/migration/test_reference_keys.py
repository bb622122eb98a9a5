"""Two types whose names join alike never share a reference key, also after an upgrade."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pymongo.database import Database

from inventory.domain.reference_key import reference_key
from inventory.migration.reference_keys import rewrite_reference_keys
from tests.integration.ingest.ingest_tools import ingest
from tests.streams.build import service, service_type

PART = st.text("ab.%$2E", min_size=1, max_size=6)
PARTS = st.tuples(PART, PART, PART)


@given(PARTS, PARTS)
def test_different_parts_have_different_keys(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (reference_key("domain-1", *one) == reference_key("domain-1", *other)) == (one == other)


def test_parts_without_dots_are_joined_as_they_always_were() -> None:
    assert reference_key("domain-1", "aws", "EC2", "x.y") == "domain-1.aws.EC2.x.y"


def test_the_migration_rewrites_what_shared_a_key(database: Database[dict[str, Any]], clock: Any) -> None:
    pairs = (("a.x", "y"), ("a", "x.y"))
    ingest(database, clock, [service_type(name, group=group) for group, name in pairs])
    ingest(database, clock, [service(f"{g}{n}", cloud_service_group=g, cloud_service_type=n) for g, n in pairs])
    collections = ("cloud_service", "cloud_service_type")
    fresh = {name: _keys(database, name) for name in collections}
    assert all(len(set(keys)) == 2 for keys in fresh.values())
    for name in collections:
        database[name].update_many({}, {"$set": {"ref_cloud_service_type": "domain-1.aws.a.x.y"}})

    for name in collections:
        assert len(set(_keys(database, name))) == 1
    for _ in range(2):
        rewrite_reference_keys(database)

    assert {name: _keys(database, name) for name in collections} == fresh


def _keys(database: Database[dict[str, Any]], name: str) -> list[str]:
    return [document["ref_cloud_service_type"] for document in database[name].find().sort("_id")]
