"""The command line against the whole service: what an operator does, and what it says where that fails."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from bson.objectid import ObjectId
from click.testing import CliRunner, Result

from inventory.cli import cli
from inventory.cli.client import Client as CliClient
from inventory.cli.options import ClientOptions
from inventory.cli.view.console import TerminalConsole
from inventory.cli.view.watch import watch_job
from tests import pages
from tests.fakes.plugin import Failure, FakePlugin, Gate
from tests.fakes.resources import cloud_service, cloud_service_type, error_resource, message, region
from tests.integration.wire.wire_kit import Home, Wire

Run = Callable[..., Result]
GOOD = (
    region("region-1"),
    cloud_service_type("Server", metadata={"view": {}}),
    cloud_service("i-1"),
    cloud_service("i-2"),
)
SECRET = "a-very-secret-password"
HELD_BLOCKS = [block for block in pages.blocks("docs/guide/trust.md") if block.mark == "held"]


@pytest.fixture(scope="module", autouse=True)
def server_says_nothing() -> Iterator[None]:
    """The server lives in this process: its log lines are not what a command prints."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture
def here(home: Callable[..., Home]) -> Home:
    """A fresh domain with two secrets."""
    return home(secrets=2)


@pytest.fixture
def run(wire: Wire, here: Home) -> Run:
    """Runs a command in the domain and checks how it ended."""

    def invoke(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["--endpoint", wire.address, "--domain", here.domain_id, *arguments])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return invoke


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_collector_is_made_changed_collected_and_deleted_by_its_name(
    run: Run, here: Home, plugin: FakePlugin
) -> None:
    plugin.resources = GOOD
    made = _json(run("collector", "create", "--name", "aws", "--plugin", here.plugin_id, "--provider", "aws"))

    assert "updated" in run("collector", "update", "aws", "--name", "aws-prod", "--priority", "0").stdout
    assert _json(run("collector", "show", "aws-prod"))["collector_id"] == made["collector_id"]
    assert "accepts" in run("collector", "verify", "aws-prod", "--secret", here.secret_ids[0]).stdout
    assert "version 1.0" in run("collector", "update-plugin", "aws-prod", "--upgrade-mode", "MANUAL").stdout
    ended = run("collect", "aws-prod", "--watch").stdout
    assert "of aws-prod ended SUCCESS" in ended
    assert "2 SUCCESS. Resources: 2 created, 2 seen again (0 changed)" in ended
    assert "disabled" in run("collector", "disable", "aws-prod").stdout
    assert "ERROR_COLLECTOR_STATE" in run("collect", "aws-prod", code=1).stderr
    assert "1 of 1" in run("collector", "list", "--filter", "state=DISABLED", "--filter", "name~PROD").stdout
    assert "0 of 0" in run("collector", "list", "--filter", "state!=DISABLED").stdout
    assert "deleted" in run("collector", "delete", "aws-prod").stdout
    assert "names no collector" in run("collector", "show", "aws-prod", code=3).stderr


def test_two_of_the_same_name_are_told_apart_by_their_ids(run: Run, here: Home) -> None:
    ids = [here.create(name="twin")["collector_id"] for _ in range(2)]
    said = run("collector", "delete", "twin", code=3).stderr
    assert said.startswith("error: 'twin' names several collectors: ")
    assert all(each in said for each in ids)
    run("collector", "delete", ids[0])
    run("collector", "delete", "twin")


def test_a_schedule_is_added_changed_explained_and_deleted_by_its_name(run: Run, here: Home) -> None:
    here.create(name="aws")
    run("schedule", "add", "aws", "--name", "nightly", "--hours", "2", "--minutes", "30")
    assert "cron 0 4 * * 1" in run("schedule", "update", "aws", "nightly", "--cron", "0 4 * * 1").stdout
    assert _json(run("schedule", "show", "aws", "nightly"))["schedule"] == {"cron": "0 4 * * 1"}
    assert "nightly" in run("schedule", "list").stdout
    assert "Next fire times" in run("schedule", "explain", "aws", "nightly").stdout
    assert "did you mean 'nightly'" in run("schedule", "delete", "aws", "nightl", code=3).stderr
    run("schedule", "delete", "aws", "nightly")
    assert _json(run("schedule", "list", "aws", "--json"))["total_count"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["schedule", "add", "aws"],
        ["schedule", "add", "aws", "--hours", "24"],
        ["schedule", "add", "aws", "--hours", "1", "--interval", "60"],
        ["schedule", "add", "aws", "--minutes", "x"],
        ["collector", "update", "aws"],
        ["collector", "create", "--name", "x", "--plugin", "y", "--private"],
        ["collector", "list", "--filter", "state"],
        ["collector", "create", "--name", "x", "--plugin", "y", "--options", "{"],
        ["rule", "create", "aws", "--name", "r"],
        ["job", "list", "--status", "BROKEN"],
        ["call", "Collector.nothing"],
    ],
)
def test_wrong_use_is_told_before_anything_is_asked(run: Run, arguments: list[str]) -> None:
    run(*arguments, code=2)


