"""Every method of Collector, Job and JobTask, called as the public documentation shows it, answers in its shape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message_factory import GetMessageClass

from tests.fakes.plugin import FakePlugin, Gate
from tests.integration.wire.client import SERVICES, Json, method_of
from tests.integration.wire.wire_kit import Home

DATA = json.loads((Path(__file__).parents[2] / "data" / "collector_examples.json").read_text(encoding="utf-8"))
EXAMPLES: list[Json] = DATA["examples"]
SHAPES: Json = DATA["shapes"]
TYPES: dict[str, Any] = {"string": str, "object": dict, "array": list, "boolean": bool, "integer": int}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def shape_faults(value: Any, shape: Any, at: str = "answer") -> list[str]:
    """Return where ``value`` has another shape; see ``about`` of the examples."""
    if isinstance(shape, str) and shape.startswith("$"):
        return shape_faults(value, SHAPES[shape[1:]], at)
    if isinstance(shape, str):
        return [] if _is(value, shape) else [f"{at}: {value!r} is no {shape}"]
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{at}: {value!r} is no list of something"]
        return [fault for n, item in enumerate(value) for fault in shape_faults(item, shape[0], f"{at}[{n}]")]
    if not isinstance(value, dict):
        return [f"{at}: {value!r} is no object"]
    known = {name.rstrip("?"): (member, name.endswith("?")) for name, member in shape.items()}
    faults = [f"{at}.{name}: is not in the documentation" for name in value.keys() - known.keys()]
    for name, (member, optional) in known.items():
        if name in value:
            faults += shape_faults(value[name], member, f"{at}.{name}")
        elif not optional:
            faults.append(f"{at}.{name}: is missing")
    return faults


def _is(value: Any, kind: str) -> bool:
    if kind == "time":
        return isinstance(value, str) and bool(TIME.fullmatch(value))
    if kind.startswith("/"):
        return isinstance(value, str) and bool(re.fullmatch(kind.strip("/"), value))
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[kind]) and not (kind == "integer" and isinstance(value, bool))


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """Return ``value`` with ``$name`` replaced by an id."""
    if isinstance(value, str) and value.startswith("$"):
        return ids[value[1:]]
    if isinstance(value, dict):
        return {name: filled(member, ids) for name, member in value.items()}
    return [filled(item, ids) for item in value] if isinstance(value, list) else value


def at_path(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[name]
    return value


@pytest.fixture
def documented(home: Callable[..., Home], plugin: FakePlugin) -> Home:
    """A domain with the plugin of the examples, two secrets, and no collector."""
    plugin.metadata = DATA["plugin_metadata"]
    plugin.gate = Gate()
    return home(secrets=2, versions=["1.13.13", "1.14.0"])


def prepare(home: Home, method: str) -> dict[str, str]:
    """Return the ids of what the method's request may name; all of it exists."""
    ids = {"plugin_id": home.plugin_id, "secret_id": home.secret_ids[0]}
    if method == "Collector.create":
        return ids
    collector = home.create({"version": "1.13.13", "options": {}})
    ids["collector_id"] = collector["collector_id"]
    if "schedule" in method and method != "Collector.add_schedule":
        added = {"collector_id": ids["collector_id"], "name": "daily", "schedule": {"hours": [1]}}
        ids["schedule_id"] = home.client.call("Collector.add_schedule", added)["schedule_id"]
    if method.startswith("Job"):
        job = home.collect(collector)
        ids["job_id"] = job["job_id"]
        ids["job_task_id"] = home.client.tasks(job)[0]["job_task_id"]
    return ids


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["method"])
def test_the_documented_request_is_answered_in_the_documented_shape(documented: Home, example: Json) -> None:
    method = example["method"]
    ids = prepare(documented, method)

    answer = documented.client.call(method, filled(example["request"], ids))

    assert shape_faults(answer, SHAPES[example["shape"]]) == []
    for path, expected in example.get("answer", {}).items():
        assert at_path(answer, path) == filled(expected, ids), path


def test_every_method_of_the_three_services_has_an_example() -> None:
    methods = [f"{name}.{method.name}" for name in ("Collector", "Job", "JobTask") for method in SERVICES[name].methods]

    assert sorted(example["method"] for example in EXAMPLES) == sorted(methods)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["method"])
def test_a_shape_names_every_field_of_the_answer(example: Json) -> None:
    """The field tables of the documentation are the messages: a shape that forgets a field would refuse it."""
    output = GetMessageClass(method_of(example["method"]).output_type).DESCRIPTOR
    if output.file.package.startswith("google.protobuf"):
        return

    shape = {name.rstrip("?") for name in SHAPES[example["shape"]]}

    assert shape == set(output.fields_by_name)


def test_what_was_deleted_is_gone(documented: Home) -> None:
    client = documented.client
    collector = documented.create({"version": "1.13.13"})
    added = {"collector_id": collector["collector_id"], "schedule": {"hours": [1]}}
    schedule = client.call("Collector.add_schedule", added)
    ids = {"collector_id": collector["collector_id"], "schedule_id": schedule["schedule_id"]}

    client.call("Collector.delete_schedule", ids)

    assert client.fails("Collector.get_schedule", ids) == ("INVALID_ARGUMENT", "ERROR_NOT_FOUND")
    client.call("Collector.delete", {"collector_id": ids["collector_id"]})
    assert client.fails("Collector.get", {"collector_id": ids["collector_id"]})[1] == "ERROR_NOT_FOUND"


def test_is_public_false_and_priority_zero_can_be_said(documented: Home) -> None:
    collector = documented.create(
        {"version": "1.13.13"}, is_public=False, project_id="project-1", priority=0, tags={"a": 1}
    )
    ids = {"collector_id": collector["collector_id"]}

    found = documented.client.call("Collector.get", ids)
    assert (found.get("is_public", False), found.get("priority", 0)) == (False, 0)
    assert found["project_id"] == "project-1"
    stored = documented.client.call(
        "Collector.list", {"query": {"filter": [{"k": "is_public", "v": False, "o": "eq"}]}}
    )
    assert [each["collector_id"] for each in stored["results"]] == [collector["collector_id"]]

    raised = documented.client.call("Collector.update", {**ids, "priority": 7})
    assert (raised["priority"], raised["tags"]) == (7, {"a": 1})
    lowered = documented.client.call("Collector.update", {**ids, "priority": 0, "tags": {}})
    assert (lowered.get("priority", 0), lowered["tags"]) == (0, {})
    kept = documented.client.call("Collector.update", {**ids, "name": "other"})
    assert (kept.get("priority", 0), kept["name"]) == (0, "other")


def test_without_them_a_collector_is_public_and_has_priority_ten(documented: Home) -> None:
    collector = documented.create({"version": "1.13.13"})

    assert (collector["is_public"], collector["priority"]) == (True, 10)


def test_a_private_collector_needs_its_project(documented: Home) -> None:
    info = {"plugin_id": documented.plugin_id, "version": "1.13.13"}

    refused = documented.client.fails("Collector.create", {"name": "x", "plugin_info": info, "is_public": False})

    assert refused == ("INVALID_ARGUMENT", "ERROR_REQUIRED_PARAMETER")
    assert documented.client.call("Collector.list").get("total_count", 0) == 0
