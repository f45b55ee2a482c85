import json
import re
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.actions.merges import merge_companies
from app.db import Database
from app.db.audit import COMMAND_LINE
from matching import LANGUAGES
from tests.app.console.conftest import SignIn
from tests.conftest import Registered
from tests.factories import company, kazakh_mill, listing, nigerian_trader

COMPANIES = "/console/companies"


def firms_in(page: str) -> list[str]:
    """Names in the list of the register."""
    cells = re.findall(r'<a href="/console/companies/\w+"><strong>(.*?)</strong>', page)
    return [unescape(re.sub("<[^>]+>", "", cell)) for cell in cells]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\d+)"', page)
    assert found
    return found[1]


@pytest.fixture
def firms(register: Registered) -> list[dict[str, Any]]:
    """A mill that writes Russian, a trader that writes English, and a firm that awaits verification."""
    return [
        register(kazakh_mill(legal_name="ТОО «Қостанай Диірмені»", city="Қостанай")),
        register(nigerian_trader(legal_name="Kano Cocoa Ltd", sectors=["agriculture", "logistics"])),
        register(company("KZ", legal_name="ТОО «Алтай Бурение»", sectors=["mining"]), verified=False),
    ]


def test_list_finds_in_either_script_and_marks_it(signed_in: SignIn, firms: list[dict[str, Any]]) -> None:
    browser = signed_in("viewer")
    assert len(firms_in(browser.get(COMPANIES).text)) == 3
    page = browser.get(f"{COMPANIES}?q=kostanay+muka").text
    assert firms_in(page) == ["ТОО «Қостанай Диірмені»"]
    assert "<mark>Қостанай</mark> Диірмені" in page
    assert "<mark>Мука</mark> пшеничная" in page
    assert firms_in(browser.get(f"{COMPANIES}?q={firms[1]['registration_number'].replace(' ', '')}").text) == [
        "Kano Cocoa Ltd"
    ]
    assert "No company is found." in browser.get(f"{COMPANIES}?q=zzzzz").text


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("country=KZ", 2),
        ("status=submitted", 1),
        ("sector=logistics", 1),
        ("region=KZ-39", 1),
        ("country=NG&region=KZ-39", 1),
        ("country=NG&status=submitted", 0),
        ("q=%25", 0),
    ],
)
def test_filters_narrow_the_list(signed_in: SignIn, firms: list[dict[str, Any]], filters: str, count: int) -> None:
    assert len(firms_in(signed_in("viewer").get(f"{COMPANIES}?{filters}").text)) == count


def test_pages_keep_the_filters(signed_in: SignIn, register: Registered) -> None:
    for number in range(27):
        register(company(legal_name=f"Firm number {number:02}"), verified=False)
    browser = signed_in("viewer")
    first = browser.get(f"{COMPANIES}?q=firm&country=KZ").text
    assert len(firms_in(first)) == 25
    assert "27 companies" in first
    assert 'href="/console/companies?q=firm&amp;country=KZ&amp;page=2"' in first
    assert firms_in(browser.get(f"{COMPANIES}?q=firm&country=KZ&page=2").text) == [
        "Firm number 25",
        "Firm number 26",
    ]
    assert "First page" in browser.get(f"{COMPANIES}?q=firm&page=9").text
    assert browser.get(f"{COMPANIES}?page=0").status_code == 404


def test_what_is_typed_comes_as_a_part_with_its_address(signed_in: SignIn, firms: list[dict[str, Any]]) -> None:
    browser = signed_in("viewer")
    typed = browser.get(f"{COMPANIES}?q=kano", headers={"HX-Request": "true", "HX-Target": "found"})
    assert "<form" not in typed.text
    assert firms_in(typed.text) == ["Kano Cocoa Ltd"]
    assert typed.headers["hx-replace-url"] == f"{COMPANIES}?q=kano"
    chosen = browser.get(f"{COMPANIES}?country=NG", headers={"HX-Request": "true", "HX-Target": "register"}).text
    assert "<form" in chosen
    assert "<html" not in chosen
    assert "KZ-39" not in chosen


