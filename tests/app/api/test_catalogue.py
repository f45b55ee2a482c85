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
    for answer in (client.get("/v1/nothing"), client.patch("/v1/sectors")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize(
    ("text", "language", "code", "heading"),
    [
        ("wheat flour, first grade", "en", "hs:1101", "1101"),
        ("мука пшеничная в/с", "ru", "hs:1101", "1101"),
        ("бірінші сұрыпты бидай ұны", "kk", "hs:1101", "1101"),
    ],
)
def test_text_is_understood_in_any_language(
    client: TestClient, text: str, language: str, code: str, heading: str
) -> None:
    found = client.post("/v1/understand", json={"text": text}).json()
    assert found["language"] == language
    assert found["concepts"][0]["code"] == code
    assert found["concepts"][0]["words"]
    assert heading in [one["code"] for one in found["hs_codes"]]
    assert 0 < found["confidence"] <= 1


def test_understanding_speaks_the_reader_s_language(client: TestClient) -> None:
    labels = {
        client.post("/v1/understand", json={"text": "cement"}, headers={"Accept-Language": language}).json()[
            "hs_codes"
        ][0]["label"]
        for language in ("en", "ru", "kk")
    }
    assert len(labels) == 3


@pytest.mark.parametrize("text", ["", "   ", "?!", "🙂", "12345", "x" * 5000])
def test_text_that_tells_nothing_is_answered(client: TestClient, text: str) -> None:
    answer = client.post("/v1/understand", json={"text": text})
    assert answer.status_code == 200
    assert answer.json()["confidence"] <= 1


def test_understanding_refuses_what_is_too_long_or_unknown(client: TestClient) -> None:
    assert client.post("/v1/understand", json={"text": "x" * 5001}).status_code == 422
    assert client.post("/v1/understand", json={"words": "x"}).status_code == 422
