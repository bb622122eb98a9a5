"""Schedules, types, regions, rules, health and search by plain HTTP."""

from __future__ import annotations

import pytest

from tests.integration.console.conftest import Open
from tests.integration.console.page import Browser
from tests.integration.console.world import DOMAIN, QUOTES, World
from tests.integration.wire.client import token_of


def path_of(world: World) -> str:
    return f"/schedules/{world.collector['collector_id']}/{world.schedule['schedule_id']}"


def test_the_week_shows_when_schedules_fire(page: Browser) -> None:
    shown = page.get("/schedules")

    squares = shown.all("td", **{"class": "l5"})
    assert [each["title"] for each in squares[:2]] == ["Monday 02:00 UTC: 1 fire", "Tuesday 02:00 UTC: 1 fire"]
    assert len(squares) == 7
    assert "everything" in shown.text
    assert len([link for link in shown.links if link == path_of_first(shown.links)]) >= 50


def path_of_first(links: list[str]) -> str:
    return next(link for link in links if link.startswith("/schedules/collector-"))


def test_the_week_shows_for_how_long_jobs_ran(page: Browser) -> None:
    shown = page.get("/schedules?by=duration")

    assert shown.status == 200
    assert [each for each in shown.all("td") if each.get("class", "l0") != "l0" and "UTC" in each.get("title", "")]


def test_a_schedule_is_explained(page: Browser, world: World) -> None:
    shown = page.get(path_of(world))

    assert "at 2 h, minute 30 (UTC)" in shown.text
    assert shown.text.count("02:30:00") >= 10
    assert "Skipped in the last day nothing" in shown.text
    assert page.get(path_of(world)[:-12] + "0" * 12).status == 404


def test_a_schedule_is_added_seen_in_the_week_changed_and_deleted(page: Browser, world: World) -> None:
    collector = world.collector["collector_id"]
    assert page.get(f"/schedules/new?collector={collector}").all("option", value=collector, selected="")

    empty = page.post("/schedules/new", {"collector_id": collector, "name": "late"})
    assert (empty.status, "Choose when it fires" in empty.text) == (400, True)
    both = page.post("/schedules/new", {"collector_id": collector, "hours": "23", "cron": "0 1 * * *"})
    assert (both.status, "schedule" in both.text) == (400, True)

    added = page.post("/schedules/new", {"collector_id": collector, "name": "late", "cron": "15 23 * * 0"})
    assert "The schedule is added." in added.text
    assert page.get("/schedules").all("td", title="Sunday 23:00 UTC: 1 fire")

    (found,) = [
        each
        for each in world.client.call("Collector.list_schedules", {"collector_id": collector})["results"]
        if each["name"] == "late"
    ]
    path = f"/schedules/{collector}/{found['schedule_id']}"
    assert "The schedule is changed." in page.post(path, {"name": "later", "interval": "600"}).text
    assert page.get("/schedules").all("td", title="Sunday 23:00 UTC: 6 fires")
    stored = {"collector_id": collector, "schedule_id": found["schedule_id"]}
    for given, kept in (('{"region": ["a"]}', {"region": ["a"]}), ("", {})):
        page.post(path, {"interval": "600", "filter": given})
        assert world.client.call("Collector.get_schedule", stored).get("filter", {}) == kept
    refused = page.post(path, {"interval": "600", "name": ""})
    assert (refused.status, "Name: cannot be removed" in refused.text) == (400, True)
    refused = page.post(path, {"interval": "999999"})
    assert (refused.status, "interval" in refused.text) == (400, True)

    assert "Delete the schedule" in page.get(f"{path}/delete").text
    assert "The schedule is deleted." in page.post(f"{path}/delete").text


def test_types_and_regions_are_counted(page: Browser, world: World) -> None:
    types = page.get("/types")
    (server,) = [
        each["cloud_service_type_id"]
        for each in world.client.call("CloudServiceType.list", {"name": "Server"})["results"]
    ]

    assert "Server Compute aws 60" in types.text
    assert "data.size" in page.get(f"/types/{server}").text
    assert "Region region-1 region-1 aws 67" in page.get("/regions").text
    region = world.client.call("Region.list")["results"][0]["region_id"]
    assert "67 resources" in page.get(f"/regions/{region}").text


def test_a_rule_shows_its_conditions_and_actions(page: Browser, world: World) -> None:
    rule = world.client.call(
        "CollectorRule.create",
        {
            "collector_id": world.collector["collector_id"],
            "name": f"rule {QUOTES}",
            "conditions_policy": "ALL",
            "conditions": [{"key": "provider", "value": "aws", "operator": "eq"}],
            "actions": {"change_project": "project-1"},
        },
    )
    try:
        listed = page.get("/rules")
        assert "provider eq aws" in listed.text
        assert not listed.all("img")
        assert "project-1" in page.get(f"/rules/{rule['collector_rule_id']}").text
        assert "provider eq aws" in page.get(f"/rules?collector={world.collector['collector_id']}").text
    finally:
        world.client.call("CollectorRule.delete", {"collector_rule_id": rule["collector_rule_id"]})


@pytest.mark.parametrize("path", ["/types", "/regions", "/rules"])
def test_lists_say_what_to_do_where_they_are_empty(path: str, page: Browser) -> None:
    assert "Nothing matches" in page.get(f"{path}?q=no-such-thing").text
    assert "This page does not exist" in page.get(f"{path}?page=777").text
    assert page.get(f"{path}/nothing-000000000000").status == 404


def test_health_tells_how_current_things_are(page: Browser) -> None:
    shown = page.get("/health")

    assert shown.status == 200
    assert "secret-1" in shown.text
    assert "No secret is in such a state" in page.get("/health?state=STALE").text


def test_health_says_what_doctor_finds_and_what_to_do(page: Browser, browse: Open, token_origin: str) -> None:
    shown = page.get("/health")
    asked = page.get("/health?plugins=1")

    assert "fail migrations Migrations are pending." in shown.text
    assert "Run inventory migrate" in shown.text
    assert "Start it (inventory scheduler)" in shown.text
    assert "accepts a secret" not in shown.text
    assert "accepts a secret" in asked.text
    assert "very-secret-value" not in shown.html + asked.html

    member = browse(token_origin)
    member.post("/login", {"token": token_of(DOMAIN)})
    refused = member.get("/health")
    assert "only to operators" in refused.text
    assert "Migrations" not in refused.text


def test_an_id_leads_to_its_page_and_words_to_what_has_them(page: Browser, world: World) -> None:
    resource = world.resource("i-001")["cloud_service_id"]
    for found, path in (
        (resource, f"/resources/{resource}"),
        (world.job["job_id"], f"/jobs/{world.job['job_id']}"),
        (world.collector["collector_id"], f"/collectors/{world.collector['collector_id']}"),
    ):
        answer = page.client.get(f"/search?q={found}")
        assert (answer.status_code, answer.headers["Location"]) == (303, path)
    task = world.client.tasks(world.job)[0]["job_task_id"]
    assert page.client.get(f"/search?q={task}").headers["Location"] == f"/jobs/{world.job['job_id']}"

    words = page.get("/search", params={"q": "server"})
    assert "Resources 60" in words.text
    assert "/resources?q=server" in words.links
    assert "Nothing has" in page.get("/search?q=no-such-word").text
    assert page.get("/search").status == 200
