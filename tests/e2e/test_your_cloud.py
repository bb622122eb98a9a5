"""From a running `inventory up` to one's own cloud, by commands alone; containers are a stand-in's."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pymongo import MongoClient
from redis import Redis

from inventory.cli import cli
from inventory.process import yaml_text
from tests import pages
from tests.e2e.running import DATA, Up
from tests.fakes import docker

VALUE = "very-secret-key-of-the-cloud"
PLUGIN = "plugin-aws-ec2-inven-collector"
SECONDS = 90.0


pytestmark = pytest.mark.timeout(300)


@dataclass
class Here:
    """Commands for the running service, typed in its folder; in this process, since a new one takes a second each."""

    up: Up
    environment: dict[str, str]

    def cli(self, *arguments: str, code: int = 0) -> Any:
        """Run a command and return what it printed, decoded where it is JSON."""
        done = CliRunner().invoke(cli, ["--endpoint", self.up.endpoint, *arguments], env=self.environment)
        said = done.output if done.exception is None else f"{done.output}{done.exception}"
        assert done.exit_code == code, said
        assert VALUE not in said
        return json.loads(done.stdout) if done.stdout.startswith("{") else said


@pytest.fixture
def here(up: Up, up_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """The running service, with the keys of an account in the environment."""
    monkeypatch.chdir(up_folder)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-E2E")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", VALUE)
    return Here(up, up.settings)


@pytest.fixture
def tidy(here: Here, up_folder: Path) -> Iterator[None]:
    """The platform file as it was, afterwards."""
    path = up_folder / DATA / "platform.yaml"
    before = path.read_text()
    yield
    new = path.with_suffix(".new")
    new.write_text(before)
    new.chmod(0o600)
    new.replace(path)
    shutil.rmtree(path.parent / "secrets", ignore_errors=True)


def _platform(folder: Path) -> Any:
    return yaml_text.load((folder / DATA / "platform.yaml").read_text())


def _process(up: Here, plugin_id: str) -> str:
    rows = up.cli("plugin", "list", "--json")["results"]
    return str(next((row["process"] for row in rows if row["plugin_id"] == plugin_id), "absent"))


def _state(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / DATA / "plugins" / "state.json").read_text()).get(PLUGIN, {})
    return found


@pytest.mark.usefixtures("tidy")
def test_a_plugin_of_the_catalogue_runs_collects_survives_a_kill_and_is_upgraded(here: Here, up_folder: Path) -> None:
    ran = here.cli("plugin", "run", "aws-ec2")
    assert "docker pull spaceone/plugin-aws-ec2-inven-collector:1.13" in ran
    assert "It can: types" in ran
    assert _process(here, PLUGIN) == "running"
    here.cli("secret", "add", "mine", "--provider", "aws", "--from-provider", "--check")
    here.cli("collector", "create", "--name", "ec2", "--plugin", PLUGIN, "--provider", "aws")
    job = here.cli("collect", "ec2", "--watch", "--json")
    assert (job["status"], job["tasks"][0]["created_count"]) == ("SUCCESS", 2)

    first = _state(up_folder)["pid"]
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    while _state(up_folder)["pid"] == first:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    here.cli("plugin", "upgrade", PLUGIN, "1.14")
    assert here.cli("plugin", "show", PLUGIN, "--json")["metadata"]["image"].endswith(":1.14")
    assert here.cli("collect", "ec2", "--watch", "--json")["status"] == "SUCCESS"
    assert "1.14 serves" in here.cli("plugin", "logs", "aws-ec2")
    published = {call[call.index("--publish") + 1] for call in docker.calls(up_folder / "docker") if call[0] == "run"}
    assert all(each.startswith("127.0.0.1:") for each in published)

    assert "used by ec2" in here.cli("plugin", "remove", PLUGIN, code=1)
    here.cli("collector", "delete", "ec2")
    here.cli("plugin", "remove", PLUGIN)
    deadline = time.monotonic() + SECONDS
    while _state(up_folder):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("aws-ec2", "--image", "spaceone/broken", "--version", "1"), "No module named 'spaceone'"),
        (("aws-ec2", "--image", "spaceone/absent", "--version", "1"), "docker pull spaceone/absent:1 failed"),
        (("mine", "--provider", "x", "--command", "sh -c 'echo no light; exit 3'"), "ended with exit code 3"),
        (("mine", "--provider", "x", "--command", "sleep 60", "--wait", "1.5"), "does not answer within 1.5 s"),
    ],
)
def test_a_plugin_that_does_not_run_is_told_with_the_reason_and_leaves_nothing(
    here: Here, up_folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = _platform(up_folder)
    assert said in here.cli("plugin", "run", *arguments, code=1)
    assert _platform(up_folder) == before


def test_without_docker_it_is_told_what_to_do(here: Here, tmp_path: Path) -> None:
    without = Here(here.up, here.environment | {"PATH": str(tmp_path)})
    told = without.cli("plugin", "run", "aws-ec2", code=1)
    assert "docker is not on the PATH" in told
    assert re.search(r"https://github.com/cloudforet-io/plugin-aws-ec2-inven-collector: inventory plugin run", told)


@pytest.mark.usefixtures("tidy")
def test_the_quickstart_does_it_all_and_shows_commands_that_can_be_typed(
    here: Here, up_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = here.cli("quickstart", "aws")

    typed = [shlex.split(line)[2:] for line in shown.splitlines() if line.startswith("$ inventory ")]
    words = [" ".join(line[2:4] if line[0] == "--endpoint" else line[:2]) for line in typed]
    assert words == ["plugin run", "secret add", "collector create", "schedule add", "collect aws"]
    assert "ended SUCCESS" in shown
    assert "AmazonEC2ReadOnlyAccess" in shown
    # Again, by hand, where something is left to do: nothing is done twice, and each command works as shown.
    again = here.cli("quickstart", "aws")
    assert again.count("is there already") == 3
    assert "it has a schedule already: daily" in again
    assert "accepts it" in again
    here.cli("secret", "remove", "aws", "--force")
    here.cli(*typed[1][2:])
    here.cli(*typed[4][2:])
    (collector,) = [each for each in here.cli("collector", "list", "--json")["results"] if each["name"] == "aws"]
    (schedule,) = here.cli("schedule", "list", collector["collector_id"], "--json")["results"]
    assert schedule["schedule"]["hours"] == [2]
    # With a key that the plugin refuses, it stops there.
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"wrong {VALUE}")
    refused = here.cli("quickstart", "aws", "--name", "refused", code=1)
    assert "the key is not accepted" in refused
    assert "collector create" not in refused
    assert "refused" not in {each["secret_id"] for each in _platform(up_folder)["secrets"]}
    here.cli("collector", "delete", "aws")


# The guide


GUIDE = "docs/guide/your-cloud.md"
WALKED = "inventory quickstart aws --profile production"
TYPED = [
    line
    for block in pages.blocks(GUIDE)
    if block.mark == "cloud"
    for line in block.text.splitlines()
    if line and not line.startswith("#")
]
KUBECONFIG = f"""\
current-context: production
contexts: [{{name: production, context: {{cluster: main, user: robot}}}}]
clusters: [{{name: main, cluster: {{server: "https://k8s:6443", certificate-authority-data: UEVN}}}}]
users: [{{name: robot, user: {{token: {VALUE}}}}}]
"""
GOOGLE_KEY = {"type": "service_account", "project_id": "p", "private_key_id": "1", "client_email": "a@b"}


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, up_folder: Path) -> None:
    """A home folder with the credentials that the guide names, and the file of accounts that it shows."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".aws").mkdir()
    keys = f"aws_access_key_id = AKIA\naws_secret_access_key = {VALUE}\n"
    (tmp_path / ".aws" / "credentials").write_text(f"[production]\n{keys}")
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(KUBECONFIG)
    for name in ("TENANT_ID", "CLIENT_ID", "SUBSCRIPTION_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"AZURE_{name}", VALUE)
    key = GOOGLE_KEY | {"private_key": VALUE, "token_uri": "https://oauth2.googleapis.com/token"}
    (up_folder / "key.json").write_text(json.dumps(key))
    (accounts,) = [block.text for block in pages.blocks(GUIDE) if block.mark == "file=accounts.csv"]
    (up_folder / "accounts.csv").write_text(accounts)
    # The images of earlier tests are not there.
    (up_folder / "docker" / docker.IMAGES).write_text("")


@pytest.mark.usefixtures("tidy", "at_home")
def test_the_guides_commands_work_one_after_the_other(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(TYPED) >= 14
    printed = ""
    try:
        for line in TYPED:
            words = shlex.split(line, comments=True)
            while "=" in words[0]:
                name, _, value = words.pop(0).partition("=")
                monkeypatch.setenv(name, value)
            assert words.pop(0) == "inventory"
            answer = here.cli(*words)
            printed += answer if isinstance(answer, str) else ""
            if line == WALKED:
                walk = f"$ {line}\n{answer}"
    finally:
        for each in here.cli("collector", "list", "--json")["results"]:
            if each["name"] != "this machine":
                here.cli("collector", "delete", each["collector_id"])
    # Four clouds, more of AWS, and the group of accounts.
    assert printed.count("ended SUCCESS") >= 6
    assert "2 secrets added" in printed
    (recorded,) = [block.text for block in pages.blocks("docs/guide/your-cloud-walk.md") if block.mark == "walk"]
    assert _without_chance(walk) == _without_chance(recorded)


def _without_chance(text: str) -> list[str]:
    """Return the lines of a walk, without what differs from one to the next."""
    for pattern, instead in (
        (r"--endpoint \S+ ", ""),
        (r"\S+(?=/platform\.yaml)", "FOLDER"),
        (r"(?<=127\.0\.0\.1:)\d+", "PORT"),
        (r"(?<=(?:job|ask)-)[0-9a-f]{12}", "ID"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
        (r"\d+\.\d s\b", "SECONDS"),
        (r" +", " "),
    ):
        text = re.sub(pattern, instead, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


# Secrets


@pytest.mark.usefixtures("tidy")
def test_a_value_that_is_typed_is_nowhere_but_in_its_file(here: Here, up_folder: Path, tmp_path: Path) -> None:
    """Typed at the prompt in an interactive shell: not echoed, in no process's arguments, no log, no history."""
    here.cli("plugin", "run", "aws-ec2")
    history = tmp_path / "history"
    shell, terminal = pty.openpty()
    environment = os.environ | here.environment | {"HISTFILE": str(history), "PS1": "ready> ", "TERM": "dumb"}
    process = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=up_folder,
        env=environment,
        start_new_session=True,
    )
    os.close(terminal)
    typist = _Typist(shell)
    try:
        typist.type("ready> ", f"{sys.executable} -m inventory secret add typed --provider aws --check")
        for prompt, value in (
            ("aws_access_key_id", f"{VALUE}-id"),
            ("aws_secret_access_key", VALUE),
            ("role_arn", ""),
            ("external_id", f"{VALUE}-ext"),
            ("region_name", ""),
        ):
            typist.type(prompt, value)
        typist.type("typed: added to", "history -w")
        typist.type("ready> ", "exit")
        process.wait(SECONDS)
    finally:
        process.kill()
        os.close(shell)

    assert "secret add typed" in history.read_text()
    here.cli("collector", "create", "--name", "typed", "--plugin", PLUGIN, "--provider", "aws", "--secret", "typed")
    assert here.cli("collect", "typed", "--watch", "--json")["tasks"][0]["secret_id"] == "typed"
    here.cli("collector", "delete", "typed")
    shown = [json.dumps(docker.calls(up_folder / "docker")), *_stored(here)]
    shown += [typist.printed, history.read_text(), "".join(here.up.lines), here.cli("plugin", "logs", "aws-ec2")]
    shown += [
        here.cli(*line.split()) for line in ("secret list", "secret show typed", "secret check typed", "plugin list")
    ]
    assert not [text for text in shown if VALUE in text]
    holding = [
        path for path in (up_folder / DATA).rglob("*") if path.is_file() and VALUE in path.read_text("utf-8", "replace")
    ]
    assert [path.name for path in holding] == ["typed.json"]
    assert holding[0].stat().st_mode & 0o077 == 0


class _Typist:
    """Somebody at a terminal, who types when the prompt is there."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._seen = 0
        self.printed = ""

    def type(self, prompt: str, line: str) -> None:
        """Wait for ``prompt``, then type ``line``."""
        deadline = time.monotonic() + 2 * SECONDS
        while prompt not in self.printed[self._seen :]:
            assert time.monotonic() < deadline, self.printed
            if select.select([self._terminal], [], [], 0.2)[0]:
                self.printed += os.read(self._terminal, 65536).decode("utf-8", "replace")
        self._seen = len(self.printed)
        os.write(self._terminal, f"{line}\n".encode())


def _stored(here: Here) -> Iterator[str]:
    """Yield every document and every value of the service's databases."""
    documents: MongoClient[dict[str, Any]] = MongoClient(here.environment["INVENTORY_MONGO_URI"])
    with documents:
        database = documents[here.environment["INVENTORY_MONGO_DATABASE"]]
        yield from (str(found) for name in database.list_collection_names() for found in database[name].find())
    readers = {b"string": "GET", b"hash": "HGETALL", b"list": "LRANGE", b"zset": "ZRANGE", b"set": "SMEMBERS"}
    with Redis.from_url(here.environment["INVENTORY_REDIS_URL"]) as queue:
        for key in queue.scan_iter():
            command = readers[queue.type(key)]
            yield str((key, queue.execute_command(command, key, *((0, -1) if "RANGE" in command else ()))))


@pytest.fixture(autouse=True)
def no_process_is_given_a_value() -> Iterator[None]:
    """Look at the arguments of all processes all the time: everybody on a machine can read them."""
    ended, found = threading.Event(), set[str]()

    def look() -> None:
        while not ended.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    arguments = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                    found.update([arguments] if VALUE in arguments else [])

    watcher = threading.Thread(target=look)
    watcher.start()
    yield
    ended.set()
    watcher.join()
    assert not found
