import csv
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import StringIO

import pytest
from fastapi.testclient import TestClient

from app.actions.links import new_link
from app.actions.sessions import Browser, set_password
from app.actions.staff import staff_member
from app.console.overview import MOST_ROWS
from app.console.visit import SESSION_COOKIE
from app.db import Database
from matching import LANGUAGES, Language, trade_vocabulary
from tests.app.queries.registers import added, decided, firm, need, offer, paired

TABLES = ("funnel", "months", "supply-kz", "supply-ng", "unmet-needs", "sectors", "regions-kz", "regions-ng")
LARGEST_PAGE = 100_000


@pytest.fixture
def viewer(client: TestClient, database: Database) -> TestClient:
    """The service, asked by an officer who may only read."""
    with database.writing() as session:
        member = staff_member(session, "viewer@council.example", "viewer")
        link = new_link(session, staff_id=member.id)
        cookie = set_password(session, link, "four quiet camels walk", Browser("127.0.0.1", "test"))
    client.cookies.set(SESSION_COOKIE, cookie)
    return client


def fill(database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder"), need("=Sesame seed", hs_codes=["1207"]), offer("Flour"), region="KZ-39")
    trader = firm("NG", offer("Cocoa powder"), sectors=["logistics"], region="NG-LA")
    new = firm("NG", offer("Ginger"), status="submitted")
    added(database, mill, trader, new)
    paired(database, mill, trader, (mill.listing_ids[0], trader.listing_ids[0]), status="approved")


class Page(HTMLParser):
    """What matters of a page: attributes by tag, words outside scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


def page(client: TestClient, language: Language = "en") -> str:
    answer = client.get("/console/overview", params={"lang": language})
    assert answer.status_code == 200, answer.text
    return answer.text


def table(client: TestClient, name: str, language: Language = "en") -> list[list[str]]:
    answer = client.get(f"/console/overview/{name}.csv", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    separator = "," if language == "en" else ";"
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=separator))


def test_overview_is_for_staff_only(client: TestClient) -> None:
    for address in ("/console/overview", "/console/overview/funnel.csv"):
        answer = client.get(address, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/sign-in")


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_shows_every_picture_with_its_table(viewer: TestClient, database: Database, language: Language) -> None:
    fill(database)
    html = page(viewer, language)
    found = Page(html)
    assert len(html.encode()) < LARGEST_PAGE
    assert [attributes["id"] for tag, attributes in found.tags if tag == "article"] == list(TABLES)
    links = [attributes.get("href") for tag, attributes in found.tags if tag == "a"]
    assert [f"/console/overview/{name}.csv" in links for name in TABLES] == [True] * len(TABLES)
    assert [tag for tag, _ in found.tags].count("svg") == len(TABLES)
    assert not [tag for tag, attributes in found.tags if "style" in attributes or tag == "style"]
    named = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_pictures_hold_no_english(viewer: TestClient, database: Database, language: Language) -> None:
    fill(database)
    html = page(viewer, language)
    pictures = html[html.index('<ul class="figures"') : html.index("</main>")]
    words = " ".join(Page(pictures).words)
    latin = set(re.findall(r"[A-Za-z]{3,}", words)) - {"CSV", "ISIC", "Sesame", "seed"}
    assert not latin


def test_empty_register_has_an_overview_too(viewer: TestClient) -> None:
    html = page(viewer)
    assert "Nothing yet." in html
    assert html.count("<svg") == len(TABLES)


def test_tables_count_the_register(viewer: TestClient, database: Database) -> None:
    fill(database)
    assert table(viewer, "funnel") == [
        ["Stage", "Kazakhstan", "Nigeria", "Firms", "Of the stage before", "Matches"],
        ["Registered", "1", "2", "3", "", ""],
        ["Verified", "1", "1", "2", "67%", ""],
        ["With matches", "1", "1", "2", "100%", "1"],
        ["With a decision", "1", "1", "2", "100%", "1"],
        ["With an approved match", "1", "1", "2", "100%", "1"],
    ]
    supply = table(viewer, "supply-kz")
    assert supply[0][-3:] == ["Needs met", "Needs waiting", "All needs"]
    assert supply[4] == ["Agriculture", "0", "0", "0", "0", "1", "1", "1", "2"]
    assert [row[1:] for row in table(viewer, "unmet-needs")[1:]] == [
        ["HS 1207", "goods", "1", "0", "1", "'=Sesame seed"]
    ]
    assert ["Qostanay", "KZ-39", "1"] in table(viewer, "regions-kz")
    assert ["No region given", "", "1"] in table(viewer, "regions-ng")
    assert ["Transport and logistics", "0", "1", "1"] in table(viewer, "sectors")


def test_months_table_ends_with_this_month(viewer: TestClient, database: Database) -> None:
    decided(database, "approved", datetime.now(UTC))
    last = table(viewer, "months")[-1]
    assert last[1:] == ["0", "1", "0", "0"]
    assert last[0].endswith(str(datetime.now(UTC).year))


def test_long_table_is_cut_on_the_page_and_whole_in_the_file(viewer: TestClient, database: Database) -> None:
    codes = [concept.code.removeprefix("hs:") for concept in trade_vocabulary().concepts if concept.level == 4]
    needs = [need(f"Need {code}", hs_codes=[code]) for code in codes[: MOST_ROWS + 20]]
    added(database, firm("KZ", *needs[:60]), firm("KZ", *needs[60:]))
    assert "The first 100 of 120 rows; the CSV file has all." in page(viewer)
    assert len(table(viewer, "unmet-needs")) == 121


def test_table_speaks_the_readers_language_and_is_a_file(viewer: TestClient, database: Database) -> None:
    fill(database)
    answer = viewer.get("/console/overview/regions-kz.csv", headers={"Accept-Language": "ru"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="caravan-regions-kz-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"]
    )
    assert answer.content.startswith("\ufeffРегион;Код;Фирмы\r\n".encode())
    assert "Костанайская область;KZ-39;1" in answer.text


def test_there_is_no_other_table(viewer: TestClient) -> None:
    assert viewer.get("/console/overview/passwords.csv").status_code == 404


def test_no_firm_is_named_in_the_pictures(viewer: TestClient, database: Database) -> None:
    mill = firm("KZ", need("Cocoa powder"), legal_name="Secret Mill", contact={"email": "hidden@mill.example"})
    added(database, mill)
    html = page(viewer)
    assert "Secret" not in html
    assert "hidden" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_front_page_tells_the_figures_of_verified_firms(
    client: TestClient, database: Database, language: Language
) -> None:
    assert "<table>" not in client.get("/").text
    fill(database)
    html = client.get("/", params={"lang": language}).text
    words = Page(html[html.index('class="figures"') : html.index("</table>")]).words
    assert [word for word in words if word.isdigit()] == [
        *("1", "1", "1"),
        *("0", "0", "0", "0", "0", "0", "1", "0", "0", "1"),
    ]
    assert "Ginger" not in html
    assert "Sesame" not in html
