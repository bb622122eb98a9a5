"""A caller whose role is bound to projects sees and changes what is of these projects only.

Generated from the descriptors, like the isolation of domains: jobs, their tasks, cloud services and change history,
in every method, with every id and every key of every query.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inventory.api.methods import POLICIES
from inventory.api.policy import PROJECT
from inventory.bootstrap import Container
from inventory.query.fields import FieldKind
from tests.fakes.platform import FakePlatform
from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import SERVICES, CallFailed, Client, Json, token_of
from tests.integration.wire.probes import (
    base_request,
    id_at,
    id_paths,
    keys_of,
    methods,
    missing_like,
    outcome,
    put,
    queries,
    query,
    value_of,
)
from tests.integration.wire.two_domains import SCHEMAS, Domain, plugin_stream
from tests.integration.wire.wire_kit import Wire

DOMAIN = "domain-shared"
MARKS = ("mine", "other")


def is_bound(name: str) -> bool:
    service, _, method = name.partition(".")
    return POLICIES[f"/{SERVICES[service].full_name}/{method}"].scope == PROJECT


BOUND = [name for name in methods() if is_bound(name)]
BOUND_QUERIES = [name for name in SCHEMAS if is_bound(name)]


def platform_content(endpoint: str) -> dict[str, list[Json]]:
    fixed = {"domain_id": DOMAIN}
    return {
        "plugins": [{**fixed, "plugin_id": "plugin-shared", "provider": "aws", "versions": {"1.0": endpoint}}],
        "secrets": [
            {
                **fixed,
                "secret_id": f"secret-{mark}",
                "provider": "aws",
                "project_id": f"project-{mark}",
                "service_account_id": f"sa-{mark}",
                "data": {"mark": mark},
            }
            for mark in MARKS
        ],
        "projects": [{**fixed, "project_id": f"project-{mark}", "project_group_id": f"pg-{mark}"} for mark in MARKS],
        "project_groups": [{**fixed, "project_group_id": f"pg-{mark}"} for mark in MARKS],
    }


class World:
    """One domain with two projects; the caller is bound to the first."""

    def __init__(self, wire: Wire, platform: FakePlatform, container: Container) -> None:
        self.wire = wire
        anyone = Client(wire.serve(), DOMAIN)
        info = {"plugin_id": "plugin-shared", "version": "1.0", "provider": "aws"}
        collector = anyone.call("Collector.create", {"name": "shared", "plugin_info": info})
        self.mine, self.other = (self._furnish(anyone, collector, mark) for mark in MARKS)
        channel = wire.serve(container, authentication="jwt", authorization="identity")
        platform.role_type, platform.projects = "PROJECT", ["project-mine"]
        self.bound = Client(channel, token=token_of(DOMAIN))
        self.owner = Client(channel, token=token_of(DOMAIN, user_type="DOMAIN_OWNER"))
        self.before = wire.dump(DOMAIN)

    def _furnish(self, client: Client, collector: Json, mark: str) -> Domain:
        ids = {"collector_id": collector["collector_id"], "secret_id": f"secret-{mark}"}
        ids |= {"project_id": f"project-{mark}", "project_group_id": f"pg-{mark}", "service_account_id": f"sa-{mark}"}
        job = client.call("Collector.collect", {"collector_id": ids["collector_id"], "secret_id": ids["secret_id"]})
        assert client.finished(job)["status"] == "SUCCESS"
        ids["job_id"] = job["job_id"]
        ids["job_task_id"] = client.tasks(job)[0]["job_task_id"]
        (service,) = client.call("CloudService.list", {"project_id": ids["project_id"]})["results"]
        ids["cloud_service_id"] = service["cloud_service_id"]
        (record,) = client.call("ChangeHistory.list", {"cloud_service_id": ids["cloud_service_id"]})["results"]
        ids["record_id"] = record["record_id"]
        return Domain(mark, DOMAIN, client, ids)

    def documents(self, part: Domain) -> dict[str, list[Json]]:
        """Return the documents that are one project's."""
        kept = {SCHEMAS[name].collection: SCHEMAS[name].id_field for name in BOUND_QUERIES}
        return {
            collection: [each for each in self.before[collection] if each[id_field] == part.ids[id_field]]
            for collection, id_field in kept.items()
        }

    def restore(self) -> None:
        for name, documents in self.wire.dump(DOMAIN).items():
            if documents != self.before[name]:
                self.wire.database[name].delete_many({"domain_id": DOMAIN})
                if self.before[name]:
                    self.wire.database[name].insert_many(self.before[name])


