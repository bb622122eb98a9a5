"""Commands that edit the platform file, beside a service that uses it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog
from click.testing import CliRunner, Result

from inventory.cli import cli
from inventory.devruntime.lock import DataDirLock
from inventory.devruntime.running import RunningFile
from inventory.process import yaml_text
from inventory.standalone.platform_file import PlatformFile
from tests.fakes.plugin import Failure, FakePlugin
from tests.fakes.resources import cloud_service, cloud_service_type, region
from tests.integration.wire.client import Client
from tests.integration.wire.wire_kit import Wire
from tests.ports import free_port

VALUE = "very-secret-value-of-the-command-line"
HAND_WRITTEN = """\
# Written by hand.
plugins: []   # to come
secrets:
  # the first one
  - secret_id: first
    provider: other
    project_id: project-old
    data: {}
"""

Run = Callable[..., Result]


@pytest.fixture(scope="module", autouse=True)
def server_says_nothing() -> Iterator[None]:
    """The server lives in this process: its log lines are not what a command prints."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture
def platform(wire: Wire, channel: grpc.Channel) -> Path:
    """The service's platform file, as somebody wrote it."""
    shutil.rmtree(wire.platform_file.parent / "secrets", ignore_errors=True)
    wire.platform_file.write_text(HAND_WRITTEN)
    wire.platform_file.chmod(0o600)
    return wire.platform_file


@pytest.fixture
def run(wire: Wire, platform: Path) -> Run:
    """Runs a command on the file and checks how it ended and that it showed no value."""

    def invoke(*arguments: str, code: int = 0, text: str | None = None, env: dict[str, str] | None = None) -> Result:
        options = ("--endpoint", wire.address, "--domain", "domain-cli")
        env = {"INVENTORY_STATIC_FILE": str(platform), **(env or {})}
        found = CliRunner().invoke(cli, [*options, *arguments], input=text, env=env)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            assert VALUE not in str(found.exception)
        assert found.exit_code == code, (found.output, found.exception)
        assert VALUE not in found.output
        return found

    return invoke


def _content(platform: Path) -> Any:
    return yaml_text.load(platform.read_text())


def test_a_plugin_and_its_secret_are_added_and_collected_with_at_once(
    run: Run, platform: Path, wire: Wire, channel: grpc.Channel, plugin: FakePlugin, tmp_path: Path
) -> None:
    plugin.metadata = {"supported_resource_type": ["inventory.CloudService"], "supported_features": ["x"]}
    plugin.resources = [region("region-1"), cloud_service_type("Server"), cloud_service("i-1")]

    added = run("plugin", "add", "plugin-new", plugin.endpoint, "--provider", "new", "--version", "1.0")
    run("secret", "add", "new-1", "--provider", "new", "--from-file", "-", "--check", text=json.dumps({"key": VALUE}))
    run("collector", "create", "--name", "one", "--plugin", "plugin-new", "--secret", "new-1")
    assert "new-1 is used by one: delete them first" in run("secret", "remove", "new-1", code=1).output
    run("collector", "delete", "one")
    run("collector", "create", "--name", "new", "--plugin", "plugin-new", "--provider", "new")
    job = json.loads(run("collect", "new", "--watch", "--json").stdout)

    assert "types inventory.CloudService; features x" in added.output
    assert (job["status"], job["tasks"][0]["secret_id"]) == ("SUCCESS", "new-1")
    assert [call.secret_data for call in plugin.calls_of("collect")] == [{"key": VALUE}]
    written = platform.read_text()
    assert all(line in written for line in ("# Written by hand.", "  # to come", "  # the first one"))
    assert VALUE not in written
    assert (run("plugin", "list", "--json").stdout.count(plugin.endpoint), len(_content(platform)["secrets"])) == (1, 2)
    assert "used by new" in run("plugin", "remove", "plugin-new", code=1).output
    # The server of `inventory up` is found at whatever port it has.
    with DataDirLock(tmp_path), RunningFile(tmp_path) as up:
        up.write({"static_file": str(platform)}, endpoint=wire.address)
        words = ["--domain", "domain-cli", "plugin", "remove", "plugin-new", "--data-dir", str(tmp_path)]
        removed = CliRunner().invoke(cli, words, env={"INVENTORY_STATIC_FILE": str(platform)})
        assert (removed.exit_code, "used by new" in removed.output) == (1, True), removed.output
        up.write({"static_file": str(platform)}, endpoint=f"127.0.0.1:{free_port()}")
        removed = CliRunner().invoke(cli, words, env={"INVENTORY_STATIC_FILE": str(platform)})
        assert (removed.exit_code, "or use --force" in removed.output) == (1, True), removed.output
    # A collector of the whole provider does not name the secret.
    run("secret", "remove", "new-1")
    run("collector", "delete", "new")
    run("plugin", "remove", "plugin-new")
    assert _content(platform)["plugins"] == []


