import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.actions.staff import staff_member
from app.actions.tokens import digest_of, new_secret
from app.db import Database
from app.db.base import now
from app.db.companies import ListingRow
from app.db.sessions import BrowserSession
from app.db.staff import Role
from app.settings import Settings
from tests.conftest import Registered
from tests.factories import kazakh_mill, nigerian_trader

Officer = Callable[..., TestClient]
ORIGIN = {"Origin": "http://testserver"}


def cookie_of(database: Database, **owner: str) -> str:
    """The cookie of a browser that is signed in."""
    cookie = new_secret()
    with database.writing() as session:
        expires = now() + timedelta(hours=1)
        session.add(BrowserSession(digest=digest_of(cookie), browser="test", expires_at=expires, **owner))
    return cookie


@pytest.fixture
def officer(settings: Settings, client: TestClient, database: Database) -> Iterator[Officer]:
    """Opens a browser in which an officer is signed in."""
    del settings
    opened: list[TestClient] = []

    def signed_in(email: str = "aida@council.example", role: Role = "reviewer") -> TestClient:
        with database.writing() as session:
            member = staff_member(session, email, role).id
        cookie = cookie_of(database, staff_id=member)
        browser = TestClient(client.app, headers=ORIGIN, cookies={"caravan-session": cookie})
        opened.append(browser)
        return browser

    yield signed_in
    for browser in opened:
        browser.close()


@pytest.fixture
def pairs(register: Registered, client: TestClient, staff: dict[str, str]) -> list[str]:
    """Three matches that wait: one mill and three traders."""
    register(kazakh_mill())
    for _ in range(3):
        register(nigerian_trader())
    items = client.get("/v1/matches", headers=staff).json()["items"]
    return [item["id"] for item in items]


def review(client: TestClient, staff: dict[str, str], match_id: str) -> dict[str, object]:
    found: dict[str, object] = client.get(f"/v1/matches/{match_id}", headers=staff).json()["review"]
    return found


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def batch(page: str) -> str:
    found = re.search(r'name="batch" value="(\w+)"', page)
    assert found
    return found[1]


def decide(browser: TestClient, match_id: str, decision: str, **fields: str) -> str:
    data = {"decision": decision, "version": "1", "list": "/console"} | fields
    return browser.post(f"/console/matches/{match_id}/decision", data=data).text


def test_queue_shows_the_best_match_opened(officer: Officer, pairs: list[str]) -> None:
    page = officer().get("/console")
    assert page.status_code == 200
    assert page.text.count("<tr data-match") == 3
    assert f'action="/console/matches/{pairs[0]}/decision"' in page.text
    assert "Какао-порошок" in page.text
    assert "<mark>Cocoa powder</mark>" in page.text


def test_decision_is_saved_with_reason_note_and_officer(
    officer: Officer, pairs: list[str], client: TestClient, staff: dict[str, str]
) -> None:
    page = decide(officer(), pairs[0], "rejected", reason="wrong_scale", note=" Ask again in May. ")
    assert "1 decision saved." in page
    saved = review(client, staff, pairs[0])
    assert (saved["status"], saved["reason"], saved["note"], saved["by"]) == (
        "rejected",
        "wrong_scale",
        "Ask again in May.",
        "aida@council.example",
    )
    history = officer().get(f"/console/matches/{pairs[0]}").text
    assert "wrong scale" in history
    assert "Ask again in May." in history


def test_second_officer_is_told_and_loses_nothing(
    officer: Officer, pairs: list[str], client: TestClient, staff: dict[str, str]
) -> None:
    first, second = officer(), officer("bolat@council.example")
    seen = version(second.get(f"/console?match={pairs[0]}").text)
    decide(first, pairs[0], "approved", version=seen)
    refused = second.post(
        f"/console/matches/{pairs[0]}/decision",
        data={"decision": "rejected", "reason": "capacity", "note": "Too busy.", "version": seen, "list": "/console"},
    )
    assert refused.status_code == 409
    assert "Your decision was not saved." in refused.text
    assert "aida@council.example" in refused.text
    assert 'value="Too busy."' in refused.text
    assert 'value="capacity" checked' in refused.text
    assert review(client, staff, pairs[0])["status"] == "approved"
    decide(second, pairs[0], "rejected", version=version(refused.text))
    assert review(client, staff, pairs[0])["by"] == "bolat@council.example"


def test_undo_brings_back_what_held_before(
    officer: Officer, pairs: list[str], client: TestClient, staff: dict[str, str]
) -> None:
    browser = officer()
    decide(browser, pairs[0], "deferred", note="First.")
    decide(browser, pairs[0], "approved", version="2")
    assert "Taken back: 1 decision" in browser.post("/console/undo", data={"list": "/console"}).text
    assert (review(client, staff, pairs[0])["status"], review(client, staff, pairs[0])["note"]) == (
        "deferred",
        "First.",
    )
    browser.post("/console/undo", data={"list": "/console"})
    assert review(client, staff, pairs[0])["status"] == "pending"
    assert "no decision of yours" in browser.post("/console/undo", data={"list": "/console"}).text


