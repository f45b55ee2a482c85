"""Takes the pictures in ``docs/console.md``: ``uv run --group docs python docs/screenshots.py``.

It serves the sample from an empty directory, comes in as the administrator whom the demo makes, and needs a Chromium.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
CARAVAN = Path(sys.executable).with_name("caravan")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
LINK = re.compile(r"http://127\.0\.0\.1:\d+/console/password/\S+?(?=\)?\s)")
SIZE = {"width": 1200, "height": 800}
QUALITY = 70
PASSWORD = "a road through the steppe"  # noqa: S105  # of a server that lasts as long as the pictures take
LONGEST = 120.0
PAGES = {
    "register": "/console/companies",
    "overview": "/console/overview",
    "settings": "/console/settings",
}


def main() -> None:
    """Writes ``docs/console-*.jpg``."""
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser is None:
        sys.exit("The pictures need Chromium: apt-get install chromium")
    with demo() as link, sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_context(viewport=SIZE, locale="en").new_page()  # type: ignore[arg-type]  # width and height
        page.goto(link)
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_role("button").last.click()
        queue(page)
        base = link.partition("/console/")[0]
        for name, path in PAGES.items():
            answer = page.goto(base + path)
            if answer is not None and answer.ok:
                picture(page, name)
        opened.close()


@contextmanager
def demo() -> Iterator[str]:
    """Serves the sample with a filled queue; gives the link with which the administrator comes in."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"CARAVAN_DATA_DIR": folder, "COLUMNS": "160", "CARAVAN_BACKGROUND_JOBS": "false"}
        subprocess.run([CARAVAN, "demo", "--once"], env=environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([CARAVAN, "refresh"], env=environment, check=True, stdout=subprocess.DEVNULL)
        log = Path(folder) / "log"
        command = [CARAVAN, "demo", "--port", "0"]
        with log.open("w") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as server:
            try:
                yield started(log)
            finally:
                server.terminate()


def started(log: Path) -> str:
    """The link that the server printed, once it answers."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        printed = log.read_text()
        found = LINK.search(printed)
        if found and "startup complete" in printed:
            return found[0]
        time.sleep(0.1)
    sys.exit("The server did not start:\n" + log.read_text())


def queue(page: Page) -> None:
    """The queue with a match opened, its keys, several ticked, and after a decision."""
    page.wait_for_selector("tr[data-match]")
    picture(page, "queue")
    page.locator("#match").evaluate(
        "element => element.scrollTo(0, element.querySelector('.bar-table').offsetTop - 80)"
    )
    picture(page, "willingness")
    page.keyboard.press("?")
    picture(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_selector(".notice.good")
    picture(page, "decided")
    for number in range(3):
        page.locator("input[name=pick]").nth(number).check()
    page.locator(".bulk").scroll_into_view_if_needed()
    page.locator("#many-reason").select_option("not_relevant")
    picture(page, "many")


def picture(page: Page, name: str) -> None:
    """One picture of what is in view."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=HERE / f"console-{name}.jpg", type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    main()