def test_a_plugin_that_does_not_answer_is_not_added(run: Run, platform: Path) -> None:
    endpoint = f"grpc://127.0.0.1:{free_port()}"
    answer = run("plugin", "add", "plugin-gone", endpoint, "--provider", "new", code=1)
    assert endpoint in answer.output
    assert platform.read_text() == HAND_WRITTEN
    run("plugin", "add", "plugin-gone", endpoint, "--provider", "new", "--no-check")
    assert _content(platform)["plugins"][0] == {"plugin_id": "plugin-gone", "provider": "new", "endpoint": endpoint}


def test_an_upgrade_moves_what_is_latest_and_keeps_the_older_versions(run: Run, plugin: FakePlugin) -> None:
    run("plugin", "add", "plugin-up", plugin.endpoint, "--provider", "new", "--version", "1.0")
    with FakePlugin() as newer:
        run("plugin", "upgrade", "plugin-up", "1.1", "--endpoint", newer.endpoint)
        shown = json.loads(run("plugin", "show", "plugin-up", "--json").stdout)
        assert newer.calls_of("init")
    assert (shown["versions"], shown["latest"], shown["endpoint"]) == (["1.0", "1.1"], "1.1", newer.endpoint)
    run("plugin", "show", "plugin-up", code=1)


def test_an_access_token_is_never_shown(run: Run, platform: Path, plugin: FakePlugin) -> None:
    run(
        *("plugin", "add", "p", plugin.endpoint, "--provider", "x", "--access-token-env", "TOKEN"), env={"TOKEN": VALUE}
    )
    assert plugin.calls_of("init")[0].metadata["token"] == VALUE
    assert "***" in run("plugin", "show", "p").output
    run("plugin", "list", "--json")


def test_a_secret_that_the_plugin_refuses_is_not_added(run: Run, platform: Path, plugin: FakePlugin) -> None:
    run("plugin", "add", "plugin-no", plugin.endpoint, "--provider", "new")
    before = platform.read_text()
    plugin.verify_failure = Failure(grpc.StatusCode.UNAUTHENTICATED, f"the key {VALUE} is wrong")

    add = ("secret", "add", "bad", "--provider", "new", "--from-env", "KEY")
    answer = run(*add, "--check", code=1, env={"KEY": json.dumps({"key": VALUE})})

    assert "the key *** is wrong" in answer.output
    assert platform.read_text() == before
    assert not (platform.parent / "secrets" / "bad.json").exists()
    run(*add, env={"KEY": json.dumps({"key": VALUE})})
    assert "refuses it" in run("secret", "check", "bad", code=1).output
    plugin.verify_failure = None
    # An option is missing, which a collector will have: that says nothing of the secret.
    plugin.init_failure = Failure(grpc.StatusCode.INVALID_ARGUMENT, "the option path is missing")
    assert "plugin-no accepts it" in run("secret", "check", "bad", "--plugin", "plugin-no").output


