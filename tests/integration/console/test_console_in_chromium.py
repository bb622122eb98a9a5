"""The console in a real, headless Chromium, as Debian packages it; skipped, and said so, where there is none.

Screenshots for people to look at go to ``build/console``. Nothing may leave its origin, and no page may log an
error: both are checked after each test.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from inventory.devruntime.platform_file import PLUGIN_ID
from inventory.plugin import build_server
from inventory.plugin_local import LocalPlugin
from tests.fakes.plugin import Gate
from tests.integration.console.conftest import Gateways
from tests.integration.console.world import HOSTILE, World
from tests.integration.wire.client import Client
from tests.ports import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
PICTURES = Path(__file__).parents[3] / "build" / "console"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 800}
PATIENCE_MS = 60_000
MACHINE = "domain-machine"

expect.set_options(timeout=PATIENCE_MS)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium"),
    pytest.mark.timeout(300),
]

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Opens pages in contexts of their own; they may ask nobody but their origin, and log no error."""
    contexts: list[Any] = []
    faults: list[str] = []
    allowed: list[str] = []

    def make(origin: str, path: str = "/", *, viewport: Any = WIDE, failing: bool = False, **options: Any) -> Page:
        context = chromium.new_context(base_url=origin, viewport=viewport, **options)
        contexts.append(context)
        allowed.append(origin)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: faults.append(request.url) if _is_foreign(request.url, allowed) else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        if not failing:
            page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert faults == []


def _is_foreign(url: str, origins: list[str]) -> bool:
    return not url.startswith((*origins, "data:"))


def settled(page: Page) -> None:
    """Wait until no part of the page is still to come."""
    expect(page.locator("[data-part]")).to_have_count(0)
    expect(page.locator("[aria-busy]")).to_have_count(0)


