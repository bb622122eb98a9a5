"""Nothing of a domain can be read, counted or changed from another, whatever is asked and however the caller comes.

Generated from the descriptors: every method with every id it takes, and every key of every query. The answer for
another domain's id must be the answer for an id that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inventory.api.methods import POLICIES
from inventory.api.policy import PUBLIC
from inventory.query.fields import FieldKind
from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import SERVICES, Client, Json, method_of, token_of
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
from tests.integration.wire.two_domains import SCHEMAS, furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire

CALLERS = ("domain in the request", "default domain", "token", "owner's token, and the other domain in the request")
WHOLE = ("domain in the request", "owner's token, and the other domain in the request")
"""A caller that says its domain, and one that says another's: an owner's is overridden by the token's (section 1)."""

FILTER_FORMAT = {
    "key": "cloud_service_id",
    "name": "Services",
    "type": "list",
    "resource_type": "inventory.CloudService",
    "search_key": "inventory.CloudService.cloud_service_id",
    "change_rules": [{"resource_key": "account", "change_key": "accounts"}],
}


class World:
    """Alpha, whose data must stay its own, and beta, whose callers try."""

    def __init__(self, wire: Wire, endpoint: str) -> None:
        self.wire = wire
        anyone = Client(wire.serve())
        self.alpha = furnish(wire, anyone, "alpha", endpoint)
        self.beta = furnish(wire, anyone, "beta", endpoint)
        with_default = wire.serve(default_domain_id=self.beta.domain_id)
        with_tokens = wire.serve(authentication="jwt")
        token = token_of(self.beta.domain_id)
        owners = token_of(self.beta.domain_id, user_type="DOMAIN_OWNER")
        self.clients = dict(
            zip(
                CALLERS,
                [
                    self.beta.client,
                    Client(with_default),
                    Client(with_tokens, token=token),
                    Client(with_tokens, domain_id=self.alpha.domain_id, token=owners),
                ],
                strict=True,
            )
        )
        self.before = wire.dump(self.alpha.domain_id)
        self.own = wire.dump(self.beta.domain_id)
        assert {name for name, documents in self.before.items() if documents} >= {
            *(schema.collection for schema in SCHEMAS.values()),
            "collection_state",
        }

    def assert_alpha_is_as_it_was(self) -> None:
        assert self.wire.dump(self.alpha.domain_id) == self.before

    def restore_beta(self) -> None:
        """Undo what beta did to itself, so that every test finds the same."""
        for name, documents in self.wire.dump(self.beta.domain_id).items():
            if documents != self.own.get(name, []):
                self.wire.database[name].delete_many({"domain_id": self.beta.domain_id})
                if kept := self.own.get(name):
                    self.wire.database[name].insert_many(kept)


@pytest.fixture(scope="module")
def both(wire: Wire) -> Iterator[World]:
    with FakePlugin(resources=plugin_stream, metadata={"filter_format": [FILTER_FORMAT]}) as plugin:
        yield World(wire, plugin.endpoint)


@pytest.fixture
def world(both: World) -> Iterator[World]:
    yield both
    both.restore_beta()


def differences(client: Client, name: str, found: Json, missing: Json, ids: tuple[str, str]) -> list[str]:
    """Return what tells another domain's id from one that does not exist."""
    for_other = outcome(client, name, found, ids[0])
    for_missing = outcome(client, name, missing, ids[1])
    faults = [] if for_other == for_missing else [f"{found}: {for_other} instead of {for_missing}"]
    return faults + shown(for_other, found)


def shown(answer: str, request: Json) -> list[str]:
    """Return what an answer shows of alpha."""
    return [f"{request}: shows {answer}"] if "alpha" in answer.replace("<id>", "") else []


def test_no_method_and_no_query_is_left_out() -> None:
    paths = {f"/{SERVICES[name.partition('.')[0]].full_name}/{name.partition('.')[2]}" for name in methods()}
    assert paths == {path for path, policy in POLICIES.items() if policy.scope != PUBLIC}
    assert set(SCHEMAS) == {name for name in methods() if "query" in method_of(name).input_type.fields_by_name}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", [name for name in methods() if id_paths(name)])
def test_an_id_of_another_domain_is_an_id_that_does_not_exist(world: World, name: str, caller: str) -> None:
    client = world.clients[caller]
    faults = []
    for path in id_paths(name):
        alien = id_at(world.alpha, path)
        missing = missing_like(alien)
        requests = [put(base_request(name, world.beta), path, each) for each in (alien, missing)]
        faults += differences(client, name, *requests, (alien, missing))

    assert not faults, "\n".join(faults)
    world.assert_alpha_is_as_it_was()


@pytest.mark.parametrize("caller", WHOLE)
@pytest.mark.parametrize("name", methods())
def test_all_ids_of_another_domain_together_reach_nothing(world: World, name: str, caller: str) -> None:
    """Such as a schedule with its own collector, or a job task with its job."""
    client = world.clients[caller]
    request = base_request(name, world.beta)
    for path in id_paths(name):
        put(request, path, id_at(world.alpha, path))

    answer = outcome(client, name, request)

    for path in id_paths(name):
        answer = answer.replace(id_at(world.alpha, path), "<id>")
    assert shown(answer, request) == []
    world.assert_alpha_is_as_it_was()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", SCHEMAS)
