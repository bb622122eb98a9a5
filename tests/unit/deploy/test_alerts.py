"""The alerts fire when they should: promtool evaluates the rules over series that the file of tests makes up."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml

from tests.unit.deploy.deploy_kit import ROOT

RULES = ROOT / "deploy" / "prometheus"
PROMTOOL = shutil.which("promtool", path=str(ROOT / ".venv" / "bin")) or shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool is at hand: it comes with Prometheus")


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *arguments], cwd=RULES, capture_output=True, text=True, timeout=60, check=False)


@needs_promtool
def test_each_alert_fires_for_the_installation_that_is_ill_and_for_no_other() -> None:
    done = promtool("test", "rules", "alerts_test.yaml")

    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_rules() -> None:
    done = promtool("check", "rules", "alerts.yaml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test() -> None:
    rules = yaml.safe_load((RULES / "alerts.yaml").read_text(encoding="utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    tests = yaml.safe_load((RULES / "alerts_test.yaml").read_text(encoding="utf-8"))["tests"]

    asked = " ".join(query["expr"] for test in tests for query in test["promql_expr_test"])
    assert set(re.findall(r'alertname="(\w+)"', asked)) == alerts
