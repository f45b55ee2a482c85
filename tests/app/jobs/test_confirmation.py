import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.actions.letters import MOST_LINKS
from app.application import create_app
from app.db import Database
from app.db.base import now
from app.db.companies import Company
from app.db.sessions import Attempt, SignInLink
from app.settings import Settings
from tests.app.console.pages import ORIGIN, filled, form_in, send, sign_in
from tests.app.jobs.test_mail import Mailbox, mailbox, postman, text_of
from tests.conftest import bearer
from tests.factories import Document, kazakh_mill, nigerian_trader

__all__ = ["mailbox"]

LINK = re.compile(r"https://caravan\.example(/sign-in/link/[\w-]+/confirm)")
ADDRESS = "export@mill.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which addresses are confirmed."""
    return settings.model_copy(update={"confirm_email": True})


@pytest.fixture
def mailed(settings: Settings, database: Database, mailbox: Mailbox) -> "Mailed":
    return Mailed(settings, database, mailbox)


class Mailed:
    """What the postman brings."""

    def __init__(self, settings: Settings, database: Database, mailbox: Mailbox) -> None:
        self._postman = postman(database, settings, mailbox.port)
        self._mailbox = mailbox

    def links(self) -> list[str]:
        while self._postman.work():
            pass
        found = [LINK.search(text_of(mail)) for mail in self._mailbox.mails]
        self.subjects = [str(mail["Subject"]) for mail in self._mailbox.mails]
        self._mailbox.mails.clear()
        return [one[1] for one in found if one]


@pytest.fixture
def email_client(settings: Settings) -> Iterator[TestClient]:
    """A service where confirming the address verifies."""
    changed = settings.model_copy(update={"verification": "email"})
    with TestClient(create_app(changed), raise_server_exceptions=False) as opened:
        yield opened


def registered(client: TestClient, document: Document | None = None, language: str = "en") -> Document:
    document = document or kazakh_mill(contact={"email": ADDRESS})
    answer = client.post("/v1/companies", json=document, headers={"Accept-Language": language})
    assert answer.status_code == 201, answer.text
    found: Document = answer.json()
    return found


def read(client: TestClient, firm: Document) -> Document:
    found: Document = client.get(f"/v1/companies/{firm['id']}", headers=bearer(firm["token"])).json()
    return found


def confirm(client: TestClient, link: str) -> int:
    return client.post(link, headers=ORIGIN).status_code


def test_address_is_confirmed_by_a_link_that_works_once(client: TestClient, mailed: Mailed) -> None:
    firm = registered(client, language="ru")
    assert firm["email_confirmed_at"] is None
    (link,) = mailed.links()
    assert mailed.subjects == ["Подтвердите адрес электронной почты в Caravan"]
    assert client.get(link).status_code == 200
    assert read(client, firm)["email_confirmed_at"] is None, "programs that look into mails confirm nothing"
    assert confirm(client, link) == 200
    kept = read(client, firm)
    assert kept["email_confirmed_at"]
    assert kept["status"] == "submitted", "staff verify it"
    assert confirm(client, link) == 410
    assert client.get("/me", follow_redirects=False).status_code == 303, "the link signs nobody in"


def test_staff_cannot_verify_before_and_see_it_marked(
    client: TestClient, mailed: Mailed, staff: dict[str, str]
) -> None:
    firm = registered(client)
    address = f"/v1/companies/{firm['id']}/status"
    refused = client.put(address, json={"status": "verified"}, headers=staff)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:caravan:problem:address-unconfirmed")
    confirm(client, mailed.links()[0])
    assert client.put(address, json={"status": "verified"}, headers=staff).status_code == 200


def test_confirming_verifies_where_it_is_said_to(email_client: TestClient, mailed: Mailed) -> None:
    trader = registered(email_client, nigerian_trader())
    firm = registered(email_client)
    ranking = f"/v1/companies/{trader['id']}/matches"
    assert email_client.get(ranking, headers=bearer(trader["token"])).json()["items"] == []
    links = mailed.links()
    for link in links:
        confirm(email_client, link)
    assert read(email_client, firm)["status"] == "verified"
    (match,) = email_client.get(ranking, headers=bearer(trader["token"])).json()["items"]
    assert firm["id"] in match["id"]