def test_a_secret_is_shown_replaced_and_removed_without_its_values(run: Run, platform: Path) -> None:
    aws = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": VALUE}
    add = ("secret", "add", "mine", "--provider", "aws", "--from-provider")
    run(*add, "--project", "project-1", "--group", "a", "--group", "b", env=aws)

    data = platform.parent / "secrets" / "mine.json"
    assert json.loads(data.read_text()) == {"aws_access_key_id": "AKIA", "aws_secret_access_key": VALUE}
    assert [stat.S_IMODE(path.stat().st_mode) for path in (data, data.parent, platform)] == [0o600, 0o700, 0o600]
    shown = json.loads(run("secret", "show", "mine", "--json").stdout)
    assert shown == {
        "secret_id": "mine",
        "provider": "aws",
        "schema": "aws_access_key",
        "project_id": "project-1",
        "groups": ["a", "b"],
        "data": "data_file secrets/mine.json",
        "fields": ["aws_access_key_id", "aws_secret_access_key"],
    }
    assert "exists already" in run(*add, code=1, env=aws).output + str(run(*add, code=1, env=aws).exception)
    run(*("secret", "add", "mine", "--replace", "--from-provider"), env=aws | {"AWS_ACCESS_KEY_ID": "AKIB"})
    assert json.loads(data.read_text())["aws_access_key_id"] == "AKIB"
    other = ("--project", "project-2", "--group", "c", "--schema", "s", "--name", "N", "--provider", "aws")
    run(*("secret", "add", "mine", "--replace", "--from-provider", *other), env=aws)
    assert json.loads(data.read_text())["aws_access_key_id"] == "AKIA"
    changed = json.loads(run("secret", "show", "mine", "--json").stdout)
    assert (changed["project_id"], changed["groups"], changed["schema"], changed["name"]) == (
        "project-2",
        ["c"],
        "s",
        "N",
    )
    run("secret", "remove", "mine")
    assert not data.exists()
    assert [each["secret_id"] for each in _content(platform)["secrets"]] == ["first"]


def test_a_data_file_that_is_there_already_is_neither_replaced_nor_removed(run: Run, platform: Path) -> None:
    data = platform.parent / "secrets" / "theirs.json"
    data.parent.mkdir(mode=0o700, exist_ok=True)
    data.write_text("of somebody else")
    before, files = platform.read_text(), set(data.parent.iterdir())

    add = ("secret", "add", "theirs", "--provider", "new", "--from-env", "KEY")
    answer = run(*add, code=1, env={"KEY": json.dumps({"key": VALUE})})

    assert "exists already: remove it" in answer.output + str(answer.exception)
    assert (data.read_text(), platform.read_text()) == ("of somebody else", before)
    assert set(data.parent.iterdir()) == files


def test_a_secret_written_by_hand_gets_its_other_values_in_a_file(run: Run, platform: Path) -> None:
    run("secret", "add", "first", "--replace", "--from-file", "-", text=json.dumps({"key": VALUE}))
    (entry,) = _content(platform)["secrets"]
    assert (entry.get("data"), entry["data_file"]) == (None, "secrets/first.json")
    assert "# the first one" in platform.read_text()


def test_a_secret_is_replaced_as_a_whole_or_not_at_all(run: Run, platform: Path) -> None:
    run("project", "add", "project-1")
    run("secret", "add", "mine", "--provider", "new", "--from-env", "KEY", env={"KEY": json.dumps({"key": "old"})})
    before = platform.read_text()
    for secret_id in ("first", "mine"):
        replace = ("secret", "add", secret_id, "--replace", "--from-env", "KEY", "--project", "project-no")
        answer = run(*replace, code=1, env={"KEY": json.dumps({"key": VALUE})})
        assert "'project-no' is not one of the projects" in answer.output + str(answer.exception)
    assert platform.read_text() == before
    assert json.loads((platform.parent / "secrets" / "mine.json").read_text()) == {"key": "old"}
    assert not (platform.parent / "secrets" / "first.json").exists()