def test_a_failed_job_is_explained(run: Run, here: Home, plugin: FakePlugin) -> None:
    plugin.resources = [*GOOD, cloud_service("i-3", match_rules={}), error_resource("AccessDenied: ec2:Describe")]
    here.create(name="aws")

    said = run("collect", "aws", "--watch", code=5).stdout

    assert "ended ERROR" in said
    assert "Tasks: 2 FAILURE. Resources: 2 created, 2 seen again (0 changed), 0 deleted, 4 failed." in said
    assert "ERROR_PLUGIN in 2 tasks (2 times): AccessDenied" in said
    assert "→ The plugin reported this itself" in said
    assert "ERROR_MATCH_RULE in 2 tasks" in said
    assert "resources: i-3" in said
    # The newest job needs no id, and errors of a job can be read by scripts.
    newest = _json(run("job", "show", "--collector", "aws", "--json"))
    assert len(newest["tasks"]) == 2
    assert "ended ERROR" in run("job", "show", newest["job_id"]).stdout
    assert _json(run("job", "list", "--status", "error", "--json"))["total_count"] == 1
    assert "2 of 2" in run("task", "list", "--job", newest["job_id"], "--filter", "failure_count>1").stdout
    assert "FAILURE  2      4" in run("task", "stat", "--by", "status", "--sum", "failure_count").stdout
    run("task", "show", newest["tasks"][0]["job_task_id"])
    run("job", "delete", newest["job_id"])
    run("job", "show", newest["job_id"], code=3)
    assert "there is no job yet" in run("job", "show", code=1).stderr


def test_a_job_of_five_hundred_tasks_is_watched_on_one_screen(
    run: Run, here: Home, wire: Wire, plugin: FakePlugin
) -> None:
    plugin.resources = GOOD
    here.create(name="aws")
    job_id = _json(run("collect", "aws", "--watch", "--json"))["job_id"]
    tasks = wire.database["job_task"]
    task = tasks.find_one({"job_id": job_id})
    assert task is not None
    tasks.delete_many({"job_id": job_id})
    statuses = ["SUCCESS"] * 430 + ["PENDING"] * 40 + ["IN_PROGRESS"] * 8 + ["FAILURE"] * 22
    tasks.insert_many(
        {**task, "_id": ObjectId(), "job_task_id": f"task-{n}", "secret_id": f"{status}-{n}", "status": status}
        for n, status in enumerate(statuses)
    )
    wire.database["job"].update_one({"job_id": job_id}, {"$set": {"total_tasks": 500, "status": "ERROR"}})

    printed = io.StringIO()
    screen = TerminalConsole(file=printed, force_terminal=True, width=80, height=24, color_system=None)
    with contextlib.closing(CliClient(ClientOptions(endpoint=wire.address, domain_id=here.domain_id))) as client:
        assert len(watch_job(client, job_id, out=screen)["tasks"]) == 500
    lines = re.split(rf"{job_id} ", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed.getvalue()))[-1].splitlines()

    shown = re.findall(r"([A-Z_]+)-\d+ ", "\n".join(lines))
    assert shown == ["FAILURE"] * 10 + ["IN_PROGRESS"] * 8
    assert any("and 12 FAILURE, 40 PENDING, 430 SUCCESS" in line for line in lines)
    assert len([line for line in lines if line.strip()]) < 24


def test_a_plugin_that_is_away_is_named_as_the_cause(run: Run, here: Home, plugin: FakePlugin) -> None:
    here.create(name="aws")
    plugin.stop()
    said = run("collect", "aws", "--watch", code=5).stdout
    assert "ERROR_COLLECTOR_COLLECTING in 2 tasks" in said
    assert "inventory plugin try ENDPOINT" in said


