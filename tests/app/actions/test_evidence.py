"""The needs that stored pairs meet stay in step with the pictures."""

from typing import Any

from alembic import command
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.db import Database
from app.db.engine import alembic_config
from app.db.matches import Pair, PairEvidence
from tests.conftest import Registered
from tests.factories import company, kazakh_mill, listing, nigerian_trader

Met = set[tuple[str, str, str]]


def met(database: Database) -> Met:
    """Pair, need and offer of each row."""
    with database.reading() as session:
        rows = session.scalars(select(PairEvidence))
        return {(row.pair_id, row.need_listing_id, row.offer_listing_id) for row in rows}


def queue(client: TestClient, staff: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/matches", headers=staff).json()["items"]
    return found


def test_needs_met_both_ways_are_stored_and_nothing_else(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    (flour, cocoa), (powder, bread) = ([one["id"] for one in firm["listings"]] for firm in (mill, trader))
    register(company("NG", listings=[listing("offer", "Wheat flour")]))
    assert len(queue(client, staff)) == 2
    pair = f"{mill['id']}.{trader['id']}"
    assert met(database) == {(pair, cocoa, powder), (pair, bread, flour)}


def test_changed_profile_replaces_the_rows_of_its_pairs(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    queue(client, staff)
    document = kazakh_mill(registration_number=mill["registration_number"], legal_name=mill["legal_name"])
    document["listings"] = [listing("need", "Cocoa powder")]
    headers = mill["headers"] | {"If-Match": '"2"'}
    changed = client.put(f"/v1/companies/{mill['id']}", json=document, headers=headers).json()
    queue(client, staff)
    offer = trader["listings"][0]["id"]
    assert met(database) == {(f"{mill['id']}.{trader['id']}", changed["listings"][0]["id"], offer)}
    client.delete(f"/v1/companies/{mill['id']}", headers=mill["headers"] | {"If-Match": '"3"'})
    assert met(database) == set()


def test_decision_takes_the_rows_of_its_picture(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    url = f"/v1/matches/{mill['id']}.{trader['id']}/review"
    assert client.put(url, json={"decision": "approved"}, headers=staff).status_code == 200
    first = met(database)
    assert len(first) == 2
    assert client.put(url, json={"decision": "rejected"}, headers=staff).status_code == 200
    assert met(database) == first


def test_rows_are_made_from_pictures_stored_before(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database
) -> None:
    register(kazakh_mill())
    register(nigerian_trader())
    queue(client, staff)
    before = met(database)
    with database.engine.begin() as connection:
        command.downgrade(alembic_config(connection), "20261125_open_console")
    database.migrate()
    assert met(database) == before
    assert len(before) == 2
    with database.reading() as session:
        assert all(pair.found_at == pair.computed_at for pair in session.scalars(select(Pair)))
