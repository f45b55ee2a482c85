from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.console.static_files import address_of
from app.console.visit import SESSION_COOKIE
from tests.conftest import Registered
from tests.factories import company


def policy(answer: Any) -> dict[str, list[str]]:  # noqa: ANN401  # any client's answer
    text = answer.headers["content-security-policy"]
    return {name: values for name, *values in (part.split() for part in text.split(";"))}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/sign-in", 200),
        ("GET", "/console/sign-in", 200),
        ("GET", "/console", 303),
        ("GET", "/nothing/here", 404),
        ("GET", "/assets/nothing.css", 404),
        ("PUT", "/", 405),
        ("POST", "/sign-in/link/nothing", 410),
        ("GET", address_of("caravan.css"), 200),
        ("GET", address_of("htmx/htmx.min.js"), 200),
    ],
)
def test_answers_of_every_kind_carry_the_headers(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, follow_redirects=False)
    assert answer.status_code == status
    rules = policy(answer)
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == rules["form-action"] == ["'self'"]
    assert rules["frame-ancestors"] == rules["base-uri"] == ["'none'"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    kept = "public, max-age=31536000, immutable" if path.startswith("/assets/") and status == 200 else "no-store"
    assert answer.headers["cache-control"] == kept


CROSS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver:8000"},
    {"Origin": "null"},
    {"Origin": ""},
    {},
]
OWN = [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "none"}]


@pytest.mark.parametrize("headers", CROSS)
def test_forms_of_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    client.cookies.set(SESSION_COOKIE, "somebody's")
    answer = client.post("/sign-out", headers=headers, follow_redirects=False)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "another site" in answer.text
    assert policy(answer)["default-src"] == ["'none'"]


@pytest.mark.parametrize("headers", CROSS[:-1])
def test_forms_of_other_sites_sign_nobody_in(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/console/sign-in", data={"email": "x@evil.example"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("headers", OWN)
def test_own_forms_pass(client: TestClient, headers: dict[str, str]) -> None:
    client.cookies.set(SESSION_COOKIE, "somebody's")
    assert client.post("/sign-out", headers=headers, follow_redirects=False).status_code == 303


def test_programs_without_cookies_pass(client: TestClient) -> None:
    assert client.post("/sign-out", follow_redirects=False).status_code == 303


def test_other_sites_may_link_here(client: TestClient) -> None:
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_large_forms_are_refused_with_the_headers(client: TestClient) -> None:
    answer = client.post("/sign-in", content=b"x" * (21 * 1024 * 1024), headers={"Origin": "http://testserver"})
    assert answer.status_code == 413
    assert policy(answer)["default-src"] == ["'none'"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/v1/sectors", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/v1/companies", 401),
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/sectors", 405),
        ("POST", "/v1/companies", 413),
        ("GET", "/v1/fails", 500),
    ],
)
def test_answers_of_the_api_carry_the_headers_whatever_they_are(
    client: TestClient, method: str, path: str, status: int
) -> None:
    content = b"x" * (300 * 1024) if status == 413 else b""
    answer = client.request(method, path, content=content)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers


@pytest.fixture(autouse=True)
def failing_route(client: TestClient) -> None:
    def fails() -> None:
        raise ValueError("A failure that nobody expects.")

    client.app.add_api_route("/v1/fails", fails)  # type: ignore[attr-defined]  # it is a FastAPI


def test_tokens_and_private_answers_are_kept_by_nobody(client: TestClient, register: Registered) -> None:
    registered = client.post("/v1/companies", json=company("NG"))
    assert (registered.status_code, registered.headers["cache-control"]) == (201, "no-store")
    firm = register(company("KZ"))
    read = client.get(f"/v1/companies/{firm['id']}", headers=firm["headers"])
    assert (read.status_code, read.headers["cache-control"]) == (200, "no-store")
    ranking = client.get(f"/v1/companies/{firm['id']}/matches", headers=firm["headers"])
    assert (ranking.status_code, ranking.headers["cache-control"]) == (200, "private, no-cache")
    assert ranking.headers["x-content-type-options"] == "nosniff"
    again = client.get(
        f"/v1/companies/{firm['id']}/matches", headers=firm["headers"] | {"If-None-Match": ranking.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.headers.get_list("x-content-type-options") == ["nosniff"]


def test_documentation_runs_no_script_but_ours(client: TestClient) -> None:
    page = client.get("/docs")
    rules = policy(page)
    assert rules["default-src"] == rules["frame-ancestors"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == ["'self'"]
    assert page.headers["cache-control"] == "no-cache"
    assert "<script>" not in page.text
    assert "style=" not in page.text
    script = client.get("/static/swagger-ui/swagger-ui-bundle.js")
    assert (script.status_code, script.headers["x-content-type-options"]) == (200, "nosniff")