def picture(page: Page, name: str) -> None:
    """Keep a screenshot for people."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def machine_origin(world: World, gateways: Gateways) -> Iterator[str]:
    """A gateway before a domain with the bundled plugin and a collector for this machine, nothing collected yet."""
    plugin = build_server(LocalPlugin())
    plugin.server.start()
    fixed = {"domain_id": MACHINE, "provider": "local"}
    endpoint = f"grpc://127.0.0.1:{plugin.port}"
    world.wire.add_platform(
        plugins=[{**fixed, "plugin_id": PLUGIN_ID, "versions": {"1.0": endpoint}, "latest": "1.0"}],
        secrets=[{**fixed, "secret_id": "secret-local", "data": {}}],
    )
    channel = world.wire.serve(default_domain_id=MACHINE)
    info = {"plugin_id": PLUGIN_ID, "version": "1.0", "upgrade_mode": "MANUAL", "provider": "local"}
    Client(channel, MACHINE).call("Collector.create", {"name": "this machine", "plugin_info": info})
    yield gateways.start(world.wire.address_of_newest, default_domain_id=MACHINE)
    plugin.stop(None)


def test_a_newcomer_collects_finds_and_schedules(machine_origin: str, open_page: Open) -> None:
    page = open_page(machine_origin)
    settled(page)
    expect(page.get_by_text("Nothing has been collected yet")).to_be_visible()

    # The machine, collected while one watches
    page.get_by_role("link", name="Choose a collector").click()
    page.get_by_role("link", name="this machine").click()
    page.get_by_role("button", name="Collect now").click()
    expect(page).to_have_url(re.compile(r"/jobs/job-"))
    expect(page.locator("[data-state=SUCCESS]")).to_be_visible()
    picture(page, "job")

    page.get_by_role("heading", level=1).get_by_role("link").click()
    picture(page, "collector-of-this-machine")

    # A file system, and its history
    page.goto("/resources")
    settled(page)
    page.get_by_role("link", name="FileSystem").first.click()
    settled(page)
    page.locator("#found tbody a").first.click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.locator(".history .state")).to_have_text("create")

    # Every night
    page.goto("/schedules")
    page.get_by_role("link", name="New schedule").click()
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Hours").fill("2")
    page.get_by_label("Minutes").fill("30")
    page.get_by_role("button", name="Add the schedule").click()
    expect(page.get_by_role("status")).to_have_text("The schedule is added.")
    page.goto("/schedules")
    expect(page.locator("td.l5")).to_have_count(7)
    expect(page.locator("td.l5").first).to_have_attribute("title", "Monday 02:00 UTC: 1 fire")

    # The picture of it all
    page.goto("/")
    settled(page)
    expect(page.get_by_text("nightly")).to_be_visible()
    assert page.locator(".tile").count() >= 4
    picture(page, "overview-of-this-machine")


def test_a_job_moves_while_it_runs_and_rests_when_it_has_ended(world: World, open_origin: str, open_page: Open) -> None:
    gate = world.plugin.gate = Gate(after=3)
    world.plugin.tasks = [{"part": 1}, {"part": 2}]
    try:
        page = open_page(open_origin, f"/collectors/{world.collector['collector_id']}", failing=True)
        page.clock.install()
        page.get_by_role("button", name="Collect now").click()
        expect(page.locator("[data-state=IN_PROGRESS]")).to_be_visible()
        page.evaluate("window.stayed = true")
        expect(page.locator(".slices .state.run")).to_have_count(2)
        picture(page, "job-runs")
        expect(page.get_by_role("link", name="Cancel and delete")).to_be_visible()
        page.route("**/progress*", lambda route: route.abort())
        expect(page.get_by_text("The server does not answer. This is how it was at")).to_be_visible()
        picture(page, "job-away")
        page.unroute("**/progress*")
        expect(page.get_by_text("The server does not answer")).to_have_count(0)
        # A server that is frozen takes the request and never answers.
        page.route("**/progress*", lambda _route: None)
        with page.expect_request("**/progress*"):
            pass
        page.clock.fast_forward(11_000)
        expect(page.get_by_text("The server does not answer. This is how it was at")).to_be_visible()
        page.unroute("**/progress*")
        page.clock.fast_forward(20_000)
        expect(page.get_by_text("The server does not answer")).to_have_count(0)
        gate.open()
        expect(page.locator("[data-state=SUCCESS]")).to_be_visible()
        expect(page.locator(".slices .state.ok")).to_have_count(3)
        assert page.evaluate("window.stayed"), "the page was not loaded anew"
        expect(page.get_by_role("link", name="Cancel and delete")).to_be_hidden()
        expect(page.get_by_role("link", name="Delete", exact=True)).to_be_visible()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.wait_for_timeout(1_300)
        assert requests == [], "nothing moves any more"
    finally:
        gate.open()
        world.plugin.gate = world.plugin.tasks = None


def test_the_list_follows_what_one_types_and_the_url_follows_too(open_origin: str, open_page: Open) -> None:
    page = open_page(open_origin, "/resources")
    settled(page)

    page.get_by_label("Search in resources").type('name~"server 00"')

    expect(page.get_by_text("1–10 of 10")).to_be_visible()
    assert "server" in page.url
    expect(page.locator("#facets .num").first).to_have_text("10")
    page.locator("#facets").get_by_role("link", name="aws").click()
    expect(page).to_have_url(re.compile("q=.*provider=aws"))
    settled(page)
    expect(page.get_by_text("1–10 of 10")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1–10 of 10")).to_be_visible()
    page.locator("#found tbody a").first.click()
    page.get_by_label("Filter the data").fill("state")
    expect(page.locator("#tree [data-row^='data.state']")).to_be_visible()
    expect(page.locator("#tree [data-row^='data.size']")).to_be_hidden()

    # A facet that is clicked before the list follows takes along what was typed.
    page.goto(f"{open_origin}/resources")
    settled(page)
    page.evaluate("window.setTimeout = () => 0")
    page.get_by_label("Search in resources").fill("server")
    page.locator("#facets").get_by_role("link", name="aws").click()
    expect(page).to_have_url(re.compile(r"provider=aws&q=server"))


def test_whoever_is_no_longer_signed_in_is_asked_and_returns(open_origin: str, open_page: Open) -> None:
    page = open_page(open_origin, "/collectors", failing=True)
    login = '<main><form action="/login"></form></main>'
    page.route("**/collectors?q=*", lambda route: route.fulfill(status=401, content_type="text/html", body=login))

    page.get_by_label("Search in collectors").fill("every")

    expect(page).to_have_url(f"{open_origin}/login?next=%2Fcollectors")


def test_everything_is_reached_by_keys(open_origin: str, open_page: Open) -> None:
    page = open_page(open_origin)
    settled(page)

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Resources", exact=True)).to_be_visible()
    settled(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#found tbody tr").nth(1).locator("a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("server 001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search for server 001")).to_be_visible()


def test_what_has_the_focus_is_seen_and_in_the_order_of_the_page(open_origin: str, open_page: Open) -> None:
    page = open_page(open_origin, "/collectors/new")

    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("""() => {
            const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
            const main = document.getElementById("main").contains(it);
            const name = it.name || it.textContent.trim(), shown = style.outlineStyle !== "none";
            return { name, main, top: box.top + scrollY, shown };
        }""")
        )
        if seen[-1]["name"] == "Leave it":
            break
    fields = [each for each in seen if each["main"]]

    assert all(each["shown"] for each in seen)
    assert [each["top"] for each in fields] == sorted(each["top"] for each in fields)
    assert {"name", "plugin_id", "others", "Create the collector", "Leave it"} <= {each["name"] for each in fields}


def test_all_of_it_works_without_scripts(world: World, open_origin: str, open_page: Open) -> None:
    page = open_page(open_origin, "/resources?wait=1", java_script_enabled=False)

    page.get_by_label("Search in resources").fill("name~hostile")
    page.get_by_role("button", name="Search", exact=True).click()
    page.goto(f"{page.url}&wait=1")
    expect(page.get_by_text(f"1–{len(HOSTILE)} of {len(HOSTILE)}")).to_be_visible()
    page.goto(f"/collectors/{world.collector['collector_id']}")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status")).to_contain_text("accepts a secret")
    page.get_by_role("button", name="Collect now").click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    page.get_by_label("Colors").select_option("dark")
    page.get_by_role("button", name="Set").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_light_and_dark_are_the_systems_until_somebody_chooses(open_origin: str, open_page: Open) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    page = open_page(open_origin, "/jobs", color_scheme="dark")
    dark = page.evaluate(background)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(background)
    assert dark != light

    page.get_by_label("Colors").select_option("dark")
    page.wait_for_load_state()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(background) == dark


def paths(world: World) -> dict[str, str]:
    """Return every page by a name."""
    collector = world.collector["collector_id"]
    dry_run = world.client.call("DryRun.start", {"collector_id": collector})["dry_run_id"]
    kind = world.client.call("CloudServiceType.list", {"name": "Server"})["results"][0]["cloud_service_type_id"]
    return {
        "overview": "/",
        # Ten rows: fifty look the same, and take axe five times as long.
        "resources": "/resources?provider=aws&group=Compute&type=Server&q=name~%22server+00%22",
        "resource": f"/resources/{world.resource('i-007')['cloud_service_id']}",
        "collectors": "/collectors",
        "collector": f"/collectors/{collector}",
        "options": f"/collectors/{collector}/options",
        "dry-run": f"/dry-runs/{dry_run}",
        "new-collector": "/collectors/new",
        "jobs": "/jobs",
        "job-ended": f"/jobs/{world.job['job_id']}",
        "delete-job": f"/jobs/{world.job['job_id']}/delete",
        "schedules": "/schedules",
        "schedule": f"/schedules/{collector}/{world.schedule['schedule_id']}",
        "new-schedule": "/schedules/new",
        "types": "/types",
        "type": f"/types/{kind}",
        "regions": "/regions",
        "rules": "/rules",
        "deletions": "/deletions",
        "health": "/health",
        "search": "/search?q=server",
        "login": "/login",
        "missing": "/nothing",
    }


DARK = ("overview", "resources", "resource", "collector", "schedules")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_no_wider_than_a_telephone(
    scheme: Literal["light", "dark"], world: World, open_origin: str, open_page: Open
) -> None:
    page = open_page(open_origin, "/jobs", failing=True, color_scheme=scheme)
    faults = []
    for name, path in paths(world).items():
        if scheme == "dark" and name not in DARK:
            continue
        page.set_viewport_size(WIDE)
        page.goto(path)
        settled(page)
        picture(page, f"{name}-{scheme}")
        # Only contrast depends on the colors.
        options = {"resultTypes": ["violations"]} | ({"runOnly": ["color-contrast"]} if scheme == "dark" else {})
        for each in Axe().run(page, options=options).response["violations"]:
            targets = [node["target"] for node in each["nodes"][:4]]
            faults.append(f"{name}: {each['id']}: {each['help']} {targets}")
        page.set_viewport_size(NARROW)
        if page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]:
            faults.append(f"{name}: is wider than a telephone")
        if scheme == "light" and name in DARK:
            picture(page, f"{name}-narrow")
    assert not faults, "\n".join(faults)


def test_hostile_texts_run_nothing(world: World, open_origin: str, open_page: Open) -> None:
    page = open_page(open_origin, "/resources?type=Disk")
    settled(page)
    picture(page, "hostile-list")
    for number in range(len(HOSTILE)):
        page.goto(f"/resources/{world.resource(f'h-{number}')['cloud_service_id']}")
        expect(page.get_by_role("heading", name="History")).to_be_visible()
        assert page.evaluate("document.querySelectorAll('main script, main img, main [href^=javascript]').length") == 0
        assert page.evaluate("document.title").endswith("Inventory")
    picture(page, "hostile")


def test_while_the_server_is_away_a_page_says_so(gateways: Gateways, open_page: Open) -> None:
    page = open_page(gateways.start(f"127.0.0.1:{free_port()}"), failing=True)

    expect(page.get_by_role("heading", level=1)).to_contain_text("The server is")
    expect(page.get_by_text("inventory doctor")).to_be_visible()
    picture(page, "away")
