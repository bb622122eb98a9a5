"""What becomes of an ordinary stream: documents, counts, history, collection state."""

from __future__ import annotations

from datetime import timedelta

from inventory.domain.clock import SystemClock
from inventory.domain.collector.collect_mode import CollectMode
from inventory.domain.job.outcome import Counts
from tests.integration.ingest.ingest_tools import CONTEXT, FakeIdentity, ingest, services
from tests.streams import ec2, newer_sdk
from tests.streams.build import SERVICE_RULES, message, region, service, service_type


def test_a_stream_becomes_documents(database, clock):
    result = ingest(database, clock, [service_type(), region(), service(1), service(2)])

    assert result.complete
    assert result.resources_seen == 2  # the CloudServices
    assert result.counts == Counts(created=2, uncounted=2)
    assert result.counts.total == 4
    first, _ = services(database)
    assert first["state"] == "ACTIVE"
    assert first["project_id"] == "project-1"
    assert first["ref_cloud_service_type"] == "domain-1.aws.EC2.Instance"
    assert first["ref_region"] == "domain-1.aws.ap-northeast-2"
    assert first["tags"]["aws"]["Name"] == "server 1"
    assert first["tag_keys"] == {"aws": ["Name", "some.key/with$"]}
    assert first["collection_info"] == [
        {
            "provider": "aws",
            "service_account_id": "sa-1",
            "secret_id": "secret-1",
            "collector_id": "collector-1",
            "last_collected_at": clock.now(),
        }
    ]
    [kind] = database["cloud_service_type"].find()
    assert kind["cloud_service_type_key"] == "aws.EC2.Instance"
    assert kind["updated_by"] == "collector-1"
    assert kind["resource_type"] == "inventory.CloudService"
    [place] = database["region"].find()
    assert place["region_key"] == "aws.ap-northeast-2"


def test_the_same_stream_again_updates_and_records_nothing(database, clock):
    stream = [service_type(), region(), *(service(number) for number in range(20))]
    ingest(database, clock, stream)
    before, records = services(database), database["record"].count_documents({})
    later = clock.advance(timedelta(hours=1))

    result = ingest(database, clock, stream, job_task_id="job_task-2")

    assert result.counts.updated == 20
    assert database["record"].count_documents({}) == records
    for old, new in zip(before, services(database), strict=True):
        assert new.pop("updated_at") == later
        assert [info.pop("last_collected_at") for info in new["collection_info"]] == [later]
        old.pop("updated_at")
        old["collection_info"][0].pop("last_collected_at")
        assert new == old
    assert database["collection_state"].count_documents({"job_task_id": "job_task-2", "seen_at": later}) == 20


def test_an_unchanged_resource_is_never_decoded(database, clock):
    sent = service(1)
    ingest(database, clock, [sent])

    class Undecodable(type(sent)):
        @property
        def resource(self):
            raise AssertionError("decoded")

    again = Undecodable(
        sent.resource_type, sent.state, "", sent.match_rules, sent.resource, sent.size, sent.fingerprint
    )
    assert ingest(database, clock, [again]).counts.updated == 1


def test_a_recognized_resource_that_has_got_a_double_is_too_many(database, clock):
    ingest(database, clock, [service(1)])
    [stored] = database["cloud_service"].find()
    for key in ("_id", "match_key", "fingerprint"):
        stored.pop(key)
    database["cloud_service"].insert_one({**stored, "cloud_service_id": "cloud-svc-made-by-rpc"})

    result = ingest(database, clock, [service(1)])

    assert [error["error_code"] for error in result.errors] == ["ERROR_TOO_MANY_MATCH"]


def test_changes_merge_data_and_replace_the_rest(database, clock):
    ingest(database, clock, [service(1, metadata={"view": 1}, data={"a": 1, "b": {"c": 1, "d": 2}})])
    ingest(database, clock, [service(1, name="new", metadata={"w": 2}, data={"b": {"c": 3}}, tags={"x": "y"})])

    [stored] = services(database)
    assert stored["name"] == "new"
    assert stored["data"] == {"a": 1, "b": {"c": 3}}
    assert stored["metadata"] == {"aws": {"w": 2}}
    assert stored["tags"] == {"aws": {"x": "y"}}
    record = database["record"].find_one({"action": "UPDATE"})
    assert {entry["key"]: (entry["before"], entry["after"]) for entry in record["diff"]} == {
        "name": ("server 1", "new"),
        "data.b.c": ("1", "3"),
        "data.b.d": ("2", None),
        "tags.aws.Name": ("server 1", None),
        "tags.aws.some.key/with$": ("x", None),
        "tags.aws.x": (None, "y"),
    }
    assert record["diff_count"] == 6
    assert record["updated_by"] == "COLLECTOR"
    assert (record["collector_id"], record["job_id"]) == ("collector-1", "job-1")


def test_excluded_keys_stay_out_of_the_history(database, clock):
    metadata = {"change_history": {"exclude": ["data.b", "name"]}}
    ingest(database, clock, [service(1, data={"b": {"c": 1}})], plugin_metadata=metadata)
    ingest(database, clock, [service(1, name="n", data={"b": {"c": 2}})], plugin_metadata=metadata)
    assert database["record"].count_documents({"action": "UPDATE"}) == 0
    created = database["record"].find_one({"action": "CREATE"})
    assert not [entry for entry in created["diff"] if entry["key"].startswith(("data.b", "name"))]


