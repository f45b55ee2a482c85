"""Each request has an id and one line in the log, which tells no secret; failures are told once."""

import io
import json
import logging
import logging.config
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from app.application import create_app
from app.settings import Settings
from app.watch.logs import LogFormat, logging_config
from app.watch.requests import request_id
from tests.conftest import Registered, bearer
from tests.factories import kazakh_mill

FORMATS: list[LogFormat] = ["plain", "json"]
FACTS = {"time", "level", "logger", "message", "request_id", "method", "route", "status", "ms", "bytes", "caller"}
MARK = "q7Zsecret"


@contextmanager
def logged(form: LogFormat) -> Iterator[io.StringIO]:
    """What is logged, as the program would write it."""
    config = logging_config(form)
    written = io.StringIO()
    config["handlers"]["stderr"]["stream"] = written
    loggers = [logging.getLogger(name) for name in (None, *config["loggers"])]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    logging.config.dictConfig(config)
    try:
        yield written
    finally:
        for one, handlers, level, propagate in before:
            one.handlers[:] = handlers
            one.setLevel(level)
            one.propagate = propagate


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def requests(written: io.StringIO) -> list[dict[str, Any]]:
    return [line for line in lines(written) if "route" in line]


def test_request_is_one_line_with_its_template(client: TestClient, register: Registered, staff: dict[str, str]) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    with logged("json") as written:
        for _ in range(2):  # the second one is answered from memory
            client.get(f"{url}/matches?limit=5", headers=mill["headers"])
        client.get(url, headers=staff)
        client.get(f"/{MARK}?x={MARK}")
        client.get("/assets/caravan.css")
        client.request(MARK.upper(), "/v1/companies")
        client.get(f"/sign-in/link/{MARK}")
        client.get("/healthz")
    found = requests(written)
    assert all(set(line) == FACTS for line in found)
    assert [(line["method"], line["route"], line["status"], line["caller"]) for line in found] == [
        ("GET", "/v1/companies/{company_id}/matches", 200, "company"),
        ("GET", "/v1/companies/{company_id}/matches", 200, "company"),
        ("GET", "/v1/companies/{company_id}", 200, "staff"),
        ("GET", "unknown", 404, "anonymous"),
        ("GET", "/assets", found[4]["status"], "anonymous"),
        ("OTHER", "/v1/companies", 405, "anonymous"),
        ("GET", "/sign-in/link/{secret}", 200, "anonymous"),
    ]
    assert all(line["ms"] > 0 and line["bytes"] > 0 for line in found)
    assert MARK not in written.getvalue()


def test_plain_line_is_for_people(client: TestClient) -> None:
    with logged("plain") as written:
        client.get("/v1/sectors")
    line = re.compile(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO    caravan\.requests: GET /v1/sectors 200"
        r" request_id=\w+ ms=[\d.]+ bytes=\d+ caller=anonymous\n"
    )
    assert line.fullmatch(written.getvalue())


def test_request_id_is_answered_and_ours_unless_a_proxy_is_trusted(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        first, second = (client.get("/healthz", headers={"X-Request-ID": "chosen-by-me"}) for _ in range(2))
        assert len({first.headers["x-request-id"], second.headers["x-request-id"], "chosen-by-me"}) == 3
    trusting = settings.model_copy(update={"trust_request_ids": True})
    with TestClient(create_app(trusting)) as client:
        given = client.get("/healthz", headers={"X-Request-ID": "chosen-by-proxy.1"})
        assert given.headers["x-request-id"] == "chosen-by-proxy.1"
        for wrong in ("short", "x" * 65, "with space in it", 'quote"quote', "näme-with-umlaut"):
            answer = client.get("/healthz", headers={b"X-Request-ID": wrong.encode("latin-1")})
            assert answer.headers["x-request-id"] != wrong


class Broken(Exception):
    pass


@pytest.fixture
def breaking(settings: Settings) -> Iterator[TestClient]:
    """A service with a route that fails in a way nobody foresaw, quoting what was sent."""
    app = create_app(settings)
    router = APIRouter()

    @router.get("/v1/broken")
    def broken(word: str) -> None:
        nothing: dict[str, str] = {}
        try:
            del nothing[word]
        except KeyError as failed:
            raise Broken(f"{word} in {request_id()}") from failed

    app.include_router(router)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_unforeseen_failure_is_told_once_with_its_request(breaking: TestClient) -> None:
    with logged("json") as written:
        answer = breaking.get(f"/v1/broken?word={MARK}")
        logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=_marked())
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (500, 500)
    assert problem["request_id"] == answer.headers["x-request-id"]
    told, request = lines(written)
    assert told["request_id"] == request["request_id"] == problem["request_id"]
    assert (request["status"], request["level"], request["route"]) == (500, "warning", "/v1/broken")
    assert told["exception"].count("Traceback") == 2
    assert "direct cause" in told["exception"]
    assert "in broken" in told["exception"]
    assert told["exception"].endswith("Broken")
    assert MARK not in written.getvalue()


