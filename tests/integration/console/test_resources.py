"""The list of resources, and one resource, by plain HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.integration.console.page import Browser
from tests.integration.console.world import HOSTILE, World


def rows_of(page: Any) -> list[str]:
    return [link for link in page.links if link.startswith("/resources/cloud-svc-")]


def test_the_list_shows_a_page_and_leads_to_the_next(page: Browser) -> None:
    first = page.get("/resources")
    (following,) = {each["href"] for each in first.all("a", rel="next")}
    second = page.get(following)

    assert len(rows_of(first)) == 50
    assert "1–50 of 67" in first.text
    assert "51–67 of 67" in second.text
    assert not set(rows_of(first)) & set(rows_of(second))


def test_facets_count_and_narrow(page: Browser) -> None:
    whole = page.get("/resources")
    assert "Server 60" in whole.text

    narrowed = page.get("/resources?type=Disk")
    assert f"1–{len(HOSTILE)} of {len(HOSTILE)}" in narrowed.text
    assert "Server 60" in narrowed.text
    assert "nothing" not in page.get("/resources?type=Disk&type=Server").text
    assert "1–50 of 67" in page.get("/resources?type=Disk&type=Server").text


@pytest.mark.parametrize(
    ("q", "count"), [('name~"server 01"', 10), ("data.size>0", 59), ("data.number=3", 1), ("server", 60), ("i-007", 1)]
)
def test_the_search_field_takes_conditions_and_words(q: str, count: int, page: Browser) -> None:
    assert f"of {count} " in page.get("/resources", params={"q": q}).text


def test_a_condition_that_the_api_refuses_is_told_beside_the_facets(page: Browser) -> None:
    found = page.get("/resources", params={"q": "resource_group_id=x"})

    assert found.status == 200
    assert "resource_group_id" in found.text
    assert not rows_of(found)


def test_a_type_has_the_columns_of_its_own_table(page: Browser) -> None:
    found = page.get("/resources?provider=aws&group=Compute&type=Server&sort=name")

    assert "Size State Made Region Account" in found.text
    assert "59.0 GiB" in page.get("/resources?provider=aws&group=Compute&type=Server&sort=-name").text


def test_columns_are_chosen_by_the_url(page: Browser) -> None:
    found = page.get("/resources?columns=name,data.state&column=data.size&column=")

    heads = [each["href"] for each in found.all("a") if "sort=" in each.get("href", "")]
    assert len(heads) == 3
    assert "running" in found.text


def test_each_page_begins_where_the_one_before_ended(page: Browser) -> None:
    first = page.get("/resources?sort=name")
    (following,) = {link for link in first.links if "after=" in link and "sort=name" in link}
    second = page.get(following)

    assert "1–50 of 67" in first.text
    assert "51–67 of 67" in second.text
    assert second.all("a", rel="first")
    assert not second.all("a", rel="next")
    shown = [link for each in (first, second) for link in each.links if link.startswith("/resources/cloud-svc-")]
    assert len(shown) == len(set(shown)) == 67


def test_what_is_no_page_of_the_list_says_so_and_leads_back(page: Browser) -> None:
    first = page.get("/resources?sort=name")
    (following,) = {link for link in first.links if "after=" in link and "sort=name" in link}

    for path in (following.replace("sort=name", "sort=-name"), "/resources?after=nonsense"):
        found = page.get(path)
        assert "after" in found.text
        assert "Go to the first page" in found.text
    nothing = page.get(f"{following}&q=no-such-word")
    assert "There are no more rows" in nothing.text


def test_what_is_shown_can_be_exported(page: Browser) -> None:
    answer = page.client.get("/resources/export.csv?type=Server&columns=name,data.size&sort=name")
    rows = list(csv.reader(io.StringIO(answer.text)))

    assert answer.headers["Content-Disposition"] == 'attachment; filename="resources.csv"'
    assert rows[:2] == [["Name", "data.size"], ["server 000", "0"]]
    assert len(rows) == 61
    listed = page.client.get("/resources/export.json?type=Disk&columns=name,data.text").json()
    assert sorted(each["data.text"] for each in listed) == sorted(HOSTILE)
    assert page.client.get("/resources/export.json?type=None").json() == []


def test_a_spreadsheet_calculates_nothing_of_an_export(page: Browser, world: World) -> None:
    formula = "=HYPERLINK(A1)"
    made = world.client.call(
        "CloudService.create",
        {"provider": "own", "cloud_service_group": "G", "cloud_service_type": "T", "name": formula, "data": {}},
    )
    try:
        rows = list(csv.reader(io.StringIO(page.client.get("/resources/export.csv?provider=own&columns=name").text)))
        assert rows[1] == [f"'{formula}"]
        layout = {"options": {"fields": [{"key": "data.x", "name": formula}]}}
        own = {"provider": "own", "group": "G", "name": "T", "metadata": {"view": {"table": {"layout": layout}}}}
        kind = world.client.call("CloudServiceType.create", own)
        text = page.client.get("/resources/export.csv?provider=own&group=G&type=T").text
        world.client.call("CloudServiceType.delete", {"cloud_service_type_id": kind["cloud_service_type_id"]})
        assert f"'{formula}" in next(csv.reader(io.StringIO(text)))
    finally:
        world.client.call("CloudService.delete", {"cloud_service_id": made["cloud_service_id"]})


@pytest.mark.parametrize("part", ["rows", "facets"])
def test_the_parts_can_be_asked_for_alone(part: str, page: Browser) -> None:
    found = page.get(f"/resources/part/{part}?type=Disk")

    assert found.status == 200
    assert found.all("div", **{"data-made": ""})


# One resource


def test_a_resource_shows_its_fields_as_its_type_says(page: Browser, world: World) -> None:
    found = page.get(f"/resources/{world.resource('i-007')['cloud_service_id']}")

    assert found.status == 200
    assert "7.0 GiB" in found.text
    assert "everything" in found.text
    assert "prod" in found.text
    assert 'href="https://console.invalid/i-007"' in found.html
    assert "create" in found.text


def test_a_resource_tells_why_it_is_here(page: Browser, world: World) -> None:
    resource = world.resource("i-007")["cloud_service_id"]

    shown = page.get(f"/resources/{resource}")

    assert "reference.resource_id = i-007" in shown.text
    assert "Looks the same none" in shown.text
    assert "i-007" in page.get(f"/resources/{resource}/why").text


def test_history_shows_before_and_after(page: Browser, world: World) -> None:
    resource = world.resource("i-003")["cloud_service_id"]
    world.client.call("CloudService.update", {"cloud_service_id": resource, "data": {"state": "stopped now"}})

    found = page.get(f"/resources/{resource}")

    assert "<del><bdi>running</bdi></del>" in found.html
    assert "<ins><bdi>stopped now</bdi></ins>" in found.html


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_texts_are_shown_and_harmless(number: int, page: Browser, world: World) -> None:
    resource = world.resource(f"h-{number}")["cloud_service_id"]

    for path in (f"/resources/{resource}", f"/resources/{resource}/data", "/resources?type=Disk"):
        found = page.get(path)
        assert found.status == 200
        assert not [each for each in found.all("script") if not each.get("src", "").startswith("/console/")]
        assert not found.all("img")
        assert not [link for link in found.links if link.lower().startswith("javascript")]
        assert "\u202e" not in found.text
        assert "\u200b" not in found.text
        assert "49" not in found.text.replace("2049", "").partition("hostile 4")[2][:12]


def test_data_is_answered_whole_as_json(page: Browser, world: World) -> None:
    resource = world.resource("i-001")

    answer = page.client.get(f"/resources/{resource['cloud_service_id']}/json")

    assert answer.json() == resource
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_path_that_the_data_lacks_is_not_found(page: Browser, world: World) -> None:
    there = f"/resources/{world.resource('i-001')['cloud_service_id']}/data?path="

    assert page.get(f"{there}data").status == 200
    assert [page.get(there + path).status for path in ("nope", "data.size." + "9" * 5000)] == [404, 404]
    assert page.get(f"/resources?columns=data.x.{'9' * 5000}").status == 200


@pytest.mark.parametrize("path", ["", "/data", "/json"])
def test_a_resource_that_does_not_exist_is_not_found(path: str, page: Browser) -> None:
    missing = page.get(f"/resources/cloud-svc-000000000000{path}")

    assert missing.status == 404
    assert "may have been deleted" in missing.text


def test_a_resource_of_five_megabytes_and_ten_thousand_tags_is_shown_quickly(page: Browser, world: World) -> None:
    data = {"rows": [{"number": number, "text": "x" * 400} for number in range(10_000)], "deep": {"a": {"b": [1, 2]}}}
    tags = {f"key-{number:05}": f"value {number}" for number in range(10_000)}
    fields = {"provider": "own", "cloud_service_group": "G", "cloud_service_type": "T", "name": "huge"}
    made = world.client.call("CloudService.create", {**fields, "data": data, "tags": tags})
    try:
        huge = page.get(f"/resources/{made['cloud_service_id']}")
        assert huge.status == 200
        assert len(huge.html) < 1_200_000
        assert "10,000" in huge.text
        (more,) = [link for link in huge.links if link.endswith("path=data.rows&from=200")]
        assert "number" in page.get(more).text
        assert "key-09999" in page.get(f"/resources/{made['cloud_service_id']}?tags=100").text
        assert page.get(f"/resources/{made['cloud_service_id']}/data?path=data.rows.9999&from=0").status == 200
        assert page.get(f"/resources/{made['cloud_service_id']}/data?path=data.none").status == 404
    finally:
        world.client.call("CloudService.delete", {"cloud_service_id": made["cloud_service_id"]})
