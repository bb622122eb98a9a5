"""Pages of other sites reach nothing through a gateway that requires no token; programs do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.gateway.conftest import Gateway, Start, error_of

PATH = "/inventory/v1/collector/disable"
READS = ["/", "/openapi.json", "/metrics", "/docs", "/resources/export.json", "/healthz"]
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def test_a_name_that_was_rebound_to_this_machine_reads_and_writes_nothing(gateway: Gateway, fake: Any) -> None:
    foreign = {
        "Host": f"evil.example:{gateway.base_url.port}",
        "Origin": f"http://evil.example:{gateway.base_url.port}",
    }
    foreign["Sec-Fetch-Site"] = "same-origin"

    refused = gateway.post(PATH, json={"collector_id": "c"}, headers=foreign)
    assert (refused.status_code, error_of(refused)["code"]) == (421, "ERROR_FOREIGN_HOST")
    # Without authentication, any token would do.
    assert gateway.post(PATH, json={}, headers=foreign | {"Authorization": "Bearer x"}).status_code == 421
    for path in READS:
        assert gateway.get(path, headers=foreign).status_code == 421, path
    assert not fake.calls
    page = gateway.get("/", headers=foreign | {"Accept": "text/html"})
    assert "Not under this name" in page.text
    # A browser is shown a page wherever it went; a program gets JSON.
    assert "Not under this name" in gateway.get(PATH, headers=foreign | {"Accept": "text/html"}).text
    style = page.text.partition(' rel="stylesheet" href="')[2].partition('"')[0] or "/console/"
    assert gateway.get(style, headers=foreign).status_code != 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", **NAVIGATION},
    ],
)
def test_a_page_of_another_site_changes_nothing(headers: dict[str, str], gateway: Gateway, fake: Any) -> None:
    refused = gateway.post(PATH, json={"collector_id": "c"}, headers=headers)

    assert (refused.status_code, error_of(refused)["code"]) == (403, "ERROR_FOREIGN_SITE")
    assert not fake.calls


def test_a_page_of_another_site_reads_nothing_but_may_link_here(gateway: Gateway) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}

    assert [gateway.get(path, headers=embedded).status_code for path in READS] == [403] * len(READS)
    assert gateway.get("/docs", headers={"Sec-Fetch-Site": "cross-site", **NAVIGATION}).status_code == 200
    assert gateway.get("/docs", headers={"Sec-Fetch-Site": "none", **NAVIGATION}).status_code == 200


@pytest.mark.parametrize(
    "host", ["", "localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:80", "127.1.2.3", "own.localhost"]
)
def test_programs_and_own_pages_are_served(host: str, gateway: Gateway) -> None:
    own = {"Host": host} if host else {}
    origin = {"Origin": f"http://{host}"} if host else {}

    assert gateway.post(PATH, json={"collector_id": "c"}, headers=own).status_code == 200
    assert gateway.post(PATH, json={}, headers=own | origin | {"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert gateway.post(PATH, json={}, headers=own | origin).status_code == 200


def test_behind_a_proxy_or_a_kubernetes_service_any_name_leads_here_but_no_page_of_another_site(
    start_gateway: Start, fake: Any
) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", allow_unauthenticated_remote=True)
    named = {"Host": "inventory.example", "Origin": "https://inventory.example"}

    assert gateway.post(PATH, json={}, headers=named).status_code == 200
    assert gateway.post(PATH, json={}, headers=named | {"Origin": "https://evil.example"}).status_code == 403


def test_with_tokens_any_name_and_any_page_that_knows_one_is_served(start_gateway: Start, fake: Any) -> None:
    gateway = start_gateway(f"127.0.0.1:{fake.port}", authentication="jwt")
    foreign = {"Host": "inventory.example", "Origin": "https://elsewhere.example", "Authorization": "Bearer x"}

    assert gateway.post(PATH, json={}, headers=foreign).status_code == 200


@pytest.mark.parametrize("host", ["[::1", "[", "a[b]"])
def test_a_malformed_host_is_a_bad_request(host: str, gateway: Gateway) -> None:
    for accepted in ("text/html", "*/*"):
        refused = gateway.get("/", headers={"Host": host, "Accept": accepted})
        assert (refused.status_code, error_of(refused)["code"]) == (400, "ERROR_MALFORMED_HOST")
