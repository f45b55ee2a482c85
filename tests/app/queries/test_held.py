import json

from fastapi.testclient import TestClient

from app.actions.consents import withdraw
from app.actions.merges import merge_companies
from app.db import Base, Database
from app.jobs.queue import QueueKeeper
from app.live import LiveRegister
from app.queries.held import EXPORTED, LEFT_OUT, NOT_OF_COMPANIES
from tests.conftest import Registered
from tests.factories import OFFICER, kazakh_mill, nigerian_trader


def test_every_table_is_given_out_or_left_out_with_a_reason() -> None:
    """A new table fails here until somebody has decided whether it holds something of a company."""
    decided = [*EXPORTED, *LEFT_OUT, *NOT_OF_COMPANIES]
    assert sorted(decided) == sorted(Base.metadata.tables)
    assert all((EXPORTED | LEFT_OUT | NOT_OF_COMPANIES).values())


def test_table_that_points_to_a_company_is_not_said_to_be_of_none() -> None:
    for name in NOT_OF_COMPANIES:
        parents = {key.column.table.name for key in Base.metadata.tables[name].foreign_keys}
        assert not parents & (EXPORTED.keys() | LEFT_OUT.keys()), name
        assert "company_id" not in Base.metadata.tables[name].columns, name


def test_all_that_is_held_is_for_the_firm_and_administrators(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database
) -> None:
    consent = {"consent": {"version": client.get("/v1/consent-text").json()["version"]}}
    mill, trader = register(kazakh_mill(summary="Everything") | consent), register(nigerian_trader())
    hidden = register(nigerian_trader(legal_name="Hidden Ltd"), verified=False)
    twin = register(kazakh_mill(legal_name="ТОО «Двойник»"), verified=False)
    reason = {"status": "suspended", "reason": f"The same people as {hidden['legal_name']}"}
    for status in (reason, {"status": "verified"}):
        client.put(f"/v1/companies/{mill['id']}/status", json=status, headers=staff)
    with database.writing() as session:
        merge_companies(session, mill["id"], twin["id"], by=OFFICER)
    live = LiveRegister()
    QueueKeeper(database, live, 20).work_off()
    live.close()
    address = f"/v1/companies/{mill['id']}/data"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=trader["headers"]).status_code == 404
    data = client.get(address, headers=mill["headers"]).json()
    told = client.get(address, headers=staff).json()
    before = data.pop("contact_seen")
    assert told.pop("contact_seen")[-len(before) :] == before
    assert told == data
    assert data["profile"]["summary"] == "Everything"
    assert [one["way"] for one in data["consents"]] == ["api"]
    assert [one["after"] for one in data["status_changes"]] == ["verified", "suspended", "verified"]
    assert [one["merged_name"] for one in data["merges"]] == ["ТОО «Двойник»"]
    assert [one["counterpart"] for one in data["matches"]] == [trader["legal_name"]]
    assert data["matches"][0]["evidence"][0]["listing"]["title"]
    said = json.dumps(data, ensure_ascii=False)
    for secret in ("Hidden", "officer@council.example", "Cocoa powder"):
        assert secret not in said


def test_import_without_consent_says_by_what_it_is_held(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    assert client.get(f"/v1/companies/{mill['id']}/data", headers=mill["headers"]).json()["consents"] == []


def test_withdrawn_consent_is_told(client: TestClient, register: Registered, database: Database) -> None:
    mill = register(kazakh_mill())
    with database.writing() as session:
        withdraw(session, mill["id"], "page")
    (objection,) = client.get(f"/v1/companies/{mill['id']}/data", headers=mill["headers"]).json()["consents"]
    assert objection["basis"] == "objection"
    assert objection["withdrawn_at"]
