from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from app.actions.letters import MOST_LINKS
from app.actions.links import LINK_LASTS, new_link
from app.console.visit import SESSION_COOKIE
from app.db import Database
from app.db.base import now
from app.db.jobs import Job
from app.db.sessions import SignInLink
from app.db.staff import StaffMember
from tests.app.console.conftest import PASSWORD, Member, NewBrowser, sign_in
from tests.conftest import Registered
from tests.factories import kazakh_mill


def link_of(database: Database, *, company_id: str | None = None, staff_id: str | None = None) -> str:
    with database.writing() as session:
        secret = new_link(session, company_id=company_id, staff_id=staff_id)
    return f"/sign-in/link/{secret}" if company_id else f"/console/password/{secret}"


def mails(database: Database) -> list[Job]:
    with database.reading() as session:
        return list(session.scalars(select(Job).where(Job.kind == "mail")))


@pytest.fixture
def company_id(register: Registered) -> str:
    return str(register(kazakh_mill(contact={"email": "Export@Mill.example"}))["id"])


class TestLinkOfAFirm:
    def test_it_signs_in_once(self, database: Database, browser: NewBrowser, company_id: str) -> None:
        address = link_of(database, company_id=company_id)
        opened = browser()
        answer = opened.post(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
        assert SESSION_COOKIE in opened.cookies
        assert browser().post(address).status_code == 410

    def test_programs_that_look_into_mails_do_not_use_it_up(
        self, database: Database, browser: NewBrowser, company_id: str
    ) -> None:
        address = link_of(database, company_id=company_id)
        for _ in range(3):
            seen = browser().get(address)
            assert seen.status_code == 200
            assert "set-cookie" not in seen.headers
            assert browser().head(address).status_code == 405
        assert browser().post(address).status_code == 303

    def test_it_lasts_a_quarter_of_an_hour(self, database: Database, browser: NewBrowser, company_id: str) -> None:
        assert timedelta(minutes=15) == LINK_LASTS
        address = link_of(database, company_id=company_id)
        with database.writing() as session:
            left = session.scalars(select(SignInLink)).one().expires_at - now()
            assert timedelta(minutes=14) < left <= timedelta(minutes=15)
            session.execute(update(SignInLink).values(expires_at=now()))
        assert browser().post(address).status_code == 410

    def test_it_sets_no_officer_s_password(self, database: Database, browser: NewBrowser, company_id: str) -> None:
        address = link_of(database, company_id=company_id).replace("/sign-in/link/", "/console/password/")
        assert browser().post(address, data={"password": PASSWORD}).status_code == 410

    def test_asking_tells_nobody_which_firms_there_are(
        self, database: Database, browser: NewBrowser, company_id: str
    ) -> None:
        answers = []
        for email in ("export@mill.example", "nobody@mill.example"):
            answer = browser().post("/sign-in", data={"email": email})
            assert answer.status_code == 200
            answers.append(answer.text.replace(email, "EMAIL"))
        assert answers[0] == answers[1]
        assert [job.payload["company_id"] for job in mails(database)] == [company_id]

    def test_a_suspended_firm_may_look_and_mend(
        self, database: Database, browser: NewBrowser, client: TestClient, staff: dict[str, str], company_id: str
    ) -> None:
        change = {"status": "suspended", "reason": "The number was another firm's."}
        assert client.put(f"/v1/companies/{company_id}/status", json=change, headers=staff).status_code == 200
        browser().post("/sign-in", data={"email": "export@mill.example"})
        assert len(mails(database)) == 1

    def test_an_address_may_ask_only_so_often(self, browser: NewBrowser) -> None:
        opened = browser()
        asked = [opened.post("/sign-in", data={"email": "x@mill.example"}).status_code for _ in range(MOST_LINKS + 1)]
        assert asked == [200] * MOST_LINKS + [429]

    @pytest.mark.usefixtures("company_id")
    def test_a_mailbox_is_not_filled_from_many_addresses(self, database: Database, browser: NewBrowser) -> None:
        for number in range(MOST_LINKS + 3):
            answer = browser(f"198.51.100.{number}").post("/sign-in", data={"email": "export@mill.example"})
            assert answer.status_code == 200
        assert [job.asked for job in mails(database)] == [MOST_LINKS]


def test_token_signs_a_firm_in_and_no_officer(browser: NewBrowser, register: Registered, staff: dict[str, str]) -> None:
    firm = register(kazakh_mill())
    opened = browser()
    assert opened.post("/sign-in/token", data={"token": f" {firm['token']} "}).headers["location"] == "/me"
    for token in ("", "caravan_no", staff["Authorization"].removeprefix("Bearer ")):
        assert browser().post("/sign-in/token", data={"token": token}).status_code == 422


class TestLinkOfAnOfficer:
    @pytest.fixture
    def member(self, officer: Callable[..., Member]) -> Member:
        return officer()

    def test_it_sets_a_password_once_and_signs_in(
        self, database: Database, browser: NewBrowser, member: Member
    ) -> None:
        sign_in(other := browser(), member.email)
        address = link_of(database, staff_id=member.id)
        assert browser().get(address).status_code == 200
        opened = browser()
        answer = opened.post(address, data={"password": "another horse battery"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")
        assert opened.get("/console/account").status_code == 200
        assert other.get("/console/account").status_code == 303
        assert browser().post(address, data={"password": "a third horse battery"}).status_code == 410
        assert sign_in(browser(), member.email) == 422
        assert sign_in(browser(), member.email, "another horse battery") == 303

    @pytest.mark.parametrize("password", ["", "short", "my name is AIGUL, yes", "x" * 201])
    def test_unfit_password_does_not_use_it_up(
        self, database: Database, browser: NewBrowser, member: Member, password: str
    ) -> None:
        address = link_of(database, staff_id=member.id)
        answer = browser().post(address, data={"password": password})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert "set-cookie" not in answer.headers
        assert browser().post(address, data={"password": "another horse battery"}).status_code == 303

    def test_a_newer_one_ends_it(self, database: Database, browser: NewBrowser, member: Member) -> None:
        older, newer = link_of(database, staff_id=member.id), link_of(database, staff_id=member.id)
        assert browser().post(older, data={"password": "another horse battery"}).status_code == 410
        assert browser().post(newer, data={"password": "another horse battery"}).status_code == 303

    def test_it_is_of_no_use_to_somebody_who_is_kept_out(
        self, database: Database, browser: NewBrowser, member: Member
    ) -> None:
        address = link_of(database, staff_id=member.id)
        with database.writing() as session:
            session.execute(update(StaffMember).values(disabled_at=now()))
        assert browser().post(address, data={"password": "another horse battery"}).status_code == 410

    def test_it_signs_in_no_firm(self, database: Database, browser: NewBrowser, member: Member) -> None:
        address = link_of(database, staff_id=member.id)
        assert browser().post(address.replace("/console/password/", "/sign-in/link/")).status_code == 410
        assert browser().post(address, data={"password": "another horse battery"}).status_code == 303

    def test_only_digests_are_kept(self, database: Database, member: Member) -> None:
        secret = link_of(database, staff_id=member.id).rsplit("/", 1)[1]
        with database.reading() as session:
            assert session.scalar(select(func.count()).where(SignInLink.digest == secret)) == 0
