"""Firms register and look after their profile in a real browser."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.settings import Settings
from tests.browser.served import served, small_register
from tests.factories import bin_number, rc_number

pytestmark = pytest.mark.slow

WRITTEN = {
    "en": ("NG", "Cocoa powder, alkalised", "Wheat flour", "cocoa bu", "1804"),
    "ru": ("KZ", "Мука пшеничная, высший сорт", "Какао-порошок", "мука пш", "1101"),
    "kk": ("KZ", "Бидай ұны", "Какао ұнтағы", "бидай ұн", "1101"),
}
BUTTONS = {
    "en": ("Go on to offers and needs", "Go on to the preview", "Register this firm"),
    "ru": ("Дальше: предложения и потребности", "Дальше: просмотр", "Зарегистрировать"),
    "kk": ("Әрі қарай: ұсыныстар мен қажеттіліктер", "Әрі қарай: алдын ала қарау", "Тіркеу"),
}


LONGEST_MS = 15_000

Opened = Callable[..., Page]


@pytest.fixture(scope="module")  # of its own: firms that register here would stand in others' queues
def address(chromium: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service with some firms of the sample."""
    del chromium
    folder = tmp_path_factory.mktemp("firms")
    shutil.copy(sqlite_template, folder / "caravan.sqlite3")
    settings = Settings(data_dir=folder, background_jobs=False, rate_limits=False)
    with small_register(settings) as database, served(settings, database) as site:
        yield site.address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Opened]:
    """Opens pages, each in a browser profile of its own; a page that reports an error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(path: str = "/", **options: object) -> Page:
        context = browser.new_context(base_url=address, **options)  # type: ignore[arg-type]  # any of its options
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


def fill_company(page: Page, country: str) -> None:
    page.locator(f"input[name=country][value={country}]").check()
    page.locator("#registration_number").fill(bin_number() if country == "KZ" else rc_number())
    page.locator("#legal_name").fill(f"Firm of {country}")
    page.locator("input[name=sectors][value=agriculture]").check()
    page.locator("#contact-email").fill("export@firm.example")


def go(page: Page, name: str) -> None:
    page.locator(f"button[name=go][value={name}]:not(.unseen)").click()


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_firm_registers(visit: Opened, language: str, *, scripts: bool) -> None:
    country, offer, need, *_ = WRITTEN[language]
    page = visit(f"/register?lang={language}", java_script_enabled=scripts)
    fill_company(page, country)
    go(page, "next")
    page.locator("#listings-0-title").fill(offer)
    page.locator("#listings-1-title").fill(need)
    go(page, "next")
    expect(page.locator(".glimpses > li")).to_have_count(5)
    page.locator("#consent").check()
    go(page, "send")
    expect(page.locator("#token")).to_have_value(re.compile(r"^caravan_"))
    page.locator("main a.button").click()
    expect(page.locator("article.match").first).to_contain_text("%")
    assert page.locator("html").get_attribute("lang") == language


def test_half_filled_form_survives_a_reload(visit: Opened) -> None:
    page = visit("/register?lang=en")
    fill_company(page, "NG")
    page.locator("#region").select_option("NG-KN")
    go(page, "next")
    page.locator("#listings-0-title").fill("Sesame seeds")
    page.wait_for_timeout(500)
    page.goto("/register")
    expect(page.locator("#draft")).to_contain_text("You began to fill this in on")
    page.get_by_role("button", name="Go on with it").click()
    expect(page.locator("#listings-0-title")).to_have_value("Sesame seeds")
    go(page, "back")
    expect(page.locator("#legal_name")).to_have_value("Firm of NG")
    expect(page.locator("#region")).to_have_value("NG-KN")
    page.goto("/register")
    page.get_by_role("button", name="Start anew").click()
    page.goto("/register")
    expect(page.locator("#draft")).to_be_hidden()


def test_draft_goes_on_in_another_language_and_is_forgotten_when_registered(visit: Opened) -> None:
    page = visit("/register?lang=en")
    fill_company(page, "KZ")
    page.wait_for_timeout(500)
    page.locator(".languages a[lang=ru]").click()
    expect(page.locator("h1")).to_have_text("Зарегистрировать фирму")
    expect(page.locator("#legal_name")).to_have_value("Firm of KZ")
    go(page, "next")
    page.locator("#listings-0-title").fill("Мука")
    go(page, "next")
    page.locator("#consent").check()
    go(page, "send")
    expect(page.locator("#token")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0


def test_lost_connection_loses_nothing(visit: Opened) -> None:
    page = visit("/register?lang=en")
    fill_company(page, "KZ")
    page.context.set_offline(True)
    go(page, "next")
    expect(page.locator("#said")).to_contain_text("No connection")
    expect(page.locator("#legal_name")).to_have_value("Firm of KZ")
    page.context.set_offline(False)
    go(page, "next")
    expect(page.locator("#listings-0-title")).to_be_visible()


def test_number_is_checked_while_typing(visit: Opened) -> None:
    page = visit("/register?lang=ru")
    page.locator("input[name=country][value=KZ]").check()
    number = page.locator("#registration_number")
    number.press_sequentially("12345")
    check = page.locator("#registration_number-check")
    expect(check).to_contain_text("ровно 12 цифр")
    expect(number).to_have_attribute("aria-invalid", "true")
    number.fill(bin_number())
    expect(check.locator(".right")).to_be_visible()
    expect(number).to_have_attribute("aria-invalid", "false")
    page.locator("input[name=country][value=NG]").check()
    expect(check.locator(".wrong")).to_be_visible()


def test_regions_are_those_of_the_country(visit: Opened) -> None:
    page = visit("/register?lang=en")
    page.locator("input[name=country][value=NG]").check()
    assert page.locator("optgroup[data-country=KZ]").is_disabled()
    page.locator("#region").select_option("NG-LA")
    page.locator("input[name=country][value=KZ]").check()
    expect(page.locator("#region")).to_have_value("")


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_goods_are_offered_while_typing_and_chosen_by_keyboard(visit: Opened, language: str) -> None:
    country, *_, typed, code = WRITTEN[language]
    page = visit(f"/register?lang={language}")
    fill_company(page, country)
    go(page, "next")
    expect(page.locator("h2[autofocus]")).to_be_focused()
    expect(page.locator("#main.htmx-settling")).to_have_count(0)  # htmx focuses it once more when it has settled
    title = page.locator("#listings-0-title")
    title.press_sequentially(typed)
    options = page.locator("#listings-0-choices [role=option]")
    expect(options.first).to_be_visible()
    title.press("ArrowDown")
    expect(title).to_have_attribute("aria-activedescendant", "listings-0-choices-0")
    title.press("Enter")
    expect(page.locator("#listings-0-choices")).to_be_hidden()
    assert len(title.input_value()) > len(typed)
    expect(page.locator(f"#listings-0-understood input[value='{code}']")).to_be_checked()
    page.locator("button[value=add-offer]").click()
    expect(page.locator("#listings-2-title")).to_be_visible()
    expect(page.locator(f"#listings-0-understood input[value='{code}']")).to_be_checked()


def test_what_is_understood_follows_the_typing(visit: Opened) -> None:
    page = visit("/register?lang=en")
    fill_company(page, "NG")
    go(page, "next")
    page.locator("#listings-1-title").fill("Repair of diesel engines")
    expect(page.locator("#listings-1-understood")).to_contain_text("What we understood")


def test_errors_are_summed_up_and_lead_to_their_fields(visit: Opened) -> None:
    page = visit("/register?lang=en")
    page.locator("#legal_name").fill("Firm")
    go(page, "next")
    expect(page.locator("#problems")).to_be_focused()
    page.locator("#problems a[href='#contact-email']").click()
    expect(page.locator("#contact-email")).to_be_focused()
    expect(page.locator("#legal_name")).to_have_value("Firm")