def of_other(world: World) -> list[Json]:
    """Return what is stored of the other project now."""
    words = {each for name, each in world.other.ids.items() if name != "collector_id"}
    documents = [each for found in world.wire.dump(DOMAIN).values() for each in found]
    return [each for each in documents if not words.isdisjoint(map(str, each.values()))]


@pytest.fixture(scope="module")
def shared(wire: Wire) -> Iterator[World]:
    with FakePlugin(resources=plugin_stream) as plugin:
        content = platform_content(plugin.endpoint)
        wire.add_platform(**content)
        with FakePlatform(content) as platform:
            names = ("plugin_endpoint", "repository_endpoint", "secret_endpoint", "identity_endpoint")
            values: dict[str, Any] = {"platform": "grpc", **dict.fromkeys(names, platform.endpoint)}
            container = Container(wire.settings.model_copy(update=values))
            container.database = wire.database
            yield World(wire, platform, container)
            container.queue.close()
            container.plugin_connector.close()


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.restore()


def faults_of(world: World, name: str, found: Json, missing: Json, ids: tuple[str, str]) -> list[str]:
    for_other = outcome(world.bound, name, found, ids[0])
    for_missing = outcome(world.bound, name, missing, ids[1])
    faults = [] if for_other == for_missing else [f"{found}: {for_other} instead of {for_missing}"]
    return faults + ([f"{found}: shows {for_other}"] if "other" in for_other else [])


@pytest.mark.parametrize("name", [name for name in BOUND if id_paths(name)])
def test_an_id_of_another_project_is_an_id_that_does_not_exist(world: World, name: str) -> None:
    faults = []
    before = of_other(world)
    for path in id_paths(name):
        if path in {"collector_id", "project_group_id"}:
            continue  # collectors are the domain's, and what groups there are is identity's to tell
        alien = id_at(world.other, path)
        missing = missing_like(alien)
        requests = [put(base_request(name, world.mine), path, each) for each in (alien, missing)]
        faults += faults_of(world, name, *requests, (alien, missing))

    assert not faults, "\n".join(faults)
    assert before
    assert of_other(world) == before


@pytest.mark.parametrize("name", BOUND_QUERIES)
def test_no_condition_finds_what_is_of_another_project(world: World, name: str) -> None:
    schema = SCHEMAS[name]
    faults: list[str] = []
    for key in keys_of(schema):
        if schema.target(key).reference is not None:
            continue  # collectors, types and regions are the domain's
        alien = value_of(world.documents(world.other), schema, key, world.other)
        if alien == value_of(world.documents(world.mine), schema, key, world.mine):
            continue
        missing = missing_like(alien)
        for found, lost in zip(queries(name, key, alien), queries(name, key, missing), strict=True):
            requests = [base_request(name, world.mine) | {"query": each} for each in (found, lost)]
            faults += faults_of(world, name, *requests, (alien, missing))

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", BOUND_QUERIES)
def test_no_query_widens_beyond_the_projects(world: World, name: str) -> None:
    key = SCHEMAS[name].id_field
    both = [each.ids[key] for each in (world.mine, world.other)]
    criteria: list[Json] = [
        {},
        {"filter_or": [{"k": key, "v": each, "o": "eq"} for each in both]},
        {"filter": [{"k": key, "v": both, "o": "in"}]},
        {"filter_or": [{"k": "domain_id", "v": DOMAIN, "o": "eq"}]},
    ]
    if name not in {"ChangeHistory.list", "ChangeHistory.stat"}:
        criteria.append({"filter_or": [{"k": "user_projects", "v": ["project-mine", "project-other"], "o": "in"}]})
    for each in criteria:
        asked = {"query": query(name, each, key)}
        rows = world.bound.call(name, base_request(name, world.mine) | asked)["results"]
        assert len(rows) == 1, each
        assert both[1] not in str(rows), each
        if not name.startswith("ChangeHistory"):
            assert len(world.owner.call(name, base_request(name, world.mine) | asked)["results"]) == 2


