"""``/docs`` in a real, headless Chromium, as Debian packages it; left out where there is none.

What Chromium sends is read from its own log of the network: nothing may leave loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.conftest import Gateway

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--no-proxy-server",
    # The browser itself wants to know the time and its updates; it shall not find anybody.
    "--disable-features=NetworkTimeServiceQuerying,AutofillServerCommunication,OptimizationHints",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--hide-scrollbars",
    "--window-size=1280,1600",
    "--virtual-time-budget=10000",
)
SECONDS = 90

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium")


def browse(folder: Path, url: str, *flags: str) -> str:
    """Open ``url`` in a fresh Chromium and return what it prints."""
    assert CHROMIUM is not None
    home = folder / "home"
    home.mkdir(exist_ok=True)
    command = [
        CHROMIUM,
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        f"--log-net-log={folder / 'net.json'}",
        *flags,
    ]
    done = subprocess.run(
        [*command, url],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return what the log of the last visit holds of events of a kind."""
    log = json.loads((folder / "net.json").read_text())
    number = log["constants"]["logEventTypes"][kind]
    return [event.get("params") or {} for event in log["events"] if event["type"] == number]


def requested(folder: Path, origin: str) -> set[str]:
    """Return the URLs that the page of ``origin`` requested during the last visit, itself included."""
    found = events(folder, "URL_REQUEST_START_JOB")
    return {each["url"] for each in found if each.get("initiator") == origin or each.get("url", "").startswith(origin)}


def connected(folder: Path) -> set[str]:
    """Return the addresses that anything in Chromium tried to connect to; the browser itself finds none."""
    return {each["address"] for each in events(folder, "TCP_CONNECT_ATTEMPT") if "address" in each}


def test_the_page_lists_every_method_and_asks_nobody_else(gateway: Gateway, tmp_path: Path) -> None:
    page = str(gateway.base_url.join("/docs"))

    dom = browse(tmp_path, page, "--dump-dom")

    description = gateway.get("/openapi.json").json()
    for path, item in description["paths"].items():
        assert f"<code>{path}</code>" in dom
        assert f'id="{item["post"]["operationId"]}"' in dom
    for tag in description["tags"]:
        assert f'href="#service-{tag["name"]}"' in dom
    assert "Loading" not in dom
    origin = str(gateway.base_url).rstrip("/")
    paths = ("/docs", "/docs/docs.css", "/docs/docs.js", "/openapi.json")
    assert requested(tmp_path, origin) == {origin + path for path in paths}
    assert {address.rpartition(":")[0] for address in connected(tmp_path)} == {"127.0.0.1"}


def test_a_method_opens_with_its_fields_and_its_example(gateway: Gateway, tmp_path: Path) -> None:
    dom = browse(tmp_path, f"{gateway.base_url.join('/docs')}#Collector_create", "--dump-dom")

    opened = dom[dom.index('id="Collector_create"') : dom.index('id="Collector_update"')]
    assert " open" in opened.partition(">")[0]
    assert "plugin_info" in opened
    assert '<td class="required">name</td>' in opened
    assert "<textarea" in opened


def test_the_page_can_be_looked_at(gateway: Gateway, tmp_path: Path) -> None:
    picture = tmp_path / "docs.png"

    browse(tmp_path, str(gateway.base_url.join("/docs")), f"--screenshot={picture}")

    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (1280, 1600)
    assert len(content) > 50_000, "an empty page is smaller"
    if keep := os.environ.get("INVENTORY_TEST_KEEP_SCREENSHOT"):
        shutil.copy(picture, keep)