def test_the_quickstart_talks_to_the_same_server_in_all_its_steps(
    run: Run, platform: Path, plugin: FakePlugin, tmp_path: Path
) -> None:
    """The server wants a domain, and the token is sent; neither the one nor the other gets lost between the steps."""
    run("plugin", "add", "plugin-aws-ec2-inven-collector", plugin.endpoint, "--provider", "aws", "--version", "1.13")
    with DataDirLock(tmp_path), RunningFile(tmp_path) as running:
        running.write({"static_file": str(platform)}, endpoint="127.0.0.1:1")
        aws = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": VALUE}
        quick = ("quickstart", "aws", "--data-dir", str(tmp_path), "--platform-file", str(platform), "--version", "9")
        shown = run("--token", f"{VALUE}-token", "--timeout", "20", "--json", *quick, env=aws)

    steps = [line for line in shown.stderr.splitlines() if line.startswith("$ ")]
    common = "--domain domain-cli --timeout 20.0 --json"
    assert [step.partition(common)[2].split()[:2] for step in steps] == [
        ["secret", "add"],
        ["collector", "create"],
        ["schedule", "add"],
        ["collect", "aws"],
    ]
    assert f"--platform-file {platform} --data-dir {tmp_path}" in steps[0]
    assert "is there already (--version: not used)" in shown.stderr
    assert "set INVENTORY_TOKEN" in shown.stderr
    decoder, text, answers = json.JSONDecoder(), shown.stdout, []
    while text.strip():
        answer, end = decoder.raw_decode(text.lstrip())
        answers.append(answer)
        text = text.lstrip()[end:]
    assert [answer.get("status") for answer in answers][-1] == "SUCCESS"
    assert len(answers) == 4
    run("collector", "delete", "aws")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("secret", "add", "../x", "--provider", "new", "--from-env", "KEY"), "may have letters"),
        (("secret", "add", "x", "--provider", "aws", "--from-env", "KEY"), "missing: aws_access_key_id"),
        (("secret", "add", "x", "--provider", "new", "--from-env", "NONE"), "NONE is not set"),
        (("secret", "add", "x", "--provider", "new", "--from-env", "TEXT"), "is neither JSON nor YAML"),
        (("secret", "add", "x", "--provider", "aws"), "stdin is not a terminal"),
        (("secret", "add", "x", "--from-env", "KEY"), "--provider is missing"),
        (("secret", "add", "x", "--provider", "jira", "--from-provider"), "it is unknown where"),
        (("secret", "add", "first", "--provider", "new", "--from-env", "KEY"), "exists already"),
        (("plugin", "add", "p", "no address", "--provider", "x", "--no-check"), "must be grpc://"),
        (("plugin", "add", "p", "127.0.0.1:1"), "--provider is missing"),
        (("plugin", "upgrade", "none", "1.0"), "plugin_id = none"),
        (("project", "add", "p", "--group", "none"), "'none' is not in"),
        (
            ("plugin", "run", "p", "--provider", "x", "--command", "x", "--image", "y", "--memory", "1g"),
            "--image, --me",
        ),
        (("plugin", "run", "p", "--provider", "x", "--image", "y", "--folder", "."), "--folder is where --command"),
    ],
)
def test_bad_input_names_what_is_wrong_and_changes_nothing(
    run: Run, platform: Path, arguments: tuple[str, ...], said: str
) -> None:
    codes = {0: 0}
    env = {"KEY": json.dumps({"key": VALUE}), "TEXT": f"{{{VALUE}"}
    found = CliRunner().invoke(cli, [*arguments, "--platform-file", str(platform)], env=env)
    assert found.exit_code not in codes
    assert said in found.output + str(found.exception)
    assert VALUE not in found.output + str(found.exception)
    assert platform.read_text() == HAND_WRITTEN
    assert not list(platform.parent.glob(".platform.yaml*"))


