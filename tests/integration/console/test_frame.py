"""The frame of the console: headers, sessions, forms, sign in and out, and what a page says when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from inventory.bootstrap import Container
from inventory.domain.clock import SystemClock
from tests.integration.console.conftest import Gateways, Open
from tests.integration.console.page import Browser
from tests.integration.console.world import DOMAIN, World
from tests.integration.wire.client import token_of
from tests.ports import free_port


def test_the_first_page_is_the_overview(page: Browser) -> None:
    overview = page.get("/")

    assert overview.status == 200
    assert overview.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "What needs attention" in overview.text


def test_no_page_runs_what_is_not_the_consoles_own(page: Browser) -> None:
    overview = page.get("/")

    policy = overview.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", overview.html)
    assert overview.headers["X-Content-Type-Options"] == "nosniff"
    assert overview.headers["Cache-Control"] == "no-store"
    hosts = {
        each
        for tag in ("a", "link", "script", "img")
        for each in (_.get("href") or _.get("src", "") for _ in overview.all(tag))
    }
    assert not [each for each in hosts if each.startswith(("http:", "https:", "//"))]


def test_files_may_be_kept_as_their_path_tells_their_content(page: Browser) -> None:
    (style,) = page.get("/").all("link", rel="stylesheet")

    answer = page.client.get(style["href"])

    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_large_page_is_sent_compressed_to_those_who_take_it(page: Browser) -> None:
    compressed = page.client.get("/", headers={"Accept-Encoding": "gzip"})
    plain = page.client.get("/", headers={"Accept-Encoding": "identity"})

    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert int(compressed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2


def test_the_first_page_takes_at_most_150_kilobytes_with_all_that_it_needs(page: Browser) -> None:
    overview = page.get("/")
    needed = {each["href"] for each in overview.all("link") if not each["href"].startswith("data:")}
    needed |= {each["src"] for tag in ("script", "img") for each in overview.all(tag) if each.get("src")}

    answers = [page.client.get(path) for path in ("/", *needed)]

    assert len(answers) >= 3
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.num_bytes_downloaded for answer in answers) <= 150_000


def test_cookies_are_kept_from_scripts_and_other_sites(page: Browser) -> None:
    answer = page.client.get("/login")

    for cookie in answer.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie


# Forms


@pytest.mark.parametrize("csrf", ["", "0" * 40])
def test_a_form_without_the_sessions_token_changes_nothing(csrf: str, page: Browser) -> None:
    page.get("/")

    refused = page.post("/theme", {"theme": "dark"}, csrf=csrf)

    assert refused.status == 403
    assert "Nothing was changed" in refused.text
    assert not page.get("/").all("html", **{"data-theme": "dark"})


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.test"}]
)
def test_a_form_of_another_site_changes_nothing(headers: dict[str, str], page: Browser) -> None:
    refused = page.post("/theme", {"theme": "dark"}, headers=headers)

    assert refused.status == 403


def test_a_form_of_another_session_changes_nothing(page: Browser, browse: Open, open_origin: str) -> None:
    other = browse(open_origin).get("/login").csrf

    page.get("/")

    assert page.post("/theme", {"theme": "dark"}, csrf=other).status == 403


def test_what_is_no_form_or_too_large_is_refused(page: Browser) -> None:
    csrf = page.get("/login").csrf

    assert page.client.post("/theme", json={"csrf": csrf}).status_code == 415
    assert page.client.post("/theme", data={"csrf": csrf, "theme": "x" * 2_000_000}).status_code == 413


def test_the_theme_is_remembered(page: Browser) -> None:
    dark = page.post("/theme", {"theme": "dark", "next": "/"})

    assert dark.all("html", **{"data-theme": "dark"})
    assert not page.post("/theme", {"theme": "", "next": "/"}).all("html", **{"data-theme": "dark"})


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_a_form_leads_nowhere_else(target: str, page: Browser) -> None:
    csrf = page.get("/login").csrf

    answer = page.client.post("/theme", data={"csrf": csrf, "theme": "dark", "next": target})

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"


# Callers


def test_without_a_token_the_page_asks_for_one(browse: Open, token_origin: str) -> None:
    asked = browse(token_origin).get("/")

    assert asked.status == 401
    assert asked.all("input", name="token", type="password")


def test_a_token_that_the_server_refuses_is_not_kept(browse: Open, token_origin: str) -> None:
    browser = browse(token_origin)

    refused = browser.post("/login", {"token": "no.such.token", "next": "/"})

    assert refused.status == 401
    assert "does not accept" in refused.text
    assert "no.such.token" not in refused.html
    assert browser.get("/").status == 401


def test_signed_in_one_sees_the_tokens_domain_and_signed_out_nothing(browse: Open, token_origin: str) -> None:
    browser = browse(token_origin)

    home = browser.post("/login", {"token": token_of(DOMAIN), "next": "/"})
    assert home.status == 200
    assert "67 resources" in home.text
    assert browser.get("/").status == 200

    assert "signed out" in browser.post("/logout").text
    assert browser.get("/").status == 401


def test_a_token_that_has_expired_is_asked_for_again_and_one_returns_to_the_page(
    browse: Open, token_origin: str
) -> None:
    browser = browse(token_origin)
    browser.client.cookies.set("inventory_token_0", token_of(DOMAIN, exp=1_000_000))

    asked = browser.get("/jobs?status=ERROR")

    assert asked.status == 401
    assert "expired" in asked.text
    assert "/jobs?status=ERROR" in asked.all("input", name="next")[0]["value"]


def test_a_token_longer_than_a_cookie_is_kept_whole(browse: Open, token_origin: str) -> None:
    browser = browse(token_origin)
    token = token_of(DOMAIN, filler="x" * 6000)
    assert len(token) > 8000

    assert "67 resources" in browser.post("/login", {"token": token, "next": "/"}).text


def test_a_token_of_another_domain_shows_nothing_of_this_one(browse: Open, token_origin: str) -> None:
    browser = browse(token_origin)

    home = browser.post("/login", {"token": token_of("domain-elsewhere"), "next": "/"})

    assert home.status == 200
    assert "Nothing has been collected yet" in home.text
    assert "everything" not in home.text


def test_where_no_domain_is_known_the_page_asks_for_one(browse: Open, gateways: Gateways, world: World) -> None:
    world.wire.serve()
    browser = browse(gateways.start(world.wire.address_of_newest))

    asked = browser.get("/")
    assert asked.status == 400
    assert asked.all("input", name="domain_id")

    assert "67 resources" in browser.post("/domain", {"domain_id": DOMAIN, "next": "/"}).text
    assert browser.post("/domain", {"domain_id": "", "next": "/"}).status == 400


@pytest.mark.parametrize("kind", ["open", "token"])
def test_the_sign_in_page_asks_for_a_token_where_one_is_required(kind: str, browse: Open, request: Any) -> None:
    shown = browse(request.getfixturevalue(f"{kind}_origin")).get("/login")

    assert ("This server requires an API token" in shown.text) == (kind == "token")


# Bad weather


def test_an_unknown_page_is_told_in_the_frame_and_a_program_is_told_in_json(page: Browser) -> None:
    missing = page.get("/nothing", headers={"Accept": "text/html"})

    assert missing.status == 404
    assert "no such page" in missing.text
    assert missing.all("nav")
    assert page.client.get("/nothing").json()["error"]["code"] == "ERROR_UNSUPPORTED_API"
    assert page.client.post("/inventory/v1/none", headers={"Accept": "text/html"}).json()["error"]


def test_while_the_server_is_away_the_page_says_what_to_do(browse: Open, gateways: Gateways) -> None:
    away = browse(gateways.start(f"127.0.0.1:{free_port()}")).get("/")

    assert away.status == 503
    assert away.headers["Retry-After"]
    assert "inventory doctor" in away.text
    assert away.all("nav")


@pytest.fixture
def without_mongodb(world: World, gateways: Gateways, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A gateway before a server whose MongoDB does not answer."""
    monkeypatch.setattr("inventory.doctor.mongodb._CALL_SECONDS", 0.5)
    uri = f"mongodb://127.0.0.1:{free_port()}"
    container = Container(world.wire.settings, clock=SystemClock())
    with MongoClient[dict[str, Any]](uri) as client:
        vars(container)["database"] = client["away"]
        world.wire.serve(container, default_domain_id=DOMAIN)
        yield gateways.start(world.wire.address_of_newest, default_domain_id=DOMAIN)
        container.queue.close()


def test_while_mongodb_is_away_pages_say_so_and_health_says_what_to_do(browse: Open, without_mongodb: str) -> None:
    browser = browse(without_mongodb)

    for path in ("/", "/resources", "/jobs", f"/resources/cloud-svc-{'0' * 12}"):
        away = browser.get(path)
        assert away.status == 503, path
        assert away.headers["Retry-After"]
        assert "inventory doctor" in away.text
        assert away.all("nav")
        assert "127.0.0.1" not in away.text
        assert "/health" in away.links
    # Without waiting for its parts, as browsers ask for it.
    assert 'data-part="/health/findings"' in httpx.get(f"{without_mongodb}/health", trust_env=False, timeout=60).text
    health = browser.get("/health/findings")
    assert health.status == 200
    assert "fail mongodb" in health.text
    assert "Start it, or correct INVENTORY_MONGO_URI" in health.text
    assert "ok redis" in health.text


@pytest.mark.parametrize(
    ("host", "status"), [("evil.test", 421), ("localhost", 200), ("127.0.0.1:1", 200), ("[::1]:80", 200)]
)
def test_without_authentication_no_foreign_name_leads_here(host: str, status: int, page: Browser) -> None:
    assert page.get("/", headers={"Host": host}).status == status
