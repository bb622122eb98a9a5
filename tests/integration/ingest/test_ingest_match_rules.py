"""Match rules against the store: every resource is stored once, whatever its rules name (contract, section 7)."""

from __future__ import annotations

import pytest

from inventory.errors import ConnectionFailureError
from inventory.ingest.decision.rules import RuleBook
from tests.integration.ingest.ingest_tools import FakeIdentity, ingest, services
from tests.streams.build import message, region, service, service_type


def message_of(found, *, match_rules=None, text=""):
    """Return the resource of another message in a message with another fingerprint."""
    return message(found.resource_type, found.resource, match_rules=match_rules or found.match_rules, text=text)


ANY_PROJECT = {"1": ["project_id", "reference.resource_id"]}


def twice(database, clock, stream, **how):
    """Collect ``stream`` twice, the second time as other messages, and return both counts."""
    first = ingest(database, clock, stream, **how).counts
    changed = [message_of(found, text="another") for found in stream]
    second = ingest(database, clock, changed, **how).counts
    third = ingest(database, clock, changed, **how).counts
    assert (third.created, third.updated, third.failure) == (second.created, second.updated, second.failure)
    return first, second


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("project_id", {}),
        ("project_id", {"project_id": "project-2"}),
        ("instance_size", {"instance_size": "4"}),
        ("instance_size", {"instance_size": 4.0}),
        ("ip_addresses", {"ip_addresses": "10.0.0.1"}),
        ("ip_addresses", {"ip_addresses": ["10.0.0.1", "10.0.0.2"]}),
        ("ref_region", {}),
        ("ref_cloud_service_type", {}),
        ("data.compute.instance_id", {}),
        ("tags.some.key/with$", {}),
    ],
)
@pytest.mark.parametrize("rest", [["reference.resource_id"], ["name", "provider"], []])
def test_a_second_collect_finds_what_the_first_one_stored(database, clock, key, sent, rest):
    first, second = twice(database, clock, [service(1, match_rules={"1": [key, *rest]}, **sent)])

    assert (first.created, first.failure) == (1, 0)
    assert (second.created, second.updated, second.failure) == (0, 1, 0)


@pytest.mark.parametrize("rest", [["reference.resource_id"], ["name", "provider"]])
def test_a_key_without_a_place_and_without_a_value_narrows_nothing(database, clock, rest):
    first, second = twice(database, clock, [service(1, match_rules={"1": ["server_type", *rest]})])

    assert (first.created, second.created, second.updated, second.failure) == (1, 0, 1, 0)


def test_a_project_that_a_collector_rule_gives_is_compared_as_it_is_stored(database, clock, monkeypatch):
    rule = {
        "rule_type": "CUSTOM",
        "order": 1,
        "conditions_policy": "ALWAYS",
        "actions": {"change_project": "project-3"},
        "domain_id": "domain-1",
        "collector_id": "collector-1",
    }
    database["collector_rule"].insert_one(rule)
    assert RuleBook.of([rule]).groups

    _, second = twice(database, clock, [service(1, match_rules=ANY_PROJECT, project_id="project-2")])

    assert (second.created, second.updated) == (0, 1)
    [stored] = services(database)
    assert stored["project_id"] == "project-3"


def test_a_project_that_nobody_knows_fails_the_resource_alone(database, clock):
    stream = [service(1, match_rules=ANY_PROJECT, project_id="project-x"), service(2, match_rules=ANY_PROJECT)]

    counts = ingest(database, clock, stream).counts

    assert (counts.created, counts.failure) == (1, 1)


def test_an_identity_that_does_not_answer_fails_the_stream_not_the_resource(database, clock):
    class Away(FakeIdentity):
        def project_exists(self, project_id, principal):
            raise ConnectionFailureError(service="identity")

    with pytest.raises(ConnectionFailureError):
        ingest(database, clock, [service(1, match_rules=ANY_PROJECT, project_id="project-2")], identity=Away())


@pytest.mark.parametrize("bad", [[1.0], None, ["collection_info.secret_id"], {"a": 1}])
def test_a_bad_second_rule_harms_nothing_where_the_first_hits(database, clock, bad):
    ingest(database, clock, [service(1)])
    rules = {"1": ["reference.resource_id", "provider"], "2": bad}

    result = ingest(database, clock, [service(1, match_rules=rules), service(2, match_rules=rules)])

    assert (result.counts.created, result.counts.updated, result.counts.failure) == (0, 1, 1)
    [error] = result.errors
    assert error["error_code"] == "ERROR_MATCH_RULE"


def test_a_bad_second_rule_harms_nothing_in_a_second_collect_of_the_same_words(database, clock):
    rules = {"1": ["reference.resource_id", "provider"], "2": ["name"]}
    ingest(database, clock, [service(1, match_rules=rules)])
    broken = service(1, match_rules=rules, account=None)
    assert ingest(database, clock, [broken, broken]).counts.updated == 2


def test_a_value_without_a_place_makes_its_rule_miss_and_the_next_one_hit(database, clock):
    rules = {"1": ["server_type", "provider"], "2": ["reference.resource_id", "provider"]}
    stream = [service(1, match_rules=rules, server_type="VM"), service(2, match_rules=rules, server_type="VM")]

    first, second = twice(database, clock, stream)

    assert (first.created, first.failure) == (2, 0)
    assert (second.created, second.updated, second.failure) == (0, 2, 0)


def test_a_resource_none_of_whose_rules_can_hit_is_created(database, clock):
    stream = [service(1, match_rules={"1": ["server_type"]}, server_type="VM")]

    counts = ingest(database, clock, stream).counts

    assert (counts.created, counts.failure) == (1, 0)


@pytest.mark.parametrize("key", ["is_primary", "is_major", "resource_type", "labels", "cloud_service_type_key"])
def test_a_type_is_found_by_what_the_service_fills_in(database, clock, key):
    sent = message_of(service_type(), match_rules={"1": [key, "name", "nowhere"]})
    for member in ("is_primary", "is_major", "labels"):
        sent.resource.pop(member)

    for _ in range(2):
        assert ingest(database, clock, [sent]).counts.failure == 0

    assert database["cloud_service_type"].count_documents({}) == 1


@pytest.mark.parametrize("key", ["name", "region_key", "ref_region", "nowhere"])
def test_a_region_is_found_by_what_the_service_fills_in(database, clock, key):
    sent = message_of(region(), match_rules={"1": [key, "provider", "region_code"]})
    sent.resource.pop("name")

    for _ in range(2):
        assert ingest(database, clock, [sent]).counts.failure == 0

    assert database["region"].count_documents({}) == 1
