"""Collectors and jobs by plain HTTP: what is shown, what can be told, what asks first."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from inventory.devruntime.child import wait_until
from tests.fakes.plugin import Failure
from tests.fakes.resources import cloud_service
from tests.integration.console.page import Browser
from tests.integration.console.world import SCRIPT, World

SECRET_OPTION = "hunter2-is-the-secret"
SCHEMA = {
    "required": ["region"],
    "order": ["region", "deep"],
    "properties": {
        "deep": {"type": "boolean", "title": "Look deep"},
        "region": {"type": "string", "title": "Home region", "enum": ["eu", "us"]},
        "api_key": {"type": "string", "title": "Key"},
    },
}


@pytest.fixture
def own(world: World) -> Iterator[dict[str, Any]]:
    """A collector of the test's own, whose plugin takes options and a filter."""
    before = world.plugin.metadata
    world.plugin.metadata = {
        "options_schema": SCHEMA,
        "filter_format": [{"key": "region_name", "name": "Region name", "type": "list", "resource_type": "CUSTOM"}],
    }
    options = {"api_key": SECRET_OPTION, "region": "eu", "more": {"password": SECRET_OPTION, "n": 1}}
    info = {"plugin_id": "plugin-1", "version": "1.0", "upgrade_mode": "MANUAL", "provider": "own", "options": options}
    made = world.client.call("Collector.create", {"name": "own one", "plugin_info": info})
    yield made
    world.plugin.metadata = before
    if world.client.call("Collector.list", {"collector_id": made["collector_id"]}).get("results"):
        world.client.call("Collector.delete", {"collector_id": made["collector_id"]})


def path_of(collector: dict[str, Any]) -> str:
    return f"/collectors/{collector['collector_id']}"


def test_the_list_shows_state_last_job_and_next_fire(page: Browser) -> None:
    listed = page.get("/collectors")

    assert listed.status == 200
    assert "everything enabled aws plugin-1 1.0" in listed.text
    assert "success" in listed.text
    assert "in " in listed.text
    assert "No collector matches" in page.get("/collectors?q=nobody").text


def test_a_collector_shows_all_that_belongs_to_it(page: Browser, world: World) -> None:
    shown = page.get(path_of(world.collector))

    assert shown.status == 200
    assert "at 2 h, minute 30 (UTC)" in shown.text
    assert "secret-1 fresh" in shown.text
    assert f"/jobs/{world.job['job_id']}" in shown.links


def test_secrets_in_options_are_never_shown(page: Browser, own: dict[str, Any]) -> None:
    for path in ("", "/options", "/delete"):
        shown = page.get(path_of(own) + path)
        assert shown.status == 200
        assert SECRET_OPTION not in shown.html


def test_options_are_asked_for_by_the_plugins_schema_and_secrets_stay_as_they_are(
    page: Browser, own: dict[str, Any], world: World
) -> None:
    form = page.get(path_of(own) + "/options")
    assert form.text.index("Home region") < form.text.index("Look deep")

    others = form.html.partition('name="others"')[2].partition(">")[2].partition("</textarea>")[0]
    typed = {"option.region": "us", "option.deep": "true", "option.api_key": "", "version": "1.0"}
    done = page.post(path_of(own) + "/options", typed | {"others": others.replace("&#34;", '"')})

    assert "accepted the options" in done.text
    options = _options_of(own, world)
    kept = {"api_key": SECRET_OPTION, "more": {"password": SECRET_OPTION, "n": 1}}
    assert options == {"region": "us", "deep": True, **kept}


def _options_of(own: dict[str, Any], world: World) -> dict[str, Any]:
    options: dict[str, Any] = world.client.call("Collector.get", {"collector_id": own["collector_id"]})["plugin_info"][
        "options"
    ]
    return options


