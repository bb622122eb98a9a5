"""A page never shows nothing where it does not know, and never a part of something as the whole."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from inventory.console.api import ApiError
from tests.unit.console.static_site import StaticApi, visit

COLLECTORS: dict[str, Any] = {"results": [{"collector_id": "collector-1", "name": "c", "state": "ENABLED"}]}
JOB: dict[str, Any] = {"job_id": "job-1", "status": "SUCCESS", "created_at": "2026-01-05T12:00:00Z"}
RESOURCE: dict[str, Any] = {
    "cloud_service_id": "cloud-svc-1",
    "provider": "aws",
    "cloud_service_group": "Compute",
    "cloud_service_type": "Server",
}
METHODS = ("Collector.get", "CloudService.get", "Job.list", "ResourcePages.list")
REFUSED = ApiError(403, "ERROR_PERMISSION_DENIED", "No.")


def get(path: str, answers: dict[str, Any], slow: tuple[str, ...] = (), **options: Any) -> httpx.Response:
    return visit(path, StaticApi(answers, slow), **options)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for hundredths of a second only."""
    monkeypatch.setattr("inventory.console.visit.PART_SECONDS", 0.02)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("path", "slow"),
    [
        ("/jobs", "Job.list"),
        ("/jobs/part/rows", "Job.list"),
        ("/jobs/job-1", "JobOperations.get"),
        ("/collectors", "Job.stat"),
        ("/collectors/collector-1/delete", "Operations.list_schedule_facts"),
        ("/collectors", "Operations.list_all_schedule_facts"),
        ("/schedules", "Operations.list_all_schedule_facts"),
        ("/schedules?by=duration", "Job.list"),
        ("/search?q=words", "Operations.list_all_schedule_facts"),
        ("/search?q=words", "CloudService.list"),
    ],
)
def test_a_page_without_the_answer_it_waits_for_is_an_error(path: str, slow: str) -> None:
    answers = {"Collector.list": COLLECTORS, "Collector.get": COLLECTORS["results"][0], "Job.get": JOB}

    assert get(path, answers).status_code == 200
    found = get(path, answers, (slow,))

    assert found.status_code == 504
    assert "did not answer within" in found.text


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("path", "slow"),
    [
        ("/overview/kinds", "CloudService.stat"),
        ("/overview/regions", "CloudService.stat"),
        ("/overview/changes", "JobTask.stat"),
        ("/overview/jobs", "Job.list"),
        ("/overview/jobs", "Job.stat"),
        ("/overview/attention", "Job.stat"),
        ("/overview/attention", "Collector.list"),
        ("/overview/attention", "Freshness.list"),
        ("/overview/attention", "Deletion.list"),
        ("/overview/attention", "Operations.list_all_schedule_facts"),
        ("/resources/part/rows", "ResourcePages.list"),
        ("/resources/part/facets", "CloudService.stat"),
        ("/resources?wait=1", "ResourcePages.list"),
        ("/health/secrets", "Freshness.list"),
        ("/health/findings", "Diagnosis.get"),
        ("/collectors/collector-1", "Freshness.list"),
        ("/collectors/collector-1", "Job.list"),
        ("/resources/cloud-svc-1", "ChangeHistory.list"),
        ("/resources/cloud-svc-1/why", "Explanations.explain_resource"),
    ],
)
def test_a_part_without_its_answer_says_so(path: str, slow: str) -> None:
    answers = {"Collector.get": COLLECTORS["results"][0], "CloudService.get": RESOURCE}

    found = get(path, answers, (slow,))

    assert found.status_code == 200
    assert "did not answer within" in found.text
    assert "all is well" not in found.text


def test_what_one_may_not_see_is_no_error_of_the_page() -> None:
    answers = {"Collector.list": COLLECTORS, "Job.stat": REFUSED, "Operations.list_all_schedule_facts": REFUSED}

    assert get("/collectors", answers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/resources", "/jobs", "/health", "/overview/kinds"])
def test_nobody_waits_for_a_slow_server_to_be_asked_to_sign_in(path: str) -> None:
    api = StaticApi({}, ("Collector.list", "Job.list", "CloudService.stat", "ResourcePages.list"))

    found = visit(path, api, asks_for_token=True)

    assert found.status_code == 401
    assert 'name="token"' in found.text
    assert api.calls == []


# Pages of lists

ROW = {"results": [JOB | {"job_task_id": "job_task-1"}], "total_count": 1}


def rows_from(answer: dict[str, Any]) -> Any:
    """Return what a list answers: its rows on the first page, nothing beyond."""
    return lambda it: answer if it.get("query", it).get("page", {}).get("start", 1) == 1 else answer | {"results": []}


@pytest.mark.parametrize("number", ["99", "999999999"])
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/jobs?page=", "Job.list"),
        ("/jobs/job-1?page=", "JobTask.list"),
        ("/deletions?page=", "Deletion.list"),
        ("/collectors?page=", "Collector.list"),
        ("/types?page=", "CloudServiceType.list"),
        ("/health/secrets?page=", "Freshness.list"),
        ("/dry-runs/dry-run-1?page=", "DryRun.list_changes"),
        ("/resources/cloud-svc-1?history=", "ChangeHistory.list"),
    ],
)
def test_a_page_beyond_the_end_says_that_it_does_not_exist(path: str, method: str, number: str) -> None:
    run = {"dry_run_id": "dry-run-1", "status": "SUCCESS", "collector_id": "collector-1"}
    answers = {"Job.get": JOB, "CloudService.get": RESOURCE, "DryRun.get": run, method: rows_from(ROW)}
    api = StaticApi(answers)

    found = visit(f"{path}{number}", api)

    assert found.status_code == 200
    assert "This page does not exist" in found.text
    assert "–1 of 1" not in found.text
    assert "No change is recorded" not in found.text
    starts = [it.get("query", it).get("page", {}).get("start", 1) for name, it in api.calls if name == method]
    assert max(starts) < 2**31