@pytest.mark.parametrize("name", [name for name in BOUND_QUERIES if name.endswith(".stat")])
def test_distinct_values_are_those_of_the_projects(world: World, name: str) -> None:
    schema = SCHEMAS[name]
    faults: list[str] = []
    for key in keys_of(schema):
        target = schema.target(key)
        if target.reference is None and target.field.kind is FieldKind.STRING:
            request = base_request(name, world.mine) | {"query": {"distinct": key}}
            answer = outcome(world.bound, name, request)
            faults += [f"{key}: shows {answer}"] if "other" in answer else []

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "stages",
    [
        [{"unwind": {"path": "ip_addresses"}}, {"group": {"keys": [{"key": "name", "name": "name"}]}}],
        [
            {"unwind": {"path": "collection_info"}},
            {"group": {"keys": [{"key": "collection_info.secret_id", "name": "s"}]}},
        ],
        [
            {
                "group": {
                    "keys": [],
                    "fields": [{"name": "all", "operator": "push", "fields": [{"key": "data", "name": "d"}]}],
                }
            }
        ],
        [{"group": {"keys": [], "fields": [{"name": "all", "operator": "add_to_set", "key": "cloud_service_id"}]}}],
        [{"group": {"keys": [], "fields": [{"name": "all", "operator": "merge_objects", "key": "data"}]}}],
        [{"group": {"keys": [], "fields": [{"name": "last", "operator": "last", "key": "name"}]}}],
        [{"project": {"fields": [{"key": "data", "name": "d"}, {"key": "tags", "name": "t"}]}}],
        [{"sort": {"key": "name", "desc": True}}, {"limit": 10}],
    ],
)
def test_no_stage_reaches_another_project(world: World, stages: list[Json]) -> None:
    answer = outcome(world.bound, "CloudService.stat", {"query": {"aggregate": stages}})

    assert answer.startswith(("OK ", "INVALID_ARGUMENT ")), answer
    assert "other" not in answer


def test_no_part_of_a_query_reaches_another_project(world: World) -> None:
    aliens = [each for each in world.other.ids.values() if each != world.other.ids["collector_id"]]
    asked: list[tuple[str, Json]] = [
        ("CloudService.list", {"query": {"keyword": "other i-1"}}),
        ("CloudService.list", {"query": {"count_only": True}}),
        ("CloudService.list", {"query": {"only": ["data", "collection_info", "project_id", "domain_id"]}}),
        ("CloudService.list", {"project_id": "project-other"}),
        ("CloudService.list", {"query": {"filter": [{"k": "project_group_id", "v": "pg-other", "o": "eq"}]}}),
        ("CloudService.list", {"query": {"filter": [{"k": "state", "v": ["ACTIVE", "DELETED"], "o": "in"}]}}),
        ("CloudService.analyze", {"query": {"group_by": ["name"], "fields": {"n": {"operator": "count"}}}}),
        (
            "CloudService.analyze",
            {
                "query": {
                    "group_by": ["project_id", "account"],
                    "fields": {"n": {"operator": "count"}},
                    "field_group": ["account"],
                    "select": {"m": "n"},
                }
            },
        ),
        ("Job.list", {"query": {"keyword": world.other.ids["job_id"]}}),
        ("Job.list", {"project_id": "project-other"}),
        ("JobTask.list", {"query": {"keyword": world.other.ids["job_task_id"]}}),
        ("JobTask.list", {"job_id": world.other.ids["job_id"]}),
        ("CloudService.list", {"query": {"filter": [{"k": "project_group_id", "v": "pg-mine", "o": "not"}]}}),
        ("CloudService.list", {"query": {"filter": [{"k": "project_group_id", "v": "pg", "o": "contain"}]}}),
        ("ChangeHistory.list", {"cloud_service_id": world.mine.ids["cloud_service_id"], "query": {"keyword": "other"}}),
    ]
    for name, request in asked:
        try:
            found = world.bound.call(name, request)
        except CallFailed as failure:
            found = {"failed": str(failure)}
        assert int(found.get("total_count", 0)) <= 1, (name, request)
        text = str(found)
        assert not any(alien in text for alien in aliens), (name, request, found)
        assert "other" not in text, (name, request, found)
    foreign = {"cloud_service_id": world.other.ids["cloud_service_id"]}
    assert world.bound.fails("ChangeHistory.list", foreign) == ("INVALID_ARGUMENT", "ERROR_NOT_FOUND")


