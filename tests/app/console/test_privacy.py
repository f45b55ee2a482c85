import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db import Database
from app.db.consents import Consent
from app.privacy import CURRENT
from tests.app.console.conftest import SignIn
from tests.app.console.pages import ORIGIN, filled, form_in, send, sign_in
from tests.app.console.test_registration import preview_step
from tests.conftest import Registered
from tests.factories import kazakh_mill

FirmBrowser = Callable[[str], TestClient]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Your rights"), ("ru", "Ваши права"), ("kk", "Сіздің құқықтарыңыз")],
)
def test_text_is_a_page_in_each_language(client: TestClient, language: str, words: str) -> None:
    page = client.get(f"/privacy?lang={language}").text
    assert words in page
    assert "730" in page, "the periods of this service stand there"
    assert client.get("/privacy?version=2020-01").status_code == 404
    assert 'href="/privacy"' in client.get("/register").text


def test_registration_asks_for_consent_and_loses_nothing_without(client: TestClient, database: Database) -> None:
    page = preview_step(client)
    box = re.search(r'<input type="checkbox" id="consent"[^>]*>', page)
    assert box
    assert "checked" not in box[0]
    written = form_in(page, "/register")
    refused = send(client, "/register", written, "send")
    assert refused.status_code == 422
    assert "tick the box" in refused.text
    assert form_in(refused.text, "/register") == written
    for wrong in ("yes", "2020-01"):
        assert send(client, "/register", filled(written, consent=wrong), "send").status_code == 422
    done = send(client, "/register", filled(form_in(refused.text, "/register"), consent=CURRENT), "send")
    assert done.status_code == 200
    with database.reading() as session:
        kept = session.scalars(select(Consent)).one()
        assert (kept.basis, kept.version, kept.language, kept.way) == ("consent", CURRENT, "en", "page")


def test_officer_who_registers_a_firm_does_not_consent_for_it(signed_in: SignIn, database: Database) -> None:
    browser = signed_in("reviewer")
    page = preview_step(browser)
    assert 'name="consent"' not in page
    assert send(browser, "/register", form_in(page, "/register"), "send").status_code == 200
    with database.reading() as session:
        kept = session.scalars(select(Consent)).one()
        assert (kept.basis, kept.version, kept.way) == ("legitimate_interest", None, "page")


def test_firm_is_asked_until_it_consents_and_locked_out_of_nothing(
    client: TestClient, database: Database, register: Registered
) -> None:
    mill = register(kazakh_mill())
    sign_in(client, database, mill["id"])
    for address in ("/me", "/me/profile", "/me/account"):
        page = client.get(address)
        assert page.status_code == 200
        assert "Your consent is still missing" in page.text
    assert "Tick the box" in client.post("/me/consent", headers=ORIGIN).text
    given = client.post("/me/consent", data={"consent": CURRENT}, headers=ORIGIN)
    assert "Your consent is recorded" in given.text
    assert "still missing" not in client.get("/me").text
    assert f'href="/privacy?version={CURRENT}"' in given.text


def test_new_version_asks_again(
    client: TestClient, database: Database, register: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    mill = register(kazakh_mill(consent={"version": CURRENT}))
    sign_in(client, database, mill["id"])
    assert "has changed" not in client.get("/me").text
    monkeypatch.setattr("app.queries.consents.CURRENT", "2027-01")
    assert "has changed" in client.get("/me").text


def test_firm_withdraws_and_is_offered_what_to_do(
    client: TestClient, database: Database, register: Registered, signed_in: SignIn
) -> None:
    mill = register(kazakh_mill(consent={"version": CURRENT}, contact={"name": "Әлия", "email": "a@mill.example"}))
    sign_in(client, database, mill["id"])
    page = client.post("/me/consent/withdraw", headers=ORIGIN).text
    assert "Your consent is withdrawn" in page
    assert 'href="#delete"' in page
    assert "Әлия" not in client.get("/me/profile").text
    officer = signed_in("viewer")
    seen = officer.get(f"/console/companies/{mill['id']}").text
    assert "the firm withdrew its consent" in seen
    assert "Әлия" not in seen
    assert "You withdrew your consent" in client.get("/me").text


def test_staff_see_who_is_not_verified_and_whose_address_is_not_confirmed(
    register: Registered, signed_in: SignIn, client: TestClient
) -> None:
    del client
    mill = register(kazakh_mill(), verified=False)
    officer = signed_in("viewer")
    page = officer.get(f"/console/companies/{mill['id']}").text
    assert "to be verified" in page
    assert "No consent is recorded" in page