def _marked() -> Exception:
    failed = Broken("seen before")
    failed.caravan_logged = True  # type: ignore[attr-defined]  # as the layer does
    return failed


def test_only_failures_on_our_side_name_their_request(client: TestClient) -> None:
    assert "request_id" not in client.get("/v1/companies/nobody").json()


Way = Literal["good", "bad"]


@pytest.mark.parametrize("form", FORMATS)
def test_no_secret_ever_stands_in_the_log(
    client: TestClient, register: Registered, staff: dict[str, str], breaking: TestClient, form: LogFormat
) -> None:
    """Tokens, cookies, passwords, links, contacts, keys, searches and bodies, taken and refused."""
    document = kazakh_mill(
        legal_name=f"ТОО {MARK}",
        contact={"name": MARK, "email": f"{MARK}@mill.example", "phone": "+77142000000"},
        summary=f"{MARK}\x00 with a NUL",
    )
    with logged(form) as written:
        firm = register(kazakh_mill(contact={"name": MARK, "email": f"{MARK}@mill.example"}))
        secrets = {MARK, MARK.lower(), firm["token"], staff["Authorization"].removeprefix("Bearer ")}
        own = f"/v1/companies/{firm['id']}"
        key = {"Idempotency-Key": MARK, "Cookie": f"caravan-session={MARK}", "X-Request-ID": MARK}
        for client_ in (client, breaking):
            statuses = [
                client_.post("/v1/companies", json=document, headers=key).status_code,
                client_.post("/v1/companies", content=f'{{"{MARK}', headers=key).status_code,
                client_.post("/v1/companies", content=b"\xff" + MARK.encode(), headers=key).status_code,
                client_.get(own, headers=firm["headers"] | key).status_code,
                client_.get(own, headers=bearer(f"caravan_{MARK}") | key).status_code,
                client_.get(own, headers={"Authorization": f"Basic {MARK}"}).status_code,
                client_.put(own, json=document, headers=firm["headers"] | {"If-Match": f'"{MARK}"'}).status_code,
                client_.get(f"/v1/companies?q={MARK}", headers=staff).status_code,
                client_.get(f"/v1/concepts?q={MARK}&{MARK}={MARK}").status_code,
                client_.post("/v1/understand", json={"text": MARK}).status_code,
                client_.get(f"/v1/companies/{MARK}/matches?cursor={MARK}&limit={MARK}", headers=staff).status_code,
                client_.get(f"/sign-in/link/{MARK}", follow_redirects=False).status_code,
                client_.post(f"/sign-in/link/{MARK}", follow_redirects=False).status_code,
                client_.get(f"/console/password/{MARK}").status_code,
                client_.post(f"/console/password/{MARK}", data={"password": f"{MARK} long enough"}).status_code,
                client_.post("/sign-in/token", data={"token": MARK}, headers=key).status_code,
                client_.post("/console/sign-in", data={"email": f"{MARK}@x.example", "password": MARK}).status_code,
                client_.post("/sign-in", data={"email": f"{MARK}@mill.example"}).status_code,
                client_.get(f"/{MARK}/%00{MARK}?{MARK}").status_code,
                client_.get(f"/v1/broken?word={MARK}").status_code,
            ]
        assert {200, 401, 404} < set(statuses)
        assert 500 in statuses
    text = written.getvalue()
    assert text.count("caravan.requests") > 40
    assert [secret for secret in secrets if secret in text] == []
    assert "mill.example" not in text
