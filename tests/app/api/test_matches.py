from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import Registered, bearer
from tests.factories import Document, company, kazakh_mill, listing, nigerian_trader


def ranking(client: TestClient, firm: dict[str, Any], **params: str | float) -> dict[str, Any]:
    answer = client.get(f"/v1/companies/{firm['id']}/matches", params=params, headers=firm["headers"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def names(page: dict[str, Any]) -> list[str]:
    return [item["company"]["name"] for item in page["items"]]


def grower(number: int) -> Document:
    return company("NG", legal_name=f"Grower {number} Ltd", listings=[listing("offer", "Hides and skins")])


def test_russian_offer_meets_english_need(client: TestClient, register: Registered) -> None:
    trader = register(nigerian_trader())
    register(company("NG", legal_name="Drillers Ltd", sectors=["mining"], listings=[listing("offer", "Gold ore")]))
    mill = register(kazakh_mill())
    page = ranking(client, mill)
    best = page["items"][0]
    assert best["company"]["id"] == trader["id"]
    assert best["rank"] == 1
    assert best["band"] == "strong"
    directions = {one["direction"]: one for one in best["evidence"]}
    assert directions["they_supply"]["ours"]["title"] == "Какао-порошок алкализованный"
    assert directions["they_supply"]["theirs"]["title"] == "Cocoa powder, alkalised 10/12"
    assert directions["they_supply"]["concepts"][0]["code"].startswith("hs:1805")
    assert directions["we_supply"]["concepts"][0]["code"].startswith("hs:1101")
    assert best["review"] == {"status": "pending", "reason": None, "note": None, "by": None, "at": None}


def test_both_sides_see_one_probability_and_contributions_add_up(client: TestClient, register: Registered) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    ours, theirs = ranking(client, mill)["items"][0], ranking(client, trader)["items"][0]
    assert ours["id"] == theirs["id"]
    assert ours["probability"] == theirs["probability"]
    assert ours["willingness"]["ours"] == theirs["willingness"]["theirs"]
    for side in ("ours", "theirs"):
        total = sum(part["contribution"] for part in ours["components"] if part["side"] == side)
        assert total == pytest.approx(ours["willingness"][side]["log_odds"], abs=1e-6)
    assert all(part["contribution"] == 0 for part in ours["components"] if part["value"] is None)
    product = ours["willingness"]["ours"]["probability"] * ours["willingness"]["theirs"]["probability"]
    assert ours["probability"] == pytest.approx(product, abs=1e-9)


def test_gap_points_into_the_profile_that_has_it(client: TestClient, register: Registered) -> None:
    mill, _ = register(kazakh_mill()), register(nigerian_trader())
    gaps = ranking(client, mill)["items"][0]["gaps"]
    volume = next(gap for gap in gaps if gap["feature"] == "volume_fits" and gap["side"] == "ours")
    assert volume["pointer"] == "/listings/1/volume"
    assert volume["message"]


def test_labels_and_gaps_come_in_the_reader_s_language(client: TestClient, register: Registered) -> None:
    mill, _ = register(kazakh_mill()), register(nigerian_trader())
    labels, messages = set(), set()
    for language in ("en", "ru", "kk"):
        answer = client.get(
            f"/v1/companies/{mill['id']}/matches", headers=mill["headers"] | {"Accept-Language": language}
        )
        item = answer.json()["items"][0]
        labels.add(item["evidence"][0]["concepts"][0]["label"])
        messages.add(item["gaps"][0]["message"])
    assert len(labels) == len(messages) == 3


@pytest.mark.parametrize("status", ["submitted", "suspended"])
def test_firm_that_is_not_verified_is_in_no_firm_s_ranking(
    client: TestClient, register: Registered, staff: dict[str, str], status: str
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    assert len(ranking(client, mill)["items"]) == 1
    answer = client.put(
        f"/v1/companies/{trader['id']}/status", json={"status": status, "reason": "papers"}, headers=staff
    )
    assert answer.status_code == 200
    assert ranking(client, mill)["items"] == []
    seen_by_staff = ranking(client, mill | {"headers": staff})["items"]
    assert len(seen_by_staff) == (1 if status == "submitted" else 0)


def test_changes_count_in_the_very_next_request(client: TestClient, register: Registered) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    before = ranking(client, mill)
    url = f"/v1/companies/{trader['id']}"
    tag = client.get(url, headers=trader["headers"]).headers["etag"]
    poorer = nigerian_trader(registration_number=trader["registration_number"]) | {
        "legal_name": trader["legal_name"],
        "listings": [listing("need", "Wheat flour for bakeries")],
    }
    assert client.put(url, json=poorer, headers=trader["headers"] | {"If-Match": tag}).status_code == 200
    after = ranking(client, mill)
    assert after["as_of_change"] > before["as_of_change"]
    assert after["items"][0]["probability"] < before["items"][0]["probability"]
    assert client.delete(url, headers=trader["headers"]).status_code == 204
    assert ranking(client, mill)["items"] == []


def test_pages_hold_every_counterpart_once_in_order(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    everyone = {register(document)["id"] for document in (nigerian_trader(), *(grower(at) for at in range(6)))}
    whole = ranking(client, mill, limit=100)["items"]
    assert {item["company"]["id"] for item in whole} == everyone
    keys = [(-item["probability"], item["company"]["id"]) for item in whole]
    assert keys == sorted(keys)
    paged: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = ranking(client, mill, limit=3, **({"cursor": cursor} if cursor else {}))
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [(item["rank"], item["id"]) for item in paged] == [(item["rank"], item["id"]) for item in whole]


def test_filters_of_the_ranking(client: TestClient, register: Registered) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    miner = register(company("NG", sectors=["mining"], listings=[listing("offer", "Gold ore")]))
    assert [item["company"]["id"] for item in ranking(client, mill, sector="mining")["items"]] == [miner["id"]]
    assert [item["company"]["id"] for item in ranking(client, mill, min_probability=0.5)["items"]] == [trader["id"]]
    answer = client.get(f"/v1/companies/{mill['id']}/matches?sector=fishing&limit=0", headers=mill["headers"])
    assert {error["pointer"] for error in answer.json()["errors"]} == {"?sector", "?limit"}
    answer = client.get(f"/v1/companies/{mill['id']}/matches?cursor=abc", headers=mill["headers"])
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:caravan:problem:cursor-invalid")


def test_unchanged_ranking_is_304_and_a_change_ends_that(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    register(nigerian_trader())
    url = f"/v1/companies/{mill['id']}/matches"
    first = client.get(url, headers=mill["headers"])
    again = client.get(url, headers=mill["headers"] | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    russian = client.get(
        url, headers=mill["headers"] | {"If-None-Match": first.headers["etag"], "Accept-Language": "ru"}
    )
    assert russian.status_code == 200
    register(grower(1))
    assert client.get(url, headers=mill["headers"] | {"If-None-Match": first.headers["etag"]}).status_code == 200


def test_no_contact_of_a_counterpart_is_told(client: TestClient, register: Registered, staff: dict[str, str]) -> None:
    mill = register(kazakh_mill())
    secret = {"name": "Secret Person", "email": "secret@trader.example", "phone": "+2348000000001"}
    trader = register(nigerian_trader(contact=secret, summary="Private summary"))
    for headers in (mill["headers"], staff):
        answer = client.get(f"/v1/companies/{mill['id']}/matches", headers=headers)
        assert trader["id"] in answer.text
        for value in (*secret.values(), trader["registration_number"]):
            assert value not in answer.text


def queue(client: TestClient, staff: dict[str, str], **params: str | float) -> list[dict[str, Any]]:
    answer = client.get("/v1/matches", params=params, headers=staff)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_queue_holds_each_pair_once_and_filters(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    miner = register(company("NG", sectors=["mining"], listings=[listing("offer", "Gold ore")]))
    found = queue(client, staff)
    assert len(found) == 2
    best = found[0]
    assert {side: one["id"] for side, one in best["companies"].items()} == {"kz": mill["id"], "ng": trader["id"]}
    assert set(best["willingness"]) == {part["side"] for part in best["components"]} == {"kz", "ng"}
    assert "kz" in best["evidence"][0]
    assert best["id"] == ranking(client, mill)["items"][0]["id"]
    assert [item["id"] for item in queue(client, staff, company=miner["id"])] == [found[1]["id"]]
    assert [item["id"] for item in queue(client, staff, sector="mining")] == [found[1]["id"]]
    assert [item["id"] for item in queue(client, staff, min_probability=best["probability"])] == [best["id"]]
    assert [item["id"] for item in queue(client, staff, max_probability=0.4)] == [found[1]["id"]]
    assert queue(client, staff, status="approved") == []
    page = client.get("/v1/matches?limit=1", headers=staff).json()
    following = client.get("/v1/matches", params={"limit": 1, "cursor": page["next_cursor"]}, headers=staff).json()
    assert [page["items"][0]["id"], following["items"][0]["id"]] == [item["id"] for item in found]
    assert following["next_cursor"] is None


def test_pair_that_ranks_no_more_falls_out_and_a_decided_one_stays(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    other = register(grower(1))
    decided, pending = queue(client, staff)
    answer = client.put(f"/v1/matches/{decided['id']}/review", json={"decision": "approved"}, headers=staff)
    assert answer.status_code == 200
    for firm in (trader, other):
        client.put(f"/v1/companies/{firm['id']}/status", json={"status": "suspended", "reason": "x"}, headers=staff)
    left = queue(client, staff)
    assert [item["id"] for item in left] == [decided["id"]]
    assert pending["id"] != decided["id"]
    assert left[0]["changed_since"] is True
    assert ranking(client, mill)["items"] == []


def test_review_is_seen_by_the_firm_as_status_and_by_staff_in_full(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    mill, _ = register(kazakh_mill()), register(nigerian_trader())
    match = ranking(client, mill)["items"][0]
    decision = {"decision": "rejected", "reason": "already_partners", "note": "They met in May."}
    answer = client.put(f"/v1/matches/{match['id']}/review", json=decision, headers=staff)
    assert answer.status_code == 200
    review = answer.json()["review"]
    assert (review["status"], review["reason"], review["note"]) == ("rejected", "already_partners", "They met in May.")
    assert review["by"] == "officer@council.example"
    read = client.get(f"/v1/matches/{match['id']}", headers=staff)
    assert read.json()["review"] == review
    shown = ranking(client, mill)["items"][0]["review"]
    assert shown == {"status": "rejected", "reason": None, "note": None, "by": None, "at": None}
    assert queue(client, staff, status="rejected")[0]["id"] == match["id"]


def test_second_officer_does_not_overwrite_unseen(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    mill, _ = register(kazakh_mill()), register(nigerian_trader())
    url = f"/v1/matches/{ranking(client, mill)['items'][0]['id']}"
    tag = client.get(url, headers=staff).headers["etag"]
    first = client.put(f"{url}/review", json={"decision": "approved"}, headers=staff | {"If-Match": tag})
    assert first.status_code == 200
    second = client.put(f"{url}/review", json={"decision": "deferred"}, headers=staff | {"If-Match": tag})
    assert second.status_code == 412
    assert client.get(url, headers=staff).json()["review"]["status"] == "approved"
    again = client.put(
        f"{url}/review", json={"decision": "deferred"}, headers=staff | {"If-Match": first.headers["etag"]}
    )
    assert again.json()["review"]["status"] == "deferred"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"decision": "maybe"}, "/decision"),
        ({}, "/decision"),
        ({"decision": "rejected", "reason": "bad_mood"}, "/reason"),
        ({"decision": "rejected", "colour": "red"}, "/colour"),
    ],
)
def test_wrong_review_is_told(
    client: TestClient, register: Registered, staff: dict[str, str], body: dict[str, str], pointer: str
) -> None:
    mill, _ = register(kazakh_mill()), register(nigerian_trader())
    url = f"/v1/matches/{ranking(client, mill)['items'][0]['id']}"
    answer = client.put(f"{url}/review", json=body, headers=staff)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert client.get(url, headers=staff).json()["review"]["status"] == "pending"


def test_pair_outside_the_queue_can_be_read_and_decided(
    client: TestClient, register: Registered, staff: dict[str, str]
) -> None:
    mill, trader = register(kazakh_mill(), verified=False), register(nigerian_trader(), verified=False)
    url = f"/v1/matches/{mill['id']}.{trader['id']}"
    assert client.get(url, headers=staff).json()["review"]["status"] == "pending"
    assert client.put(f"{url}/review", json={"decision": "approved"}, headers=staff).status_code == 200


def test_match_of_nobody_is_404(client: TestClient, register: Registered, staff: dict[str, str]) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    other = register(kazakh_mill())
    for match_id in (
        "nonsense",
        f"{trader['id']}.{mill['id']}",
        f"{mill['id']}.{other['id']}",
        f"{mill['id']}.{mill['id']}",
        f"{mill['id']}.{'0' * 32}",
    ):
        assert client.get(f"/v1/matches/{match_id}", headers=staff).status_code == 404
        answer = client.put(f"/v1/matches/{match_id}/review", json={"decision": "approved"}, headers=staff)
        assert answer.status_code == 404


def test_expired_listing_no_longer_meets(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    old = [
        listing("offer", "Cocoa powder, alkalised 10/12", valid_until="2020-01-01"),
        listing("need", "Wheat flour for bakeries"),
    ]
    register(nigerian_trader() | {"listings": old})
    evidence = ranking(client, mill)["items"][0]["evidence"]
    assert "they_supply" not in {one["direction"] for one in evidence}


def test_wrong_token_is_refused_even_where_none_is_needed(client: TestClient) -> None:
    assert client.post("/v1/companies", json=company(), headers=bearer("caravan_x")).status_code == 401
