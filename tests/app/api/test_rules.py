"""Every operation of the API by everybody, held against the table of rules."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from app.api.rules import RULES, RuledRoute, require_rules
from app.db import Database
from tests.app.api.callers import Issued, council, turned_away
from tests.conftest import Registered, bearer
from tests.factories import kazakh_mill, nigerian_trader

STALE = {"If-Match": '"999999"'}
NOBODY = "0" * 32
PASSED = {"GET": 200, "POST": 422, "PUT": 412, "DELETE": 412}
"""What an operation answers to whom it lets in, asked so that it changes nothing."""
OTHERWISE = {"rotate_token": 412, "give_consent": 422, "ask_for_confirmation": 202, "withdraw_consent": 204}
BODIES: dict[str, Any] = {
    "change_company": kazakh_mill(),
    "set_company_status": {"status": "suspended"},
    "review_match": {"decision": "rejected"},
    "give_consent": {"version": "1900-01"},
}


def operations(client: TestClient) -> Iterator[tuple[str, str, str]]:
    """Id, method and path of each operation of the OpenAPI document."""
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], method.upper(), path


def asked(operation: str, path: str) -> dict[str, Any]:
    """A request that would be let in and change nothing, but for a withdrawal, which comes last."""
    more: dict[str, Any] = {"headers": {} if operation == "withdraw_consent" else STALE}
    if path.endswith("/concepts"):
        more["params"] = {"q": "flour"}
    if operation in BODIES or operation.startswith(("register", "issue", "understand")):
        more["json"] = BODIES.get(operation, {})
    if operation == "issue_token":
        more["json"] = {"days": 0}
    return more


def expected(operation: str, method: str, party: str, *, own: bool) -> int:
    rule = RULES[operation]
    passed = OTHERWISE.get(operation, PASSED[method])
    if not rule.asks:
        return passed
    if party in {"expired", "revoked", "disabled", "nonsense"}:
        return 401
    known = None if party == "anonymous" else party
    if known not in rule.parties:
        return 401 if known is None else 403
    return passed if own or known != "company" or not rule.own else 404


def test_every_operation_answers_everybody_as_the_table_says(
    client: TestClient, register: Registered, database: Database
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    firms = {name: _token_of(client, firm["headers"]) for name, firm in (("mill", mill), ("trader", trader))}
    known = council(database)
    match = f"{mill['id']}.{trader['id']}"
    decided = client.put(f"/v1/matches/{match}/review", json={"decision": "deferred"}, headers=known["admin"].headers)
    assert decided.status_code == 200
    callers = [
        ("anonymous", False, Issued(NOBODY, {})),
        ("nonsense", False, Issued(NOBODY, bearer("caravan_" + "x" * 49))),
    ]
    callers += [("company", True, firms["mill"]), ("company", False, firms["trader"])]
    callers += [(party, False, token) for party, token in (known | turned_away(database, mill["id"])).items()]
    wrong = []
    for operation, method, path in sorted(operations(client), key=lambda one: one[0] == "withdraw_consent"):
        for party, own, token in callers:
            address = path.format(company_id=mill["id"], match_id=match, token_id=token.id)
            request = asked(operation, path)
            request["headers"] = request["headers"] | token.headers
            status = client.request(method, address, **request).status_code
            if status != expected(operation, method, party, own=own):
                wrong.append((operation, party, own, status))
    assert wrong == []
    assert client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).json()["status"] == "suspended", (
        "it withdrew"
    )


def _token_of(client: TestClient, headers: dict[str, str]) -> Issued:
    return Issued(client.get("/v1/tokens", headers=headers).json()["items"][0]["id"], headers)


def test_nobody_changes_more_than_was_meant() -> None:
    """The table itself: who may do what is not only reading."""
    may = {
        party: {name for name, rule in RULES.items() if rule.asks and party in rule.parties and name not in READS}
        for party in (None, "integration", "company", "viewer", "reviewer", "admin")
    }
    own = {"change_company", "delete_company", "issue_token", "rotate_token", "end_token"}
    own |= {"give_consent", "withdraw_consent", "ask_for_confirmation"}
    decided = {"change_company", "set_company_status", "review_match"}
    anyone = {"register_company"}
    assert may == {
        None: anyone,
        "integration": anyone,
        "company": anyone | own,
        "viewer": anyone | {"rotate_token", "end_token"},
        "reviewer": anyone | {"rotate_token", "end_token"} | decided,
        "admin": anyone | {"rotate_token", "end_token"} | decided | {"delete_company", "issue_token"},
    }
    assert {name for name in READS if "company" in RULES[name].parties} == {
        "read_company",
        "read_held_data",
        "rank_counterparts",
        "list_tokens",
        "read_token",
    }
    owned = {"read_company", "read_held_data", "change_company", "delete_company", "rank_counterparts"}
    owned |= {"give_consent", "withdraw_consent", "ask_for_confirmation"}
    assert {name for name, rule in RULES.items() if rule.own} == owned


READS = {
    "search_companies",
    "read_company",
    "read_held_data",
    "rank_counterparts",
    "read_queue",
    "read_match",
    "list_tokens",
    "read_token",
}


def test_document_says_what_the_table_says(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    names = []
    for methods in document["paths"].values():
        for operation in methods.values():
            rule = RULES[operation["operationId"]]
            names.append(operation["operationId"])
            assert operation["security"] == rule.security
            assert {str(status) for status in rule.answers} <= set(operation["responses"])
            if not rule.asks:
                assert not {"401", "403"} & set(operation["responses"])
    assert sorted([*names, "read_documentation", "read_metrics"]) == sorted(RULES)


def nothing() -> None:
    """Answers nothing."""


def test_operation_without_a_rule_is_not_served() -> None:
    ruled = APIRouter(route_class=RuledRoute)
    with pytest.raises(LookupError, match="has no rule"):
        ruled.get("/secrets", operation_id="read_secrets")(nothing)
    with pytest.raises(LookupError, match="has no rule"):
        ruled.get("/secrets")(nothing)
    app, plain = FastAPI(), APIRouter(prefix="/v1")
    plain.get("/sectors", operation_id="list_sectors")(nothing)
    app.include_router(plain)
    with pytest.raises(LookupError, match="/v1/sectors is outside the table"):
        require_rules(app)


VARIANTS: list[dict[str, Any]] = [
    {},
    {"json": kazakh_mill()},
    {"json": {"colour": "red"}},
    {"content": b"{", "headers": {"Content-Type": "application/json"}},
    {"content": b"\xff", "headers": {"Content-Type": "text/plain"}},
    {"json": kazakh_mill(), "headers": STALE},
    {"json": kazakh_mill(), "headers": {"If-Match": "*"}},
    {"json": kazakh_mill(), "headers": {"If-Match": "W/nonsense"}},
    {"json": {"status": "verified"}},
    {"params": {"limit": "nonsense", "cursor": "nonsense"}},
    {"headers": {"Accept-Language": "kk", "If-None-Match": "*"}},
]


def test_another_company_is_byte_for_byte_like_none(client: TestClient, register: Registered) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    paths = [(method, path) for _, method, path in operations(client) if "{company_id}" in path]
    assert len(paths) == 9
    own, _ = _token_of(client, mill["headers"]), _token_of(client, trader["headers"])
    paths += [(method, path) for _, method, path in operations(client) if "{token_id}" in path]
    for method, path in paths:
        for variant in VARIANTS:
            request = variant | {"headers": variant.get("headers", {}) | trader["headers"]}
            found = []
            for company_id, token_id in ((mill["id"], own.id), (NOBODY, NOBODY)):
                address = path.format(company_id=company_id, token_id=token_id)
                answer = client.request(method, address, **request)
                headers = {
                    name: value for name, value in answer.headers.items() if name not in {"date", "x-request-id"}
                }
                found.append((answer.status_code, headers, answer.text.replace(address, "")))
            assert found[0] == found[1], (method, path, variant)
            refused = 403 if path.endswith("/status") else 404
            if "content" in variant and method != "GET" and "text/plain" in str(variant):
                refused = 415  # whatever the address
            assert found[0][0] == refused, (method, path, variant)
    assert client.get(f"/v1/companies/{mill['id']}", headers=mill["headers"]).status_code == 200


def test_integration_reads_and_sees_no_person(client: TestClient, register: Registered, database: Database) -> None:
    contact = {"name": "Айгүл Серікқызы", "email": "aigul@export.example", "phone": "+77142000000"}
    mill, trader = register(kazakh_mill(contact=contact)), register(nigerian_trader())
    known = council(database)
    headers = known["integration"].headers
    match = f"{mill['id']}.{trader['id']}"
    decision = {"decision": "rejected", "reason": "other", "note": "Ask Aigul."}
    assert (
        client.put(f"/v1/matches/{match}/review", json=decision, headers=known["reviewer"].headers).status_code == 200
    )
    read = client.get(f"/v1/companies/{mill['id']}", headers=headers)
    assert (read.status_code, read.json()["legal_name"], read.json()["contact"]) == (200, mill["legal_name"], None)
    answers = [
        client.get(path, headers=headers)
        for path in (
            "/v1/companies",
            f"/v1/companies/{mill['id']}/matches",
            "/v1/matches",
            f"/v1/matches/{match}",
            "/v1/tokens",
        )
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        for said in (*contact.values(), "@council.example", "Ask Aigul."):
            assert said not in json.dumps(answer.json(), ensure_ascii=False)
    assert answers[3].json()["review"]["status"] == "rejected"
    (token,) = answers[4].json()["items"]
    assert (token["scope"], token["owner"], token["label"]) == ("integration", None, "Statistics")


def test_integration_cannot_find_a_contact_out_by_searching(
    client: TestClient, register: Registered, database: Database
) -> None:
    mill = register(kazakh_mill(contact={"email": "aigul@export.example", "phone": "+77142000000"}))
    known = council(database)

    def found(party: str, words: str) -> bool:
        answer = client.get("/v1/companies", params={"q": words}, headers=known[party].headers)
        assert answer.status_code == 200
        return bool(answer.json()["items"])

    for words in ("aigul", "aigul@export.example", "7714", "77142000000", "+7 714 200 00 00"):
        assert (found("viewer", words), found("integration", words)) == (True, False), words
    for words in (mill["legal_name"], mill["registration_number"], "kostanay mills"):
        assert found("integration", words), words
