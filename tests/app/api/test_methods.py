import json
from typing import Any

from fastapi.testclient import TestClient

from app.queries.cursors import cursor
from tests.factories import company


def test_head_is_answered_like_get_without_a_body(client: TestClient) -> None:
    got, asked = client.get("/v1/sectors"), client.head("/v1/sectors")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
    assert client.head("/v1/companies").status_code == 401
    assert client.head("/v1/understand").status_code == 405


def test_options_tells_the_methods_of_an_address(client: TestClient) -> None:
    answer = client.options("/v1/companies")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert client.options("/v1/nothing").status_code == 404


def test_body_that_is_not_json_is_415(client: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""):
        answer = client.post("/v1/understand", content=b'{"text": "flour"}', headers={"Content-Type": kind})
        assert answer.status_code == 415, kind
        assert answer.json()["type"] == "urn:caravan:problem:media-type-unknown"


def test_json_may_be_written_in_several_ways(client: TestClient) -> None:
    for kind in ("application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"):
        answer = client.post("/v1/understand", content=b'{"text": "flour"}', headers={"Content-Type": kind})
        assert answer.status_code == 200, kind


def test_nul_is_refused_on_both_databases_alike(client: TestClient, staff: dict[str, str]) -> None:
    assert client.get("/v1/companies/a%00b", headers=staff).status_code == 404
    answer = client.get("/v1/companies?limit=1&q=a%00b", headers=staff)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?q"


STRANGE: list[Any] = ["\0", "\ud800", 10**30, float("nan"), float("inf"), True, None, [], {}]


def test_cursor_that_somebody_wrote_is_400(client: TestClient, staff: dict[str, str]) -> None:
    for part in STRANGE:
        for path in ("/v1/companies", "/v1/matches"):
            for place in ((part, "a"), ("2026-01-01T00:00:00+00:00", part), (0.5, part)):
                answer = client.get(path, params={"cursor": cursor(*place)}, headers=staff)
                assert answer.status_code == 400, place


def test_company_cursor_needs_a_moment(client: TestClient, staff: dict[str, str]) -> None:
    for moment in ("", "x", "9999-99-99", "0001-01-01T00:00:00+14:00", "2026-01-01"):
        answer = client.get("/v1/companies", params={"cursor": cursor(moment, "a")}, headers=staff)
        assert answer.status_code == 400, moment


def test_ranking_cursor_with_a_huge_number_is_400(client: TestClient, staff: dict[str, str]) -> None:
    created = client.post("/v1/companies", json=company()).json()
    for place in ((0.5, "a", 10**30), (float("nan"), "a", 1), (0.5, "\0", 1)):
        path = f"/v1/companies/{created['id']}/matches"
        assert client.get(path, params={"cursor": cursor(*place)}, headers=staff).status_code == 400, place


BODIES = [
    b'{"\\ud800": 1}',
    b'{"legal_name": "\\udfff"}',
    b'{"founded": ' + b"9" * 5000 + b"}",
    b'{"founded": 1e400}',
    b'{"listings": [{"volume": {"amount": NaN}}]}',
    b'{"contact": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    b'{"a\\u0000b": "\\u0000"}',
]


def test_strange_json_is_a_problem(client: TestClient) -> None:
    for body in BODIES:
        answer = client.post("/v1/companies", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}, body
        assert answer.headers["content-type"] == "application/problem+json"
        json.loads(answer.content)


VALUES = (b"\xff\xfe", b"", b'"' + b"9" * 3000 + b'"', b"\xd9\xa1", b'"\xb2"')


def test_strange_header_is_no_failure_of_ours(client: TestClient, staff: dict[str, str]) -> None:
    for name in ("Authorization", "Accept-Language", "If-Match", "If-None-Match"):
        for value in VALUES:
            headers: dict[str, Any] = {**staff, name: value}
            for method, path in (("GET", "/v1/companies"), ("DELETE", "/v1/companies/1"), ("PUT", "/v1/companies/1")):
                answer = client.request(method, path, headers=headers, json=company() if method == "PUT" else None)
                assert answer.status_code < 500, (name, value)