def test_a_running_job_is_canceled_by_deleting_it(run: Run, here: Home, plugin: FakePlugin) -> None:
    plugin.resources, plugin.gate = GOOD, Gate(after=1)
    here.create(name="aws")
    job = _json(run("collect", "aws", "--json"))
    plugin.wait_for("collect")
    assert "is IN_PROGRESS, since" in run("job", "show", job["job_id"]).stdout
    run("job", "cancel", job["job_id"])
    plugin.wait_for("collect", 1, ended=True)


def test_resources_types_regions_and_their_history(run: Run) -> None:
    own = ("--provider", "own")
    run("region", "create", *own, "--code", "cellar")
    assert "updated" in run("region", "update", "cellar", "--name", "The cellar").stdout
    assert _json(run("region", "show", "The cellar"))["region_code"] == "cellar"
    run("type", "create", *own, "--group", "Rack", "--name", "Server", "--primary", "--label", "Compute")
    run("type", "update", "own.Rack.Server", "--major")
    assert _json(run("type", "show", "own.Rack.Server"))["is_major"]
    run("resource", "create", *own, "--group", "Rack", "--type", "Server", "--name", "s[1]", "--region", "cellar")
    run("resource", "update", "s[1]", "--data", '{"a": 1}', "--ip", "192.0.2.1")
    assert "s[1]" in run("resource", "list", "--type", "Server", "--sort", "-name").stdout
    assert "data.a" in run("history", "list", "s[1]").stdout
    assert "UPDATE  1" in run("history", "stat", "s[1]").stdout
    assert run("resource", "stat", "--distinct", "provider").stdout == "own\n"
    assert _json(run("resource", "analyze", '{"fields": {"n": {"operator": "count"}}, "group_by": ["provider"]}'))
    for kind, name in (("resource", "s[1]"), ("type", "Server"), ("region", "cellar")):
        assert "deleted" in run(kind, "delete", name).stdout
    # Deleted resources are kept for a while, and shown; the others are gone.
    assert _json(run("resource", "show", "s[1]"))["deleted_at"]
    for kind, name in (("type", "Server"), ("region", "cellar")):
        run(kind, "show", name, code=3)


def test_rules_of_a_collector(run: Run, here: Home) -> None:
    here.create(name="aws")
    run("rule", "create", "aws", "--name", "prod", "--if", "tags.env=prod", "--change-project", "project-1")
    run("rule", "create", "aws", "--name", "rest", "--match-project", "account")
    run("rule", "move", "rest", "1")
    run("rule", "update", "prod", "--policy", "ANY", "--stop")
    rows = _json(run("rule", "list", "--collector", "aws", "--sort", "order", "--json"))["results"]
    assert [(row["name"], row["conditions_policy"]) for row in rows] == [("rest", "ALWAYS"), ("prod", "ANY")]
    run("rule", "delete", "prod")


def test_pages_and_sort_keys(run: Run, here: Home) -> None:
    for name in ("a", "b", "c"):
        here.create(name=name)
    page = _json(run("collector", "list", "--sort", "-name", "--limit", "2", "--page", "2", "--json"))
    assert [row["name"] for row in page["results"]] == ["a"]
    assert page["total_count"] == 3


