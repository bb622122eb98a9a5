"""Nobody sees more than the API gives: callers of a project, of a domain, and every page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from inventory.bootstrap import Container
from inventory.console.pages import ALL
from tests.fakes.platform import FakePlatform
from tests.integration.console.conftest import Gateways, Open
from tests.integration.console.page import Browser
from tests.integration.console.world import DOMAIN, World
from tests.integration.wire.client import token_of

MOST_BYTES = 60_000
"""Of a page over the wire, without the files that a browser keeps."""
READ = sorted({page.path for page in ALL if not page.writes} - {"/login", "/domain"})


def filled(path: str, world: World) -> str:
    """Return a page's path with the ids of the world's things."""
    known = {
        "resource_id": world.resource("i-001")["cloud_service_id"],
        "collector_id": world.collector["collector_id"],
        "schedule_id": world.schedule["schedule_id"],
        "job_id": world.job["job_id"],
        "part": "kinds",
        "deletion_id": "deletion-000000000000",
        "dry_run_id": "dry-run-000000000000",
    }
    kinds = {
        "/types/": ("CloudServiceType", "cloud_service_type_id"),
        "/regions/": ("Region", "region_id"),
        "/rules/": ("CollectorRule", "collector_rule_id"),
    }
    for start, (service, key) in kinds.items():
        if path.startswith(start):
            listed = world.client.call(f"{service}.list").get("results") or [{key: "collector-rule-000000000000"}]
            known["identifier"] = listed[0][key]
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], path)


@pytest.mark.parametrize("path", READ)
def test_every_page_is_whole_and_has_its_headers(path: str, page: Browser, world: World) -> None:
    answer = page.client.get(filled(path, world))

    missing = path.startswith(("/rules/{", "/deletions/{", "/dry-runs/{"))
    assert answer.status_code in ((200, 404) if missing else (200, 303)), answer.text[:3000]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Transaction-Id"]
    assert answer.num_bytes_downloaded <= MOST_BYTES


@pytest.mark.parametrize("path", READ)
def test_no_page_is_shown_without_a_token(path: str, browse: Open, token_origin: str, world: World) -> None:
    asked = browse(token_origin).get(filled(path, world))

    if path in ("/search", "/collectors/new"):
        assert asked.status in (200, 401)
    else:
        assert asked.status == 401
    for text in ("everything", "server 001", "nightly", "secret-1"):
        assert text not in asked.text


@pytest.mark.parametrize("path", READ)
def test_no_page_shows_anything_of_another_domain(path: str, browse: Open, token_origin: str, world: World) -> None:
    browser = browse(token_origin)
    browser.post("/login", {"token": token_of("domain-elsewhere")})

    shown = browser.get(filled(path, world))

    assert shown.status < 500
    for text in ("everything", "server 001", "nightly", "secret-1"):
        assert text not in shown.text


@pytest.fixture(scope="module")
def bound_origin(world: World, gateways: Gateways) -> Iterator[str]:
    """A gateway before a server whose callers are bound to a project that holds nothing."""
    with FakePlatform(world.wire.platform) as platform:
        names = ("plugin_endpoint", "repository_endpoint", "secret_endpoint", "identity_endpoint")
        values: dict[str, Any] = {"platform": "grpc", **dict.fromkeys(names, platform.endpoint)}
        container = Container(world.wire.settings.model_copy(update=values))
        container.database = world.wire.database
        world.wire.serve(container, authentication="jwt", authorization="identity")
        platform.role_type, platform.projects = "PROJECT", ["project-none"]
        jwks = world.wire.settings.jwks_file
        yield gateways.start(world.wire.address_of_newest, authentication="jwt", jwks_file=jwks)
        container.queue.close()
        container.plugin_connector.close()


@pytest.mark.parametrize(
    "path", ["/", "/resources", "/jobs", "/health", "/search?q=server", "/schedules", "/collectors"]
)
def test_a_caller_of_a_project_sees_what_is_of_the_project_only(
    path: str, browse: Open, bound_origin: str, world: World
) -> None:
    browser = browse(bound_origin)
    browser.post("/login", {"token": token_of(DOMAIN)})

    shown = browser.get(path)

    assert shown.status in (200, 403)
    assert not shown.all("input", name="token")
    for text in ("server 001", world.job["job_id"], "67 resources"):
        assert text not in shown.text
    for link in shown.links:
        assert not link.startswith("/resources/cloud-svc-")


def test_a_caller_of_a_project_cannot_open_what_is_of_another(browse: Open, bound_origin: str, world: World) -> None:
    browser = browse(bound_origin)
    browser.post("/login", {"token": token_of(DOMAIN)})

    for path in (f"/resources/{world.resource('i-001')['cloud_service_id']}", f"/jobs/{world.job['job_id']}"):
        assert browser.get(path).status == 404
