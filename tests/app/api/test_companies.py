from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.actions.imports import import_companies
from app.db import Database
from app.db.companies import Company, ListingRow
from app.db.staff import Token
from app.files import as_line, read_rows
from app.queries.companies import document, every_company, filled, status_history
from tests.conftest import Registered, bearer
from tests.factories import company, kazakh_mill, listing, nigerian_trader

FULL = {
    "country": "KZ",
    "legal_name": "ТОО «Қостанай Диірмені»",
    "trading_name": "Kostanay Mills",
    "registration_number": "100140000003",
    "sectors": ["agriculture", "logistics"],
    "region": "KZ-39",
    "city": "Qostanay",
    "size": "medium",
    "founded": 2009,
    "languages": ["kk", "ru", "en"],
    "website": "https://example.kz",
    "summary": "Flour mill, 200 t a day.",
    "contact": {"name": "А. Б.", "role": "Export manager", "email": "export@example.kz", "phone": "+77142000000"},
    "listings": [
        {
            "side": "offer",
            "kind": "goods",
            "title": "Мука пшеничная, высший сорт",
            "text": "Мешки 50 кг,\nжелезнодорожные вагоны, FCA Костанай.",
            "hs_codes": ["110100"],
            "isic_codes": [],
            "partnership": ["supply", "distribution"],
            "volume": {"amount": 3000, "unit": "t", "per": "month"},
            "value": {"min": "500000", "max": "900000", "currency": "USD"},
            "incoterms": ["FCA", "CPT"],
            "certificates": ["EAC", "Halal"],
            "valid_until": "2027-06-30",
        },
        {"side": "need", "kind": "goods", "title": "Какао-порошок алкализованный", "hs_codes": ["1805"]},
    ],
}


def codes(answer: Response) -> dict[str, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def test_registration_gives_back_everything_typed(client: TestClient) -> None:
    answer = client.post("/v1/companies", json=FULL)
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["location"] == f"/v1/companies/{body['id']}"
    read = client.get(answer.headers["location"], headers=bearer(body["token"]))
    assert read.status_code == 200
    assert read.headers["etag"] == answer.headers["etag"]
    kept = read.json()
    assert "token" not in kept
    for name, value in FULL.items():
        if name != "listings":
            assert kept[name] == value
    first, second = kept["listings"]
    assert {name: first[name] for name in FULL["listings"][0]} == FULL["listings"][0]  # type: ignore[index]
    assert (second["text"], second["volume"], second["incoterms"]) == (None, None, [])


def test_registration_answers_what_reading_answers(client: TestClient) -> None:
    for firm in (FULL, company("NG", contact={"email": "a@b.example"}), nigerian_trader()):
        answer = client.post("/v1/companies", json=firm)
        body = answer.json()
        read = client.get(answer.headers["location"], headers=bearer(body["token"]))
        assert body == read.json() | {"token": body["token"]}


def test_imported_firms_read_like_registered_ones(
    client: TestClient, database: Database, staff: dict[str, str], tmp_path: Path
) -> None:
    documents = [FULL, kazakh_mill(), nigerian_trader(), company("NG", listings=[listing("offer", "Sesame")])]

    def read() -> tuple[list[Any], list[Any]]:
        items = client.get("/v1/companies", headers=staff).json()["items"]
        with database.reading() as session:
            return [_apart_from_ids(one) for one in items], [filled(document(one)) for one in every_company(session)]

    ids = [client.post("/v1/companies", json=one).json()["id"] for one in documents]
    registered = read()
    for one in ids:
        assert client.delete(f"/v1/companies/{one}", headers=staff | {"If-Match": '"1"'}).status_code == 204
    path = tmp_path / "in.jsonl"
    path.write_text("".join(as_line(one) + "\n" for one in documents), encoding="utf-8")
    import_companies(database.writing, read_rows(path))
    assert read() == registered


def _apart_from_ids(item: dict[str, Any]) -> dict[str, Any]:
    own = {"id", "created_at", "changed_at"}
    listings = [{name: value for name, value in one.items() if name != "id"} for one in item["listings"]]
    return {name: value for name, value in item.items() if name not in own} | {"listings": listings}


def test_one_of_many_at_once_gets_the_number(client: TestClient, database: Database) -> None:
    number = company()["registration_number"]
    documents = [kazakh_mill(registration_number=number) for _ in range(8)] + [kazakh_mill() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda one: client.post("/v1/companies", json=one).status_code, documents))
    assert sorted(statuses[:8]) == [201] + 7 * [409]
    assert statuses[8:] == 8 * [201]
    with database.reading() as session:
        assert session.query(ListingRow).count() == 18