def test_names_of_collectors_are_completed(wire: Wire, here: Home) -> None:
    here.create(name="this machine")
    words = f"inventory --endpoint {wire.address} --domain {here.domain_id} collect th"
    env = {"_INVENTORY_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "6"}
    result = CliRunner().invoke(cli, [], prog_name="inventory", complete_var="_INVENTORY_COMPLETE", env=env)
    assert "plain,this machine" in result.output


def test_what_resources_lack_is_told_by_the_job_without_failing_it(run: Run, here: Home, plugin: FakePlugin) -> None:
    """Three resources without an id become one, with SUCCESS: now the job says so."""
    plugin.resources = [
        cloud_service_type("Server"),
        *(cloud_service("", name=f"nameless {number}") for number in range(3)),
        cloud_service("i-1"),
    ]
    here.create()
    job = _json(run("collect", "mine", "--watch", "--json"))

    assert (job["status"], len(job["tasks"])) == ("SUCCESS", 2)
    said = " ".join(run("job", "show", job["job_id"]).output.split())
    assert "Warning: 6 resources have no reference.resource_id, so that all of a type in an account become one" in said
    assert re.search(r"one is nameless 0. Collected with secret-\S+ \(3\), secret-\S+ \(3\)\.", said)
    assert "failed warnings time" in said
    of_task = _json(run("task", "show", job["tasks"][0]["job_task_id"]))["warnings"]
    counts = {each["code"]: each["count"] for each in of_task}
    assert (counts["EMPTY_IDENTITY"], counts["NO_REGION"]) == (3, 1)
    assert "Warning: 4 resources were sent more than once" in said
    assert "Warning: 1 type has no metadata" in said
    warnings = _json(run("job", "show", job["job_id"], "--json"))["warnings"]
    assert [(each["code"], each["count"], each["tasks"]) for each in warnings] == [
        ("EMPTY_IDENTITY", 6, 2),
        ("DOUBLE", 4, 2),
        ("NO_METADATA", 1, 2),
        ("NO_REGION", 1, 2),
    ]
    assert "Warning: 1 region that resources name was never sent" in said

    # One whose resources lack nothing.
    plugin.resources = GOOD
    good = _json(run("collect", "mine", "--watch", "--json"))
    assert "Warning" not in run("job", "show", good["job_id"]).output


# plugin try


def _try(plugin: FakePlugin, *arguments: str, code: int, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(cli, ["plugin", "try", plugin.endpoint, *arguments], env=env)
    assert result.exit_code == code, result.output
    assert SECRET not in result.output
    return result


def test_a_good_plugin_is_tried_without_a_violation(plugin: FakePlugin, tmp_path: Path) -> None:
    plugin.metadata = {"supported_schedules": ["hours"], "options_schema": {"properties": {"deep": {"default": 3}}}}
    plugin.resources = GOOD
    file = tmp_path / "secret.yaml"
    file.write_text(f"password: {SECRET}\n")

    said = _try(plugin, "--secret", str(file), "--filter", '{"region": ["x"]}', code=0).stdout

    assert "not supported: collected as a whole" in said
    assert "4 messages" in said
    assert "0 violations, 0 remarks" in said
    (call,) = plugin.calls_of("collect")
    assert (call.secret_data, call.filter, call.options) == ({"password": SECRET}, {"region": ["x"]}, {"deep": 3})
    assert call.present >= {"options", "secret_data", "filter"}


@pytest.mark.parametrize("endpoint", ["foo bar", "http://127.0.0.1:1", "grpc://127.0.0.1", "127.0.0.1:0"])
def test_what_is_no_endpoint_is_wrong_use(endpoint: str) -> None:
    result = CliRunner().invoke(cli, ["plugin", "try", endpoint])

    assert result.exit_code == 2
    assert "Invalid value for 'ENDPOINT': must be grpc://host:port" in result.output


def test_one_of_a_kind_is_told_as_one(plugin: FakePlugin) -> None:
    plugin.resources = [*GOOD, cloud_service("i-3", match_rules={})]

    assert "1 violation, 1 remark\n" in _try(plugin, code=1).stdout


def test_each_violation_of_the_protocol_is_told(plugin: FakePlugin) -> None:
    plugin.resources = [
        *GOOD,
        cloud_service("i-3", match_rules={}),
        cloud_service("i-4", data=None),
        cloud_service("i-5", name=SECRET),
        message("aws.Instance", {"a": 1}),
        error_resource(f"cannot log in with {SECRET}"),
    ]
    plugin.verify_failure = Failure(details=f"wrong password {SECRET}")
    plugin.abort = (9, Failure(details=f"gave up {SECRET}"))

    found = json.loads(
        _try(
            plugin, "--secret-data-env", "MINE", "--json", code=1, env={"MINE": json.dumps({"password": SECRET})}
        ).stdout
    )

    codes = {each["code"] for each in found["violations"]}
    assert codes >= {
        "ERROR_PLUGIN",
        "ERROR_MATCH_RULE",
        "ERROR_REQUIRED_PARAMETER",
        "SECRET_SHOWN",
        "ERROR_UNSUPPORTED_RESOURCE_TYPE",
        "ERROR_COLLECTOR_COLLECTING",
    }
    assert found["reported"] == {"cannot log in with ***": 1}
    assert [step["ok"] for step in found["steps"]] == [True, False, True, False]


def test_a_plugin_with_slices_is_collected_slice_by_slice(plugin: FakePlugin) -> None:
    plugin.tasks = [{"region": "one"}, {"region": "two"}]
    plugin.resources = lambda call: [cloud_service(f"{(call.task_options or {})['region']}")]
    said = _try(plugin, code=0).stdout
    assert "2 slices" in said
    assert "2 messages" in said
    assert "2 of 2 slices" in said


def test_a_flood_is_cut_off_at_the_limit(plugin: FakePlugin) -> None:
    def flood(_: Any) -> Any:
        number = 0
        while True:
            number += 1
            yield cloud_service(f"i-{number}")

    plugin.resources = flood
    assert "cut short" in _try(plugin, "--limit", "200", "--no-samples", code=0).stdout
    plugin.wait_for("collect", ended=True)


def test_a_plugin_that_stays_silent_is_given_up(plugin: FakePlugin) -> None:
    plugin.resources, plugin.gate = GOOD, Gate(after=1)
    said = _try(plugin, "--idle", "1", code=1).stdout
    assert "ERROR_JOB_TIMEOUT in collect" in said
    assert "Time ran out" in said


def test_a_plugin_that_does_not_listen_is_told_in_a_line(plugin: FakePlugin) -> None:
    plugin.stop()
    said = _try(plugin, code=1).stdout
    assert said.startswith("fail  init")
    assert "verify" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--secret", "/nonexistent"],
        ["--secret-data-env", "NO_SUCH_VARIABLE"],
        ["--secret", "x", "--secret-data-env", "y"],
        ["--options", "[]"],
    ],
)
def test_a_secret_that_cannot_be_read_is_wrong_use(plugin: FakePlugin, arguments: list[str]) -> None:
    _try(plugin, *arguments, code=2)