def test_later_messages_of_a_batch_find_what_earlier_ones_created(database, clock):
    stream = [service(1), service(1, name="b"), service(1), service(1, match_rules={"1": ["name", "provider"]})]
    result = ingest(database, clock, stream)
    assert (result.counts.created, result.counts.updated) == (1, 3)
    assert services(database)[0]["name"] == "server 1"


def test_an_older_message_that_was_already_stored_wins_again_where_it_comes_last(database, clock):
    ingest(database, clock, [service(1)])
    ingest(database, clock, [service(1, name="b"), service(1)])
    assert services(database)[0]["name"] == "server 1"


def test_rules_are_tried_in_numeric_order(database, clock):
    ingest(database, clock, [service(1, name="one"), service(2, name="two")])
    rules = {"10": ["name", "provider"], "9": ["reference.resource_id", "provider"]}
    result = ingest(database, clock, [service(1, name="two", match_rules=rules)])
    assert result.counts.updated == 1
    assert [doc["name"] for doc in services(database)] == ["two", "two"]

    result = ingest(database, clock, [service(3, name="two", match_rules=rules)])
    assert [error["error_code"] for error in result.errors] == ["ERROR_TOO_MANY_MATCH"]


def test_a_key_without_a_value_matches_only_resources_without_one(database, clock):
    ingest(database, clock, [service(1)])
    result = ingest(database, clock, [service(1, account=None), service(1, account="")])
    assert (result.counts.created, result.counts.updated) == (1, 1)
    assert len(services(database)) == 2


def test_deleted_resources_and_other_domains_never_match(database, clock):
    ingest(database, clock, [service(1), service(2)])
    ingest(database, clock, [service(1)], domain_id="domain-2")
    database["cloud_service"].update_one(
        {"domain_id": "domain-1", "reference.resource_id": "i-1"},
        {"$set": {"state": "DELETED"}, "$unset": {"match_key": "", "fingerprint": ""}},
    )
    result = ingest(database, clock, [service(1), service(2)])
    assert (result.counts.created, result.counts.updated) == (1, 1)
    assert database["cloud_service"].count_documents({"domain_id": "domain-2"}) == 1


def test_a_match_key_of_what_has_become_something_else_is_let_go(database, clock):
    ingest(database, clock, [service(1)])
    database["cloud_service"].update_one({}, {"$set": {"reference.resource_id": "i-9"}, "$unset": {"fingerprint": ""}})
    assert ingest(database, clock, [service(1)]).counts.created == 1
    assert len(services(database)) == 2


def test_modes_pass_over_what_they_do_not_write_and_still_see_it(database, clock):
    ingest(database, clock, [service(1)])
    later = clock.advance(timedelta(minutes=1))
    stream = [service(1, name="b"), service(2), region(), service_type()]

    result = ingest(database, clock, stream, collect_mode=CollectMode.UPDATE)
    assert (result.counts.created, result.counts.updated, result.counts.uncounted) == (0, 1, 3)
    assert database["region"].count_documents({}) == 0

    result = ingest(database, clock, [service(1, name="c"), service(2)], collect_mode=CollectMode.CREATE)
    assert (result.counts.created, result.counts.updated, result.counts.uncounted) == (1, 0, 1)
    assert [doc["name"] for doc in services(database)] == ["b", "server 2"]
    assert database["collection_state"].count_documents({"seen_at": later}) == 2


def test_each_provider_of_a_secret_has_its_own_collection_info(database, clock):
    ingest(database, clock, [service(1)])
    ingest(database, clock, [service(1)], collector_id="collector-2", secret_id="secret-2", provider="datadog")
    ingest(database, clock, [service(1, name="x")], collector_id="collector-3")
    [stored] = services(database)
    assert {info["provider"]: info["collector_id"] for info in stored["collection_info"]} == {
        "datadog": "collector-2",
        "aws": "collector-3",
    }
    assert database["collection_state"].count_documents({}) == 3


def test_projects_come_from_the_resource_else_from_the_secret(database, clock):
    identity = FakeIdentity()
    stream = [service(n, project_id="project-3") for n in range(3)]
    result = ingest(database, clock, [*stream, service(8), service(9, project_id="project-x")], identity=identity)
    assert [doc["project_id"] for doc in services(database)] == ["project-3"] * 3 + ["project-1"]
    assert [error["error_code"] for error in result.errors] == ["ERROR_NOT_FOUND"]
    assert identity.asked == [("exists", "project-3"), ("exists", "project-x")]

    database["cloud_service"].update_many({}, {"$set": {"project_id": "project-2"}, "$unset": {"fingerprint": ""}})
    ingest(database, clock, [service(8)])
    assert services(database)[3]["project_id"] == "project-1"


