"""An answer holds no more than a process can bear: whoever asks for more must use smaller pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest
from bson import encode

from inventory.bootstrap import Container
from tests.fakes.plugin import FakePlugin
from tests.integration.wire.client import CallFailed, Client
from tests.integration.wire.probes import base_request, query
from tests.integration.wire.two_domains import SCHEMAS, Domain, furnish, plugin_stream
from tests.integration.wire.wire_kit import Wire


@pytest.fixture(scope="module")
def domain(wire: Wire) -> Iterator[Domain]:
    """A domain with one of everything."""
    with FakePlugin(resources=plugin_stream) as plugin:
        yield furnish(wire, Client(wire.serve()), "eta", plugin.endpoint)


def serving(wire: Wire, max_answer_bytes: int) -> Client:
    """Return a client of a server whose answers hold so much."""
    container = Container(wire.settings.model_copy(update={"max_answer_bytes": max_answer_bytes}))
    container.database = wire.database
    container.queue = wire.container.queue
    return Client(wire.serve(container))


@pytest.fixture(scope="module")
def strict(wire: Wire) -> Client:
    """A client of a server whose answers hold less than any document."""
    return serving(wire, 10)


@pytest.mark.parametrize("name", SCHEMAS)
def test_more_than_an_answer_holds_is_refused(strict: Client, domain: Domain, name: str) -> None:
    own = base_request(name, domain) | {"query": query(name, {}, SCHEMAS[name].id_field)}
    assert domain.client.call(name, own)["results"]

    with pytest.raises(CallFailed) as refused:
        replace(strict, domain_id=domain.domain_id).call(name, own)

    assert refused.value.status is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details == (
        "ERROR_INVALID_PARAMETER: Parameter is invalid. (key = query.page.limit, "
        "reason = the answer would need more than 10 bytes of stored data: use smaller pages)"
    )


def test_distinct_values_count_too(wire: Wire, strict: Client, domain: Domain) -> None:
    name, own = "CloudService.stat", {"query": {"distinct": "data"}}
    assert domain.client.call(name, own)["results"]

    with pytest.raises(CallFailed, match="use smaller pages"):
        replace(strict, domain_id=domain.domain_id).call(name, own)


def test_more_distinct_values_than_mongodb_gives_are_told_as_such(wire: Wire, domain: Domain) -> None:
    stored = wire.database["region"].find_one({"domain_id": domain.domain_id}, {"_id": 0})
    assert stored is not None
    two = [
        {
            **stored,
            "domain_id": "domain-big",
            "region_id": f"region-{mark}",
            "region_code": mark,
            "name": mark * 9_000_000,
        }
        for mark in "ab"
    ]
    wire.database["region"].insert_many(two)

    with pytest.raises(CallFailed, match=r"key = query.distinct, reason = its values take more than 16 MiB"):
        replace(domain.client, domain_id="domain-big").call("Region.stat", {"query": {"distinct": "name"}})


@pytest.mark.parametrize("name", [name for name in SCHEMAS if ".list" in name])
def test_a_count_holds_nothing(strict: Client, domain: Domain, name: str) -> None:
    own = base_request(name, domain) | {"query": {"count_only": True}}

    assert replace(strict, domain_id=domain.domain_id).call(name, own) == domain.client.call(name, own)


def test_page_by_page_all_of_it_is_read(wire: Wire, domain: Domain) -> None:
    region = wire.database["region"].find_one({"domain_id": domain.domain_id}, {"_id": 0})
    assert region is not None
    many: list[dict[str, Any]] = [
        {**region, "domain_id": "domain-many", "region_id": f"region-{number}", "region_code": f"code-{number:03}"}
        for number in range(300)
    ]
    wire.database["region"].insert_many(many)
    # MongoDB sends a hundred at first and the rest in a second answer: also what is in that counts.
    client = replace(serving(wire, 200 * len(encode(many[0]))), domain_id="domain-many")

    with pytest.raises(CallFailed, match="use smaller pages"):
        client.call("Region.list", {})
    found = [
        each["region_id"]
        for start in (1, 101, 201)
        for each in client.call("Region.list", {"query": {"page": {"start": start, "limit": 100}}})["results"]
    ]

    assert sorted(found) == sorted(each["region_id"] for each in many)
