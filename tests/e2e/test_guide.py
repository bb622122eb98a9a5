"""The runnable blocks of the documentation, typed one after the other into one shell beside `inventory up`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests import pages
from tests.e2e.running import Up
from tests.ports import free_port

GUIDE_SECONDS = 400.0
BLOCKS = [block for page in pages.WALK for block in pages.blocks(page) if block.mark.startswith(("run", "file="))]


def script(blocks: Sequence[pages.Block]) -> Iterator[str]:
    """Yield what is typed: each block under a line that tells where it stands."""
    yield "set -euo pipefail"
    for block in blocks:
        yield f"echo '━━ {block.page}:{block.line}'"
        kind, _, name = block.mark.partition("=")
        match kind:
            case "run":
                yield block.text if block.language == "sh" else f"python - <<'PY'\n{block.text}PY"
            case "run background":
                yield f"{{\n{block.text}}} &"
                yield from (_wait_for(port) for port in re.findall(r"--port (\d+)", block.text))
            case "file":
                yield f"cat > {name} <<'PY'\n{block.text}PY"


def _wait_for(port: str) -> str:
    """Return what waits until a plugin listens: who types by hand takes longer to go on than it does to start."""
    connect = "import socket, sys; socket.create_connection(sys.argv[1].split(':'), 5)"
    return f'for _ in $(seq 300); do python -c "{connect}" 127.0.0.1:{port} 2>/dev/null && break; sleep 0.2; done'


def _here(text: str, up: Up) -> str:
    """Put the addresses of ``up`` in place of those that the pages name."""
    port, other = free_port(), free_port()
    addresses = {
        "127.0.0.1:50051": up.endpoint,
        "127.0.0.1:8080": f"127.0.0.1:{up.settings['INVENTORY_GATEWAY_PORT']}",
        "127.0.0.1:50070": f"127.0.0.1:{port}",
        "--port 50070": f"--port {port}",
        "127.0.0.1:50075": f"127.0.0.1:{other}",
        "--port 50075": f"--port {other}",
    }
    for usual, ours in addresses.items():
        text = text.replace(usual, ours)
    return text


def _commands(folder: Path) -> str:
    """Return a folder with what the pages expect on the PATH."""
    (folder / "bin").mkdir()
    commands = {"python": f'exec {sys.executable} "$@"', "inventory": f'exec {sys.executable} -m inventory "$@"'}
    if shutil.which("grpcurl") is None:
        commands["grpcurl"] = f'PYTHONPATH={pages.ROOT} exec {sys.executable} -m tests.fakes.grpcurl "$@"'
    for name, line in commands.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / "bin" / name).chmod(0o755)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "activate").write_text("# The commands are on the PATH already.\n")
    return str(folder / "bin")


@pytest.fixture(scope="module")
def told(up: Up, up_folder: Path) -> str:
    """What the guide's blocks printed, all of them run to their end."""
    path = f"{_commands(up_folder)}:{os.environ['PATH']}"
    env = os.environ | up.settings | {"INVENTORY_ENDPOINT": up.endpoint, "PATH": path, "PYTHONUNBUFFERED": "1"}
    typed = _here("\n".join(script(BLOCKS)), up)
    # Not a pipe: what is left in the background would hold it open.
    log = up_folder / "guide.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-c", typed],
            cwd=up_folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(GUIDE_SECONDS)
        finally:
            # The plugin of the tutorial, too.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    printed = log.read_text()
    assert status == 0, printed[-6000:]
    return printed


pytestmark = pytest.mark.timeout(GUIDE_SECONDS + 120)


def _part(told: str, text: str) -> str:
    """Return what was printed by the one block that holds ``text``."""
    (block,) = [block for block in BLOCKS if text in block.text and block.mark.startswith("run")]
    return re.split(r"━━ \S+\.md:\d+\n", told)[1 + BLOCKS.index(block)]


def test_every_block_runs(told: str) -> None:
    assert told.count("━━ ") == len(BLOCKS)


def test_the_quick_start_shows_resources_and_a_service_that_is_well(told: str) -> None:
    printed = _part(told, "inventory doctor  ")
    assert "ended SUCCESS" in printed
    assert re.search(r"^\d+ ok$", printed, re.MULTILINE), "the doctor found something"


def test_all_ways_find_the_same_file_systems(told: str) -> None:
    printed = _part(told, "call CloudService/list")
    assert printed.count("FileSystem") >= 2
    assert '"total_count"' in printed


def test_the_plugin_of_the_tutorial_keeps_the_protocol(told: str) -> None:
    assert "0 violations, 0 remarks" in _part(told, "inventory plugin try")


def test_the_plugin_of_the_tutorial_is_collected_through_the_service(told: str) -> None:
    printed = _part(told, "inventory collect folders")
    assert "ended SUCCESS" in printed
    assert re.search(r"^cloud-svc-\w+ +bin +Files +Folder +disk +here", printed, re.MULTILINE)
    assert "CREATE" in printed


def test_a_broken_credential_is_noticed_mended_and_only_that_is_collected_again(told: str) -> None:
    noticed = _part(told, "inventory freshness --stale")
    assert re.search(r"^NEVER +accounts +account-two ", noticed, re.MULTILINE)
    assert re.search(r"^FRESH +accounts +account-one ", noticed, re.MULTILINE)
    assert "the password of account" in noticed

    found, _, mended = _part(told, "inventory job retry").partition("account-two: has other values")
    assert "Once the cause is gone, collect again only what failed: inventory job retry job-" in found
    assert re.search(r"account-two +SUCCESS +2 ", mended)
    assert "Tasks: 1 SUCCESS." in mended
    assert len(re.findall(r"^FRESH +accounts", mended, re.MULTILINE)) == 2


def test_a_resource_and_its_type_are_explained(told: str) -> None:
    printed = _part(told, "inventory resource explain")
    assert re.search(r"^accounts +account-one", printed, re.MULTILINE)
    assert "reference.resource_id = one-web" in printed
    assert "There more than once: 0 resource ids" in printed


def test_the_tutorial_is_short() -> None:
    (plugin,) = [block for block in BLOCKS if block.mark == "file=folder_plugin.py"]
    assert plugin.text.count("\n") <= 30
