import json
from html import unescape

import pytest
from fastapi.testclient import TestClient

from app.db import Database
from app.db.companies import Company
from tests.app.console.pages import ORIGIN, filled, form_in, send, sign_in
from tests.conftest import Registered
from tests.factories import kazakh_mill, listing, nigerian_trader

HERE = "/me/profile"


def test_nobody_sees_pages_of_a_firm_unless_signed_in(client: TestClient) -> None:
    for address in ("/me", HERE, "/me/account", "/me/account/data.json"):
        answer = client.get(address, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    assert client.post("/me/account/delete", headers=ORIGIN, follow_redirects=False).status_code == 303


def test_matches_say_why_and_what_would_help(client: TestClient, database: Database, register: Registered) -> None:
    mill = register(kazakh_mill())
    trader = register(nigerian_trader())
    hidden = register(nigerian_trader(legal_name="Hidden Ltd"), verified=False)
    sign_in(client, database, mill["id"])
    page = client.get("/me").text
    assert trader["legal_name"] in page
    assert "Hidden Ltd" not in page
    assert hidden["id"] not in page
    assert "They offer what you need" in page
    assert "<mark>" in page
    assert f'href="{HERE}#listings-1-volume-amount"' in page
    assert "The other firm has not said:" in page
    assert "once the council has verified" not in page
    assert trader["legal_name"] not in client.get("/me?sector=mining").text
    assert trader["legal_name"] in client.get("/me?sector=nonsense").text


def test_matches_are_paged(client: TestClient, database: Database, register: Registered) -> None:
    mill = register(kazakh_mill())
    traders = [register(nigerian_trader())["legal_name"] for _ in range(12)]
    sign_in(client, database, mill["id"])
    first = unescape(client.get("/me").text)
    onward = first[: first.index(">Next<")].rpartition('href="')[2].partition('"')[0]
    second = client.get(onward).text
    assert sum(name in first for name in traders) == 10
    assert sum(name in second for name in traders) == 2
    assert "From the beginning" in second
    assert client.get("/me?cursor=nonsense").status_code == 400


def test_decision_is_told_and_nothing_else(
    client: TestClient, database: Database, register: Registered, staff: dict[str, str]
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    match_id = f"{mill['id']}.{trader['id']}"
    review = {"decision": "rejected", "reason": "compliance", "note": "a secret of the council"}
    assert client.put(f"/v1/matches/{match_id}/review", json=review, headers=staff).status_code == 200
    sign_in(client, database, mill["id"])
    page, data = client.get("/me").text, client.get("/me/account/data.json").text
    assert "rejected" in page
    assert json.loads(data)["decisions"] == [
        {"match": match_id, "counterpart": trader["legal_name"], "status": "rejected"}
    ]
    for secret in ("compliance", "a secret", "officer@"):
        assert secret not in page
        assert secret not in data


def test_profile_is_saved_as_it_was_shown(client: TestClient, database: Database, register: Registered) -> None:
    offer = listing(
        "offer",
        "Мука пшеничная",
        hs_codes=["110100"],
        volume={"amount": 500.5, "unit": "t", "per": "month"},
        value={"min": "10", "max": "20.50", "currency": "USD"},
        incoterms=["FCA", "FOB"],
        certificates=["EAC", "ISO 9001"],
        partnership=["supply"],
        valid_until="2030-01-31",
    )
    mill = register(kazakh_mill(website="https://mill.example", founded=1999, listings=[offer]))
    before = client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).json()
    sign_in(client, database, mill["id"])
    answer = send(client, HERE, form_in(client.get(HERE).text, HERE), "save")
    assert answer.url.path == HERE
    assert "Saved." in answer.text
    after = client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).json()
    assert before | {"changed_at": after["changed_at"]} == after


