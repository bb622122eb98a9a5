"""Why a resource is here and as it is, and whether a type's resources are there more than once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from pymongo.database import Database

from inventory.domain.clock import isoformat
from inventory.ingest.decision.recognize import USUAL
from inventory.model.indexes import build_indexes
from inventory.protobuf.api_files import all_methods
from tests.integration.ingest.ingest_tools import ingest
from tests.integration.resources.conftest import DOMAIN, Client, Refused
from tests.manual_clock import ManualClock
from tests.streams.build import service, service_type

Db = Database[dict[str, Any]]
Json = dict[str, Any]
HOUR = timedelta(hours=1)
COLLECTOR = {
    "collector_id": "collector-1",
    "name": "AWS",
    "state": "ENABLED",
    "domain_id": DOMAIN,
    "priority": 1,
    "plugin_info": {"plugin_id": "plugin-1", "metadata": {"supported_features": ["garbage_collection"]}},
}


class World:
    """A collector, and what is asked about what it collects."""

    def __init__(self, client: Client, database: Db, clock: ManualClock) -> None:
        build_indexes(database)
        self.client, self.database, self.clock = client, database, clock
        database["collector"].insert_one(dict(COLLECTOR))

    def collect(self, *stream: Any, number: int = 1, **context: Any) -> str:
        """Collect the stream as a complete success, an hour after the last; return the job_task_id."""
        now = self.clock.advance(HOUR)
        ids = {"job_id": f"job-{number}", "job_task_id": f"job_task-{number}", "slice_id": f"slice-{number}"}
        project_id = context.pop("project_id", "project-a")
        fields = {"domain_id": DOMAIN, "project_id": project_id, **ids, **context}
        ingest(self.database, self.clock, [service_type(), *stream], **fields)
        secret_id = context.get("secret_id", "secret-1")
        task = {"collector_id": "collector-1", "secret_id": secret_id, "project_id": project_id, "status": "SUCCESS"}
        times = dict.fromkeys(("created_at", "started_at", "finished_at"), now)
        self.database["job_task"].insert_one({**ids, **task, **times, "domain_id": DOMAIN, "full_collect": True})
        return ids["job_task_id"]

    def ask(self, method: str, user: str = "user-1", **request: Any) -> Json:
        found = all_methods()[f"Explanations.{method}"]
        sent = ParseDict(request, GetMessageClass(found.input_type)())
        call = self.client.channel.unary_unary(f"/{found.containing_service.full_name}/{method}")
        try:
            answer = call(sent.SerializeToString(), metadata=(("token", user),), timeout=20)
        except grpc.RpcError as exc:
            raise Refused(exc.code(), exc.details()) from None
        message = GetMessageClass(found.output_type).FromString(answer)
        return MessageToDict(message, preserving_proto_field_name=True)

    def id_of(self, resource_id: str = "i-1", **query: Any) -> str:
        found = self.database["cloud_service"].find_one({"reference.resource_id": resource_id, **query})
        assert found is not None
        return str(found["cloud_service_id"])

    def explain(self, resource_id: str = "i-1", user: str = "user-1", **query: Any) -> Json:
        return self.ask("explain_resource", user, cloud_service_id=self.id_of(resource_id, **query))

    def explain_type(self, user: str = "user-1") -> Json:
        (found,) = self.client("CloudServiceType.list")["results"]
        return self.ask("explain_type", user, cloud_service_type_id=found["cloud_service_type_id"])


@pytest.fixture
def world(client: Client, database: Db, clock: ManualClock) -> World:
    return World(client, database, clock)


# Who sees it


def test_each_collector_and_secret_that_sees_a_resource_tells_when_it_did_and_how_often_it_missed(world: World) -> None:
    world.collect(service(1), number=1)
    seen_at = world.clock.now()
    world.collect(service(1), number=2, secret_id="secret-2")
    world.database["collection_state"].update_one({"secret_id": "secret-1"}, {"$set": {"disconnected_count": 2}})

    first, second = world.explain()["sightings"]

    assert first == {
        "collector_id": "collector-1",
        "collector_name": "AWS",
        "secret_id": "secret-1",
        "last_seen_at": isoformat(seen_at),
        "job_task_id": "job_task-1",
        "misses": 2,
        "freshness": "FRESH",
        "freshness_reason": "collected completely 60 minutes ago",
    }
    assert (second["secret_id"], second["job_task_id"], "misses" in second) == ("secret-2", "job_task-2", False)


def test_a_resource_made_by_the_api_is_seen_by_nobody_and_deleted_by_nothing(world: World) -> None:
    made = {"cloud_service_type": "T", "cloud_service_group": "G", "provider": "p", "data": {}, "name": "by hand"}
    resource = world.client("CloudService.create", **made, project_id="project-a")

    found = world.ask("explain_resource", cloud_service_id=resource["cloud_service_id"])

    assert not {"sightings", "removals", "lookalikes"} & found.keys()
    assert found["identity"]["remark"].startswith("it was created or changed by the API")
    assert found["project"] == {"project_id": "project-a", "source": "USER", "user_id": "user-1"}
    assert found["last_change"]["updated_by"] == "USER"


# What identifies it


@pytest.mark.parametrize(
    "rule",
    [
        sorted(USUAL),
        ["provider", "reference.resource_id"],
        ["account", "name", "provider"],
        ["cloud_service_group", "cloud_service_type", "name", "project_id", "provider", "region_code"],
    ],
)
def test_the_rule_that_created_a_resource_is_known_with_its_values(world: World, rule: list[str]) -> None:
    world.collect(service(1, match_rules={"1": rule}))

    identity = world.explain()["identity"]

    assert (identity["rule"], identity["known"]) == (rule, True)
    values = {"account": "123456789012", "provider": "aws", "name": "server 1", "reference.resource_id": "i-1"}
    assert {key: identity["values"][key] for key in values if key in rule} == {
        key: value for key, value in values.items() if key in rule
    }


def test_a_rule_of_other_keys_is_not_guessed(world: World) -> None:
    world.collect(service(1, match_rules={"1": ["data.compute.instance_id", "provider"]}))

    identity = world.explain()["identity"]

    assert "known" not in identity
    assert identity["rule"] == sorted(USUAL)
    assert "names other keys" in identity["remark"]


# Who gave it its project


def test_a_project_of_the_secret_is_told_as_such(world: World) -> None:
    world.collect(service(1))

    assert world.explain()["project"] == {"project_id": "project-a", "source": "SECRET", "secret_id": "secret-1"}


def test_a_project_of_a_rule_names_the_rule(world: World) -> None:
    rule = {
        "collector_rule_id": "collector-rule-1",
        "name": "tagged",
        "domain_id": DOMAIN,
        "collector_id": "collector-1",
        "rule_type": "CUSTOM",
        "order": 1,
        "conditions": [{"key": "tags.some.key/with$", "value": "x", "operator": "eq"}],
        "conditions_policy": "ALL",
        "actions": {"change_project": "project-b"},
    }
    world.database["collector_rule"].insert_one(rule)
    world.collect(service(1), identity=Everything())

    assert world.explain()["project"] == {
        "project_id": "project-b",
        "source": "RULE",
        "collector_rule_id": "collector-rule-1",
        "collector_rule_name": "tagged",
    }


class Everything:
    """An identity that has every project."""

    def project_exists(self, project_id: str, principal: Any) -> bool:
        return True


def test_a_project_that_a_user_gave_names_the_user_until_the_next_collect(world: World) -> None:
    world.collect(service(1))
    world.clock.advance(HOUR)
    world.client.by("anna")("CloudService.update", cloud_service_id=world.id_of(), project_id="project-b")

    assert world.explain()["project"] == {"project_id": "project-b", "source": "USER", "user_id": "anna"}

    world.collect(service(1), number=2)

    assert world.explain()["project"]["source"] == "SECRET"


def test_a_project_of_nobody_known_any_more_is_other(world: World) -> None:
    world.collect(service(1))
    world.collect(number=2, project_id="project-b")

    assert world.explain()["project"] == {"project_id": "project-a", "source": "OTHER"}


# Its last change, and its end


def test_the_last_change_is_the_newest_record(world: World) -> None:
    world.collect(service(1))
    world.collect(service(1, name="renamed"), number=2)

    change = world.explain()["last_change"]

    assert (change["action"], change["job_id"], change["collector_id"]) == ("UPDATE", "job-2", "collector-1")
    assert [each["key"] for each in change["diff"]] == ["name"]


def test_what_would_delete_it_is_told_with_when_and_how_many_collects_are_left(world: World) -> None:
    world.collect(service(1))
    seen_at = world.clock.now()
    world.database["collection_state"].update_one({}, {"$set": {"disconnected_count": 2}})

    garbage, age = world.explain()["removals"]

    assert (garbage["by"], garbage["misses_left"], garbage["secret_id"]) == ("GARBAGE_COLLECTION", 1, "secret-1")
    assert garbage["not_before"] == isoformat(seen_at + HOUR)
    assert garbage["reason"].startswith("1 more full collect with this secret that does not see it, unless")
    assert (age["by"], age["not_before"]) == ("HOUSEKEEPING", isoformat(seen_at + timedelta(hours=48)))


def test_without_garbage_collection_only_its_age_would_delete_it(world: World) -> None:
    world.collect(service(1))
    world.database["collector"].update_one({}, {"$set": {"plugin_info.metadata": {}}})

    assert [each["by"] for each in world.explain()["removals"]] == ["HOUSEKEEPING"]


def test_a_deleted_one_tells_until_when_it_is_kept(world: World) -> None:
    world.collect(service(1))
    world.client("CloudService.delete", cloud_service_id=world.id_of())

    found = world.explain()

    (removal,) = found["removals"]
    assert (found["state"], removal["by"]) == ("DELETED", "TERMINATION")
    assert removal["not_before"] == isoformat(world.clock.now() + timedelta(days=90))
    world.database["cloud_service"].update_one({}, {"$set": {"deleted_by": "user:"}})
    [removal] = world.explain()["removals"]
    assert removal["reason"] == "it was deleted by a user, which cannot be undone", "without authentication"


# Its like


def test_living_ones_with_the_same_resource_id_are_lookalikes_and_tell_in_what_they_differ(world: World) -> None:
    world.collect(service(1), service(1, account="999"), service(1, region_code="us-east-1", account="9"), service(2))

    alike = world.explain(account="123456789012")["lookalikes"]

    assert sorted((each["account"], tuple(each["differs_in"])) for each in alike) == [
        ("9", ("account", "region_code")),
        ("999", ("account",)),
    ]


def test_those_that_differ_in_one_value_of_their_rule_are_lookalikes_too(world: World) -> None:
    rule = {"1": ["name", "account", "provider"]}
    world.collect(
        service(1, name="same", match_rules=rule),
        service(2, name="same", account="999", match_rules=rule),
        service(3, name="other", match_rules=rule),
    )

    (other,) = world.explain()["lookalikes"]

    assert other["resource_id"] == "i-2"
    assert other["differs_in"] == ["account", "reference.resource_id"]


def test_many_lookalikes_are_cut_off_and_said_to_be(world: World) -> None:
    world.collect(*(service(1, account=str(number)) for number in range(23)))

    found = world.explain(account="3")

    assert (len(found["lookalikes"]), found["lookalikes_incomplete"]) == (20, True)


# A type


def test_a_type_tells_its_duplicates_and_in_what_they_differ(world: World) -> None:
    world.collect(
        *(service(1, account=str(number)) for number in range(3)), service(2), service(2, account="9"), service(3)
    )

    found = world.explain_type()

    assert (found["resources"], found["duplicated"]) == (6, 2)
    assert found["differences"] == [{"key": "account", "count": 2}]
    assert [(each["resource_id"], len(each["cloud_service_ids"])) for each in found["examples"]] == [
        ("i-1", 3),
        ("i-2", 2),
    ]


def test_a_type_tells_which_rules_created_its_resources(world: World) -> None:
    short = {"1": ["reference.resource_id", "provider"]}
    strange = {"1": ["data.compute.instance_id", "provider"]}
    world.collect(
        *(service(number) for number in range(3)),
        service("x", match_rules=short),
        service("y", match_rules=short),
        service("z", match_rules=strange),
    )

    found = world.explain_type()

    assert found["rules"] == [
        {"rule": sorted(USUAL), "resources": 3},
        {"rule": ["provider", "reference.resource_id"], "resources": 2},
    ]
    assert (found["rule_unknown"], found["sampled"]) == (1, 6)
    assert "duplicated" not in found


def test_a_type_lists_the_rules_that_never_apply_too(world: World) -> None:
    world.collect(*(service(number, match_rules={"1": ["name", "provider"]}) for number in range(2)))
    rule = {"domain_id": DOMAIN, "collector_id": "collector-1", "rule_type": "CUSTOM", "actions": {}}
    applies = {"conditions_policy": "ALWAYS", "order": 1, "collector_rule_id": "collector-rule-1", "name": "all"}
    never = {"conditions_policy": "ANY", "conditions": [{"key": "provider", "value": "x", "operator": "eq"}]}
    world.database["collector_rule"].insert_many(
        [{**rule, **applies}, {**rule, **never, "order": 2, "collector_rule_id": "collector-rule-2"}]
    )

    found = world.explain_type()

    assert found["rules"] == [{"rule": ["name", "provider"], "resources": 2}, {"rule": sorted(USUAL)}]
    first, second = found["collector_rules"]
    assert (first["name"], first["collector_name"], first["resources"]) == ("all", "AWS", 2)
    assert (second["collector_rule_id"], "resources" in second) == ("collector-rule-2", False)
    assert "collector_rules" not in world.explain_type(user="only-project-a")


def test_of_many_duplicates_a_bounded_number_is_read_and_the_rest_said_to_be_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inventory.manager.resource.lookalikes.DUPLICATED", 2)
    monkeypatch.setattr("inventory.manager.resource.lookalikes._OF_ONE_ID", 3)
    many = [service(1, account=str(number)) for number in range(6)]
    world.collect(*many, *(service(number, account=account) for number in (2, 3) for account in ("x", "y")))

    found = world.explain_type()

    assert (found["duplicated"], found["incomplete"]) == (2, True)
    assert [len(each["cloud_service_ids"]) for each in found["examples"]] == [3, 2]


# Who may ask


def test_a_caller_bound_to_a_project_learns_of_its_resources_only(world: World) -> None:
    world.collect(service(1), number=1)
    world.collect(service(1, account="999"), number=2, secret_id="secret-2", project_id="project-b")

    mine = world.explain(user="only-project-a", account="123456789012")
    kind = world.explain_type(user="only-project-a")

    assert "lookalikes" not in mine
    assert [each["secret_id"] for each in mine["sightings"]] == ["secret-1"]
    assert (kind["resources"], "duplicated" in kind) == (1, False)
    for user in ("only-project-a", "user-1@domain-other"):
        with pytest.raises(Refused, match="ERROR_NOT_FOUND"):
            world.explain(user=user, account="999")


def test_a_caller_bound_to_a_project_learns_no_name_of_secrets_holds_and_rules_of_others(world: World) -> None:
    world.collect(service(1), number=1)
    world.collect(service(1), number=2, secret_id="secret-2", project_id="project-b")
    world.database["cloud_service"].update_many({}, {"$set": {"project_id": "project-a"}})

    mine = world.explain(user="only-project-a")

    own, other = sorted(mine["sightings"], key=lambda each: each["last_seen_at"])
    assert (own["secret_id"], own["collector_name"], own["job_task_id"]) == ("secret-1", "AWS", "job_task-1")
    assert set(other) == {"last_seen_at"}
    assert [each.get("secret_id") for each in mine["removals"]] == ["secret-1", None, None]
    assert "secret-2" not in str(mine["removals"])
    world.database["collection_state"].update_many({}, {"$set": {"hold_id": "hold-1"}})
    for user, named in (("user-1", "hold-1"), ("only-project-a", "the hold")):
        [held] = world.explain(user=user)["removals"]
        assert held["reason"] == f"only if {named}, which holds it, is approved"
    world.database["cloud_service"].update_many({}, {"$set": {"state": "DELETED", "deleted_by": "job_task-2"}})
    for user, reason in (("user-1", "it was deleted by job_task-2"), ("only-project-a", "it was deleted")):
        assert [each["reason"] for each in world.explain(user=user)["removals"]] == [reason]


def test_a_resource_that_a_hold_of_its_type_keeps_is_said_to_be_held_and_then_kept(world: World) -> None:
    world.collect(service(1), number=1)
    services = world.database["cloud_service"]
    services.update_many({}, {"$set": {"hold_id": "hold-1"}})

    [held] = world.explain()["removals"]

    assert (held["by"], held["reason"]) == ("HOUSEKEEPING", "only if hold-1, which holds it, is approved")
    services.update_many({}, {"$unset": {"hold_id": ""}, "$set": {"kept_at": world.clock.now()}})
    *_, aging = world.explain()["removals"]
    assert (aging["by"], aging["reason"]) == (
        "HOUSEKEEPING",
        "not before it was seen or updated again: a hold of it was discarded",
    )