def test_collector_rules_give_projects(database, clock):
    def rule(number, kind, **fields):
        return {
            "collector_rule_id": f"collector-rule-{number}",
            "domain_id": "domain-1",
            "collector_id": "collector-1",
            "rule_type": kind,
            "order": number,
            **fields,
        }

    condition = {"key": "tags.some.key/with$", "operator": "contain", "value": "X"}
    database["collector_rule"].insert_many(
        [
            rule(
                1,
                "MANAGED",
                conditions_policy="ALL",
                conditions=[condition],
                actions={"match_project": {"source": "account", "target": "tags.account"}},
            ),
            rule(
                1,
                "CUSTOM",
                conditions_policy="ANY",
                conditions=[{"key": "region_code", "operator": "eq", "value": "r2"}],
                actions={"change_project": "project-3"},
            )
            | {"collector_rule_id": "collector-rule-9"},
        ]
    )
    identity = FakeIdentity()
    stream = [service(1), service(2, region_code="r2"), service(3, tags={})]
    ingest(database, clock, stream, identity=identity)
    assert [doc["project_id"] for doc in services(database)] == ["project-2", "project-3", "project-1"]
    assert identity.asked == [("project", "tags.account", "123456789012"), ("exists", "project-3")]

    identity.by_field = {("tags.account", "123456789012"): "project-1"}
    ingest(database, clock, stream, identity=identity)
    assert services(database)[0]["project_id"] == "project-1"


def test_a_filter_cache_is_gathered_per_task_and_grows_old(database, clock):
    from inventory.manager.resource.filter_cache import FilterCacheStore

    def cache(**values):
        return message("FILTER_CACHE", values)

    ingest(database, clock, [cache(region_name=["a", "b"]), cache(region_name=["b", "c"], one="x")])
    store = FilterCacheStore(database=database)
    pair = {"domain_id": "domain-1", "collector_id": "collector-1", "secret_id": "secret-1"}
    assert store.get(**pair, now=clock.now()) == {"region_name": ["a", "b", "c"], "one": ["x"]}
    ingest(database, clock, [cache(region_name=["z"])], job_task_id="job_task-2")
    assert store.get(**pair, now=clock.now()) == {"region_name": ["z"]}
    assert store.get(**pair, now=clock.now() + timedelta(hours=25)) == {}
    assert store.get(**{**pair, "domain_id": "domain-2"}, now=clock.now()) == {}


def test_an_ec2_stream_keeps_its_depth(database):
    stream = ec2.stream(300)
    result = ingest(database, SystemClock(), stream)
    assert (result.counts.created, result.counts.uncounted, result.counts.failure) == (300, 4, 0)
    stored = services(database)
    assert ec2.depth(stored[0]["metadata"]["aws"]) == ec2.METADATA_DEPTH
    assert stored[7]["tags"]["aws"]["aws:autoscaling/group%2Ename"] == "web"
    assert ingest(database, SystemClock(), stream).counts.updated == 300


def test_streams_of_a_newer_sdk_are_taken_silently(database, clock):
    for number, stream in enumerate(newer_sdk.tasks()):
        result = ingest(database, clock, stream, slice_id=f"slice-{number}")
        assert result.error_count == 0
    stored = services(database)
    assert len(stored) == 5 * (newer_sdk.TASKS - 1)
    assert stored[0]["data"] == {"task": 1, "index": 0}
    assert stored[0]["metadata"] == {"aws": {"query_sets": []}}


def test_the_usual_lookups_use_an_index(database, clock):
    ingest(database, clock, [*(service(number) for number in range(300)), service_type(), region()])
    base = {"domain_id": "domain-1"}
    usual = {
        "reference.resource_id": {"$in": ["i-1", "i-2"]},
        "provider": {"$eq": "aws"},
        "cloud_service_type": {"$eq": "Instance"},
        "cloud_service_group": {"$eq": "EC2"},
    }
    queries = [
        ("cloud_service", {**base, "state": "ACTIVE", **usual, "account": {"$eq": "123456789012"}}, 4),
        ("cloud_service", {**base, "state": "ACTIVE", **usual}, 4),
        ("cloud_service", {**base, "state": "ACTIVE", "fingerprint": {"$in": [b"x"]}}, 2),
        ("cloud_service_type", {**base, "name": {"$eq": "I"}, "group": {"$eq": "E"}, "provider": {"$eq": "a"}}, 1),
        ("region", {**base, "region_code": {"$in": ["r"]}, "provider": {"$eq": "aws"}}, 1),
    ]
    for collection, query, examined in queries:
        plan = database.command("explain", {"find": collection, "filter": query}, verbosity="executionStats")
        assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
        assert plan["executionStats"]["totalDocsExamined"] <= examined
        assert plan["executionStats"]["totalKeysExamined"] <= examined + 1


def test_unknown_rules_stay_within_provider(database, clock):
    rules = {"1": ["data.compute.instance_id"]}
    ingest(database, clock, [service(1, provider="azure", account="1"), service(2)])
    result = ingest(database, clock, [service(1, match_rules=rules), service(2, match_rules=rules)])
    assert (result.counts.created, result.counts.updated) == (1, 1)


def test_context_hides_the_secret():
    assert "s3cr3t" not in repr(CONTEXT)
    assert SERVICE_RULES