def test_the_first_project_brings_those_that_secrets_name(run: Run, platform: Path) -> None:
    run("project", "add", "project-1", "--name", "Shop")
    assert _content(platform)["projects"] == [
        {"project_id": "project-1", "name": "Shop"},
        {"project_id": "project-old"},
    ]
    rows = json.loads(run("project", "list", "--json").stdout)["results"]
    assert [row["secrets"] for row in rows] == [0, 1]
    run("project", "add", "project-2")
    assert len(_content(platform)["projects"]) == 3


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o640, 0o640), (0o664, 0o600), (0o400, 0o600)])
def test_the_file_is_never_readable_by_all_the_world_again(platform: Path, before: int, after: int) -> None:
    platform.chmod(before)
    PlatformFile(platform).add("projects", {"project_id": "p"})
    assert stat.S_IMODE(platform.stat().st_mode) == after


def test_commands_at_the_same_time_lose_nothing(platform: Path) -> None:
    def add(number: int) -> None:
        for each in range(5):
            PlatformFile(platform).add("projects", {"project_id": f"project-{number}-{each}"})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_content(platform)["projects"]) == 20


def test_what_somebody_saves_while_a_command_runs_is_kept(platform: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor writes the file between the command's reading and its writing."""
    real = os.fsync

    def save_first(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        platform.write_text(HAND_WRITTEN + "domains: [saved-by-hand]\n")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", save_first)
    PlatformFile(platform).add("projects", {"project_id": "p"})

    assert _content(platform)["domains"] == ["saved-by-hand"]
    assert _content(platform)["projects"] == [{"project_id": "p"}]


def test_the_service_knows_a_change_at_its_next_use(run: Run, wire: Wire, channel: grpc.Channel) -> None:
    domains = Client(channel, "domain-cli")
    with FakePlugin() as other:
        run("plugin", "add", "plugin-seen", other.endpoint, "--provider", "seen", "--version", "1")
        info = {"plugin_id": "plugin-seen", "provider": "seen", "upgrade_mode": "AUTO"}
        collector = domains.call("Collector.create", {"name": "seen", "plugin_info": info})
    assert collector["plugin_info"]["version"] == "1"
    domains.call("Collector.delete", {"collector_id": collector["collector_id"]})


def test_accounts_of_a_file_are_added_all_or_none_and_collected_by_their_group(
    run: Run, platform: Path, plugin: FakePlugin, tmp_path: Path
) -> None:
    plugin.resources = [cloud_service("i-1")]
    run("plugin", "add", "plugin-many", plugin.endpoint, "--provider", "many", "--version", "1")
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("name,groups,key\n" + "".join(f"account-{n},blue,{VALUE}-{n}\n" for n in range(30)))
    add = ("secret", "add", "--from-file", str(accounts), "--provider", "many", "--group", "all", "--check")
    plugin.verify_failure = Failure(grpc.StatusCode.UNAUTHENTICATED, "no")
    before = platform.read_text()
    told = run(*add, code=1).output
    assert ("account-0: plugin-many" in told, "and 20 more" in told, platform.read_text()) == (True, True, before)
    assert not list((platform.parent / "secrets").glob("account-*"))

    plugin.verify_failure = None
    assert "30 secrets added" in run(*add).output
    assert [each["groups"] for each in _content(platform)["secrets"][1:]] == [["blue", "all"]] * 30
    assert "exists already" in str(run(*add, code=1).exception)
    run("collector", "create", "--name", "many", "--plugin", "plugin-many", "--secret-group", "blue")
    job = json.loads(run("collect", "many", "--watch", "--json").stdout)
    assert (job["status"], len(job["tasks"])) == ("SUCCESS", 30)
    run("collector", "delete", "many")