def test_a_ticked_box_as_browsers_send_it_is_true(page: Browser, own: dict[str, Any], world: World) -> None:
    sent = "csrf=CSRF&option.region=eu&option.deep=&option.deep=true&option.api_key=&others=%7B%7D"
    body = sent.replace("CSRF", page.get("/login").csrf)
    page.client.post(
        path_of(own) + "/options", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert _options_of(own, world)["deep"] is True


def test_options_that_do_not_fit_are_told_beside_the_form(page: Browser, own: dict[str, Any]) -> None:
    refused = page.post(path_of(own) + "/options", {"option.region": "mars", "others": ""})
    assert refused.status == 400
    assert "Home region: must be one of eu, us" in refused.text

    refused = page.post(path_of(own) + "/options", {"option.region": "eu", "others": "{"})
    assert (refused.status, "is not JSON" in refused.text) == (400, True)
    for others in ('{"x": 1e999}', '{"x": "\\ud800"}', '{"x": {"password": "••••••"}}'):
        refused = page.post(path_of(own) + "/options", {"option.region": "eu", "others": others})
        assert (refused.status, "Other options" in refused.text) == (400, True), others


def test_collect_now_leads_to_the_job_which_ends_while_one_watches(page: Browser, own: dict[str, Any]) -> None:
    job = page.post(path_of(own) + "/collect", {"option.region_name": "eu-1, eu-2"})
    assert job.status == 200
    assert "eu-2" in job.text
    (job_id,) = {link.split("/")[2] for link in job.links if link.startswith("/jobs/job-")}

    deadline = time.monotonic() + 30
    while "data-ended" not in (progress := page.get(f"/jobs/{job_id}/progress")).html:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "success" in progress.text
    ended = page.get(f"/jobs/{job_id}")
    assert not [each for each in ended.all("div") if "data-live" in each]


def test_a_dry_run_shows_what_a_collect_would_do_and_does_nothing(page: Browser, world: World) -> None:
    before = world.resource("i-001")
    resources = world.plugin.resources
    size = {"size": 3 * 1024**3, "state": SCRIPT, "created": "2026-01-05T12:00:00Z"}
    world.plugin.resources = [
        cloud_service("i-001", provider="aws", name="server 001", data=size, tags={"env": "prod"}),
        cloud_service("i-new", provider="aws", name=f"new {SCRIPT}"),
    ]
    try:
        shown = page.post(f"{path_of(world.collector)}/dry-run", {"secret_id": "secret-1", "collect_mode": "ALL"})
        here = f"/dry-runs/{re.findall('dry-run-[0-9a-f]{12}', shown.html)[0]}"
        assert wait_until(lambda: "Would create" in page.get(here).text, timeout_seconds=30)
    finally:
        world.plugin.resources = resources
    shown = page.get(here)

    assert "Would create 1 Would change 1 Unchanged 0" in shown.text
    # What is no longer seen is listed before what changes.
    shown = page.get(f"{here}?action=UPDATE")
    assert "2 values: data.size , data.state" in shown.text
    assert f"/resources/{before['cloud_service_id']}" in shown.links
    assert SCRIPT in shown.text
    assert SCRIPT not in shown.html
    assert "data.size" not in page.get(f"{here}?action=CREATE").text
    assert world.resource("i-001") == before
    assert page.client.get(f"/search?q={here.removeprefix('/dry-runs/')}").headers["Location"] == here
    assert page.get("/dry-runs/dry-run-000000000000").status == 404


def test_a_filter_that_the_plugin_does_not_know_is_told_beside_the_form(page: Browser, own: dict[str, Any]) -> None:
    refused = page.post(path_of(own) + "/collect", {"filter": '{"nonsense": ["x"]}'})

    assert refused.status == 400
    assert "nonsense" in refused.text
    assert "own one" in refused.text


def test_a_collector_is_disabled_and_enabled(page: Browser, own: dict[str, Any]) -> None:
    assert "It is disabled." in page.post(path_of(own) + "/disable").text
    refused = page.post(path_of(own) + "/collect")
    assert refused.status == 400
    assert "It is enabled." in page.post(path_of(own) + "/enable").text
    assert "accepts a secret" in page.post(path_of(own) + "/verify").text


def test_a_collector_is_made_by_a_form(page: Browser, world: World) -> None:
    missing = page.post("/collectors/new", {"name": "x", "plugin_id": "plugin-none"})
    assert missing.status == 400
    assert "plugin-none" in missing.text
    assert missing.all("input", name="name", value="x")

    fields = {"name": "by form", "plugin_id": "plugin-1", "version": "1.0", "provider": "aws", "priority": "7"}
    made = page.post("/collectors/new", fields | {"upgrade_mode": "MANUAL", "others": '{"a": 1}'})
    assert "plugin accepted it" in made.text
    (found,) = world.client.call("Collector.list", {"name": "by form"})["results"]
    assert (found["priority"], found["plugin_info"]["options"]) == (7, {"a": 1})

    asked = page.get(path_of(found) + "/delete")
    assert "Delete by form" in asked.text
    assert "0 schedules" in asked.text
    assert "is deleted" in page.post(path_of(found) + "/delete").text
    assert page.get(path_of(found)).status == 404


@pytest.mark.parametrize("path", ["collect", "disable", "delete", "options"])
def test_nothing_is_done_without_the_sessions_token(path: str, page: Browser, world: World) -> None:
    page.get("/")

    assert page.post(f"{path_of(world.collector)}/{path}", csrf="").status == 403
    assert page.client.get(f"{path_of(world.collector)}/collect").status_code in (404, 405)
    assert world.client.call("Collector.get", {"collector_id": world.collector["collector_id"]})["state"] == "ENABLED"


# Jobs


def test_the_list_of_jobs_is_narrowed_by_state_and_collector(page: Browser, world: World) -> None:
    collector = world.collector["collector_id"]

    assert world.job["job_id"] in page.get(f"/jobs?collector={collector}&status=SUCCESS").text
    assert world.job["job_id"] not in page.get(f"/jobs?collector={collector}&status=ERROR").text
    assert "No job matches" in page.get("/jobs?status=TIMEOUT").text
    assert "This page does not exist" in page.get("/jobs?page=1000").text


def test_a_job_shows_its_counts_and_tasks(page: Browser, world: World) -> None:
    shown = page.get(f"/jobs/{world.job['job_id']}")

    assert "Created 67" in shown.text
    assert "secret-1 success 67 0 0 0" in shown.text
    assert "One slice, success." in shown.text
    assert "Warning: 1 type has no metadata" in shown.text


def test_a_job_says_how_many_of_those_seen_again_have_changed(
    page: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = {"created_count": 0, "updated_count": 133, "changed_count": 2, "deleted_count": 0, "failure_count": 0}
    monkeypatch.setattr("inventory.console.pages.jobs._summed", lambda _: (Counter(SUCCESS=1), counted))
    assert "Seen again 133 2 changed" in page.get(f"/jobs/{world.job['job_id']}/progress").text


def test_a_job_that_failed_tells_why_and_what_to_do(page: Browser, world: World) -> None:
    world.plugin.abort = (3, Failure(details="<b>no such permission</b>"))
    world.plugin.tasks = [{"part": 1}, {"part": 2}]
    try:
        job = world.client.finished(
            world.client.call("Collector.collect", {"collector_id": world.collector["collector_id"]})
        )
    finally:
        world.plugin.abort = world.plugin.tasks = None
    shown = page.get(f"/jobs/{job['job_id']}")

    assert "ERROR_COLLECTOR_COLLECTING" in shown.text
    assert "no such permission" in shown.text
    assert "<b>" not in shown.html
    assert "inventory doctor" in shown.text
    assert "3 slices: parts of the task" in shown.text
    assert "planned the others" in shown.text
    assert len(re.findall(r" \d failure \d", shown.text)) == 2

    again = page.post(f"/jobs/{job['job_id']}/retry")
    assert "It collects what failed in" in again.text
    assert f"/jobs/{job['job_id']}" in again.links
    assert "collects what failed here" in page.get(f"/jobs/{job['job_id']}").text

    asked = page.get(f"/jobs/{job['job_id']}/delete")
    assert "Delete this job" in asked.text
    assert "is deleted" in page.post(f"/jobs/{job['job_id']}/delete").text
    assert page.get(f"/jobs/{job['job_id']}").status == 404


def test_the_overview_names_what_failed(page: Browser, world: World) -> None:
    home = page.get("/")

    assert "all is well" in home.text or "its last job" in home.text
    assert "nightly" in home.text