def test_wrong_token_may_not_register(client: TestClient) -> None:
    assert client.post("/v1/companies", json=company(), headers=bearer("caravan_nonsense")).status_code == 401


def test_token_is_stored_only_as_a_digest(client: TestClient, database: Database) -> None:
    token = client.post("/v1/companies", json=company()).json()["token"]
    with database.reading() as session:
        row = session.query(Token).one()
        assert token.startswith("caravan_")
        assert token not in row.digest
        assert len(row.digest) == 64


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"registration_number": "100140000004"}, "/registration_number", "bin_check_digit"),
        ({"registration_number": "101340000003"}, "/registration_number", "bin_month"),
        ({"registration_number": "100170000003"}, "/registration_number", "bin_type"),
        ({"registration_number": "100149000003"}, "/registration_number", "bin_branch"),
        ({"registration_number": "12345"}, "/registration_number", "bin_length"),
        ({"registration_number": None}, "/registration_number", "missing"),
        ({"contact": None}, "/contact/email", "missing"),
        ({"contact": {"email": "nobody"}}, "/contact/email", "email_format"),
        ({"sectors": []}, "/sectors", "too_short"),
        ({"sectors": ["fishing"]}, "/sectors/0", "literal_error"),
        ({"sectors": ["it", "it"]}, "/sectors", "repeated"),
        ({"legal_name": "  "}, "/legal_name", "blank"),
        ({"legal_name": "A\x00B"}, "/legal_name", "control_character"),
        ({"region": "NG-KN"}, "/region", "region_unknown"),
        ({"country": "FR"}, "/country", "country_unknown"),
        ({"founded": "2009"}, "/founded", "int_type"),
        ({"website": "javascript:alert(1)"}, "/website", "website_format"),
        ({"colour": "red"}, "/colour", "extra_forbidden"),
        ({"listings": [{"side": "offer", "kind": "goods"}]}, "/listings/0/title", "missing"),
        ({"listings": [listing("offer", "x", hs_codes=["1805", "7701"])]}, "/listings/0/hs_codes/1", "hs_unknown"),
        ({"listings": [listing("offer", "x", hs_codes=["18-05"])]}, "/listings/0/hs_codes/0", "hs_format"),
        ({"listings": [listing("offer", "x", isic_codes=["04"])]}, "/listings/0/isic_codes/0", "isic_unknown"),
        ({"listings": [listing("offer", "x", valid_until="2027-02-30")]}, "/listings/0/valid_until", None),
        ({"listings": [listing("offer", "x", valid_until=5)]}, "/listings/0/valid_until", "date_format"),
        (
            {"listings": [listing("offer", "x", volume={"amount": False, "unit": "t"})]},
            "/listings/0/volume/amount",
            None,
        ),
        (
            {"listings": [listing("offer", "x", value={"min": "9", "max": "1", "currency": "USD"})]},
            "/listings/0/value/max",
            "max_below_min",
        ),
        ({"listings": [listing("offer", "x", id="0" * 32)]}, "/listings/0/id", "listing_unknown"),
    ],
)
def test_wrong_field_is_named_by_its_pointer(
    client: TestClient, database: Database, change: dict[str, Any], pointer: str, code: str | None
) -> None:
    answer = client.post("/v1/companies", json=company() | change)
    assert answer.status_code == 422
    found = codes(answer)
    assert pointer in found
    assert code is None or found[pointer] == code
    with database.reading() as session:
        assert session.query(Company).count() == 0
        assert session.query(ListingRow).count() == 0


def test_errors_speak_the_reader_s_language(client: TestClient) -> None:
    wrong = company() | {"sectors": []}
    texts = {
        language: client.post("/v1/companies", json=wrong, headers={"Accept-Language": language}).json()
        for language in ("en", "ru-RU,ru;q=0.9", "kk")
    }
    details = {text["detail"] for text in texts.values()}
    messages = {text["errors"][0]["message"] for text in texts.values()}
    assert len(details) == len(messages) == 3


def test_number_of_another_firm_is_refused_without_naming_it(client: TestClient, register: Registered) -> None:
    first = register(kazakh_mill())
    again = company(registration_number=first["registration_number"])
    answer = client.post("/v1/companies", json=again)
    assert answer.status_code == 409
    assert first["id"] not in answer.text
    assert first["legal_name"] not in answer.text
    assert client.post("/v1/companies", json=company("NG", registration_number="RC 7")).status_code == 201
    assert client.post("/v1/companies", json=company("NG", registration_number="rc:0007")).status_code == 409
    assert client.post("/v1/companies", json=company("NG", registration_number="BN 7")).status_code == 201


