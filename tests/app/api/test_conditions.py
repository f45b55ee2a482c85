"""No change of somebody else is overwritten unseen: If-Match, and clients that race."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date
from functools import partial
from threading import Barrier
from typing import Any, TypeVar

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.actions.companies import delete_company
from app.actions.queue import forget_pending, store_ranking
from app.db import Database
from app.db.companies import Company, StatusChange
from app.db.matches import Pair, Review
from app.web.service import Service
from tests.app.api.callers import Issued, officer
from tests.conftest import Registered
from tests.factories import OFFICER, kazakh_mill, nigerian_trader

CLIENTS = 6
T = TypeVar("T")


@pytest.fixture
def officers(database: Database) -> list[Issued]:
    return [officer(database, f"officer{number}", "admin") for number in range(CLIENTS)]


def raced(asks: Sequence[Callable[[], Response]]) -> list[int]:
    """The statuses of requests that start together."""
    start = Barrier(len(asks))

    def ask(one: Callable[[], Response]) -> int:
        start.wait()
        return one().status_code

    with ThreadPoolExecutor(len(asks)) as pool:
        return sorted(pool.map(ask, asks))


def test_one_of_many_profiles_wins(client: TestClient, register: Registered, database: Database) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    read = client.get(url, headers=mill["headers"])
    headers = mill["headers"] | {"If-Match": read.headers["etag"]}
    profiles = [
        kazakh_mill(registration_number=mill["registration_number"], summary=f"Version {number}")
        for number in range(CLIENTS)
    ]
    statuses = raced([partial(client.put, url, json=one, headers=headers) for one in profiles])
    assert statuses == [200] + [412] * (CLIENTS - 1)
    with database.reading() as session:
        assert session.get_one(Company, mill["id"]).version == int(read.headers["etag"].strip('"')) + 1


def test_one_of_many_statuses_wins(
    client: TestClient, register: Registered, officers: list[Issued], database: Database
) -> None:
    mill = register(kazakh_mill(), verified=False)
    url = f"/v1/companies/{mill['id']}"
    tag = {"If-Match": client.get(url, headers=mill["headers"]).headers["etag"]}

    def ask(number: int, more: dict[str, str]) -> Callable[[], Response]:
        body = {"status": "suspended", "reason": f"Officer {number}."}
        return lambda: client.put(f"{url}/status", json=body, headers=officers[number].headers | more)

    assert raced([ask(number, tag) for number in range(CLIENTS)]) == [200] + [412] * (CLIENTS - 1)
    trader = register(nigerian_trader(), verified=False)
    url = f"/v1/companies/{trader['id']}"
    assert raced([ask(number, {}) for number in range(CLIENTS)]) == [200] + [428] * (CLIENTS - 1)
    with database.reading() as session:
        assert Counter(session.query(StatusChange.company_id).all()) == {(mill["id"],): 1, (trader["id"],): 1}


@pytest.mark.parametrize("stored", [True, False])
def test_one_of_many_decisions_wins(
    client: TestClient,
    register: Registered,
    officers: list[Issued],
    database: Database,
    stored: bool,  # noqa: FBT001  # a parameter
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    url = f"/v1/matches/{mill['id']}.{trader['id']}"
    if stored:
        _queue(client, database, mill["id"])
    tag = client.get(url, headers=officers[0].headers).headers["etag"]
    assert tag == ('"1"' if stored else '"0"')

    def ask(number: int, more: dict[str, str]) -> Callable[[], Response]:
        body = {"decision": "rejected", "note": f"Officer {number}."}
        return lambda: client.put(f"{url}/review", json=body, headers=officers[number].headers | more)

    tagged = [ask(number, {"If-Match": tag} if number % 2 else {}) for number in range(CLIENTS)]
    statuses = raced(tagged)
    assert statuses.count(200) == 1
    assert set(statuses) == {200, 412, 428}
    with database.reading() as session:
        assert session.query(Review).count() == 1
        assert session.query(Pair).one().version == 2


def _queue(client: TestClient, database: Database, company_id: str) -> None:
    service: Service = client.app.state.service  # type: ignore[attr-defined]  # the application's
    with database.writing() as session:
        fresh = service.live.fresh(session)
        store_ranking(session, company_id, fresh.matcher.rank(company_id, today=date(2026, 11, 25), limit=5).matches)


def test_one_of_many_removals_wins(client: TestClient, register: Registered, officers: list[Issued]) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    tag = client.get(url, headers=mill["headers"]).headers["etag"]
    asks = [partial(client.delete, url, headers=one.headers | {"If-Match": tag}) for one in officers]
    assert raced(asks) == [204] + [404] * (CLIENTS - 1)


def test_removal_and_change_do_not_both_win(client: TestClient, register: Registered, officers: list[Issued]) -> None:
    mill = register(kazakh_mill())
    url = f"/v1/companies/{mill['id']}"
    tag = {"If-Match": client.get(url, headers=mill["headers"]).headers["etag"]}
    profile = kazakh_mill(registration_number=mill["registration_number"])
    removed = partial(client.delete, url, headers=officers[0].headers | tag)
    changed = partial(client.put, url, json=profile, headers=officers[1].headers | tag)
    assert raced([removed, changed]) in ([204, 404], [200, 412])


def test_decision_that_meets_a_removal_finds_no_match(
    client: TestClient, register: Registered, officers: list[Issued], database: Database
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    url = f"/v1/matches/{mill['id']}.{trader['id']}/review"
    decide = partial(client.put, url, json={"decision": "approved"}, headers=officers[0].headers)
    assert _during_removal(database, trader["id"], decide).status_code == 404
    with database.reading() as session:
        assert session.query(Pair).count() == session.query(Review).count() == 0


@pytest.mark.parametrize("queued", ["new", "queued"])
def test_ranking_that_meets_a_removal_leaves_no_pair(
    client: TestClient, register: Registered, database: Database, queued: str
) -> None:
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    if queued == "queued":
        _queue(client, database, mill["id"])
    service: Service = client.app.state.service  # type: ignore[attr-defined]  # the application's
    with database.reading() as session:
        ranked = service.live.fresh(session).matcher.rank(mill["id"], today=date(2026, 11, 25), limit=5).matches
    assert ranked

    def store() -> None:
        with database.writing() as session:
            store_ranking(session, mill["id"], ranked)

    _during_removal(database, trader["id"], store)
    with database.reading() as session:
        assert session.query(Pair).count() == 0


def _during_removal(database: Database, company_id: str, do: Callable[[], T]) -> T:
    """What comes of something that begins while a company is being removed."""
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as session:
            delete_company(session, company_id, if_version="*", by=OFFICER)
            doing = pool.submit(do)
            assert not wait([doing], timeout=0.3).done
        return doing.result()


def test_one_of_many_exchanges_wins(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    (token,) = client.get("/v1/tokens", headers=mill["headers"]).json()["items"]
    url = f"/v1/tokens/{token['id']}"
    headers = mill["headers"] | {"If-Match": client.get(url, headers=mill["headers"]).headers["etag"]}
    asks = [partial(client.post, f"{url}/rotate", headers=headers)] * CLIENTS
    assert raced(asks) == [201] + [412] * (CLIENTS - 1)


def test_if_match_is_demanded_where_somebody_could_lose(
    client: TestClient, register: Registered, officers: list[Issued]
) -> None:
    mill, trader = register(kazakh_mill(), verified=False), register(nigerian_trader())
    url, (first, second, *_) = f"/v1/companies/{mill['id']}", officers

    def status(one: Issued, **more: str) -> int:
        headers = one.headers | {name.replace("_", "-"): value for name, value in more.items()}
        body = {"status": "verified", "reason": f"Said by {one.id}."}
        return client.put(f"{url}/status", json=body, headers=headers).status_code

    assert [status(first), status(first), status(second)] == [200, 200, 428]
    assert [status(second, If_Match='"1"'), status(second, If_Match="*"), status(first)] == [412, 200, 428]
    said_again = {"status": "verified", "reason": f"Said by {second.id}."}
    assert client.put(f"{url}/status", json=said_again, headers=first.headers).status_code == 200  # nothing to lose
    profile = kazakh_mill(registration_number=mill["registration_number"])
    for headers in (mill["headers"], first.headers):
        assert client.put(url, json=profile, headers=headers).status_code == 428
    renamed = client.put(url, json=profile, headers=mill["headers"] | {"If-Match": "*"})
    assert (renamed.status_code, renamed.json()["status"]) == (200, "submitted")
    assert status(first) == 428  # the firm gave itself another name since
    review = f"/v1/matches/{mill['id']}.{trader['id']}/review"

    def decided(one: Issued, **more: str) -> int:
        headers = one.headers | {name.replace("_", "-"): value for name, value in more.items()}
        return client.put(review, json={"decision": "approved"}, headers=headers).status_code

    assert [decided(first), decided(first), decided(second)] == [200, 200, 428]
    assert [decided(second, If_Match='"1"'), decided(second, If_Match="*"), decided(second)] == [412, 200, 200]
    assert client.delete(url, headers=first.headers).status_code == 428
    assert client.delete(url, headers=first.headers | {"If-Match": '"1"'}).status_code == 412
    assert client.delete(url, headers=mill["headers"] | {"If-Match": '"1"'}).status_code == 412
    assert client.delete(url, headers=mill["headers"]).status_code == 204
    assert client.delete(f"/v1/companies/{trader['id']}", headers=first.headers | {"If-Match": "*"}).status_code == 204
    assert client.delete(f"/v1/companies/{trader['id']}", headers=first.headers | {"If-Match": "*"}).status_code == 404


def test_version_of_a_decision_never_comes_again(
    client: TestClient, register: Registered, officers: list[Issued], database: Database
) -> None:
    """A pair that fell out of the queue starts anew; a tag of before must not fit a later decision."""
    mill, trader = register(kazakh_mill()), register(nigerian_trader())
    url = f"/v1/matches/{mill['id']}.{trader['id']}/review"
    seen = [client.put(url, json={"decision": "approved"}, headers=officers[0].headers).headers["etag"]]
    with database.writing() as session:
        session.query(Pair).update({"status": "pending", "decided_by": None})
        forget_pending(session, mill["id"])
    seen.append(client.put(url, json={"decision": "rejected"}, headers=officers[1].headers).headers["etag"])
    assert len(set(seen)) == len(seen)
    stale: dict[str, Any] = {"headers": officers[0].headers | {"If-Match": seen[0]}, "json": {"decision": "approved"}}
    assert client.put(url, **stale).status_code == 412
