"""Every page, in every language, on light and dark ground: axe, small screens, zoom, focus, weight."""

from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import CDPSession, Page, Response
from playwright.sync_api import Error as PlaywrightError

from app.console.application import PARTS
from matching import LANGUAGES
from tests.browser.conftest import Visits
from tests.browser.known import value_of
from tests.browser.served import Site

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
RUN_AXE = """(rules) => axe.run(document, {
  ...(rules ? { runOnly: rules } : { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
  resultTypes: ["violations"],
}).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.slice(0, 5).map((node) =>
  [node.html.slice(0, 200), node.failureSummary])]))"""
MOST_BYTES = 100_000
WIDTHS = (1280, 640, 360)
"""In CSS pixels: a screen, the same at 200 %, and a small phone."""
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll("main *")]
  .filter((one) => one === document.documentElement || ["auto", "scroll"].includes(getComputedStyle(one).overflowX))
  .filter((one) => one.scrollWidth > one.clientWidth && !one.matches(".scroll, textarea, select"))
  .map((one) => `${one.cloneNode().outerHTML.slice(0, 80)}: ${one.scrollWidth} > ${one.clientWidth}`)"""
"""What would have to be scrolled sideways, beside wide tables in a frame made for it."""
TAB_STOPS = 10
FOCUS = """() => {
  const here = document.activeElement, before = window.stopBefore;
  window.stopBefore = here;
  if (here === document.body) return null;
  const style = getComputedStyle(here), box = here.getBoundingClientRect();
  return {
    what: here.outerHTML.slice(0, 150),
    shown: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inView: box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
    inOrder: !before || Boolean(before.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING),
  };
}"""

EXTRA = (
    "/console?match={match_id}",
    "/console?q=nothing-has-this-name",
    "/console?status=all&done=undone&did=2",
    "/console/companies?q=a&country=KZ&status=verified",
    "/console/duplicates?done=apart&one=0&other=1",
    "/there-is-no-such-page",
)
"""States of pages, beside what the routes name."""
FILES = (".csv", ".json", "{ending}", "/export")


def addresses() -> list[str]:
    """All that is read with GET, from the routes themselves: a new page is looked at without being named here."""
    paths = [
        route.path
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    ]
    return [*(path for path in paths if not path.endswith(FILES)), *EXTRA]


def parameters_of(address: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(address) if name}


def visitor_of(address: str) -> str | None:
    """Who may read a page."""
    if address.startswith(("/console/sign-in", "/console/password")):
        return None
    if address.startswith("/console"):
        return "admin"
    return "firm" if address.startswith("/me") else None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", addresses())
def test_page_can_be_read_by_everyone(visits: Visits, site: Site, address: str, language: str) -> None:
    visits.expected += ["favicon.ico", *(["404"] if "no-such-page" in address else [])]  # the icon of what is no page
    page = visits.open(visitor_of(address), language=language)
    weight = Weight(page)
    answer = whole_page(page, address.format(**{name: value_of(name, page, site) for name in parameters_of(address)}))
    if answer is None:
        return
    page.wait_for_load_state("load")
    assert answer.status == (404 if "no-such-page" in address else 200)
    assert weight.total() < MOST_BYTES
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("h1").count() == 1
    if language == "en":  # neither the order of stops nor the colours depend on it
        assert wrong_stops(page) == []
        page.emulate_media(color_scheme="dark")
        assert complaints_of_axe(page, ["color-contrast"]) == []
        page.emulate_media(color_scheme="light")
    assert complaints_of_axe(page) == []
    assert too_wide(page) == []


def test_axe_finds_what_is_wrong(visits: Visits) -> None:
    page = visits.open()
    page.goto("/")
    page.evaluate("document.querySelector('main').append(new Image())")
    assert [rule for rule, _ in complaints_of_axe(page)] == ["image-alt"]


class Weight:
    """Counts the bytes that come over the wire."""

    def __init__(self, page: Page) -> None:
        self._bytes = 0
        wire: CDPSession = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", self._add)

    def total(self) -> int:
        return self._bytes

    def _add(self, event: dict[str, Any]) -> None:
        self._bytes += int(event["encodedDataLength"])


def whole_page(page: Page, address: str) -> Response | None:
    """Goes there; None where it is a file, or a part of a page for htmx."""
    try:
        answer = page.goto(address)
    except PlaywrightError as failed:
        if "Download is starting" in str(failed):
            return None
        raise
    assert answer is not None
    html = answer.headers["content-type"].startswith("text/html")
    return answer if html and answer.text().lstrip().lower().startswith("<!doctype html>") else None


def complaints_of_axe(page: Page, rules: list[str] | None = None) -> list[Any]:
    """What axe finds."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: list[Any] = page.evaluate(RUN_AXE, rules)
    return found


def too_wide(page: Page) -> list[str]:
    """What would have to be scrolled sideways, at each width."""
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found += page.evaluate(SIDEWAYS)
    return found


def wrong_stops(page: Page) -> list[dict[str, Any]]:
    """Stops of the Tab key whose focus cannot be seen, or that do not follow the one before."""
    stops = []
    for _ in range(TAB_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:  # the last one was passed
            break
        stops.append(stop)
    assert stops, "Nothing can be reached with the Tab key."
    return [stop for stop in stops if not (stop["shown"] and stop["inView"] and stop["inOrder"])]