def test_listings_keep_their_ids_while_others_come_and_go(
    client: TestClient, database: Database, register: Registered
) -> None:
    mill = register(kazakh_mill())
    sign_in(client, database, mill["id"])
    page = send(client, HERE, form_in(client.get(HERE).text, HERE), "remove-0").text
    page = send(client, HERE, form_in(page, HERE), "add-need").text
    assert len(client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).json()["listings"]) == 2
    fields = filled(form_in(page, HERE), **{"listings-1-title": "Насосы", "listings-1-hs_codes": "1101"})
    page = send(client, HERE, fields, "save").text
    kept = client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).json()["listings"]
    assert [one["title"] for one in kept] == ["Какао-порошок алкализованный", "Насосы"]
    assert kept[0]["id"] == mill["listings"][1]["id"]
    assert "Some listings have a code that does not go with their words" in page
    assert "Check which is right" in page


@pytest.mark.parametrize("field", ["registration_number", "contact-email", "legal_name"])
def test_wrong_profile_is_not_saved_and_nothing_is_lost(
    client: TestClient, database: Database, register: Registered, field: str
) -> None:
    mill = register(kazakh_mill())
    sign_in(client, database, mill["id"])
    fields = filled(form_in(client.get(HERE).text, HERE), **{field: "", "city": "Тобыл"})
    answer = send(client, HERE, fields, "save")
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert dict(form_in(answer.text, HERE))["city"] == "Тобыл"
    assert client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).json()["city"] is None


def test_number_of_another_firm_is_refused(client: TestClient, database: Database, register: Registered) -> None:
    mill, other = register(kazakh_mill()), register(kazakh_mill())
    sign_in(client, database, mill["id"])
    fields = filled(form_in(client.get(HERE).text, HERE), registration_number=other["registration_number"])
    answer = send(client, HERE, fields, "save")
    assert answer.status_code == 422
    assert 'href="#registration_number"' in answer.text


def test_conflict_shows_both_and_lets_one_save_anyway(
    client: TestClient, database: Database, register: Registered
) -> None:
    mill = register(kazakh_mill())
    sign_in(client, database, mill["id"])
    mine = form_in(client.get(HERE).text, HERE)
    theirs = filled(mine, city="Рудный", **{"listings-0-title": "Мука первого сорта"})
    send(client, HERE, send_without(theirs, 1), "save")
    answer = send(client, HERE, filled(mine, city="Тобыл"), "save")
    assert answer.status_code == 409
    for text in ("Рудный", "Тобыл", "Мука первого сорта", "Save anyway"):
        assert text in answer.text
    again = form_in(answer.text, HERE)
    assert dict(again)["city"] == "Тобыл"
    assert send(client, HERE, again, "save").url.query == b"saved=1"
    kept = client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).json()
    assert kept["city"] == "Тобыл"
    assert kept["listings"][0]["id"] == mill["listings"][0]["id"]
    assert [one["title"] for one in kept["listings"]] == [one["title"] for one in mill["listings"]]


def send_without(fields: list[tuple[str, str]], number: int) -> list[tuple[str, str]]:
    return [pair for pair in fields if not pair[0].startswith(f"listings-{number}-")]


def test_country_stays(client: TestClient, database: Database, register: Registered) -> None:
    mill = register(kazakh_mill())
    sign_in(client, database, mill["id"])
    changes = {"country": "NG", "region": "", "registration_number": "RC 1234567"}
    answer = send(client, HERE, filled(form_in(client.get(HERE).text, HERE), **changes), "save")
    assert answer.status_code == 422


def test_all_data_can_be_taken_along(client: TestClient, database: Database, register: Registered) -> None:
    mill = register(kazakh_mill())
    sign_in(client, database, mill["id"])
    send(client, HERE, send_without(form_in(client.get(HERE).text, HERE), 1), "save")
    answer = client.get("/me/account/data.json")
    assert "attachment" in answer.headers["content-disposition"]
    data = answer.json()
    assert data["profile"]["contact"]["email"] == "export@firm.example"
    assert [one["title"] for one in data["profile"]["listings"]] == ["Мука пшеничная, высший сорт"]
    assert [one["title"] for one in data["ended_listings"]] == ["Какао-порошок алкализованный"]
    assert data["sessions"][0]["browser"] == "a test"
    assert len(data["tokens"]) == 1
    assert "digest" not in answer.text