def test_company_shows_what_is_known_of_it(signed_in: SignIn, register: Registered) -> None:
    firm = register(
        kazakh_mill(
            contact={"name": "А. Б.", "email": "a@mill.example", "phone": "+77142000000"},
            website="https://mill.example",
            listings=[
                listing(
                    "offer",
                    "Мука пшеничная, высший сорт",
                    hs_codes=["270900"],
                    volume={"amount": 3000, "unit": "t", "per": "month"},
                    valid_until="2020-01-01",
                    certificates=["Halal"],
                )
            ],
        )
    )
    register(nigerian_trader())
    page = signed_in("viewer").get(f"{COMPANIES}/{firm['id']}").text
    for shown in (
        firm["registration_number"],
        "Show contact",
        "Wheat flour",
        "3,000 t / month",
        "expired",
        "The code says",
        "Halal",
    ):
        assert shown in page, shown
    assert "a@mill.example" not in page
    assert '<form class="no-print"' not in page


def test_status_is_changed_with_a_reason_that_stays(signed_in: SignIn, firms: list[dict[str, Any]]) -> None:
    browser = signed_in("reviewer")
    url = f"{COMPANIES}/{firms[2]['id']}"
    version = hidden(browser.get(url).text, "version")
    form = {"version": version, "status": "suspended", "reason": " Does not answer. "}
    assert browser.post(f"{url}/status", data=form).headers["location"] == f"{url}?done=status"
    page = browser.get(url).text
    assert "to be verified → suspended · reviewer@council.example<br>Does not answer." in page
    stale = browser.post(f"{url}/status", data=form | {"status": "verified"})
    assert stale.status_code == 412
    assert "Someone changed this company" in stale.text
    again = hidden(page, "version")
    for wrong in ({"reason": "  "}, {"status": "unclaimed"}, {"status": "merged"}):
        refused = browser.post(f"{url}/status", data=form | {"version": again} | wrong)
        assert refused.status_code == 422
        assert "write why" in refused.text


def test_company_leads_to_its_matches_and_its_file(
    signed_in: SignIn, firms: list[dict[str, Any]], client: TestClient, staff: dict[str, str]
) -> None:
    match = client.get("/v1/matches", headers=staff).json()["items"][0]["id"]
    browser = signed_in("viewer")
    assert f'href="/console/matches/{match}"' in browser.get(f"{COMPANIES}/{firms[0]['id']}").text
    found = browser.get(f"{COMPANIES}/{firms[0]['id']}/export")
    assert found.headers["content-disposition"].startswith("attachment")
    assert json.loads(found.text)["legal_name"] == "ТОО «Қостанай Диірмені»"
    assert browser.get(f"{COMPANIES}/nothing").status_code == 404


def test_merged_company_leads_to_the_merge(signed_in: SignIn, firms: list[dict[str, Any]], database: Database) -> None:
    with database.writing() as session:
        merge = merge_companies(session, firms[0]["id"], firms[2]["id"], by=COMMAND_LINE).id
    browser = signed_in("viewer")
    gone = browser.get(f"{COMPANIES}/{firms[2]['id']}")
    assert (gone.status_code, gone.headers["location"]) == (303, f"/console/merges/{merge}")
    assert "Алтай Бурение»” was merged into this company" in browser.get(f"{COMPANIES}/{firms[0]['id']}").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_speak_the_reader_s_language(signed_in: SignIn, firms: list[dict[str, Any]], language: str) -> None:
    browser = signed_in("reviewer")
    words = {"en": "Understood as", "ru": "Понято как", "kk": "Қалай түсінілді"}
    page = browser.get(f"{COMPANIES}/{firms[0]['id']}?lang={language}").text
    assert [word in page for word in words.values()] == [one == language for one in words]