def test_listing_keeps_its_id_through_a_change_and_ends_when_left_out(
    client: TestClient, register: Registered, database: Database
) -> None:
    mill = register(kazakh_mill(), verified=False)
    url = f"/v1/companies/{mill['id']}"
    now = client.get(url, headers=mill["headers"])
    body = now.json()
    kept = body["listings"][1] | {"title": "Какао-порошок натуральный"}
    changed = kazakh_mill(registration_number=mill["registration_number"], legal_name=mill["legal_name"])
    changed["listings"] = [kept, listing("need", "Сахар")]
    answer = client.put(url, json=changed, headers=mill["headers"] | {"If-Match": now.headers["etag"]})
    assert answer.status_code == 200, answer.text
    assert [one["title"] for one in answer.json()["listings"]] == ["Какао-порошок натуральный", "Сахар"]
    assert answer.json()["listings"][0]["id"] == kept["id"]
    with database.reading() as session:
        assert session.query(ListingRow).filter(ListingRow.ended_at.is_not(None)).count() == 1


def test_change_needs_the_version_that_was_read(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill(), verified=False)
    url = f"/v1/companies/{mill['id']}"
    document = kazakh_mill(registration_number=mill["registration_number"])
    assert client.put(url, json=document, headers=mill["headers"]).status_code == 428
    first = client.put(url, json=document, headers=mill["headers"] | {"If-Match": '"1"'})
    assert first.status_code == 200
    assert client.put(url, json=document, headers=mill["headers"] | {"If-Match": '"1"'}).status_code == 412
    assert client.put(url, json=document, headers=mill["headers"] | {"If-Match": "W/nonsense"}).status_code == 412
    assert client.delete(url, headers=mill["headers"] | {"If-Match": '"1"'}).status_code == 412
    moved = client.put(url, json=company("NG"), headers=mill["headers"] | {"If-Match": first.headers["etag"]})
    assert codes(moved) == {"/country": "country_fixed"}


