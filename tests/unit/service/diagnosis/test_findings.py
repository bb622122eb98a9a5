"""What operators are shown of the checks, and how often these run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from inventory.domain.finding import Finding, Level
from inventory.domain.principal import DOMAIN, SYSTEM, Principal
from inventory.errors import PermissionDeniedError, RequestTimeoutError
from inventory.service.diagnosis.findings import BUDGET_SECONDS, REUSE_SECONDS, DiagnosisService

OPERATOR = Principal("d", "operator", role_type=SYSTEM)
START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass
class Bench:
    """A clock that is turned by hand, and checks of which each takes some seconds."""

    seconds: float = 0.0
    each_takes: float = 0.0
    runs: list[bool] = field(default_factory=list)

    def now(self) -> datetime:
        return START

    def monotonic(self) -> float:
        return self.seconds

    def checks(self, plugins: bool) -> Iterator[Finding]:
        self.runs.append(plugins)
        for name, level in (("mongodb", Level.OK), ("redis", Level.FAIL), ("queue", Level.SKIP)):
            self.seconds += self.each_takes
            yield Finding(name, level, "as it is", "do something" if level is Level.FAIL else "")


def service(bench: Bench) -> DiagnosisService:
    return DiagnosisService(checks=bench.checks, clock=bench)


def test_only_operators_are_answered_and_everybody_is_one_without_authentication() -> None:
    bench, member, anyone = Bench(), Principal("d", "user-1", role_type=DOMAIN), Principal("d")

    with pytest.raises(PermissionDeniedError):
        service(bench).get(member, plugins=False)
    assert bench.runs == []
    assert service(bench).get(anyone, plugins=False).findings
    found = service(bench).get(OPERATOR, plugins=False).document()
    assert found["healthy"] is False
    assert found["findings"][1] == {"check": "redis", "level": "FAIL", "message": "as it is", "mend": "do something"}


def test_the_checks_run_no_more_often_than_findings_are_reused() -> None:
    bench = Bench()
    diagnosis = service(bench)

    for _ in range(9):
        diagnosis.get(OPERATOR, plugins=False)
    diagnosis.get(OPERATOR, plugins=True)
    assert bench.runs == [False, True]
    bench.seconds = REUSE_SECONDS
    diagnosis.get(OPERATOR, plugins=False)
    assert bench.runs == [False, True, False]


def test_slow_checks_end_with_the_budget_and_what_was_not_reached_is_named() -> None:
    bench = Bench(each_takes=BUDGET_SECONDS * 0.6)

    found = service(bench).get(OPERATOR, plugins=False).findings

    assert [each.check for each in found] == ["mongodb", "redis", "further checks"]
    assert found[-1].level is Level.SKIP


def test_findings_cut_short_by_an_impatient_caller_are_not_shown_to_others() -> None:
    bench = Bench()
    diagnosis = service(bench)

    diagnosis.get(_waiting(0.5), plugins=False)
    diagnosis.get(OPERATOR, plugins=False)

    assert len(bench.runs) == 2


def test_a_caller_waits_for_checks_of_another_no_longer_than_its_deadline() -> None:
    bench = Bench()
    diagnosis = service(bench)
    refused = []

    def checks(plugins: bool) -> Iterator[Finding]:
        with pytest.raises(RequestTimeoutError, match="another caller"):
            diagnosis.get(_waiting(0.01), plugins=plugins)
        refused.append(True)
        yield from ()

    diagnosis._checks = checks
    diagnosis.get(OPERATOR, plugins=False)
    assert refused


def _waiting(seconds: float) -> Principal:
    return Principal("d", "operator", role_type=SYSTEM, deadline=time.monotonic() + seconds)