def test_changed_address_must_be_confirmed_again(email_client: TestClient, mailed: Mailed) -> None:
    firm = registered(email_client)
    (first,) = mailed.links()
    confirm(email_client, first)
    kept = email_client.get(f"/v1/companies/{firm['id']}", headers=bearer(firm["token"]))
    profile = kazakh_mill() | {
        "legal_name": firm["legal_name"],
        "registration_number": firm["registration_number"],
        "contact": {"email": "other@mill.example"},
    }
    headers = bearer(firm["token"]) | {"If-Match": kept.headers["ETag"]}
    changed = email_client.put(f"/v1/companies/{firm['id']}", json=profile, headers=headers).json()
    assert (changed["status"], changed["email_confirmed_at"]) == ("submitted", None)
    (second,) = mailed.links()
    confirm(email_client, second)
    assert read(email_client, firm)["status"] == "verified"


def test_link_to_an_address_of_before_confirms_nothing(client: TestClient, database: Database, mailed: Mailed) -> None:
    firm = registered(client)
    (link,) = mailed.links()
    with database.writing() as session:
        session.get_one(Company, firm["id"]).contact_email = "thief@elsewhere.example"
    assert confirm(client, link) == 410
    assert read(client, firm)["email_confirmed_at"] is None


def test_link_ends_after_three_days(client: TestClient, database: Database, mailed: Mailed) -> None:
    registered(client)
    (link,) = mailed.links()
    with database.writing() as session:
        session.execute(update(SignInLink).values(expires_at=now() - timedelta(seconds=1)))
    assert confirm(client, link) == 410


def test_firm_asks_again_a_few_times(client: TestClient, database: Database, mailed: Mailed) -> None:
    firm = registered(client)
    ask = f"/v1/companies/{firm['id']}/confirmation"
    answers = [client.post(ask, headers=bearer(firm["token"])).status_code for _ in range(MOST_LINKS + 1)]
    assert answers == [202] * (MOST_LINKS - 1) + [429, 429], "the registration's own mail counts too"
    assert len(mailed.links()) == 1, "what waits is sent once"
    with database.writing() as session:
        session.execute(update(Attempt).values(since=now() - timedelta(hours=2)))
    other = registered(client, nigerian_trader())
    assert client.post(ask, headers=bearer(other["token"])).status_code == 404
    assert client.post(ask).status_code == 401


def test_strangers_cannot_fill_a_mailbox_by_registering(client: TestClient, mailed: Mailed) -> None:
    for _ in range(MOST_LINKS + 2):
        registered(client, kazakh_mill(contact={"email": ADDRESS.upper()}))
    assert len(mailed.links()) == MOST_LINKS


def test_page_registers_asks_and_sends_again(client: TestClient, database: Database, mailed: Mailed) -> None:
    firm = registered(client)
    (link,) = mailed.links()
    sign_in(client, database, firm["id"])
    page = client.get("/me?lang=kk").text
    assert ADDRESS in page
    assert "растаңыз" in page
    assert client.post("/me/confirmation", headers=ORIGIN).status_code == 200
    (again,) = mailed.links()
    assert mailed.subjects == ["Caravan жүйесіндегі пошта мекенжайыңызды растаңыз"]
    assert confirm(client, link) == 200
    assert ADDRESS not in client.get("/me").text
    fields = filled(form_in(client.get("/me/profile").text, "/me/profile"), contact__email="new@mill.example")
    send(client, "/me/profile", fields, "save")
    assert "new@mill.example" in client.get("/me").text
    assert confirm(client, again) == 410, "it went to the address of before"


def test_sign_in_link_confirms_too(client: TestClient, database: Database, mailed: Mailed, mailbox: Mailbox) -> None:
    firm = registered(client)
    mailed.links()
    client.post("/sign-in", data={"email": ADDRESS}, headers=ORIGIN)
    mailed._postman.work()  # noqa: SLF001  # the mail is another one
    found = re.search(r"/sign-in/link/[\w-]+", text_of(mailbox.mails[0]))
    assert found
    client.post(found[0], headers=ORIGIN)
    assert read(client, firm)["email_confirmed_at"]
