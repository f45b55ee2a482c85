"""Who is counted as whom, and how it is said that it was enough."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.actions.sessions import Browser, sign_in_company
from app.actions.staff import add_staff
from app.console.visit import SESSION_COOKIE
from app.db import Database
from app.settings import Settings
from tests.app.web.served import At, Opened, served
from tests.conftest import bearer
from tests.factories import company, kazakh_mill
from tests.programs import serving

FEW = {"rate_limits": True, "rate_requests": "6/hour", "staff_rates_times": 3}
MANY = "1000/hour"


def refusals(client: TestClient, count: int, path: str = "/v1/sectors", **more: Any) -> list[bool]:  # noqa: ANN401  # what it takes
    return [client.get(path, **more).status_code == 429 for _ in range(count)]


def officer(settings: Settings) -> dict[str, str]:
    database = Database(settings)
    with database.writing() as session:
        token = add_staff(session, "officer@council.example")
    database.dispose()
    return bearer(token)


def test_address_has_its_share_and_no_more(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, **FEW) as at:
        first = at("192.0.2.1").get("/v1/sectors")
        assert first.headers["ratelimit-policy"] == '"requests";q=6;w=3600'
        assert first.headers["ratelimit"] == '"requests";r=5;t=600'
        assert refusals(at("192.0.2.1"), 7) == [False] * 5 + [True] * 2
        assert refusals(at("192.0.2.2"), 1) == [False]
        refused = at("192.0.2.1").get("/v1/sectors", headers={"Accept-Language": "ru"})
        problem = refused.json()
        assert (refused.headers["content-type"], problem["type"]) == (
            "application/problem+json",
            "urn:caravan:problem:too-many-requests",
        )
        seconds = int(refused.headers["retry-after"])
        assert 595 <= seconds <= 600
        assert f"{seconds} с." in problem["detail"]
        assert refused.headers["ratelimit"].startswith('"requests";r=0;t=')
        assert refused.headers["x-content-type-options"] == "nosniff"
        page = at("192.0.2.1").get("/")
        assert (page.status_code, page.headers["retry-after"]) == (429, refused.headers["retry-after"])
        assert "Too many requests" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert at("192.0.2.1").get("/healthz").status_code == 200
        assert at("192.0.2.1").get("/readyz").status_code == 200


def test_network_of_an_ipv6_address_counts_as_one(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, **FEW) as at:
        assert refusals(at("2001:db8:1:2::1"), 6) == [False] * 6
        assert refusals(at("2001:db8:1:2:ffff::2"), 1) == [True]
        assert refusals(at("2001:db8:1:3::1"), 1) == [False]


def test_invented_tokens_count_for_the_address_they_come_from(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, **FEW) as at:
        tokens = [at().get("/v1/companies/x", headers=bearer(f"caravan_{n}")).status_code for n in range(8)]
        assert tokens == [401] * 6 + [429] * 2
        cookies = [
            at("192.0.2.2").get("/me", headers={"Cookie": f"{SESSION_COOKIE}={n}"}).status_code for n in range(8)
        ]
        assert cookies == [303] * 6 + [429] * 2


def test_company_is_counted_as_one_however_it_comes(sqlite_settings: Settings, database_of: Opened) -> None:
    with served(sqlite_settings, **FEW) as at:
        firm = at("192.0.2.1").post("/v1/companies", json=kazakh_mill()).json()
        own, path = bearer(firm["token"]), f"/v1/companies/{firm['id']}"
        with database_of(sqlite_settings).writing() as session:
            cookie = sign_in_company(session, firm["id"], Browser("", ""))
        signed = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
        assert refusals(at("198.51.100.1"), 1, path, headers=own) == [False]  # makes the token known
        assert refusals(at("198.51.100.2"), 1, "/me/account", headers=signed) == [False]  # and the session
        assert refusals(at("198.51.100.3"), 4, path, headers=own) == [False] * 4
        assert refusals(at("198.51.100.4"), 2, "/me/account", headers=signed) == [False] * 2
        assert refusals(at("198.51.100.5"), 1, path, headers=own) == [True]
        assert refusals(at("198.51.100.6"), 1, "/me/account", headers=signed) == [True]
        assert refusals(at("198.51.100.6"), 1, "/sign-in") == [False]


def test_companies_of_one_address_have_a_share_together(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, **FEW | {"rate_requests": "2/hour"}) as at:
        firms = [at(f"192.0.2.{n}").post("/v1/companies", json=company("NG")).json() for n in range(12)]
        for n, firm in enumerate(firms):
            assert refusals(at(f"192.0.2.{n}"), 1, f"/v1/companies/{firm['id']}", headers=bearer(firm["token"])) == [
                False
            ]
        office = at("198.51.100.9")
        found = [
            refusals(office, 2, f"/v1/companies/{firm['id']}", headers=bearer(firm["token"])) for firm in firms[:11]
        ]
        assert found == [[False, False]] * 10 + [[True, True]]


def test_officer_may_do_many_times_as_much_until_kept_out(sqlite_settings: Settings) -> None:
    staff = officer(sqlite_settings)
    with served(sqlite_settings, **FEW) as at:
        assert refusals(at("192.0.2.1"), 19, "/v1/companies", headers=staff) == [False] * 19
        assert refusals(at("192.0.2.7"), 1, "/v1/companies", headers=staff) == [True]
        assert refusals(at("192.0.2.1"), 1) == [False]


def test_token_that_ended_counts_for_its_address_again(sqlite_settings: Settings, database_of: Opened) -> None:
    staff = officer(sqlite_settings)
    with served(sqlite_settings, **FEW) as at:
        assert at().get("/v1/companies", headers=staff).status_code == 200
        with database_of(sqlite_settings).writing() as session:
            session.connection().exec_driver_sql("UPDATE staff SET disabled_at = '2026-01-01 00:00:00'")
        found = [at().get("/v1/companies", headers=staff).status_code for _ in range(8)]
        assert found == [401] * 6 + [429] * 2


@pytest.mark.parametrize(
    ("setting", "method", "path", "more"),
    [
        ("rate_registrations", "POST", "/v1/companies", {"json": {}}),
        ("rate_forms", "POST", "/register", {"data": {"step": "company", "go": "next"}}),
        ("rate_searches", "GET", "/v1/companies", {}),
        ("rate_searches", "GET", "/v1/concepts?q=co", {}),
        ("rate_searches", "POST", "/v1/understand", {"json": {"text": "cocoa"}}),
        ("rate_searches", "POST", "/register/understood/1", {}),
        ("rate_searches", "GET", "/console/companies?q=a", {}),
        ("rate_rankings", "GET", "/v1/companies/x/matches", {}),
        ("rate_rankings", "GET", "/me", {}),
    ],
)
def test_some_requests_have_a_stricter_rate(
    limited: At,
    setting: str,
    method: str,
    path: str,
    more: dict[str, Any],
) -> None:
    client = limited(f"198.51.100.{sum(map(ord, setting + path)) % 250}")
    found = [
        client.request(method, path, headers={"Origin": "http://testserver"}, **more).status_code for _ in range(3)
    ]
    assert 429 not in found[:2]
    assert found[2] == 429
    assert client.get("/v1/sectors").status_code == 200


def test_registration_on_the_page_is_one_of_those_of_the_api(limited: At) -> None:
    client = limited("203.0.113.77")
    sent = {"step": "preview", "go": "send"}
    assert [client.post("/register", data=sent).status_code for _ in range(2)] == [422, 422]
    assert client.post("/v1/companies", json={}).status_code == 429


def test_nothing_is_counted_when_it_is_switched_off(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, **FEW | {"rate_limits": False}) as at:
        assert refusals(at(), 20) == [False] * 20
        assert "ratelimit" not in at().get("/v1/sectors").headers
    assert not sqlite_settings.counters_file.exists()


@pytest.mark.slow
def test_workers_count_together(sqlite_settings: Settings) -> None:
    limits = {"CARAVAN_RATE_LIMITS": "true", "CARAVAN_RATE_REQUESTS": "50/day"}

    def ask(address: str) -> int:
        return httpx2.get(f"{address}/v1/sectors", timeout=30).status_code  # a connection of its own: any worker

    with (
        serving(sqlite_settings.data_dir, "serve", "--workers", "2", **limits) as address,
        ThreadPoolExecutor(8) as threads,
    ):
        found = list(threads.map(ask, [address] * 120))
    assert (found.count(200), found.count(429)) == (50, 70)
    assert json.dumps("127.0.0.1") not in Path(sqlite_settings.counters_file).read_bytes().decode("latin-1")
