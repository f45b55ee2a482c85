import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.app.console.conftest import SignIn
from tests.conftest import Registered, bearer
from tests.factories import company, listing

DUPLICATES, MERGES, COMPANIES = "/console/duplicates", "/console/merges", "/console/companies"


@pytest.fixture
def twins(register: Registered) -> list[dict[str, Any]]:
    """One firm entered twice, verified both times."""
    return [
        register(
            company(
                legal_name="ТОО «Қостанай Диірмені»",
                city="Костанай",
                contact={"email": "a@mill.example"},
                listings=[listing("offer", "Мука"), listing("need", "Сахар")],
            )
        ),
        register(
            company(
                legal_name="Kostanay Diirmeni LLP",
                registration_number="100140000003",
                website="https://mill.example",
                sectors=["logistics"],
                contact={"email": "b@mill.example"},
                listings=[listing("offer", "Мука"), listing("need", "Какао")],
            )
        ),
    ]


def form_of(page: str) -> dict[str, str]:
    """What a browser would send of the form, nothing chosen."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\d+)"', page))
    return found | dict(re.findall(r'<input type="radio" name="([\w.]+)" value="(\w+)" checked', page))


def test_likely_duplicates_are_listed_with_reasons(signed_in: SignIn, twins: list[dict[str, Any]]) -> None:
    browser = signed_in("viewer")
    page = browser.get(DUPLICATES).text
    assert "The same name: <q>ТОО «Қостанай Диірмені»</q> and <q>Kostanay Diirmeni LLP</q>" in page
    assert "Against it: different registration numbers" in page
    assert "No two companies look like one." in browser.get(f"{DUPLICATES}?country=NG").text
    profile = browser.get(f"{COMPANIES}/{twins[1]['id']}").text
    assert f'href="{DUPLICATES}/{twins[1]["id"]}/{twins[0]["id"]}"' in profile


def test_pair_is_merged_as_it_was_chosen_and_parted_again(
    signed_in: SignIn, twins: list[dict[str, Any]], client: TestClient
) -> None:
    browser = signed_in("reviewer")
    kept, merged = (one["id"] for one in twins)
    pair = f"{DUPLICATES}/{kept}/{merged}"
    page = browser.get(pair).text
    assert page.count(">in both<") == 2
    form = form_of(page)
    assert (form["legal_name"], form["website"], form["sectors"]) == ("kept", "merged", "both")
    answer = browser.post(f"{pair}/merge", data=form | {"legal_name": "merged", "tokens": "move"})
    assert answer.status_code == 303
    merge = answer.headers["location"].partition("?")[0]
    shown = browser.get(answer.headers["location"]).text
    assert "Merged." in shown
    assert "Undo the merge" in shown
    as_kept = client.get(f"/v1/companies/{kept}", headers=bearer(twins[1]["token"])).json()
    assert as_kept["legal_name"] == "Kostanay Diirmeni LLP"
    assert [one["title"] for one in as_kept["listings"]] == ["Мука", "Сахар", "Какао"]
    assert browser.get(DUPLICATES).text.count("No two companies look like one.") == 1
    undone = browser.post(f"{merge}/undo")
    assert undone.headers["location"] == f"{merge}?done=undone"
    assert "as they were before" in browser.get(undone.headers["location"]).text
    again = client.get(f"/v1/companies/{merged}", headers=bearer(twins[1]["token"])).json()
    assert [one["title"] for one in again["listings"]] == ["Мука", "Какао"]
    refused = browser.post(f"{merge}/undo")
    assert refused.status_code == 409
    assert "undone already" in refused.text
    assert "undone" in browser.get(MERGES).text


def test_without_the_tick_the_tokens_end(signed_in: SignIn, twins: list[dict[str, Any]], client: TestClient) -> None:
    browser = signed_in("reviewer")
    pair = f"{DUPLICATES}/{twins[0]['id']}/{twins[1]['id']}"
    browser.post(f"{pair}/merge", data=form_of(browser.get(pair).text))
    url = f"/v1/companies/{twins[0]['id']}"
    assert client.get(url, headers=bearer(twins[1]["token"])).status_code == 401
    assert client.get(url, headers=bearer(twins[0]["token"])).status_code == 200


def test_pair_that_somebody_changed_meanwhile_is_not_merged(
    signed_in: SignIn, twins: list[dict[str, Any]], client: TestClient, staff: dict[str, str]
) -> None:
    browser = signed_in("reviewer")
    pair = f"{DUPLICATES}/{twins[0]['id']}/{twins[1]['id']}"
    form = form_of(browser.get(pair).text)
    client.put(f"/v1/companies/{twins[1]['id']}/status", json={"status": "suspended"}, headers=staff)
    assert browser.post(f"{pair}/merge", data=form).status_code == 412
    assert browser.post(f"{pair}/merge", data={}).status_code == 422


def test_verified_entry_is_the_one_that_stays(signed_in: SignIn, register: Registered) -> None:
    unverified = register(company(legal_name="Alem Trade"), verified=False)
    verified = register(company(legal_name="ALEM trade"))
    browser = signed_in("reviewer")
    page = browser.get(f"{DUPLICATES}/{unverified['id']}/{verified['id']}").text
    assert "it can only be the one that stays" in page
    assert ">Merge<" not in page
    assert ">Merge<" in browser.get(f"{DUPLICATES}/{verified['id']}/{unverified['id']}").text


def test_two_found_to_be_two_are_remembered_and_asked_again(signed_in: SignIn, twins: list[dict[str, Any]]) -> None:
    browser = signed_in("reviewer")
    pair = f"{DUPLICATES}/{twins[0]['id']}/{twins[1]['id']}"
    answer = browser.post(f"{pair}/apart")
    page = browser.get(answer.headers["location"]).text
    assert "these are two companies" in page
    assert "No two companies look like one." in page
    assert "reviewer@council.example found on" in browser.get(pair).text
    assert browser.post(f"{pair}/again").headers["location"] == pair
    assert "Қостанай" in browser.get(DUPLICATES).text


def test_merge_that_cannot_be_undone_says_what_was_changed(
    signed_in: SignIn, twins: list[dict[str, Any]], client: TestClient, staff: dict[str, str]
) -> None:
    browser = signed_in("reviewer")
    kept = twins[0]["id"]
    pair = f"{DUPLICATES}/{kept}/{twins[1]['id']}"
    merge = browser.post(f"{pair}/merge", data=form_of(browser.get(pair).text)).headers["location"].partition("?")[0]
    answer = client.get(f"/v1/companies/{kept}", headers=staff)
    fields = {name: value for name, value in answer.json().items() if name in company("KZ") or name == "website"}
    fields["website"] = "https://other.example"
    fields["listings"] = [one for one in fields["listings"] if one["title"] != "Какао"]
    changed = client.put(f"/v1/companies/{kept}", json=fields, headers=staff | {"If-Match": answer.headers["etag"]})
    assert changed.status_code == 200, changed.text
    page = browser.get(merge).text
    assert "changed since: Какао, Website." in page
    assert "Undo the merge" not in page
    assert browser.post(f"{merge}/undo").status_code == 409


def test_chain_of_merges_is_undone_from_its_end(
    signed_in: SignIn, twins: list[dict[str, Any]], register: Registered
) -> None:
    third = register(company(legal_name="Kostanay Diirmeni"))
    browser = signed_in("reviewer")
    merges = []
    for kept, merged in ((twins[0], twins[1]), (third, twins[0])):
        pair = f"{DUPLICATES}/{kept['id']}/{merged['id']}"
        answer = browser.post(f"{pair}/merge", data=form_of(browser.get(pair).text))
        merges.append(answer.headers["location"].partition("?")[0])
    assert "Undo that merge first" in browser.get(merges[0]).text
    assert browser.get(f"{COMPANIES}/{twins[1]['id']}").headers["location"] == merges[0]
    for merge in reversed(merges):
        assert browser.post(f"{merge}/undo").status_code == 303


def test_viewer_only_reads(signed_in: SignIn, twins: list[dict[str, Any]]) -> None:
    browser = signed_in("viewer")
    page = browser.get(f"{DUPLICATES}/{twins[0]['id']}/{twins[1]['id']}").text
    assert 'type="radio"' not in page
    assert ">Merge<" not in page
    assert browser.get(f"{DUPLICATES}/{twins[0]['id']}/{twins[0]['id']}").status_code == 409
