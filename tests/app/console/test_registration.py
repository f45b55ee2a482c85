import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.db import Database
from app.db.companies import Company
from app.db.jobs import Job
from app.db.staff import Token
from app.privacy import CURRENT
from tests.app.console.pages import ORIGIN, Pairs, filled, form_in, send
from tests.conftest import Registered
from tests.factories import bin_number, kazakh_mill, nigerian_trader

COMPANY: dict[str, str | list[str]] = {
    "country": "KZ",
    "legal_name": "ТОО «Қостанай Диірмені»",
    "sectors": ["agriculture", "logistics"],
    "region": "KZ-39",
    "languages": ["ru", "en"],
    "contact__email": "export@mill.example",
    "contact__name": "Әлия",
}


def company_step(client: TestClient, **changes: str | list[str]) -> Pairs:
    page = client.get("/register").text
    fields = COMPANY | {"registration_number": bin_number()} | changes
    return filled(form_in(page, "/register"), **fields)


def listings_step(client: TestClient, **changes: str | list[str]) -> Pairs:
    answer = send(client, "/register", company_step(client, **changes), "next")
    assert answer.status_code == 200, answer.text
    return form_in(answer.text, "/register")


def preview_step(client: TestClient) -> str:
    written: dict[str, str | list[str]] = {
        "listings-0-title": "Мука пшеничная, высший сорт",
        "listings-0-hs_codes": ["1101", "110100"],
        "listings-0-volume-amount": "1 500,5",
        "listings-0-volume-unit": "т",
        "listings-0-volume-per": "month",
        "listings-0-certificates": "EAC\r\nISO 9001",
        "listings-1-title": "Какао-порошок",
    }
    fields = filled(listings_step(client), **written)
    answer = send(client, "/register", fields, "next")
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def agreed(page: str) -> Pairs:
    """What the preview sends once the firm has consented."""
    return filled(form_in(page, "/register"), consent=CURRENT)


def test_firm_registers_in_steps_without_scripts(client: TestClient, database: Database, register: Registered) -> None:
    register(nigerian_trader())
    page = preview_step(client)
    assert "Kano Cocoa" not in page, "no counterpart is named before a firm is registered"
    assert "Offers what you need" in page
    answer = send(client, "/register", agreed(page), "send")
    assert answer.status_code == 200
    token = re.search(r"caravan_[\w-]+", answer.text)
    assert token
    with database.reading() as session:
        row = session.scalars(select(Company).where(Company.legal_name == "ТОО «Қостанай Диірмені»")).one()
        assert row.status == "submitted"
        assert session.scalars(select(Job.key).where(Job.kind == "mail")).one() == f"company:{row.id}"
    kept = client.get(f"/v1/companies/{row.id}", headers={"Authorization": f"Bearer {token[0]}"}).json()
    assert kept["sectors"] == ["agriculture", "logistics"]
    assert [one["side"] for one in kept["listings"]] == ["offer", "need"]
    assert kept["listings"][0]["volume"] == {"amount": 1500.5, "unit": "т", "per": "month"}
    assert kept["listings"][0]["hs_codes"] == ["1101", "110100"]
    assert kept["listings"][0]["certificates"] == ["EAC", "ISO 9001"]
    mine = client.get("/me")
    assert mine.status_code == 200
    assert "Kano Cocoa" in mine.text
    assert "once the council has verified" in mine.text


def test_preview_ranks_as_after_registering(client: TestClient, register: Registered) -> None:
    for number in range(4):
        register(nigerian_trader(sectors=["agriculture" if number % 2 else "logistics"]))
    page = preview_step(client)
    before = re.findall(r'<span class="chance">([^<]+)', page)
    send(client, "/register", agreed(page), "send")
    after = re.findall(r'<span class="chance">([^<]+)', client.get("/me").text)
    assert before == after
    assert len(before) == 4


def test_errors_lose_nothing_and_are_told_beside_their_fields(client: TestClient) -> None:
    fields = company_step(client, registration_number="123", city="Қостанай", website="mill.kz", founded="last year")
    answer = send(client, "/register", filled(fields, sectors=[]), "next")
    assert answer.status_code == 422
    page = answer.text
    for name in ("registration_number", "website", "founded", "sectors"):
        assert f'href="#{name}"' in page
        assert f'id="{name}"' in page
    assert "12 digits; this is “123”" in page
    assert "Write the year in four digits" in page
    kept = dict(form_in(page, "/register"))
    assert kept["registration_number"] == "123"
    assert kept["city"] == "Қостанай"
    assert kept["website"] == "mill.kz"
    assert kept["founded"] == "last year"
    assert kept["contact-name"] == "Әлия"


def test_number_and_address_are_needed(client: TestClient) -> None:
    fields = filled(company_step(client), registration_number="", contact__email="")
    page = send(client, "/register", fields, "next").text
    assert 'href="#registration_number"' in page
    assert 'href="#contact-email"' in page


