"""One collect: its order, its filter, its failures."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest

from inventory.plugin import Error, Resource
from inventory.plugin_local.areas import AREAS, Area
from inventory.plugin_local.collect import Filter, FilterError, collect_machine
from inventory.plugin_local.resources import LocalResource, ServiceType

LAMP = ServiceType(group="House", name="Lamp", fields=())
CHAIR = ServiceType(group="House", name="Chair", fields=())


def furniture() -> Iterator[LocalResource]:
    yield LocalResource(type=LAMP, resource_id="lamp/1", name="lamp", data={})
    yield LocalResource(type=CHAIR, resource_id="chair/1", name="chair", data={})


HOUSE = Area(group="House", types=(LAMP, CHAIR), find=furniture)


def identities(stream: Iterator[Resource]) -> list[str]:
    """Each resource's own match rule with its values."""

    def value(resource: object, path: str) -> object:
        for part in path.split("."):
            resource = resource[part]  # type: ignore[index]
        return resource

    return [
        json.dumps([sent.resource_type, *(value(sent.resource, key) for key in sent.match_rules["1"])])
        for sent in stream
    ]


def services(stream: Iterator[Resource]) -> list[object]:
    return [sent.resource["name"] for sent in stream if sent.resource_type == "inventory.CloudService"]


def test_this_machine_has_more_than_fifty_resources_of_all_areas() -> None:
    sent = list(collect_machine())

    assert len(sent) > 50
    assert not [one for one in sent if isinstance(one, Error)]
    groups = Counter(str(one.resource.get("cloud_service_group")) for one in sent)
    assert {area.group for area in AREAS} <= set(groups)


def test_every_identity_is_unique_and_the_same_in_the_next_collect() -> None:
    kept = [area for area in AREAS if area.group != "Network"]

    first, second = identities(collect_machine(areas=kept)), identities(collect_machine(areas=kept))

    assert len(set(first)) == len(first)
    assert first == second


def test_every_cloud_service_has_its_type_and_region_before_it() -> None:
    types: set[object] = set()
    regions: set[object] = set()
    for sent in collect_machine():
        resource = sent.resource
        if sent.resource_type == "inventory.CloudServiceType":
            types.add((resource["group"], resource["name"]))
        elif sent.resource_type == "inventory.Region":
            regions.add(resource["region_code"])
        else:
            assert (resource["cloud_service_group"], resource["cloud_service_type"]) in types
            assert resource["region_code"] in regions


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ({}, ["lamp", "chair"]),
        ({"cloud_service_type": ["Lamp"]}, ["lamp"]),
        ({"cloud_service_type": "Lamp"}, ["lamp"]),
        ({"cloud_service_group": ["Garden"]}, []),
        ({"cloud_service_type": []}, []),
    ],
)
def test_the_filter_narrows(raw: dict[str, object], names: list[str]) -> None:
    assert services(collect_machine(Filter.parse(raw), areas=[HOUSE])) == names


def test_one_resource_can_be_collected_by_its_id() -> None:
    (wanted,) = [
        sent.resource["reference"]["resource_id"]  # type: ignore[index,call-overload]
        for sent in collect_machine(areas=[HOUSE])
        if sent.resource["name"] == "chair"
    ]

    assert services(collect_machine(Filter.parse({"resource_id": [wanted]}), areas=[HOUSE])) == ["chair"]


@pytest.mark.parametrize("raw", [{"region_code": ["x"]}, {"resource_id": 3.0}, {"resource_id": [1]}])
def test_a_filter_that_was_not_announced_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(FilterError):
        Filter.parse(raw)


def test_an_area_that_cannot_be_read_does_not_stop_the_others() -> None:
    def refuse() -> Iterator[LocalResource]:
        raise psutil.AccessDenied(pid=1)

    closed = Area(group="Closed", types=(), find=refuse)

    sent = list(collect_machine(areas=[closed, HOUSE]))

    assert [one.message for one in sent if isinstance(one, Error)] == ["Closed cannot be read: AccessDenied"]
    assert services(iter(sent)) == ["lamp", "chair"]
