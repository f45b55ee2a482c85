"""A request that comes again with its key is done once and answered as the first time."""

import json
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select, update

from app.api.repeats import HEADER
from app.application import create_app
from app.db import Database
from app.db.base import now
from app.db.companies import Company, StatusChange
from app.db.repeats import AnsweredRequest
from app.settings import Settings
from app.web.service import Service, WriteSession
from tests.conftest import Registered, bearer
from tests.factories import Document, kazakh_mill, nigerian_trader
from tests.programs import CARAVAN, environment, serving, wait_until

READS_ONLY = {"/v1/understand"}
"""POSTs that change nothing: done again, they answer the same."""
AGAIN = "idempotency-replayed"


def key(value: str | None = None) -> dict[str, str]:
    return {HEADER: value or str(uuid4())}


OWN = frozenset({AGAIN, "x-request-id"})
"""Headers in which a repeated answer differs."""


def same(one: Response, other: Response) -> bool:
    kept = [{name: value for name, value in answer.headers.items() if name not in OWN} for answer in (one, other)]
    return (one.status_code, one.content, kept[0]) == (other.status_code, other.content, kept[1])


def counted(database: Database, table: type[Any] = Company) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_repeated_registration_is_one_company_and_one_answer(client: TestClient, database: Database) -> None:
    firm, headers = kazakh_mill(), key() | {"Accept-Language": "ru"}
    first, again = (client.post("/v1/companies", json=firm, headers=headers) for _ in range(2))
    assert first.status_code == 201
    assert {"location", "etag"} <= set(first.headers)
    assert same(first, again)
    assert AGAIN not in first.headers
    assert again.headers[AGAIN] == "true"
    assert counted(database) == 1
    read = client.get(again.headers["location"], headers=bearer(again.json()["token"]))
    assert read.headers["etag"] == again.headers["etag"]


def test_answer_with_a_key_is_that_without_one(client: TestClient) -> None:
    firms = [nigerian_trader(legal_name="Same Ltd", trading_name=None) for _ in range(2)]
    plain = client.post("/v1/companies", json=firms[0])
    keyed = client.post("/v1/companies", json=firms[1], headers=key())
    assert plain.headers.keys() == keyed.headers.keys()
    assert plain.json().keys() == keyed.json().keys()


def test_key_in_quotes_is_the_same_key(client: TestClient, database: Database) -> None:
    firm, bare = kazakh_mill(), str(uuid4())
    first = client.post("/v1/companies", json=firm, headers=key(bare))
    assert same(first, client.post("/v1/companies", json=firm, headers=key(f'"{bare}"')))
    assert counted(database) == 1