# The list of resources


def resources(**answer: Any) -> dict[str, Any]:
    return {"results": [RESOURCE] * 50, "total_count": 10_000, **answer}


def links(html: str, rel: str) -> list[str]:
    return [
        each.partition('href="')[2].partition('"')[0].replace("&amp;", "&") for each in html.split(f'rel="{rel}"')[1:]
    ]


def test_pages_of_resources_lead_back_as_they_lead_on() -> None:
    cursors = {"": "second", "second": "third", "third": "fourth"}
    answers = {"ResourcePages.list": lambda it: resources(next=cursors.get(it.get("after", ""), ""))}
    on = ["/resources?q=web"]
    for _ in range(3):
        on.append(links(get(on[-1], answers).text, "next")[0])

    back = [on[-1]]
    for _ in range(3):
        back.append(links(get(back[-1], answers).text, "prev")[0])

    assert back == list(reversed(on))
    assert links(get(on[0], answers).text, "prev") == []
    assert "101–150 of" in get(on[2], answers).text


def test_where_pages_end_in_an_order_by_a_path_the_list_says_so() -> None:
    answers = {"ResourcePages.list": resources(has_more_than_counted=True)}

    assert "pages end here" in get("/resources?sort=data.n", answers).text
    assert "pages end here" not in get("/resources?sort=data.n", {"ResourcePages.list": resources()}).text


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize(
    ("sort", "total", "reason"),
    [("data.n", 10_300, "10,300 resources match, and an export sorted by data.n has at most 10,000 rows."),
     ("name", 100_001, "100,001 resources match, and an export has at most 100,000 rows.")],
)  # fmt: skip
def test_an_export_that_would_lack_rows_is_refused(kind: str, sort: str, total: int, reason: str) -> None:
    answers = {
        "ResourcePages.list": resources(has_more_than_counted=True),
        "CloudService.list": {"total_count": total},
    }

    found = get(f"/resources/export.{kind}?sort={sort}", answers)

    assert found.status_code == 400
    assert reason in found.text


def test_an_export_within_its_limit_is_made() -> None:
    answers = {
        "ResourcePages.list": resources(has_more_than_counted=True),
        "CloudService.list": {"total_count": 100_000},
    }

    assert get("/resources/export.csv?sort=name", answers).text.count("Server") == 50


def test_every_member_of_a_big_object_is_reached() -> None:
    data = {"a": {f"key{number:05}": number for number in range(450)}}
    answers = {"CloudService.get": RESOURCE | {"data": data}}

    seen, path = "", "/resources/cloud-svc-1/data?path=data.a"
    for _ in range(3):
        page = get(path, answers).text
        seen += page
        path = page.rpartition('<li><a href="')[2].partition('"')[0].replace("&amp;", "&")

    assert [number for number in range(450) if f"key{number:05}" not in seen] == []
    assert "401–450 of 450" in seen
    assert "There are only 450 members" in get("/resources/cloud-svc-1/data?path=data.a&from=450", answers).text


@pytest.mark.parametrize("path", ["/collectors/collector-1", "/resources/cloud-svc-1", "/jobs", "/resources?wait=1"])
@pytest.mark.parametrize("status", [429, 504])
def test_calls_that_waited_for_mongodb_in_vain_end_with_its_name(path: str, status: int) -> None:
    api = StaticApi({})
    too_many = ApiError(status, "ERROR_LIMIT_EXCEEDED", "Too many calls wait.")

    def stuck(_request: Any) -> ApiError:
        api.is_refusing = True
        return too_many

    api.answers = dict.fromkeys(METHODS, stuck)
    answer = visit(path, api)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert "usually since MongoDB is unreachable" in answer.text

    api = StaticApi(dict.fromkeys(METHODS, too_many))
    busy = visit(path, api)
    assert "MongoDB is unreachable" not in busy.text
    assert "Too many calls wait." in busy.text
