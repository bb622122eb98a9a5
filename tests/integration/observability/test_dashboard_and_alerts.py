"""The dashboard and the alerts name only metrics, labels and values that real processes show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml

from inventory.observe.metric_list import all_metrics
from tests.integration.observability.conftest import KINDS, Fleet
from tests.integration.observability.promql import parse

DEPLOY = Path(__file__).parents[3] / "deploy"
ADDED_BY_PROMETHEUS = {"job", "namespace", "instance", "le"}
OPEN_LABELS = {"status": {code.name for code in grpc.StatusCode}, "job": {"$job"}, "namespace": {"$namespace"}}
"""Values beside those that are shown: statuses come as they happen; ``$job`` and ``$namespace`` are the dashboard's."""

Shown = dict[str, list[dict[str, str]]]


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    return loaded


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield f"panel {panel['title']} {target['refId']}", target["expr"].replace("$__rate_interval", "5m")
    for rule in rules():
        yield f"alert {rule['alert']}", rule["expr"]


EXPRESSIONS = dict(expressions())


@pytest.fixture(scope="module")
def shown(fleet: Fleet) -> Shown:
    """All samples of all processes: their labels by name."""
    found: Shown = {}
    for kind in KINDS:
        for name, samples in fleet.scrape(kind).items():
            found.setdefault(name, []).extend(labels for labels, _ in samples)
    return found


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_an_expression_names_what_there_is(where: str, shown: Shown) -> None:
    named = parse(EXPRESSIONS[where])

    for selector in named.selectors:
        assert selector.metric in shown, selector.metric
        samples = shown[selector.metric]
        known = set().union(*samples) | ADDED_BY_PROMETHEUS
        for label, sign, value in selector.matchers:
            assert label in known, (selector.metric, label)
            if sign in {"=", "=~"}:
                values = {labels.get(label) for labels in samples} | OPEN_LABELS.get(label, set())
                assert set(value.split("|")) <= values, (selector.metric, label, value)
    everything = ADDED_BY_PROMETHEUS.union(*(set().union(*shown[each.metric]) for each in named.selectors))
    assert named.grouped_by <= everything


def test_every_metric_of_ours_has_a_place_in_the_dashboard() -> None:
    named = {
        selector.metric for where, text in EXPRESSIONS.items() if "panel" in where for selector in parse(text).selectors
    }

    unseen = {metric.name for metric in all_metrics() if not any(name.startswith(metric.name) for name in named)}
    assert unseen == set()


def test_legends_name_labels_of_their_expression() -> None:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            used = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert used <= parse(target["expr"]).grouped_by | {"le"}, panel["title"]


def test_the_dashboard_can_be_imported_anywhere() -> None:
    loaded = dashboard()
    variables = {variable["name"]: variable for variable in loaded["templating"]["list"]}
    panels = [panel for panel in loaded["panels"] if panel["type"] != "row"]

    assert loaded["id"] is None
    assert variables["datasource"]["type"] == "datasource"
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels)
    assert all(target["datasource"]["uid"] == "${datasource}" for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in loaded["panels"]}) == len(loaded["panels"])
    assert all(panel["fieldConfig"]["defaults"].get("unit") for panel in panels if panel["type"] != "table")


def test_no_installation_hides_another() -> None:
    """Each scheduler exports what all of an installation have: the maximum is taken within one, never over several."""
    for where, text in EXPRESSIONS.items():
        if where.startswith("panel") and re.search(r"inventory_(queue_oldest|clock_skew)_seconds", text):
            continue  # The worst of all is what is shown.
        for grouping in re.findall(r"\b(?:max|group)\b(?: by \(([^)]*)\))? \(", text):
            assert {"job", "namespace"} <= set(grouping.split(", ")), where
        if where.startswith("alert"):
            for grouping in re.findall(r"\bsum\b(?: by \(([^)]*)\))? ?\(", text):
                assert {"job", "namespace"} <= set(grouping.split(", ")), where


def test_the_share_of_errors_is_zero_where_nothing_failed_or_nobody_called() -> None:
    (error,) = [text for where, text in EXPRESSIONS.items() if where == "panel RPC errors A"]

    failed, _, rest = error.partition(" / ")
    called, _, otherwise = rest.partition(" or ")
    assert 'status=~"' in failed
    assert called.endswith(" > 0)"), "nothing divided by nothing is no number"
    assert otherwise.startswith("0 * sum(inventory_build_info"), "unknown where nothing is scraped"


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert grid["x"] + grid["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_alert_says_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= parse(rule["expr"]).grouped_by


@pytest.mark.parametrize(
    "text", ["sum(", "1 + 1", "nonsense(inventory_jobs_open)", 'a{b="c"', 'a{b="c" d="e"}', "a $ b"]
)
def test_what_is_no_expression_is_noticed(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)
