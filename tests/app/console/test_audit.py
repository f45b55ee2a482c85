"""Contacts are behind one press that is kept, firms see who saw theirs, and administrators read the log."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select

from app.console.words import ACTS as NAMES
from app.db import Database
from app.db.audit import ACTS, COMMAND_LINE, AuditRow, By, record_act
from tests.app.console.conftest import SignIn, sign_in
from tests.conftest import Registered
from tests.factories import company, kazakh_mill

AUDIT = "/console/settings/audit"
CONTACT = {"name": "Айгүл Сәрсен", "role": "Director", "email": "aigul@mill.example", "phone": "+77012345678"}


@pytest.fixture
def mill(register: Registered) -> dict[str, Any]:
    return register(kazakh_mill(contact=CONTACT))


def seen(database: Database) -> list[tuple[str, str, str]]:
    with database.reading() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.act == "contact.seen").order_by(AuditRow.number)).all()
        others = [row for row in rows if row.by != "officer@council.example"]
        return [(row.by, row.subject, json.loads(row.details)["where"]) for row in others]


def hidden(page: str) -> bool:
    return not any(value in page for value in (CONTACT["name"], CONTACT["email"], CONTACT["phone"]))


def test_contact_is_shown_for_one_press_that_is_kept(
    signed_in: SignIn, mill: dict[str, Any], database: Database
) -> None:
    browser, address = signed_in("viewer"), f"/console/companies/{mill['id']}"
    page = browser.get(address).text
    assert hidden(page)
    assert f'action="{address}/contact"' in page
    assert seen(database) == []
    part = browser.post(f"{address}/contact", headers={"HX-Request": "true"}).text
    assert all(value in part for value in CONTACT.values())
    assert "<html" not in part
    assert "<html" in browser.post(f"{address}/contact").text
    assert browser.get(f"{address}/contact?lang=ru").headers["location"] == address
    assert hidden(browser.get(address).text)
    assert seen(database) == [("viewer@council.example", f"company:{mill['id']}", "company")] * 2


def test_contact_that_cannot_be_recorded_is_not_shown(
    signed_in: SignIn, mill: dict[str, Any], client: TestClient, staff: dict[str, str]
) -> None:
    browser = signed_in("viewer")

    def refuse(*call: object) -> None:
        if str(call[2]).startswith("INSERT INTO audit"):
            raise OSError("The disk is full.")

    engine = client.app.state.service.database.engine  # type: ignore[attr-defined]  # the running service's own
    event.listen(engine, "before_cursor_execute", refuse)
    try:
        for answer in (
            browser.post(f"/console/companies/{mill['id']}/contact"),
            browser.get(f"/console/companies/{mill['id']}/export"),
            client.get(f"/v1/companies/{mill['id']}", headers=staff),
            client.get("/v1/companies", headers=staff),
        ):
            assert answer.status_code >= 500
            assert hidden(answer.text)
    finally:
        event.remove(engine, "before_cursor_execute", refuse)


def test_company_without_contact_has_nothing_to_press(
    signed_in: SignIn, register: Registered, database: Database
) -> None:
    browser = signed_in("viewer")
    one = register(company())["id"]
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE companies SET contact_email = NULL")
    assert "No contact is known." in browser.get(f"/console/companies/{one}").text
    browser.post(f"/console/companies/{one}/contact")
    assert seen(database) == []


def test_other_pages_hide_contacts_alike(
    signed_in: SignIn, register: Registered, mill: dict[str, Any], database: Database
) -> None:
    twin = register(kazakh_mill(contact=CONTACT | {"role": "Head"}))
    browser = signed_in("reviewer")
    pair = f"/console/duplicates/{mill['id']}/{twin['id']}"
    for address in ("/console/duplicates", pair, f"/console/companies/{twin['id']}", "/console/companies?q=aigul"):
        page = browser.get(address).text
        assert (address, hidden(page)) == (address, True)
    assert "The same e-mail address" in browser.get("/console/duplicates").text
    assert "Found in the contact." in browser.get("/console/companies?q=aigul@mill.example").text
    shown = browser.post(f"{pair}/contact", data={"legal_name": "merged"}).text
    assert not hidden(shown)
    assert re.search(r'name="legal_name" value="merged" checked', shown)
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\d+)"', shown))
    merge = browser.post(f"{pair}/merge", data=form).headers["location"].partition("?")[0]
    assert hidden(browser.get(merge).text)
    assert not hidden(browser.post(f"{merge}/contact").text)
    both = f"company:{mill['id']} company:{twin['id']}"
    officer = "reviewer@council.example"
    assert seen(database) == [(officer, both, "duplicates"), (officer, both, "merge")]


def test_list_that_is_imported_hides_contacts_alike(signed_in: SignIn, database: Database) -> None:
    browser = signed_in("reviewer")
    rows = f"Фирма;Почта;Прочее\nТОО «Проба»;{CONTACT['email']};тел. {CONTACT['phone']}\n"
    answer = browser.post("/console/imports", files={"file": ("list.csv", rows.encode())})
    address = answer.headers["location"]
    assert hidden(browser.get(address).text)
    shown = browser.post(f"{address}/contact", data={"column-0": "trading_name", "all-country": "KZ"}).text
    assert CONTACT["email"] in shown
    assert CONTACT["phone"] in shown
    assert '<option value="trading_name" selected>' in shown
    assert seen(database) == [("reviewer@council.example", f"import:{address.rpartition('/')[2]}", "import")]


def test_firm_sees_when_its_contact_was_seen_but_not_by_whom(  # noqa: PLR0913  # who looks, and how
    signed_in: SignIn,
    firm_browser: Callable[[str], TestClient],
    mill: dict[str, Any],
    register: Registered,
    client: TestClient,
    staff: dict[str, str],
) -> None:
    other = register(kazakh_mill())
    signed_in("viewer").post(f"/console/companies/{mill['id']}/contact")
    client.get("/v1/companies", headers=staff)
    firm = firm_browser(mill["id"])
    page = firm.get("/me/account").text
    assert "The council: viewer" in page
    assert "council.example" not in page
    data = firm.get("/me/account/data.json").json()
    assert [(one["role"], one["act"]) for one in data["contact_seen"]] == [
        ("admin", "contact.seen"),
        ("viewer", "contact.seen"),
        ("admin", "contact.seen"),
    ]
    assert "council.example" not in json.dumps(data)
    theirs = firm_browser(other["id"]).get("/me/account/data.json").json()["contact_seen"]
    assert [one["role"] for one in theirs] == ["admin", "admin"]


def test_list_of_the_api_leaves_one_row_with_the_ids(
    client: TestClient, staff: dict[str, str], mill: dict[str, Any], register: Registered, database: Database
) -> None:
    other = register(kazakh_mill())
    assert client.get("/v1/companies?country=KZ", headers=staff).status_code == 200
    with database.reading() as session:
        last = session.scalars(select(AuditRow).order_by(AuditRow.number.desc())).first()
    assert last
    assert set(last.subject.split()) == {f"company:{mill['id']}", f"company:{other['id']}"}
    details = json.loads(last.details)
    assert len(details.pop("token")) == 32
    assert details == {"count": 2, "filters": ["country"], "where": "api_list"}


def test_administrator_reads_and_narrows_the_log(signed_in: SignIn, mill: dict[str, Any], database: Database) -> None:
    browser = signed_in("admin")
    browser.post(f"/console/companies/{mill['id']}/contact")
    page = browser.get(AUDIT).text
    assert "Contact seen" in page
    assert f'href="/console/companies/{mill["id"]}"' in page
    body = page.partition("<tbody>")[2]
    assert "Signed in" in body
    narrowed = browser.get(f"{AUDIT}?act=contact.seen&by=admin@council.example&subject={mill['id']}").text
    assert "Signed in" not in narrowed.partition("<tbody>")[2]
    assert mill["legal_name"] in narrowed
    assert "There are none." in browser.get(f"{AUDIT}?since=2999-01-01").text
    assert "There are none." in browser.get(f"{AUDIT}?until=1999-01-01&since=no-day").text
    assert "There are none." in browser.get(f"{AUDIT}?subject={'0' * 32}").text
    assert "Кто что сделал" in browser.get(f"{AUDIT}?lang=ru").text
    with database.writing() as session:
        for _ in range(60):
            record_act(session, COMMAND_LINE, "statistics.refreshed", "register", listings=1)
    first = browser.get(f"{AUDIT}?lang=en").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    assert "First page" in browser.get(following[1]).text


def test_log_as_a_file_starts_no_formula(signed_in: SignIn, database: Database) -> None:
    with database.writing() as session:
        record_act(session, By("=cmd@council.example", "viewer"), "sign_out")
    browser = signed_in("admin")
    answer = browser.get(f"{AUDIT}.csv?act=sign_out")
    assert answer.headers["content-disposition"].startswith('attachment; filename="caravan-audit-')
    assert ",'=cmd@council.example," in answer.text
    with database.reading() as session:
        last = session.scalars(select(AuditRow).order_by(AuditRow.number.desc())).first()
        assert last
        assert json.loads(last.details) == {"count": 1, "filters": ["act"], "of": "audit"}


def test_failed_sign_ins_are_counted_and_told_with_the_right_one(signed_in: SignIn, database: Database) -> None:
    browser = signed_in("reviewer")
    for _ in range(3):
        assert sign_in(browser, "reviewer@council.example", "wrong") == 422
    assert sign_in(browser, "nobody@council.example", "typed by mistake") == 422
    assert sign_in(browser, "reviewer@council.example") == 303
    with database.reading() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.act.startswith("sign_in")).order_by(AuditRow.number))
        told = [(row.act, row.by, json.loads(row.details)) for row in rows.all()]
    assert [(act, by, details.get("count")) for act, by, details in told[1:4]] == [
        ("sign_in.failed", "nobody", 1),
        ("sign_in.failed", "nobody", 2),
        ("sign_in.failed", "nobody", 1),
    ]
    assert told[4][2] == {"failed_before": 3, "way": "password"}


def test_every_act_has_a_name() -> None:
    assert set(NAMES) == set(ACTS)