def test_tokens_are_made_shown_once_and_ended(client: TestClient, database: Database, register: Registered) -> None:
    mill, other = register(kazakh_mill()), register(kazakh_mill())
    sign_in(client, database, mill["id"])
    page = client.post("/me/account/tokens", headers=ORIGIN).text
    token = page[page.index("caravan_") :].partition('"')[0]
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get(f"/v1/companies/{mill['id']}", headers=bearer).status_code == 200
    page = client.get("/me/account").text
    assert token not in page
    buttons = [part.partition('"')[0] for part in page.split('action="') if part.startswith("/me/account/tokens/")]
    ends = [address for address in buttons if address.endswith("/end")]
    assert len(ends) == 2
    assert len(buttons) == 4
    assert page.count("not yet") == 2
    exchanged = client.post(buttons[0], headers=ORIGIN).text
    new = {"Authorization": f"Bearer {exchanged[exchanged.index('caravan_') :].partition(chr(34))[0]}"}
    for headers in (bearer, new):
        assert client.get(f"/v1/companies/{mill['id']}", headers=headers).status_code == 200
    sign_in(client, database, other["id"])
    for address in buttons:
        assert client.post(address, headers=ORIGIN).status_code == 404
    sign_in(client, database, mill["id"])
    assert client.get(f"/v1/companies/{mill['id']}", headers=bearer).status_code == 200
    for end in ends:
        client.post(end, headers=ORIGIN)
    assert client.get(f"/v1/companies/{mill['id']}", headers=bearer).status_code == 401
    assert client.get(f"/v1/companies/{other['id']}", headers=other["headers"]).status_code == 200


def test_sessions_are_ended_one_by_one_and_only_one_s_own(
    client: TestClient, database: Database, register: Registered
) -> None:
    mill, other = register(kazakh_mill()), register(kazakh_mill())
    sign_in(client, database, other["id"])
    foreign = client.get("/me/account").text
    end = next(part for part in foreign.split('action="') if part.startswith("/me/account/sessions/")).partition('"')[0]
    others = client.cookies["caravan-session"]
    sign_in(client, database, mill["id"])
    client.post(end, headers=ORIGIN)
    client.cookies.set("caravan-session", others)
    assert client.get("/me/account").status_code == 200
    assert client.post(end, headers=ORIGIN).url.path == "/sign-in"


def test_firm_is_removed_once_its_name_is_typed(client: TestClient, database: Database, register: Registered) -> None:
    mill = register(kazakh_mill())
    sign_in(client, database, mill["id"])
    answer = client.post("/me/account/delete", data={"name": "another"}, headers=ORIGIN)
    assert answer.status_code == 422
    assert "Nothing was removed" in answer.text
    answer = client.post("/me/account/delete", data={"name": mill["legal_name"].upper()}, headers=ORIGIN)
    assert answer.url.path == "/"
    assert 'caravan-session=""' in answer.history[0].headers["set-cookie"]
    with database.reading() as session:
        assert session.get(Company, mill["id"]) is None
    assert client.get("/me").url.path == "/sign-in"


def test_suspended_firm_is_told(
    client: TestClient, database: Database, register: Registered, staff: dict[str, str]
) -> None:
    mill = register(kazakh_mill(listings=[]))
    client.put(f"/v1/companies/{mill['id']}/status", json={"status": "suspended"}, headers=staff)
    sign_in(client, database, mill["id"])
    page = client.get("/me").text
    assert "suspended" in page
    assert f'href="{HERE}#listings"' in page