def test_firm_that_changes_its_legal_name_is_verified_anew(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    tag = client.get(url, headers=mill["headers"]).headers["etag"]
    same = kazakh_mill(registration_number=mill["registration_number"]) | {"legal_name": mill["legal_name"]}
    kept = client.put(url, json=same, headers=mill["headers"] | {"If-Match": tag})
    assert kept.json()["status"] == "verified"
    renamed = same | {"legal_name": "ТОО «Другая фирма»"}
    answer = client.put(url, json=renamed, headers=mill["headers"] | {"If-Match": kept.headers["etag"]})
    assert answer.json()["status"] == "submitted"


def test_each_change_of_status_is_remembered_with_its_reason(
    client: TestClient, register: Registered, staff: dict[str, str], database: Database
) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    for _ in range(2):  # said twice, done once
        suspended = client.put(
            f"{url}/status", json={"status": "suspended", "reason": "Does not answer."}, headers=staff
        )
        assert suspended.status_code == 200
    assert client.put(f"{url}/status", json={"status": "verified"}, headers=staff).status_code == 200
    tag = client.get(url, headers=staff).headers["etag"]
    renamed = kazakh_mill(registration_number=mill["registration_number"])
    assert client.put(url, json=renamed, headers=mill["headers"] | {"If-Match": tag}).status_code == 200
    with database.reading() as session:
        found = [(one.before, one.after, one.reason, one.by) for one in status_history(session, mill["id"])]
    officer = "officer@council.example"
    assert found == [
        ("verified", "submitted", None, None),
        ("suspended", "verified", None, officer),
        ("verified", "suspended", "Does not answer.", officer),
        ("submitted", "verified", None, officer),
    ]


def test_deleted_company_is_gone_with_its_token(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    assert client.delete(url, headers=mill["headers"]).status_code == 204
    assert client.get(url, headers=mill["headers"]).status_code == 401
    assert client.get(url, headers=staff).status_code == 404


def test_other_company_cannot_be_told_from_none(client: TestClient, register: Registered) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    for path in ("", "/matches"):
        other = client.get(f"/v1/companies/{mill['id']}{path}", headers=trader["headers"])
        none = client.get(f"/v1/companies/{'0' * 32}{path}", headers=trader["headers"])
        assert other.status_code == none.status_code == 404
        assert other.json() | {"instance": ""} == none.json() | {"instance": ""}
    assert (
        client.put(
            f"/v1/companies/{mill['id']}", json=company(), headers=trader["headers"] | {"If-Match": '"2"'}
        ).status_code
        == 404
    )
    assert client.delete(f"/v1/companies/{mill['id']}", headers=trader["headers"]).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/companies"),
        ("GET", f"/v1/companies/{'0' * 32}"),
        ("PUT", f"/v1/companies/{'0' * 32}"),
        ("DELETE", f"/v1/companies/{'0' * 32}"),
        ("GET", f"/v1/companies/{'0' * 32}/matches"),
        ("PUT", f"/v1/companies/{'0' * 32}/status"),
        ("GET", "/v1/matches"),
        ("GET", "/v1/matches/x"),
        ("PUT", "/v1/matches/x/review"),
    ],
)
def test_without_credentials_it_is_401(client: TestClient, method: str, path: str) -> None:
    bodies = {"/status": {"status": "verified"}, "/review": {"decision": "approved"}}
    body = next((body for end, body in bodies.items() if path.endswith(end)), company())
    answer = client.request(method, path, json=body if method == "PUT" else None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    wrong = client.request(method, path, json=body if method == "PUT" else None, headers=bearer("caravan_nonsense"))
    assert wrong.status_code == 401


def test_company_may_not_do_what_staff_do(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill(), verified=False)
    url = f"/v1/companies/{mill['id']}/status"
    assert client.put(url, json={"status": "verified"}, headers=mill["headers"]).status_code == 403
    assert client.get("/v1/companies", headers=mill["headers"]).status_code == 403
    assert client.get("/v1/matches", headers=mill["headers"]).status_code == 403


def test_search_filters_and_pages(client: TestClient, register: Registered, staff: dict[str, str]) -> None:
    mill = register(kazakh_mill())
    trader = register(nigerian_trader())
    drill = register(
        company("NG", sectors=["mining", "energy"], listings=[listing("offer", "Бурение", kind="service")])
    )

    def ids(**params: str) -> list[str]:
        answer = client.get("/v1/companies", params=params, headers=staff)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert ids() == [mill["id"], trader["id"], drill["id"]]
    assert ids(country="NG") == [trader["id"], drill["id"]]
    assert ids(sector="energy") == [drill["id"]]
    assert ids(region="KZ-39") == [mill["id"]]
    assert ids(hs="11") == ids(hs="1101") == [mill["id"]]
    assert ids(q="МУКА") == [mill["id"]]
    assert ids(q="kano cocoa") == [trader["id"]]
    assert ids(q="wolfram% _") == []
    first = client.get("/v1/companies", params={"limit": 2}, headers=staff).json()
    second = client.get("/v1/companies", params={"limit": 2, "cursor": first["next_cursor"]}, headers=staff).json()
    assert [one["id"] for one in first["items"] + second["items"]] == ids()
    assert second["next_cursor"] is None
    assert client.get("/v1/companies", params={"cursor": "nonsense"}, headers=staff).status_code == 400


def test_body_over_the_limit_is_413(client: TestClient) -> None:
    answer = client.post("/v1/companies", content=b" " * (256 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"

    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield b" " * 64 * 1024

    json = {"Content-Type": "application/json"}
    assert client.post("/v1/companies", content=chunks(), headers=json).status_code == 413


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"a": "\xff"}', b"", b"null", b"[]", b'"x"'])
def test_unreadable_body_is_a_problem(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/companies", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_address_and_method_are_problems(client: TestClient) -> None:
    assert client.get("/v1/nothing").headers["content-type"] == "application/problem+json"
    answer = client.patch("/v1/companies")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert client.patch("/v1/companies/1").headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"


def test_code_that_contradicts_the_title_is_warned_of_and_kept(client: TestClient) -> None:
    document = company(
        listings=[
            listing("offer", "Мука пшеничная, высший сорт", hs_codes=["270900"]),
            listing("need", "Cocoa powder", hs_codes=["180500"]),
        ]
    )
    answer = client.post("/v1/companies", json=document, headers={"Accept-Language": "ru"})
    assert answer.status_code == 201
    (warning,) = answer.json()["warnings"]
    assert (warning["pointer"], warning["code"]) == ("/listings/0", "code_and_text_disagree")
    assert "hs:2709" in warning["message"]
    assert "hs:1101" in warning["message"]
    assert answer.json()["listings"][0]["hs_codes"] == ["270900"]