def test_other_body_is_refused_and_does_nothing(client: TestClient, database: Database) -> None:
    headers = key()
    client.post("/v1/companies", json=kazakh_mill(), headers=headers)
    answer = client.post("/v1/companies", json=kazakh_mill(), headers=headers | {"Accept-Language": "kk"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:caravan:problem:idempotency-key-reused"
    assert "басқа" in answer.json()["detail"]
    assert counted(database) == 1


MALFORMED = ("", "short", "x" * 256, "with a space in the middle", '"only one quote here', "ключ" * 5)


def test_malformed_key_is_refused(client: TestClient, database: Database) -> None:
    one, *others = [[(HEADER.encode(), wrong.encode())] for wrong in (str(uuid4()), *MALFORMED)]
    for headers in (*others, one + one):
        answer = client.post("/v1/companies", json=kazakh_mill(), headers=headers)
        assert answer.status_code == 400
        assert "16 to 255" in answer.json()["detail"]
    assert counted(database) == 0


def test_keys_of_different_callers_never_meet(client: TestClient, register: Registered, database: Database) -> None:
    one, other = register(kazakh_mill()), register(nigerian_trader())
    firms = [kazakh_mill() for _ in range(3)]
    headers = key()
    callers: list[dict[str, str]] = [one["headers"], other["headers"], {}]
    answers = [
        client.post("/v1/companies", json=firm, headers=headers | caller)
        for firm, caller in zip(firms, callers, strict=True)
    ]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert counted(database) == 5
    again = client.post("/v1/companies", json=firms[1], headers=headers | other["headers"])
    assert same(answers[1], again)


def test_ended_token_reads_no_answer(client: TestClient, register: Registered, database: Database) -> None:
    one = register(kazakh_mill())
    firm, headers = nigerian_trader(), key() | one["headers"]
    assert client.post("/v1/companies", json=firm, headers=headers).status_code == 201
    assert client.delete(f"/v1/companies/{one['id']}", headers=one["headers"]).status_code == 204
    assert client.post("/v1/companies", json=firm, headers=headers).status_code == 401


def test_refused_request_can_be_corrected_with_the_same_key(client: TestClient, database: Database) -> None:
    headers = key()
    firm = kazakh_mill()
    assert client.post("/v1/companies", json=firm | {"contact": None}, headers=headers).status_code == 422
    assert counted(database, AnsweredRequest) == 0
    assert client.post("/v1/companies", json=firm, headers=headers).status_code == 201


def test_other_firm_with_the_number_is_refused_with_or_without_a_key(client: TestClient) -> None:
    firm = kazakh_mill()
    assert client.post("/v1/companies", json=firm).status_code == 201
    assert client.post("/v1/companies", json=firm, headers=key()).status_code == 409


def test_key_counts_for_a_day_and_is_forgotten(client: TestClient, database: Database) -> None:
    headers = key()
    for _ in range(2):
        assert client.post("/v1/companies", json=kazakh_mill(), headers=headers).status_code == 201
        with database.writing() as session:
            left = session.scalars(select(AnsweredRequest.expires_at)).one() - now()
            assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
            session.execute(update(AnsweredRequest).values(expires_at=now()))
    assert client.post("/v1/companies", json=kazakh_mill(), headers=key()).status_code == 201
    assert counted(database, AnsweredRequest) == 1


def test_who_holds_the_database_reads_no_token(client: TestClient, database: Database) -> None:
    headers = key()
    firm = kazakh_mill()
    token = client.post("/v1/companies", json=firm, headers=headers).json()["token"]
    with database.reading() as session:
        row = session.scalars(select(AnsweredRequest)).one()
        held = b"".join((row.digest.encode(), row.fingerprint.encode(), row.salt, row.answer))
    for secret in (token, headers[HEADER], firm["registration_number"], firm["contact"]["email"]):
        assert secret.encode() not in held
    with database.writing() as session:
        session.execute(update(AnsweredRequest).values(answer=row.answer[:-1] + bytes([row.answer[-1] ^ 1])))
    damaged = client.post("/v1/companies", json=firm, headers=headers)
    assert damaged.status_code == 422
    assert token not in damaged.text


def test_racing_twins_make_one_company_and_get_one_answer(client: TestClient, database: Database) -> None:
    firm, headers, start = kazakh_mill(), key(), Barrier(8)

    def sent(_: int) -> Response:
        start.wait()
        return client.post("/v1/companies", json=firm, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(sent, range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.content for answer in answers}) == 1
    assert sorted(AGAIN in answer.headers for answer in answers) == [False, *[True] * 7]
    assert counted(database) == counted(database, AnsweredRequest) == 1


def test_racing_twins_with_other_bodies_are_told_apart(client: TestClient, database: Database) -> None:
    headers, start = key(), Barrier(6)

    def sent(_: int) -> int:
        firm = kazakh_mill()
        start.wait()
        return client.post("/v1/companies", json=firm, headers=headers).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(sent, range(6))) == [201, *[422] * 5]
    assert counted(database) == 1


@pytest.fixture
def extended(settings: Settings) -> Iterator[TestClient]:
    """The service with a POST of its own that writes as other routes do."""
    app = create_app(settings)

    @app.post("/v1/notes")
    def note(session: WriteSession, data: Document) -> Document:
        session.add(StatusChange(company_id=data["company"], before="submitted", after="verified", by=data["by"]))
        session.flush()
        if data["by"] == "nobody":
            raise ValueError("No one.")
        return {"number": session.scalar(select(func.count()).select_from(StatusChange))}

    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


def test_any_post_that_writes_is_done_once(extended: TestClient, database: Database) -> None:
    firm = extended.post("/v1/companies", json=kazakh_mill()).json()["id"]
    headers, start = key(), Barrier(4)

    def sent(_: int) -> Response:
        start.wait()
        return extended.post("/v1/notes", json={"company": firm, "by": "a"}, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(sent, range(4)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"number":1}')}
    assert sum(AGAIN in answer.headers for answer in answers) == 3
    assert counted(database, StatusChange) == 1


def test_what_fails_is_not_kept_and_leaves_nothing(extended: TestClient, database: Database) -> None:
    firm = extended.post("/v1/companies", json=kazakh_mill()).json()["id"]
    headers = key()
    for body in ({"company": firm, "by": "nobody"}, {"company": "gone", "by": "a"}):
        assert extended.post("/v1/notes", json=body, headers=headers).status_code == 500
    assert counted(database, StatusChange) == counted(database, AnsweredRequest) == 0
    assert extended.post("/v1/notes", json={"company": firm, "by": "a"}, headers=headers).status_code == 200
    assert extended.post("/v1/companies", json=nigerian_trader()).status_code == 201  # no transaction was left open


def test_every_post_takes_a_key(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    posts = {path: operations["post"] for path, operations in paths.items() if "post" in operations}
    assert set(posts) >= READS_ONLY | {"/v1/companies"}
    for operation in posts.values():
        assert [one["in"] for one in operation["parameters"] if one["name"] == HEADER] == ["header"]
        assert {"400", "409", "422"} <= set(operation["responses"])
        assert "Retry-After" in operation["responses"]["409"]["headers"]
    for route in routes(client):
        if "POST" in (route.methods or ()) and route.path not in READS_ONLY | {"/v1/companies"}:
            assert "_writing" in dependencies(route), f"{route.path} must write in WriteSession to be done once"


def routes(client: TestClient) -> list[APIRoute]:
    app = client.app
    assert isinstance(app, FastAPI)
    assert isinstance(app.state.service, Service)
    return [route for route in app.routes if isinstance(route, APIRoute)]


def dependencies(route: APIRoute) -> set[str]:
    found, waiting = set(), list(route.dependant.dependencies)
    while waiting:
        one = waiting.pop()
        found.add(getattr(one.call, "__name__", ""))
        waiting += one.dependencies
    return found


def test_reading_post_keeps_nothing(client: TestClient, database: Database) -> None:
    headers = key()
    first, again = (client.post("/v1/understand", json={"text": "Wheat flour"}, headers=headers) for _ in range(2))
    assert first.status_code == 200
    assert same(first, again)
    assert counted(database, AnsweredRequest) == 0


@pytest.mark.slow
def test_answer_that_was_lost_with_the_server_is_given_after_its_restart(sqlite_settings: Settings) -> None:
    firm, headers = kazakh_mill(), key()
    database, data = Database(sqlite_settings), sqlite_settings.data_dir
    log = data.with_name("killed.log")
    with (
        log.open("w") as out,
        subprocess.Popen([CARAVAN, "serve", "--port", "0"], env=environment(data), stdout=out, stderr=out) as process,
    ):
        wait_until(lambda: "startup complete" in log.read_text())
        port = int(log.read_text().partition("http://127.0.0.1:")[2].partition(" ")[0])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            body = json.dumps(firm).encode()
            lines = ["POST /v1/companies HTTP/1.1", "Host: a", f"{HEADER}: {headers[HEADER]}"]
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
            connection.sendall("\r\n".join(lines).encode() + body)
            wait_until(lambda: counted(database) == 1)
            process.kill()
    with database.reading() as session:
        company_id = session.scalars(select(Company.id)).one()
    database.dispose()
    with serving(data) as address:
        typed = headers | {"Content-Type": "application/json"}
        answer = httpx2.post(f"{address}/v1/companies", content=body, headers=typed)
        assert (answer.status_code, answer.json()["id"]) == (201, company_id)
        assert answer.headers[AGAIN] == "true"
        read = httpx2.get(address + answer.headers["location"], headers=bearer(answer.json()["token"]))
        assert read.json()["legal_name"] == firm["legal_name"]