def test_a_job_for_several_projects_shows_the_callers_own_only(world: World) -> None:
    job = world.owner.call("Collector.collect", {"collector_id": world.mine.ids["collector_id"]})
    world.owner.finished(job)
    asked = {"filter": [{"k": "job_id", "v": job["job_id"], "o": "eq"}]}
    answers = [
        world.bound.call("Job.get", {"job_id": job["job_id"]}),
        world.bound.call("Job.list", {"job_id": job["job_id"]}),
        world.bound.call("Job.stat", {"query": {**asked, "distinct": "project_id"}}),
        world.bound.call("Job.stat", {"query": query("Job.stat", asked, "project_id")}),
        world.bound.call("Job.stat", {"query": {**asked, "aggregate": [{"sort": {"key": "created_at"}}]}}),
        world.bound.call("JobTask.list", {"job_id": job["job_id"]}),
        world.bound.call("JobTask.stat", {"query": {**asked, "distinct": "secret_id"}}),
    ]

    assert [answer for answer in answers if "other" in str(answer)] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": [{"k": "project_id", "v": "project-other", "o": "eq"}]},
        {"filter": [{"k": "user_projects", "v": ["project-mine", "project-other"], "o": "in"}]},
        {"filter": [{"k": "projects", "v": "project-other", "o": "contain"}]},
        {"filter": [{"k": "project_id", "v": "project-mine", "o": "not"}]},
        {"filter": [{"k": "project_id", "v": "project-other", "o": "not"}]},
        {"filter_or": [{"k": "project_id", "v": "project-other", "o": "gte"}]},
    ],
)
def test_nobody_learns_that_a_job_is_also_somebody_elses(world: World, asked: Json) -> None:
    job = world.owner.call("Collector.collect", {"collector_id": world.mine.ids["collector_id"]})
    world.owner.finished(job)

    listed = world.bound.call("Job.list", {"query": asked})
    counted = world.bound.call("Job.stat", {"query": query("Job.stat", asked, "job_id")})

    assert job["job_id"] not in str(listed)
    assert job["job_id"] not in str(counted)
    assert job["job_id"] in str(world.bound.call("Job.list", {"project_id": "project-mine"}))
    assert job["job_id"] not in str(world.bound.call("Job.list", {"query": {"sort": {"key": "project_id"}}}))
    assert job["job_id"] not in str(world.bound.call("Job.list", {"project_id": "project-other"}))


def test_jobs_show_of_their_collector_what_they_show_in_a_list(world: World) -> None:
    """Collectors are the domain's: who may see jobs of a project need not see the options of a plugin."""
    hidden = {"plugin_info.options": {"hidden": "option"}, "tags": {"hidden": "tag"}}
    world.wire.database["collector"].update_many({"domain_id": DOMAIN}, {"$set": hidden})
    for prefix in ("collector", "collector_info"):
        key = f"{prefix}.plugin_info.options.hidden"
        asked = {"filter": [{"k": key, "v": "option", "o": "eq"}]}
        assert world.bound.fails("Job.list", {"query": asked}) == ("INVALID_ARGUMENT", "ERROR_INVALID_PARAMETER")
        for absent in (key, f"{prefix}.tags", f"{prefix}.tags.hidden"):
            by = {"aggregate": [{"group": {"keys": [{"key": absent, "name": "o"}]}}]}
            assert world.bound.call("Job.stat", {"query": by})["results"] == [{"o": None}]
        whole = {"aggregate": [{"group": {"keys": [{"key": f"{prefix}.plugin_info", "name": "info"}]}}]}
        assert "hidden" not in outcome(world.bound, "Job.stat", {"query": whole})
        assert "hidden" in outcome(world.owner, "Job.stat", {"query": whole})
        named = {"filter": [{"k": f"{prefix}.plugin_info.plugin_id", "v": "plugin-shared", "o": "eq"}]}
        assert world.bound.call("Job.list", {"query": named})["total_count"] == 1


def test_who_is_bound_to_projects_makes_services_in_these_only(world: World) -> None:
    content = {"cloud_service_type": "t", "cloud_service_group": "g", "provider": "p", "data": {"a": 1}}

    made = world.bound.call("CloudService.create", {**content, "project_id": "project-mine"})

    assert made["project_id"] == "project-mine"
    refused = world.bound.fails("CloudService.create", {**content, "project_id": "project-other"})
    assert refused == ("PERMISSION_DENIED", "ERROR_PERMISSION_DENIED")
    assert world.bound.fails("CloudService.create", content)[1] == "ERROR_REQUIRED_PARAMETER"
    moved = {"cloud_service_id": made["cloud_service_id"], "project_id": "project-other"}
    assert world.bound.fails("CloudService.update", moved) == ("PERMISSION_DENIED", "ERROR_PERMISSION_DENIED")


def test_a_job_that_collects_for_other_projects_too_is_not_deleted(world: World) -> None:
    job = world.owner.call("Collector.collect", {"collector_id": world.mine.ids["collector_id"]})
    assert world.owner.finished(job)["total_tasks"] == 2
    asked = {"job_id": job["job_id"]}
    assert world.bound.call("Job.get", asked)["job_id"] == job["job_id"]

    refused = world.bound.fails("Job.delete", asked)

    assert refused == ("PERMISSION_DENIED", "ERROR_PERMISSION_DENIED")
    assert world.owner.call("Job.get", asked)["status"] == "SUCCESS"
