import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
from fastapi.testclient import TestClient

from app import auth
from app.actions import tokens
from app.api import answers
from app.db import Database
from app.db.staff import Token
from app.web.service import Service
from tests.app.api.callers import council, issued, officer
from tests.conftest import Registered, bearer
from tests.factories import kazakh_mill, nigerian_trader

SHOWN = {
    "id",
    "scope",
    "owner",
    "label",
    "hint",
    "created_at",
    "expires_at",
    "last_used_at",
    "issued_by",
}


def days_left(token: dict[str, Any]) -> float:
    return (datetime.fromisoformat(token["expires_at"]) - datetime.now(UTC)) / timedelta(days=1)


def listed(client: TestClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.get("/v1/tokens", headers=headers)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def status_with(client: TestClient, company: dict[str, Any], token: str) -> int:
    return client.get(f"/v1/companies/{company['id']}", headers=bearer(token)).status_code


def test_company_issues_lists_and_ends_its_own(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    (first,) = listed(client, mill["headers"])
    assert set(first) == SHOWN
    assert (first["scope"], first["owner"], first["issued_by"]) == ("company", None, None)
    assert first["hint"] == mill["token"][-4:]
    assert 364 < days_left(first) < 365
    answer = client.post("/v1/tokens", json={"label": "Shop", "days": 30}, headers=mill["headers"])
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    new = answer.json()
    assert answer.headers["location"] == f"/v1/tokens/{new['id']}"
    assert (new["label"], new["hint"]) == ("Shop", new["token"][-4:])
    assert 29 < days_left(new) < 30
    assert status_with(client, mill, new["token"]) == 200
    assert new["token"] not in client.get("/v1/tokens", headers=mill["headers"]).text
    assert [one["id"] for one in listed(client, mill["headers"])] == [new["id"], first["id"]]
    assert client.delete(f"/v1/tokens/{new['id']}", headers=mill["headers"]).status_code == 204
    assert status_with(client, mill, new["token"]) == 401
    assert client.delete(f"/v1/tokens/{new['id']}", headers=mill["headers"]).status_code == 404
    assert client.delete(f"/v1/tokens/{first['id']}", headers=mill["headers"]).status_code == 204
    assert status_with(client, mill, mill["token"]) == 401


def test_exchanged_token_works_for_a_day_more(client: TestClient, register: Registered, database: Database) -> None:
    mill = register(kazakh_mill())
    own = client.post("/v1/tokens", json={"label": "Shop", "days": 30}, headers=mill["headers"]).json()
    tag = client.get(f"/v1/tokens/{own['id']}", headers=mill["headers"]).headers["etag"]
    address = f"/v1/tokens/{own['id']}/rotate"
    answer = client.post(address, headers=bearer(own["token"]) | {"If-Match": tag})
    new = answer.json()
    assert (answer.status_code, new["label"], new["scope"]) == (201, "Shop", "company")
    assert new["token"] != own["token"]
    assert 29 < days_left(new) < 30
    assert status_with(client, mill, new["token"]) == status_with(client, mill, own["token"]) == 200
    old = client.get(f"/v1/tokens/{own['id']}", headers=mill["headers"])
    assert 0.9 < days_left(old.json()) < 1
    assert old.headers["etag"] != tag
    assert client.post(address, headers=mill["headers"] | {"If-Match": tag}).status_code == 412
    again = client.post(address, headers=bearer(own["token"]))
    assert 29 < days_left(again.json()) < 30
    with database.writing() as session:
        session.get_one(Token, own["id"]).expires_at -= timedelta(days=1)
    assert status_with(client, mill, own["token"]) == 401
    assert status_with(client, mill, new["token"]) == 200


def test_token_that_ran_out_is_told_so(client: TestClient, register: Registered, database: Database) -> None:
    mill = register(kazakh_mill())
    with database.writing() as session:
        session.query(Token).filter(Token.company_id == mill["id"]).update(
            {"expires_at": datetime(2026, 11, 3, tzinfo=UTC)}
        )
    answer = client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"])
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "ran out on 2026-11-03" in answer.json()["detail"]
    assert mill["token"] not in answer.text
    page = client.post(
        "/sign-in/token", data={"token": mill["token"]}, headers={"Origin": "http://testserver"}, follow_redirects=False
    )
    assert page.status_code == 422


def test_administrator_issues_for_officers_and_integrations(client: TestClient, database: Database) -> None:
    known = council(database)
    admin = known["admin"].headers

    def made(**wanted: object) -> dict[str, Any]:
        answer = client.post("/v1/tokens", json=wanted, headers=admin)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    own = made(label="Script")
    assert (own["scope"], own["owner"], own["issued_by"]) == ("admin", "admin@council.example", "admin@council.example")
    assert 89 < days_left(own) < 90
    smaller = made(scope="viewer")
    assert client.get("/v1/matches", headers=bearer(smaller["token"])).status_code == 200
    assert client.post("/v1/tokens", json={}, headers=bearer(smaller["token"])).status_code == 403
    others = made(owner="Reviewer@council.example", scope="admin", days=1)
    assert (others["scope"], others["owner"]) == ("reviewer", "reviewer@council.example")
    assert client.post("/v1/tokens", json={}, headers=bearer(others["token"])).status_code == 403
    portal = made(scope="integration", label="Portal", days=1095)
    assert (portal["scope"], portal["owner"]) == ("integration", None)
    assert {one["id"] for one in listed(client, admin)} >= {own["id"], smaller["id"], others["id"], portal["id"]}
    rotated = client.post(f"/v1/tokens/{portal['id']}/rotate", headers=admin)
    assert (rotated.status_code, rotated.json()["scope"]) == (201, "integration")
    assert client.delete(f"/v1/tokens/{portal['id']}", headers=admin).status_code == 204
    assert client.get("/v1/matches", headers=bearer(portal["token"])).status_code == 401
    assert client.get("/v1/matches", headers=bearer(rotated.json()["token"])).status_code == 200


@pytest.mark.parametrize(
    ("party", "wanted", "pointers"),
    [
        ("company", {"scope": "admin"}, ["/scope"]),
        ("company", {"owner": "admin@council.example", "scope": "integration"}, ["/scope", "/owner"]),
        ("company", {"days": 0}, ["/days"]),
        ("company", {"days": 1096}, ["/days"]),
        ("company", {"days": "30"}, ["/days"]),
        ("company", {"label": "x" * 101}, ["/label"]),
        ("company", {"label": "\0"}, ["/label"]),
        ("company", {"company_id": "0" * 32}, ["/company_id"]),
        ("admin", {"scope": "integration"}, ["/label"]),
        ("admin", {"scope": "integration", "label": "  "}, ["/label"]),
        ("admin", {"scope": "integration", "label": "Portal", "owner": "admin@council.example"}, ["/owner"]),
        ("admin", {"owner": "nobody@council.example"}, ["/owner"]),
        ("admin", {"scope": "king"}, ["/scope"]),
    ],
)
def test_wrong_wish_is_named(  # noqa: PLR0913  # fixtures and parameters
    client: TestClient,
    register: Registered,
    database: Database,
    party: str,
    wanted: dict[str, Any],
    pointers: list[str],
) -> None:
    headers = register(kazakh_mill(), verified=False)["headers"] if party == "company" else None
    headers = headers or officer(database, "admin", "admin").headers
    before = listed(client, headers)
    answer = client.post("/v1/tokens", json=wanted, headers=headers)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert listed(client, headers) == before


def test_whole_days_may_be_written_with_a_point(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    taken = [client.post("/v1/tokens", json={"days": days}, headers=mill["headers"]) for days in (30.0, 30.5)]
    assert [answer.status_code for answer in taken] == [201, 422]


def test_one_owner_holds_so_many(client: TestClient, register: Registered) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    made = [client.post("/v1/tokens", json={}, headers=mill["headers"]) for _ in range(tokens.MOST_TOKENS)]
    assert [answer.status_code for answer in made] == [201] * (tokens.MOST_TOKENS - 1) + [409]
    first = made[0].json()["id"]
    assert client.post(f"/v1/tokens/{first}/rotate", headers=mill["headers"]).status_code == 409
    assert client.delete(f"/v1/tokens/{first}", headers=mill["headers"]).status_code == 204
    assert client.post("/v1/tokens", json={}, headers=mill["headers"]).status_code == 201
    assert client.post("/v1/tokens", json={}, headers=trader["headers"]).status_code == 201


def test_nobody_reaches_further_than_they_may(client: TestClient, register: Registered, database: Database) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    known = council(database)
    with database.reading() as session:
        owner = session.get_one(Token, known["admin"].id).staff_id
    small = issued(database, staff_id=owner, scope="viewer")
    all_tokens = {
        "mill": listed(client, mill["headers"])[0]["id"],
        "trader": listed(client, trader["headers"])[0]["id"],
        "small": small.id,
    } | {name: one.id for name, one in known.items()}
    callers = {"mill": mill["headers"], "trader": trader["headers"], "small": small.headers}
    callers |= {name: one.headers for name, one in known.items()}
    of_council = {"viewer", "reviewer", "admin", "integration", "small"}
    for name, headers in callers.items():
        reached = {
            other for other, one in all_tokens.items() if client.get(f"/v1/tokens/{one}", headers=headers).is_success
        }
        assert reached == (of_council if name == "admin" else {name})
        assert {one["id"] for one in listed(client, headers)} >= {all_tokens[other] for other in reached}
        if name == "integration":
            assert client.post(f"/v1/tokens/{small.id}/rotate", headers=headers).status_code == 403
        for other in all_tokens.keys() - reached:
            assert client.delete(f"/v1/tokens/{all_tokens[other]}", headers=headers).status_code in {403, 404}
            assert client.post(f"/v1/tokens/{all_tokens[other]}/rotate", headers=headers).status_code in {403, 404}
    with database.reading() as session:
        assert session.query(Token).filter(Token.id.in_(all_tokens.values())).count() == len(all_tokens)


class Clock(datetime):
    """Stands at a moment."""

    at = datetime(2027, 1, 1, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        assert tz is UTC
        return cls.fromtimestamp(cls.at.timestamp(), tz)


def test_kept_answer_ends_with_its_token(
    client: TestClient, register: Registered, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    mill, _ = register(kazakh_mill()), register(nigerian_trader())
    with database.writing() as session:
        session.query(Token).update({"expires_at": Clock.at + timedelta(hours=1)})
    monkeypatch.setattr(answers, "now", lambda: Clock.at)
    monkeypatch.setattr(auth, "now", lambda: Clock.at)
    address = f"/v1/companies/{mill['id']}/matches"
    first = client.get(address, headers=mill["headers"])
    kept = client.get(address, headers=mill["headers"])
    assert (first.status_code, kept.content) == (200, first.content)  # the same moment stands in it: it was kept
    monkeypatch.setattr(Clock, "at", Clock.at + timedelta(hours=2))
    for more in ({}, {"If-None-Match": first.headers["etag"]}, {"If-None-Match": "*"}):
        assert client.get(address, headers=mill["headers"] | more).status_code == 401


def test_use_is_noted_by_the_hour_and_not_by_the_request(
    client: TestClient, register: Registered, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "now", lambda: datetime(2026, 11, 25, 12, 34, 56, tzinfo=UTC))
    mill = register(kazakh_mill(), verified=False)
    service: Service = client.app.state.service  # type: ignore[attr-defined]  # the application's
    service.token_uses.write()
    before = asyncio.run(database.moment())
    for _ in range(3):
        assert status_with(client, mill, mill["token"]) == 200
    assert service.token_uses.work() == 0  # not due yet
    assert asyncio.run(database.moment()) == before
    assert service.token_uses.write() == 1
    assert listed(client, mill["headers"])[0]["last_used_at"] == "2026-11-25T12:00:00Z"
    assert service.token_uses.write() == 0
    monkeypatch.setattr(tokens, "now", lambda: datetime(2026, 11, 25, 13, tzinfo=UTC))
    assert listed(client, mill["headers"])[0]["last_used_at"] == "2026-11-25T12:00:00Z"
    assert service.token_uses.write() == 1
    assert listed(client, mill["headers"])[0]["last_used_at"] == "2026-11-25T13:00:00Z"
