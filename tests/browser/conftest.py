"""A Chromium, a served application, and visits to it that fail on what the browser complains about."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from app.settings import Settings
from tests.browser.served import Site, served, small_register

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu"]
HOW_TO_INSTALL = "The browser tests need Chromium: apt-get install chromium"
SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
EMPTY_STYLE = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
"""The hash of nothing, which Chromium names when it refuses the empty style that Playwright adds for a screenshot."""
PATIENCE_MS = 15_000


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO_INSTALL, pytrace=False)
        pytest.skip(HOW_TO_INSTALL)
    return found


@pytest.fixture(scope="module")  # of a module: where Playwright is at work, other tests cannot start an event loop
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium of this test process."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        expect.set_options(timeout=PATIENCE_MS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def session_site(chromium: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The served application of this test process; what one test decides, the next one sees."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(sqlite_template, folder / "caravan.sqlite3")
    settings = Settings(data_dir=folder, background_jobs=False, rate_limits=False)
    with small_register(settings) as database, served(settings, database) as site:
        yield site


@pytest.fixture
def site(session_site: Site) -> Site:
    """The served application, with nothing decided yet."""
    session_site.undecide()
    return session_site


@dataclass
class Visits:
    """Opens pages, each in a browser context of its own, and notes what the browser complains about.

    ``expected`` are parts of complaints that belong to what a test does on purpose.
    """

    browser: Browser
    site: Site
    contexts: list[BrowserContext] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def open(self, who: str | None = None, *, language: str = "en", **context: Any) -> Page:  # noqa: ANN401  # Playwright's
        """A blank page of a visitor: nobody, a member of staff by name, or ``firm``."""
        made = self.browser.new_context(
            base_url=self.site.address, **({"viewport": {"width": 1280, "height": 800}} | context)
        )
        self.contexts.append(made)
        made.set_default_timeout(PATIENCE_MS)
        made.on("console", self._note)
        made.on("weberror", lambda error: self.complaints.append(str(error.error)))
        cookies = {"caravan-language": language} | ({"caravan-session": self.site.cookie_of(who)} if who else {})
        made.add_cookies([{"name": name, "value": value, "url": self.site.address} for name, value in cookies.items()])
        return made.new_page()

    def unexpected(self) -> list[str]:
        """The complaints that no test expects."""
        return [one for one in self.complaints if not any(part in one for part in self.expected)]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and EMPTY_STYLE not in message.text:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")


@pytest.fixture
def visits(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """Opens pages; at the end each is kept as a picture in var/screenshots, in one language if a test has several."""
    opened = Visits(browser, site)
    yield opened
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if params.get("language", "en") == "en":
        _keep_pictures(opened, request.node.name)
    for context in opened.contexts:
        context.close()
    assert opened.unexpected() == []


def _keep_pictures(opened: Visits, test: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", test).strip("-")
    pages = [page for context in opened.contexts for page in context.pages if page.url != "about:blank"]
    for number, page in enumerate(pages, 1):
        page.screenshot(path=SCREENSHOTS / f"{name}-{number}.jpg", type="jpeg", quality=60)


@pytest.fixture
def page(visits: Visits) -> Page:
    """A page of a reviewer."""
    return visits.open("reviewer")
