"""Makes the pictures of the console in docs/images, from a console that runs: see CONTRIBUTING.md.

    .venv/bin/python .ci/pictures.py http://127.0.0.1:8080

It must be that of a fresh `inventory up --demo`, without authentication, with a schedule beside the hourly one. Look at
each picture before you commit it.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH = 1280
COLORS = 128
"""Enough for pages without photographs; each file stays below about 60 kB."""


def main(origin: str) -> None:
    """Write each picture."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=origin, viewport={"width": WIDTH, "height": 800})
        _keep(page, "/", "console-overview", 980)
        _keep(page, "/resources?provider=local&group=Network&type=Address", "console-resources", 720)
        page.goto("/collectors")
        page.get_by_role("link", name="this machine").click()
        _keep(page, page.url, "console-collector", 1040)
        _keep(page, "/schedules", "console-schedules", 760)
        dark = browser.new_page(base_url=origin, viewport={"width": WIDTH, "height": 800}, color_scheme="dark")
        dark.goto("/resources?type=Host")
        _settle(dark)
        dark.locator("#found tbody a").first.click()
        _keep(dark, dark.url, "console-resource", 1150)
        browser.close()


def _settle(page: Page) -> None:
    expect(page.locator("[data-part]")).to_have_count(0)
    expect(page.locator("[aria-busy]")).to_have_count(0)


def _keep(page: Page, path: str, name: str, height: int) -> None:
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto(path)
    _settle(page)
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").quantize(COLORS, kmeans=1, dither=Image.Dither.NONE).save(
            IMAGES / f"{name}.png", optimize=True
        )


if __name__ == "__main__":
    if len(sys.argv) != 2 or not re.match("https?://", sys.argv[1]):
        sys.exit(__doc__)
    main(sys.argv[1])
