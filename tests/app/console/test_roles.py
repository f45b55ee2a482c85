"""Who may open and change what; a page that is added is held to it at once."""

import re
from collections.abc import Callable
from typing import get_args

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.console.application import PARTS
from app.console.visit import Admin, Firm, Officer, Reviewer
from app.db.staff import Role
from tests.app.console.conftest import NewBrowser, SignIn
from tests.conftest import Registered
from tests.factories import kazakh_mill, nigerian_trader

OPEN_DOORS = {"/console/sign-in", "/console/password/{secret}"}
"""Pages of the console for those who are not in yet."""
OWN = "/console/account"
"""What each officer changes of the own account."""


def addresses(method: str, beginning: str) -> list[str]:
    found = [
        route.path
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute) and method in (route.methods or ()) and route.path not in OPEN_DOORS
    ]
    return sorted(path for path in found if path == beginning or path.startswith(beginning + "/"))


def filled_in(path: str) -> str:
    return re.sub(r"{[^}]+}", "0" * 32, path)


CHANGES = [path for path in addresses("POST", "/console") if not path.startswith(OWN) and not path.endswith("/contact")]
"""What viewers may not do; they may look at contacts, which the audit log keeps."""
PAGES = addresses("GET", "/console")


def test_there_is_something_to_hold_to() -> None:
    assert len(CHANGES) > 8
    assert len(PAGES) > 6


def test_viewers_change_nothing(signed_in: SignIn) -> None:
    browser = signed_in("viewer")
    for path in CHANGES:
        assert (path, browser.post(filled_in(path)).status_code) == (path, 403)


def test_reviewers_change_no_settings(signed_in: SignIn) -> None:
    browser = signed_in("reviewer")
    for path in addresses("POST", "/console/settings"):
        assert (path, browser.post(filled_in(path)).status_code) == (path, 403)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("reviewer", 403), ("admin", 200)])
def test_settings_are_for_administrators(signed_in: SignIn, role: Role, status: int) -> None:
    browser = signed_in(role)
    for path in addresses("GET", "/console/settings"):
        assert (path, browser.get(filled_in(path)).status_code) == (path, status)
    assert ("/console/settings" in browser.get("/console/account").text) == (role == "admin")


def test_nobody_gets_in_without_signing_in(browser: NewBrowser) -> None:
    opened = browser()
    for path in [*PAGES, *addresses("GET", "/me")]:
        answer = opened.get(filled_in(path))
        assert (path, answer.status_code) == (path, 303)
        assert answer.headers["location"].startswith(("/console/sign-in", "/sign-in"))
    for path in [*addresses("POST", "/console"), *addresses("POST", "/me")]:
        assert (path, opened.post(filled_in(path)).status_code) == (path, 303)


def test_a_firm_opens_nothing_of_the_council(firm_browser: Callable[[str], TestClient], register: Registered) -> None:
    browser = firm_browser(register(kazakh_mill())["id"])
    for path in PAGES:
        assert (path, browser.get(filled_in(path)).status_code) == (path, 403)
    for path in addresses("POST", "/console"):
        assert (path, browser.post(filled_in(path)).status_code) == (path, 403)


def test_an_officer_opens_nothing_of_a_firm(signed_in: SignIn) -> None:
    browser = signed_in("admin")
    for path in addresses("GET", "/me"):
        assert (path, browser.get(filled_in(path)).status_code) == (path, 303)
    for path in addresses("POST", "/me"):
        assert (path, browser.post(filled_in(path)).status_code) == (path, 303)


def test_cookies_open_nothing_of_the_api(signed_in: SignIn) -> None:
    assert signed_in("admin").get("/v1/matches").status_code == 401


@pytest.mark.parametrize(("role", "statuses"), [("viewer", (403, 403)), ("reviewer", (200, 200))])
def test_tokens_may_what_their_owners_may(
    client: TestClient, signed_in: SignIn, register: Registered, role: Role, statuses: tuple[int, int]
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    signed_in(role)
    admin = signed_in("admin")
    page = admin.get("/console/settings/tokens").text
    found = re.search(rf'value="(\w+)"[^>]*>{role}@', page)
    assert found
    shown = admin.post("/console/settings/tokens", data={"owner": found[1]}).text
    token = re.search(r"caravan_[\w-]+", shown)
    assert token
    headers = {"Authorization": f"Bearer {token[0]}"}
    assert client.get("/v1/matches", headers=headers).status_code == 200
    pair = f"{mill['id']}.{trader['id']}"
    review = client.put(f"/v1/matches/{pair}/review", json={"decision": "deferred"}, headers=headers)
    status = client.put(f"/v1/companies/{mill['id']}/status", json={"status": "verified"}, headers=headers)
    assert (review.status_code, status.status_code) == statuses


GUARDS = {get_args(named)[1].dependency for named in (Officer, Reviewer, Admin, Firm)}
PUBLIC = OPEN_DOORS | {
    "/",
    "/privacy",
    "/register",
    "/register/concepts",
    "/register/number",
    "/register/understood/{number}",
    "/sign-in",
    "/sign-in/link/{secret}",
    "/sign-in/link/{secret}/confirm",
    "/sign-in/token",
    "/sign-out",
}
"""What anyone may open."""


def guarded(dependant: Dependant) -> bool:
    return dependant.call in GUARDS or any(guarded(one) for one in dependant.dependencies)


def test_a_page_without_a_guard_is_one_for_everybody() -> None:
    open_to_all = {
        route.path
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute) and not guarded(route.dependant)
    }
    assert open_to_all == PUBLIC
