"""Browsers in which somebody is signed in, or nobody."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from app.actions.passwords import password_hash
from app.actions.sessions import Browser, sign_in_company
from app.actions.staff import staff_member
from app.console.visit import SESSION_COOKIE
from app.db import Database
from app.db.staff import Role

ADDRESS = "http://testserver"
PASSWORD = "correct horse battery"
NOBODY = Browser("", "")

NewBrowser = Callable[..., TestClient]


@dataclass(frozen=True)
class Member:
    """An officer as tests know one."""

    id: str
    email: str


@pytest.fixture
def browser(client: TestClient) -> Iterator[NewBrowser]:
    """Opens browsers, each with its own cookies, at a network address."""
    with ExitStack() as opened:

        def new(address: str = "203.0.113.1", **headers: str) -> TestClient:
            found = TestClient(
                client.app,
                headers={"Origin": ADDRESS} | headers,
                client=(address, 50000),
                follow_redirects=False,
                raise_server_exceptions=False,
            )
            opened.callback(found.close)
            return found

        yield new


@pytest.fixture
def officer(database: Database) -> Callable[..., Member]:
    """Adds an officer with a password."""

    def added(email: str = "aigul@council.example", role: Role = "reviewer", password: str = PASSWORD) -> Member:
        with database.writing() as session:
            member = staff_member(session, email, role)
            member.password_hash = password_hash(password, email=email)
            return Member(member.id, member.email)

    return added


SignIn = Callable[..., TestClient]


@pytest.fixture
def signed_in(browser: NewBrowser, officer: Callable[..., Member]) -> SignIn:
    """A browser in which a new officer of a role is signed in."""

    def entered(role: Role = "reviewer", email: str = "") -> TestClient:
        member = officer(email or f"{role}@council.example", role)
        found = browser()
        answer = sign_in(found, member.email)
        assert answer == 303
        return found

    return entered


@pytest.fixture
def firm_browser(browser: NewBrowser, database: Database) -> Callable[[str], TestClient]:
    """A browser in which a company is signed in."""

    def entered(company_id: str) -> TestClient:
        with database.writing() as session:
            cookie = sign_in_company(session, company_id, NOBODY)
        found = browser()
        found.cookies.set(SESSION_COOKIE, cookie)
        return found

    return entered


def sign_in(browser: TestClient, email: str, password: str = PASSWORD, code: str = "") -> int:
    """The status of an attempt."""
    return browser.post("/console/sign-in", data={"email": email, "password": password, "code": code}).status_code