def test_a_dry_run_shows_what_a_collect_would_do_and_a_version_is_taken_only_if_harmless(
    run: Run, here: Home, plugin: FakePlugin, wire: Wire
) -> None:
    plugin.resources = GOOD
    run("collector", "create", "--name", "aws", "--plugin", here.plugin_id, "--secret", here.secret_ids[0])

    shown = run("collect", "aws", "--dry-run").stdout
    assert "SUCCESS, 2 created, 0 changed, 0 unchanged, 0 deleted" in shown
    assert "test.Compute.Server" in shown
    assert "i-2" in shown
    assert run("resource", "list").stdout.startswith("0 of 0") or "0 of 0" in run("resource", "list").stdout
    run("collect", "aws", "--watch")

    plugin.resources = [cloud_service("i-1", data={"id": "i-1", "size": 4}), cloud_service("i-2")]
    report = _json(run("collect", "aws", "--dry-run", "--secret", here.secret_ids[0], "--json"))
    assert {key: value for key, value in report["counts"].items() if value} == {"updated": 1, "unchanged": 1}
    changed = _json(run("dry-run", "changes", report["dry_run_id"], "--action", "UPDATE", "--json"))["results"]
    assert [(each["key"], each["after"]) for each in changed[0]["diff"]] == [("data.size", "4")]
    assert "data.size: nothing → 4" in run("dry-run", "show", report["dry_run_id"]).stdout

    mode = ("--upgrade-mode", "MANUAL")
    assert "version 1.0" in run("collector", "update-plugin", "aws", "--version", "1.0", *mode, "--if-harmless").stdout
    plugin.resources = []
    refused = run("collector", "update-plugin", "aws", "--version", "1.0", *mode, "--if-harmless", code=1).stderr
    assert "version 1.0 is not harmless: 2 unseen; nothing was changed" in refused
    plugin.resources = [cloud_service("i-1"), error_resource("AccessDenied")]
    plugin.metadata = {"new": True}
    refused = run("collector", "update-plugin", "aws", "--version", "1.0", *mode, "--if-harmless", code=1).stderr
    assert "version 1.0 is not harmless: 1 failed, 1 error; nothing was changed" in refused
    options = ("--options", '{"regions": []}')
    refused = run("collector", "update-plugin", "aws", *options, "--if-harmless", code=1).stderr
    assert "the plugin with these options is not harmless: 1 failed" in refused
    assert _json(run("collector", "show", "aws"))["plugin_info"].get("options", {}) == {}
    assert "new" not in _json(run("collector", "show", "aws"))["plugin_info"].get("metadata", {})
    assert "FAILURE" in run("collect", "aws", "--dry-run", code=5).stdout
    assert "need --dry-run" in run("collect", "aws", "--plugin-version", "2", code=2).stderr
    assert "needs --version" in run("collector", "update-plugin", "aws", "--if-harmless", code=2).stderr
    assert "secret_id" in run("collect", "aws", "--dry-run", "--secret", here.secret_ids[1], code=1).stderr