def test_listings_are_added_and_removed_and_keep_what_was_typed(client: TestClient) -> None:
    fields = filled(listings_step(client), **{"listings-0-title": "Flour", "listings-1-title": "Cocoa"})
    page = send(client, "/register", fields, "add-need").text
    fields = filled(form_in(page, "/register"), **{"listings-2-title": "Pumps"})
    page = send(client, "/register", fields, "remove-0").text
    kept = dict(form_in(page, "/register"))
    assert kept["listings-0-title"] == "Cocoa"
    assert kept["listings-1-title"] == "Pumps"
    assert kept["legal_name"] == COMPANY["legal_name"]
    back = send(client, "/register", form_in(page, "/register"), "back").text
    assert dict(form_in(back, "/register"))["listings-1-title"] == "Pumps"


def test_wrong_listing_is_shown_with_all_that_was_typed(client: TestClient) -> None:
    fields = filled(
        listings_step(client),
        **{
            "listings-0-title": "Flour",
            "listings-0-hs_codes": "1101, 99x",
            "listings-0-value-min": "much",
            "listings-0-value-currency": "USD",
            "listings-0-volume-amount": "12",
        },
    )
    answer = send(client, "/register", fields, "next")
    assert answer.status_code == 422
    for name in ("hs_codes", "value-min", "volume-unit"):
        assert f'href="#listings-0-{name}"' in answer.text
    kept = form_in(answer.text, "/register")
    assert ("listings-0-hs_codes", "1101") in kept
    assert ("listings-0-hs_codes", "99x") in kept
    assert ("listings-0-value-min", "much") in kept
    assert ("listings-0-volume-amount", "12") in kept


def test_firm_says_at_least_one_thing(client: TestClient) -> None:
    answer = send(client, "/register", listings_step(client), "next")
    assert answer.status_code == 422
    assert 'href="#listings"' in answer.text


def test_taken_number_leads_to_the_sign_in(client: TestClient, register: Registered) -> None:
    page = preview_step(client)
    number = dict(form_in(page, "/register"))["registration_number"]
    register(kazakh_mill(registration_number=number))
    answer = send(client, "/register", agreed(page), "send")
    assert answer.status_code == 422
    assert 'href="/sign-in"' in answer.text
    assert 'href="#registration_number"' in answer.text
    assert dict(form_in(answer.text, "/register"))["listings-1-title"] == "Какао-порошок"


def test_number_is_checked_while_typing_in_the_reader_s_language(client: TestClient) -> None:
    def said(number: str, country: str = "KZ") -> str:
        pairs = [("country", country), ("registration_number", number)]
        return str(client.post("/register/number?lang=ru", data=dict(pairs), headers=ORIGIN).text)

    assert "ровно 12 цифр" in said("310")
    assert 'class="right"' in said(bin_number())
    assert 'class="right"' in said("RC 1234567", "NG")
    assert said("").strip() == ""
    assert client.post("/register/number", data={"registration_number": "310"}, headers=ORIGIN).text.strip() == ""


def test_what_is_understood_is_shown_with_codes_to_confirm(client: TestClient) -> None:
    page = client.post("/register/understood/3", data={"listings-3-title": "x", "listings-3-kind": "goods"}).text
    assert "do not know" in page
    typed = {"listings-0-title": "мука пшеничная", "listings-0-hs_codes": "1101"}
    page = client.post("/register/understood/0", data=typed).text
    assert "What we understood" in page
    assert 'name="listings-0-hs_codes" value="1101" checked' in page


@pytest.mark.parametrize(("typed", "code"), [("wheat fl", "1101"), ("мука пш", "1101"), ("бидай ұн", "1101")])
def test_concepts_are_offered_while_typing(client: TestClient, typed: str, code: str) -> None:
    assert f'data-code="{code}"' in client.post("/register/concepts", data={"typed": typed}).text


def test_wrong_steps_and_buttons_do_no_harm(client: TestClient) -> None:
    for step, go in (("nowhere", "next"), ("preview", "stay"), ("company", "remove-x"), ("listings", "send")):
        answer = send(client, "/register", [("step", step), ("country", "XX"), ("size", "huge")], go)
        assert answer.status_code in {200, 422}
        assert "Register a firm" in answer.text


def test_other_sites_cannot_register_firms(client: TestClient) -> None:
    answer = client.post("/register", data={"go": "send"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_token_is_kept_as_a_digest_only(client: TestClient, database: Database) -> None:
    page = send(client, "/register", agreed(preview_step(client)), "send").text
    token = re.search(r"caravan_[\w-]+", page)
    assert token
    with database.reading() as session:
        assert all(token[0] not in row.digest for row in session.scalars(select(Token)))


def test_form_that_is_sent_twice_registers_one_firm_and_shows_its_token_again(
    client: TestClient, database: Database
) -> None:
    fields = filled(form_in(preview_step(client), "/register"), consent=CURRENT)
    assert len(dict(fields)["once"]) >= 32
    with ThreadPoolExecutor(2) as pool:  # a double click
        first, second = pool.map(lambda _: send(client, "/register", fields, "send"), range(2))
    again = send(client, "/register", fields, "send")  # a reload
    assert [answer.status_code for answer in (first, second, again)] == [200] * 3
    tokens = {re.search(r"caravan_[\w-]{43}", answer.text)[0] for answer in (first, second, again)}  # type: ignore[index]
    assert len(tokens) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Company)) == 1
    other = send(client, "/register", filled(fields, once="0" * 43), "send")
    assert other.status_code == 422
    assert "sign-in" in other.text
    assert tokens.pop() not in other.text
