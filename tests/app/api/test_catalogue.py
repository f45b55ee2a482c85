import pytest
from fastapi.testclient import TestClient


def test_sectors_are_the_five_in_the_reader_s_language(client: TestClient) -> None:
    english = client.get("/v1/sectors").json()["items"]
    assert [one["code"] for one in english] == ["mining", "it", "energy", "agriculture", "logistics"]
    assert english[-1]["label"] == "Transport and logistics"
    russian = client.get("/v1/sectors", headers={"Accept-Language": "ru"}).json()["items"]
    assert russian[-1]["label"] == "Транспорт и логистика"
    kazakh = client.get("/v1/sectors", headers={"Accept-Language": "kk"}).json()["items"]
    assert {one["label"] for one in kazakh}.isdisjoint(one["label"] for one in russian)


@pytest.mark.parametrize(
    ("typed", "code"), [("wheat fl", "hs:1101"), ("мука пш", "hs:1101"), ("бидай ұн", "hs:1101"), ("1101", "hs:1101")]
)
def test_concept_is_found_while_typing_in_any_language(client: TestClient, typed: str, code: str) -> None:
    found = client.get("/v1/concepts", params={"q": typed}).json()["items"]
    assert code in [one["code"] for one in found]
    assert len(found) <= 10


def test_concept_query_must_not_be_empty(client: TestClient) -> None:
    assert client.get("/v1/concepts", params={"q": ""}).status_code == 422
    assert client.get("/v1/concepts", params={"q": "qqqqqq"}).json()["items"] == []


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "companies": 0, "as_of_change": 0}


def test_documentation_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert client.get(f"/static/swagger-ui/{asset}").status_code == 200


def test_openapi_names_problems_and_the_token(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    post = document["paths"]["/v1/companies"]["post"]
    assert "application/problem+json" in post["responses"]["422"]["content"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_unknown_address_and_method_are_problems(client: TestClient) -> None:
    for answer in (client.get("/v2"), client.patch("/v1/sectors")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