def _guided(block: pages.Block, **named: str) -> Iterator[list[str]]:
    """Yield the arguments of each command of a block, with the ids in place of what the page calls them."""
    for line in block.text.splitlines():
        yield [named.get(word, word) for word in shlex.split(line, comments=True)[1:]]


def test_what_is_held_is_listed_shown_approved_and_undone(run: Run, here: Home, plugin: FakePlugin, wire: Wire) -> None:
    plugin.metadata = {"supported_features": ["garbage_collection"]}
    machines = [cloud_service(f"i-{number}") for number in range(30)]
    plugin.resources = machines
    made = _json(
        run("collector", "create", "--name", "aws", "--plugin", here.plugin_id, "--secret", here.secret_ids[0])
    )
    run("collect", "aws", "--watch")
    own = {"domain_id": here.domain_id, "collector_id": made["collector_id"]}
    plugin.resources = machines[:3]
    # As if two collects had missed them already.
    wire.database["collection_state"].update_many(own, {"$set": {"disconnected_count": 2}})

    forecast = _json(run("collect", "aws", "--dry-run", "--json"))
    assert (forecast["counts"]["held"], forecast["counts"].get("deleted", 0)) == (27, 0)
    assert {change["action"] for change in forecast["changes"]} >= {"HOLD"}
    collected = run("collect", "aws", "--watch").stdout

    [hold] = _json(run("deletion", "list", "--state", "HELD", "--collector", "aws", "--json"))["results"]
    shown = run("deletion", "show", hold["deletion_id"]).stdout
    remark = f"27 resources of {here.secret_ids[0]} are missing. Their deletion is held until somebody approves it: "
    assert f"{remark}inventory deletion show {hold['deletion_id']}" in " ".join(collected.split())
    assert "27 of 27 still missing, 30 were alive" in shown
    assert "no longer saw 27 of 30 resources" in shown
    assert "types: test.Compute.Server 27" in shown
    assert "name of i-" in shown
    assert "HELD: nothing is to undo yet" in run("deletion", "undo", hold["deletion_id"], code=1).stderr
    # The commands of the guide, with the hold and its job: what it says about each comes true.
    decide, undo = ([*_guided(block, HOLD=hold["deletion_id"], JOB=hold["job_id"])] for block in HELD_BLOCKS)
    refused = {"discard": 1}
    listed, seen, approved, discarded = (run(*words, code=refused.get(words[1], 0)) for words in decide)
    assert hold["deletion_id"] in listed.stdout
    assert seen.stdout == shown
    assert "APPROVED, 27 resources deleted" in approved.stdout
    assert "APPROVED already" in discarded.stderr
    assert "3 of 3" in run("resource", "list").stdout
    why = " ".join(run("resource", "explain", "name of i-9").stdout.split())
    assert " Deleted kept until how " in why
    assert re.search(r"aws \S+ \S+ 3 ", why), "how often it was missed"
    command = f"inventory deletion undo {hold['deletion_id']}"
    assert command in why
    job = " ".join(run("job", "show", hold["job_id"]).stdout.split())
    assert f"were deleted when {hold['deletion_id']}, which it made, was approved; to restore them: {command}" in job
    of_job, of_hold = (run(*words).stdout for words in undo)
    said = f"27 resources were deleted by approving {hold['deletion_id']}; to restore them: {command}"
    assert " ".join(of_job.split()) == f"0 resources are back {said}"
    assert of_hold == "27 resources are back\n"
    assert "UPDATE (undo)" in run("history", "list", "name of i-9").stdout
    assert run("deletion", "undo", hold["job_id"]).stdout == "0 resources are back\n"
    assert "30 of 30" in run("resource", "list").stdout
    for command in ("show", "approve"):
        assert "27 of these restored since" in " ".join(run("deletion", command, hold["deletion_id"]).stdout.split())
    assert "job-000000000000" in run("deletion", "undo", "job-000000000000", code=3).stderr