def test_no_condition_finds_what_is_of_another_domain(world: World, name: str, caller: str) -> None:
    client, schema = world.clients[caller], SCHEMAS[name]
    faults: list[str] = []
    for key in keys_of(schema):
        alien = value_of(world.before, schema, key, world.alpha)
        if alien == value_of(world.own, schema, key, world.beta):
            continue  # the same by nature, such as a region's code
        missing = missing_like(alien)
        kinds = None if caller == CALLERS[0] else 1
        for found, lost in zip(queries(name, key, alien, kinds), queries(name, key, missing, kinds), strict=True):
            requests = [base_request(name, world.beta) | {"query": each} for each in (found, lost)]
            faults += differences(client, name, *requests, (alien, missing))

    assert not faults, "\n".join(faults)
    world.assert_alpha_is_as_it_was()


def widening(world: World, name: str) -> Iterator[Json]:
    """Yield queries that ask for all there is, or name the other domain."""
    key = SCHEMAS[name].id_field
    both = [world.alpha.domain_id, world.beta.domain_id]
    yield query(name, {}, key)
    yield query(name, {}, "domain_id")
    for criteria in (
        {"filter": [{"k": "domain_id", "v": both, "o": "in"}]},
        {"filter": [{"k": "domain_id", "v": ".*", "o": "regex"}]},
        {"filter": [{"k": "domain_id", "v": "domain", "o": "contain"}]},
        {"filter": [{"k": "domain_id", "v": "nothing", "o": "not"}]},
        {"filter_or": [{"k": "domain_id", "v": each, "o": "eq"} for each in both]},
        {"filter_or": [{"k": key, "v": each.ids[key], "o": "eq"} for each in (world.alpha, world.beta)]},
        {"filter_or": [{"k": key, "v": True, "o": "exists"}, {"k": "domain_id", "v": both[0], "o": "eq"}]},
        {"keyword": "a e - alpha"},
    ):
        yield query(name, criteria, key)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", SCHEMAS)
def test_no_query_widens_beyond_the_domain(world: World, name: str, caller: str) -> None:
    client, key = world.clients[caller], SCHEMAS[name].id_field
    faults: list[str] = []
    own = base_request(name, world.beta)
    for each in widening(world, name):
        answer = client.call(name, own | {"query": each})
        rows = answer.get("results", [])
        assert rows, each
        faults += [f"{each}: shows {row}" for row in rows if "alpha" in str(row) or world.alpha.ids[key] in str(row)]

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", [name for name in SCHEMAS if name.endswith(".stat")])
def test_distinct_values_are_those_of_the_domain(world: World, name: str, caller: str) -> None:
    schema = SCHEMAS[name]
    faults: list[str] = []
    for key in keys_of(schema):
        if schema.target(key).reference is None and schema.target(key).field.kind is FieldKind.STRING:
            request = base_request(name, world.beta) | {"query": {"distinct": key}}
            answer = outcome(world.clients[caller], name, request)
            faults += shown(answer, request)

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_collect_filter_finds_nothing_of_another_domain(world: World, caller: str) -> None:
    own = {"collector_id": world.beta.ids["collector_id"]}
    alien = world.alpha.ids["cloud_service_id"]
    missing = missing_like(alien)
    requests = [own | {"filter": {"cloud_service_id": [each]}} for each in (alien, missing)]

    faults = differences(world.clients[caller], "Collector.collect", *requests, (alien, missing))

    assert not faults, "\n".join(faults)
    jobs = world.wire.database["job"].find(
        {"domain_id": world.beta.domain_id, "filter.cloud_service_id": {"$exists": True}}
    )
    assert [job["total_tasks"] for job in jobs] == [0, 0]
    world.assert_alpha_is_as_it_was()


def test_a_document_that_names_another_domains_collector_does_not_show_it(world: World) -> None:
    """However such a document came about: what is joined is looked up in the caller's domain."""
    database, beta, alpha = world.wire.database, world.beta, world.alpha
    strays: list[tuple[str, str]] = [("job", "job_id"), ("schedule", "schedule_id")]
    stray_ids = {}
    for collection, id_field in strays:
        document = database[collection].find_one({"domain_id": beta.domain_id, id_field: beta.ids[id_field]})
        assert document is not None
        stray_ids[id_field] = document[id_field][:-1] + "z"
        changed = {"_id": f"stray-{collection}", id_field: stray_ids[id_field]}
        database[collection].insert_one(document | changed | {"collector_id": alpha.ids["collector_id"]})
    try:
        requests: list[tuple[str, Json]] = [
            ("Job.get", {"job_id": stray_ids["job_id"]}),
            ("Job.list", {"job_id": stray_ids["job_id"]}),
            ("Job.list", {"query": {"filter": [{"k": "collector_info.name", "v": "alpha", "o": "contain"}]}}),
            ("Job.stat", {"query": query("Job.stat", {}, "collector_info.name")}),
            ("Job.stat", {"query": query("Job.stat", {}, "collector.tags.mark")}),
            ("Collector.list_schedules", {"collector_id": alpha.ids["collector_id"]}),
        ]
        faults = [fault for name, asked in requests for fault in shown(outcome(beta.client, name, asked), asked)]
    finally:
        for collection, _ in strays:
            database[collection].delete_one({"_id": f"stray-{collection}"})

    assert not faults, "\n".join(faults)


def test_a_caller_of_the_own_domain_does_find_it(world: World) -> None:
    """The tests above would pass on a service that finds nothing."""
    faults: list[str] = []
    for domain, documents in ((world.alpha, world.before), (world.beta, world.own)):
        for name, schema in SCHEMAS.items():
            for key in keys_of(schema):
                value = value_of(documents, schema, key, domain)
                asked = query(name, {"filter": [{"k": key, "v": value, "o": "eq"}]}, schema.id_field)
                request = base_request(name, domain) | {"query": asked}
                stored = value != domain.mark or key.endswith("mark")
                if stored and not domain.client.call(name, request).get("results"):
                    faults.append(f"{name}: {key} = {value} found nothing")

    assert not faults, "\n".join(faults)
