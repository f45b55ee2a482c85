"""A real browser, and the service with the sample."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.programs import serving

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu"]
LONGEST_MS = 15_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service with the sample."""
    with serving(Path(tmp_path_factory.mktemp("sample")) / "var", "demo") as address:
        yield address


Opened = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, served: str) -> Iterator[Opened]:
    """Opens pages, each in a browser profile of its own; a page that reports an error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(path: str = "/", **options: object) -> Page:
        context = browser.new_context(base_url=served, **options)  # type: ignore[arg-type]  # any of its options
        contexts.append(context)
        context.set_default_timeout(LONGEST_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        with suppress(Exception):
            context.close()
    assert errors == []