def test_undo_never_takes_back_what_somebody_decided_later(
    officer: Officer, pairs: list[str], client: TestClient, staff: dict[str, str]
) -> None:
    first, second = officer(), officer("bolat@council.example")
    step = batch(decide(first, pairs[0], "approved"))
    decide(second, pairs[0], "rejected", version="2")
    assert first.post("/console/undo", data={"batch": step}).status_code == 412
    assert second.post("/console/undo", data={"batch": step}).status_code == 404
    assert review(client, staff, pairs[0])["status"] == "rejected"


def test_many_are_decided_and_taken_back_in_one_step(
    officer: Officer, pairs: list[str], client: TestClient, staff: dict[str, str]
) -> None:
    first, second = officer(), officer("bolat@council.example")
    decide(second, pairs[1], "approved")
    page = first.post(
        "/console/decisions",
        data={
            "pick": [f"{pair}:1" for pair in pairs],
            "decision": "deferred",
            "reason": "capacity",
            "list": "/console",
        },
    ).text
    assert "2 decisions saved." in page
    assert "1 match was left as it is" in page
    assert [review(client, staff, pair)["status"] for pair in pairs] == ["deferred", "approved", "deferred"]
    first.post("/console/undo", data={"batch": batch(page)})
    assert [review(client, staff, pair)["status"] for pair in pairs] == ["pending", "approved", "pending"]


def test_filters_narrow_the_list_and_stay_in_its_address(officer: Officer, pairs: list[str]) -> None:
    browser = officer()
    decide(browser, pairs[0], "approved")
    assert browser.get("/console").text.count("<tr data-match") == 2
    assert browser.get("/console?status=approved").text.count("<tr data-match") == 1
    assert "No match fits" in browser.get("/console?sector=mining").text
    assert "No match fits" in browser.get("/console?q=nothing").text
    assert browser.get("/console?q=cocoa+kano").text.count("<tr data-match") == 2
    after = browser.post(
        f"/console/matches/{pairs[1]}/decision",
        data={"decision": "deferred", "version": "1", "list": "/console?q=kano"},
        follow_redirects=False,
    )
    assert "q=kano" in after.headers["location"]


def test_viewer_reads_and_decides_nothing(officer: Officer, pairs: list[str]) -> None:
    browser = officer("viewer@council.example", "viewer")
    assert 'name="decision"' not in browser.get("/console").text
    answer = browser.post(f"/console/matches/{pairs[0]}/decision", data={"decision": "approved", "version": "1"})
    assert answer.status_code == 403
    assert browser.post("/console/undo").status_code == 403
    assert browser.post("/console/decisions").status_code == 403


def test_stranger_and_firm_are_sent_to_the_door(client: TestClient, pairs: list[str], database: Database) -> None:
    for path in ("/console", f"/console/matches/{pairs[0]}"):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/sign-in?to=")
    client.cookies.set("caravan-session", cookie_of(database, company_id=pairs[0].partition(".")[0]))
    assert client.get("/console").status_code == 403


def test_expired_listing_and_unverified_firm_are_warned_of(
    register: Registered, officer: Officer, database: Database, client: TestClient, staff: dict[str, str]
) -> None:
    register(kazakh_mill(), verified=False)
    trader = register(nigerian_trader())
    with database.writing() as session:
        session.execute(
            update(ListingRow)
            .where(ListingRow.company_id == trader["id"], ListingRow.side == "need")
            .values(valid_until=(now() - timedelta(days=1)).date())
        )
    (pair,) = client.get("/v1/matches", headers=staff).json()["items"]
    page = officer().get(f"/console?match={pair['id']}").text
    assert "has expired" in page
    assert "is not verified" in page


def test_same_name_elsewhere_is_warned_of(
    register: Registered, officer: Officer, client: TestClient, staff: dict[str, str]
) -> None:
    mill = register(kazakh_mill(legal_name="ТОО «Қостанай Диірмені»"))
    twin = register(kazakh_mill(legal_name="Kostanay Diirmeni", trading_name=None, listings=[]), verified=False)
    register(nigerian_trader())
    items = client.get(f"/v1/matches?company={mill['id']}", headers=staff).json()["items"]
    page = officer().get(f"/console?match={items[0]['id']}").text
    assert "stands in the register again" in page
    assert f'href="/console/duplicates/{mill["id"]}/{twin["id"]}"' in page


def test_form_that_lacks_its_decision_changes_nothing(officer: Officer, pairs: list[str]) -> None:
    browser = officer()
    assert browser.post(f"/console/matches/{pairs[0]}/decision", data={"version": "1"}).status_code == 422
    answer = browser.post(f"/console/matches/{pairs[0]}/decision", data={"decision": "maybe", "version": "1"})
    assert answer.status_code == 422
    assert "Choose approve" in answer.text
    assert browser.get("/console/matches/no.such").status_code == 404
