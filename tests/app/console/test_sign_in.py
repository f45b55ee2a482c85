from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from app.actions import passwords
from app.actions.attempts import network_of
from app.actions.sessions import MOST_WRONG, MOST_WRONG_OF_ADDRESS
from app.actions.staff import disable_staff
from app.console.visit import SESSION_COOKIE, inner_path
from app.db import Database
from app.db.audit import COMMAND_LINE
from app.db.base import now
from app.db.sessions import Attempt, BrowserSession
from app.db.staff import StaffMember
from tests.app.console.conftest import PASSWORD, Member, NewBrowser, SignIn, sign_in

Officers = Callable[..., Member]


def sessions(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(BrowserSession)) or 0


def test_right_password_signs_in_with_a_cookie_that_scripts_cannot_read(browser: NewBrowser, officer: Officers) -> None:
    member = officer()
    answer = browser().post("/console/sign-in", data={"email": " Aigul@Council.example ", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain" not in cookie.lower()
    assert "secure" not in cookie.lower()
    assert member.email not in cookie


def test_cookie_is_bound_to_the_host_and_to_https_where_there_is_https(client: TestClient, officer: Officers) -> None:
    officer()
    over = {"base_url": "https://testserver", "headers": {"Origin": "https://testserver"}, "follow_redirects": False}
    browser = TestClient(client.app, **over)  # type: ignore[arg-type]
    answer = browser.post("/console/sign-in", data={"email": "aigul@council.example", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"__Host-{SESSION_COOKIE}=")
    assert "secure" in cookie.lower()
    assert browser.get("/console/account").status_code == 200
    plain = TestClient(client.app, follow_redirects=False)
    plain.cookies.set(SESSION_COOKIE, "planted over plain http")
    assert plain.get("/console/account").status_code == 303


def test_wrong_password_and_unknown_address_answer_alike(browser: NewBrowser, officer: Officers) -> None:
    officer()
    answers = []
    for email in ("aigul@council.example", "nobody@council.example"):
        answer = browser().post("/console/sign-in", data={"email": email, "password": "wrong horse battery"})
        assert answer.status_code == 422
        assert "set-cookie" not in answer.headers
        answers.append(answer.text.replace(email, "EMAIL"))
    assert answers[0] == answers[1]


def test_password_is_looked_at_for_unknown_officers_too(
    browser: NewBrowser, officer: Officers, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer()
    looked: list[str] = []
    hasher = passwords._hasher()  # noqa: SLF001
    verify = hasher.verify

    def counted(password: str, kept: str) -> bool:
        looked.append(kept)
        return verify(password, kept)

    monkeypatch.setattr(hasher, "verify", counted)
    for email in ("aigul@council.example", "nobody@council.example"):
        assert sign_in(browser(), email, "wrong horse battery") == 422
    assert len(looked) == 2
    assert looked[1] == passwords._nobody()  # noqa: SLF001


@pytest.mark.parametrize("email", ["", "a\0b@council.example", "x" * 5000, "’"])
def test_strange_addresses_are_wrong_ones(browser: NewBrowser, email: str) -> None:
    assert sign_in(browser(), email) == 422


def test_sign_in_goes_on_to_where_one_wanted_to_go(browser: NewBrowser, officer: Officers) -> None:
    officer()
    opened = browser()
    door = opened.get("/console/account?done=x")
    assert (door.status_code, door.headers["location"]) == (303, "/console/sign-in?to=%2Fconsole%2Faccount%3Fdone%3Dx")
    assert 'value="/console/account?done=x"' in opened.get(door.headers["location"]).text
    form = {"email": "aigul@council.example", "password": PASSWORD, "to": "/console/account?done=x"}
    assert opened.post("/console/sign-in", data=form).headers["location"] == "/console/account?done=x"


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "evil", ""]
)
def test_sign_in_never_leads_to_another_site(browser: NewBrowser, officer: Officers, to: str) -> None:
    assert inner_path(to, "/console") == "/console"
    officer()
    form = {"email": "aigul@council.example", "password": PASSWORD, "to": to}
    assert browser().post("/console/sign-in", data=form).headers["location"] == "/console"


class TestCodes:
    @pytest.fixture
    def secret(self, database: Database, officer: Officers) -> str:
        member = officer()
        secret = passwords.new_totp_secret()
        with database.writing() as session:
            session.execute(update(StaffMember).where(StaffMember.id == member.id).values(totp_secret=secret))
        return secret

    def test_code_is_asked_for_and_works_once(self, browser: NewBrowser, secret: str) -> None:
        email = "aigul@council.example"
        assert sign_in(browser(), email) == 422
        assert sign_in(browser(), email, code="000000") == 422
        code = pyotp.TOTP(secret).now()
        assert sign_in(browser(), email, "wrong horse battery", code) == 422
        assert sign_in(browser(), email, code=f"{code[:3]} {code[3:]}") == 303
        assert sign_in(browser(), email, code=code) == 422

    @pytest.mark.parametrize("code", ["", "1", "двести", "１２３４５６", "0" * 10_000])
    @pytest.mark.usefixtures("secret")
    def test_strange_codes_are_wrong_ones(self, browser: NewBrowser, code: str) -> None:
        assert sign_in(browser(), "aigul@council.example", code=code) == 422

    def test_code_of_a_clock_that_is_half_a_minute_off_works(self, browser: NewBrowser, secret: str) -> None:
        early = pyotp.TOTP(secret).at(now() - timedelta(seconds=passwords.STEP_SECONDS))
        assert sign_in(browser(), "aigul@council.example", code=early) == 303

    def test_old_code_does_not(self, browser: NewBrowser, secret: str) -> None:
        old = pyotp.TOTP(secret).at(now() - timedelta(seconds=3 * passwords.STEP_SECONDS))
        assert sign_in(browser(), "aigul@council.example", code=old) == 422


class TestLockout:
    def test_it_counts_an_address_and_an_account_so_that_nobody_locks_others_out(
        self, browser: NewBrowser, officer: Officers
    ) -> None:
        officer()
        officer("bolat@council.example")
        for _ in range(MOST_WRONG):
            assert sign_in(browser(), "aigul@council.example", "wrong horse battery") == 422
        locked = browser().post("/console/sign-in", data={"email": "aigul@council.example", "password": PASSWORD})
        assert locked.status_code == 429
        assert "15 min" in locked.text
        assert sign_in(browser(), "bolat@council.example") == 303
        assert sign_in(browser("198.51.100.7"), "aigul@council.example") == 303

    def test_right_ones_are_not_counted(self, browser: NewBrowser, officer: Officers, database: Database) -> None:
        officer()
        for _ in range(MOST_WRONG + 2):
            assert sign_in(browser(), "aigul@council.example", "wrong horse battery") == 422
            assert sign_in(browser(), "aigul@council.example") == 303
        with database.reading() as session:
            assert [attempt.count for attempt in session.scalars(select(Attempt))] == [MOST_WRONG + 2]

    def test_many_accounts_from_one_address_are_too_many(self, browser: NewBrowser, officer: Officers) -> None:
        officer()
        for number in range(MOST_WRONG_OF_ADDRESS):
            assert sign_in(browser(), f"{number}@council.example", "wrong horse battery") == 422
        assert sign_in(browser(), "aigul@council.example") == 429
        assert sign_in(browser("198.51.100.7"), "aigul@council.example") == 303

    def test_it_ends_after_a_quarter_of_an_hour(
        self, browser: NewBrowser, officer: Officers, database: Database
    ) -> None:
        officer()
        for _ in range(MOST_WRONG + 1):
            last = sign_in(browser(), "aigul@council.example", "wrong horse battery")
        assert last == 429
        with database.writing() as session:
            session.execute(update(Attempt).values(since=now() - timedelta(minutes=15)))
        assert sign_in(browser(), "aigul@council.example") == 303

    def test_an_ipv6_network_counts_as_one_address(self) -> None:
        assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") != network_of("2001:db8:0:1::1")
        assert network_of("::ffff:192.0.2.1") != network_of("::ffff:192.0.2.2")
        assert network_of("192.0.2.1") == "192.0.2.1"
        assert network_of("testclient") == "testclient"


class TestSessions:
    def test_signing_out_ends_it_in_the_database(self, signed_in: SignIn, database: Database) -> None:
        browser = signed_in()
        assert browser.get("/console/account").status_code == 200
        kept = browser.cookies[SESSION_COOKIE]
        assert browser.post("/sign-out").status_code == 303
        browser.cookies.set(SESSION_COOKIE, kept)
        assert browser.get("/console/account").status_code == 303
        assert sessions(database) == 0

    def test_signing_in_again_replaces_the_session(self, signed_in: SignIn, database: Database) -> None:
        browser = signed_in()
        kept = browser.cookies[SESSION_COOKIE]
        assert sign_in(browser, "reviewer@council.example") == 303
        assert browser.cookies[SESSION_COOKIE] != kept
        assert sessions(database) == 1

    def test_a_planted_cookie_is_not_taken_over(self, browser: NewBrowser, officer: Officers) -> None:
        officer()
        opened = browser()
        opened.cookies.set(SESSION_COOKIE, "planted")
        answer = opened.post("/console/sign-in", data={"email": "aigul@council.example", "password": PASSWORD})
        assert f"{SESSION_COOKIE}=planted" not in answer.headers["set-cookie"]
        other = browser()
        other.cookies.set(SESSION_COOKIE, "planted")
        assert other.get("/console/account").status_code == 303

    def test_it_runs_out(self, signed_in: SignIn, database: Database) -> None:
        browser = signed_in()
        with database.writing() as session:
            session.execute(update(BrowserSession).values(expires_at=now()))
        assert browser.get("/console/account").status_code == 303

    def test_an_officer_who_is_kept_out_is_out_at_once(
        self, signed_in: SignIn, database: Database, browser: NewBrowser
    ) -> None:
        opened = signed_in()
        with database.writing() as session:
            member = session.scalars(select(StaffMember).where(StaffMember.role == "reviewer")).one()
            member.disabled_at = now()
        assert opened.get("/console/account").status_code == 303
        with database.writing() as session:
            disable_staff(session, member.id, by=COMMAND_LINE)
        assert sessions(database) == 0
        assert sign_in(browser(), member.email) == 422
