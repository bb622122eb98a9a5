"""The overview, the week and the search look at all jobs and schedules, and say what they leave out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.console.static_site import StaticApi, visit

JOB: dict[str, Any] = {"job_id": "job-1", "status": "SUCCESS"}
NOW = datetime.now(UTC)


def get(path: str, answers: dict[str, Any]) -> str:
    return visit(path, StaticApi(answers)).text


def ago(**span: float) -> str:
    return (NOW - timedelta(**span)).isoformat()


def schedule(number: int, **fields: Any) -> dict[str, Any]:
    row = {"schedule_id": f"sched-{number}", "collector_id": f"collector-{number}", "name": f"schedule {number}"}
    return {**row, "collector_enabled": True, "next_fire_at": ago(hours=number - 100), **fields}


def test_all_jobs_are_counted_although_only_the_newest_are_drawn() -> None:
    jobs = [JOB | {"created_at": ago(hours=1), "collector_info": {"collector_id": f"c-{n % 20}"}} for n in range(300)]
    answers = {
        "Job.list": {"results": jobs, "total_count": 481},
        "Job.stat": {"results": [{"status": "SUCCESS", "count": 400}, {"status": "ERROR", "count": 81}]},
    }

    html = get("/overview/jobs", answers)

    assert "481 jobs in 24 hours: 400 success, 81 error" in html
    assert "Drawn are the newest 300 of 481 jobs." in html
    assert "8 more collectors had jobs." in html


def test_the_overview_finds_the_soonest_and_the_late_schedules_among_all() -> None:
    late = schedule(70, next_fire_at=ago(minutes=30))
    rows = [schedule(number) for number in range(60)] + [late, schedule(80, next_fire_at=ago(hours=-0.5))]
    stale = {"results": [{"state": "STALE", "collector_id": "c", "secret_id": "s"}] * 30, "total_count": 130}
    answers = {"Operations.list_all_schedule_facts": {"results": rows}, "Freshness.list": stale}

    found = get("/overview/attention", answers)
    shown, _, behind = found.partition("<details")
    _, _, following = behind.partition("What runs next")

    assert "Schedule schedule 70" in shown
    assert "23 more" in behind
    assert "and 30 more" in behind
    assert following.index("schedule 80") < following.index("schedule 59")


def test_a_schedule_that_rests_does_not_run_next() -> None:
    rows = [schedule(1, collector_enabled=False), schedule(2, problem="its cron is broken")]
    answers = {"Operations.list_all_schedule_facts": {"results": rows}}

    found = get("/overview/attention", answers)

    assert "Nothing is scheduled" in found
    assert "Schedule schedule 2" in found


def test_the_last_failed_job_of_each_collector_is_found_however_many_jobs_there_are() -> None:
    last = [
        {"collector_id": "c-1", "job_id": "job-1", "status": "ERROR"},
        {"collector_id": "c-2", "job_id": "job-2", "status": "SUCCESS"},
    ]
    names = {"results": [{"collector_id": "c-1", "name": "first"}]}
    answers = {
        "Job.stat": {"results": last},
        "Collector.list": lambda it: names if it["query"]["filter"][0]["k"] == "collector_id" else {},
    }

    found = get("/overview/attention", answers)

    assert "first: its last job" in found
    assert "/jobs/job-2" not in found


def test_the_week_adds_the_durations_of_all_jobs_and_says_which_it_leaves_out() -> None:
    asked: list[int] = []

    def jobs(total: int) -> Any:
        def answer(request: dict[str, Any]) -> dict[str, Any]:
            start = request["query"]["page"]["start"]
            asked.append(start)
            rows = range(start, min(start + 1000, total + 1))
            first = "2026-01-05T12:00:00Z"
            finished = "2026-01-05T12:00:01Z"
            page = [{"job_id": f"job-{n}", "created_at": first, "finished_at": finished} for n in rows]
            return {"results": page, "total_count": total}

        return answer

    week = get("/schedules?by=duration", {"Job.list": jobs(1_201)})
    assert "Monday 12:00 UTC: 20 min" in week
    assert "are not included" not in week
    assert asked == [1, 1_001]

    assert "1 earlier one of the week is not included" in get("/schedules?by=duration", {"Job.list": jobs(20_001)})


def test_schedules_are_found_by_name_and_by_id() -> None:
    answers = {"Operations.list_all_schedule_facts": {"results": [schedule(1, name="Every Night"), schedule(2)]}}

    for words in ("night", "sched-1"):
        found = get(f"/search?q={words}", answers)
        assert "/schedules/collector-1/sched-1" in found
        assert "sched-2" not in found
    assert "Nothing has" in get("/search?q=noon", answers)
