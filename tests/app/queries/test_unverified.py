"""A firm that is not verified appears to no other firm, whichever way one looks."""

import pytest
from fastapi.testclient import TestClient

from app.actions.consents import withdraw
from app.console.application import PARTS
from app.db import Database
from app.db.changes import record_change
from app.db.companies import Company
from app.jobs.queue import QueueKeeper
from app.live import LiveRegister
from tests.app.console.pages import filled, form_in, send, sign_in
from tests.app.console.test_registration import preview_step
from tests.conftest import Registered
from tests.factories import kazakh_mill, nigerian_trader

NAME = "Unseen Cocoa of Kano"
NOT_FOR_FIRMS = ("/console", "/sign-in")


def api_addresses(client: TestClient, values: dict[str, list[str]]) -> list[str]:
    """Every address of the API that is read, with each value for its parameter."""
    paths = client.get("/openapi.json").json()["paths"]
    found = []
    for path, operations in paths.items():
        if "get" in operations:
            name = path.partition("{")[2].partition("}")[0]
            found += [path.replace(f"{{{name}}}", value) for value in values.get(name, [""])]
    return found


def page_addresses() -> list[str]:
    """Every page that a firm can read."""
    paths = [(route.path, route.methods) for part in PARTS for route in part.router.routes]
    return sorted({path for path, methods in paths if "GET" in methods and not path.startswith(NOT_FOR_FIRMS)})


@pytest.mark.parametrize("status", ["submitted", "unclaimed", "suspended", "withdrawn"])
def test_firm_that_is_not_verified_appears_to_no_other(
    client: TestClient, database: Database, register: Registered, staff: dict[str, str], status: str
) -> None:
    """It was verified, ranked and approved before: whatever was kept of that is not shown any more."""
    mill = register(kazakh_mill())
    figures = client.get("/").text
    hidden = register(nigerian_trader(legal_name=NAME, trading_name=None, region="NG-LA"))
    match_id = f"{mill['id']}.{hidden['id']}"
    live = LiveRegister()
    QueueKeeper(database, live, 20).work_off()
    live.close()
    approved = client.put(f"/v1/matches/{match_id}/review", json={"decision": "approved"}, headers=staff)
    assert approved.status_code == 200
    sign_in(client, database, mill["id"])
    assert NAME in client.get("/me").text, "while it is verified it is shown"
    if status == "withdrawn":
        with database.writing() as session:
            withdraw(session, hidden["id"], "page")
    else:
        wanted = "submitted" if status == "unclaimed" else status
        client.put(f"/v1/companies/{hidden['id']}/status", json={"status": wanted}, headers=staff)
    if status == "unclaimed":
        with database.writing() as session:  # as a list brings it
            session.get_one(Company, hidden["id"]).status = "unclaimed"
            record_change(session, hidden["id"])
    values = {"company_id": [mill["id"], hidden["id"]], "match_id": [match_id]}
    asked = api_addresses(client, values)
    assert f"/v1/companies/{mill['id']}/matches" in asked
    for address in asked:
        answer = client.get(address, headers=mill["headers"])
        assert NAME not in answer.text, address
        if hidden["id"] in address:
            assert answer.status_code in {403, 404}, address
        else:
            assert hidden["id"] not in answer.text, address
    pages = page_addresses()
    assert {"/", "/me", "/me/account/data.json", "/privacy"} <= set(pages)
    for address in pages:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert NAME not in answer.text, address
        assert hidden["id"] not in answer.text, address
    client.cookies.clear()
    assert client.get("/").text == figures, "the public figures do not count it either"


def test_preview_shows_none_that_is_not_verified(client: TestClient, register: Registered) -> None:
    register(nigerian_trader(legal_name=NAME, region="NG-LA"), verified=False)
    page = preview_step(client)
    assert "glimpses" not in page
    refused = send(client, "/register", filled(form_in(page, "/register")), "send")
    assert NAME not in refused.text
