"""By which names the service answers, whose word counts for where a request comes from, which sites may ask."""

import pytest
from pydantic import ValidationError

from app.console.visit import LANGUAGE_COOKIE
from app.settings import Rate, Settings
from app.web.heads import MOST_HEADERS, MOST_QUERY
from tests.app.web.served import served

PORTAL = "https://portal.example"


def test_any_name_is_answered_unless_names_are_set(sqlite_settings: Settings) -> None:
    with served(sqlite_settings) as at:
        assert at().get("/v1/sectors", headers={"Host": "anything.example"}).status_code == 200


@pytest.mark.parametrize("settings", [{"public_url": "https://Caravan.example/"}, {"allowed_hosts": "caravan.example"}])
def test_foreign_names_are_refused_with_a_sentence(sqlite_settings: Settings, settings: dict[str, str]) -> None:
    with served(sqlite_settings, **settings) as at:
        for host in ("caravan.example", "Caravan.example:443", "CARAVAN.EXAMPLE"):
            assert at().get("/v1/sectors", headers={"Host": host}).status_code == 200
        for host in ("evil.example", "caravan.example.evil.example", "x.caravan.example", "", "[::"):
            refused = at().get("/v1/sectors", headers={"Host": host, "Accept-Language": "kk"})
            assert refused.status_code == 400, host
            assert refused.json()["type"] == "urn:caravan:problem:host-unknown"
            assert "хост атауы" in refused.json()["detail"]
        page = at().get("/", headers={"Host": "evil.example"})
        assert page.status_code == 400
        assert "This address is not served here" in page.text
        assert at().get("/healthz", headers={"Host": "10.0.0.7"}).status_code == 200
        loopback = 200 if "public_url" in settings else 400
        for host in ("127.0.0.1:8000", "[::1]:8000", "localhost"):
            assert at().get("/v1/sectors", headers={"Host": host}).status_code == loopback, host


def test_names_below_one_are_answered(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, allowed_hosts="*.caravan.example, [::1]".replace("[::1]", "::1")) as at:
        found = [
            at().get("/v1/sectors", headers={"Host": host}).status_code
            for host in ("a.caravan.example", "caravan.example", "evilcaravan.example", "[::1]:80")
        ]
        assert found == [200, 400, 400, 200]


def test_long_addresses_and_headers_are_refused(sqlite_settings: Settings) -> None:
    with served(sqlite_settings) as at:
        assert at().get("/v1/concepts", params={"q": "a", "x": "x" * (MOST_QUERY - 20)}).status_code == 200
        long = at().get("/v1/concepts", params={"q": "a", "x": "x" * MOST_QUERY})
        assert (long.status_code, long.json()["type"]) == (414, "urn:caravan:problem:address-too-long")
        large = at().get("/v1/sectors", headers={"X-Much": "x" * MOST_HEADERS})
        assert (large.status_code, large.json()["type"]) == (431, "urn:caravan:problem:headers-too-large")
        assert "32768" in large.json()["detail"]


FORWARDED = {"X-Forwarded-For": "198.51.100.77"}
ONCE = {"rate_limits": True, "rate_requests": "1/hour"}


@pytest.mark.parametrize(
    ("peer", "trusted", "believed"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("::ffff:127.0.0.1", None, True),
        ("203.0.113.5", None, False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("127.0.0.1", "10.0.0.0/8", False),
    ],
)
def test_forwarded_address_counts_from_trusted_proxies_only(
    sqlite_settings: Settings, peer: str, trusted: str | None, *, believed: bool
) -> None:
    with served(sqlite_settings, **ONCE | ({"trusted_proxies": trusted} if trusted else {})) as at:
        proxy = at(peer)
        assert proxy.get("/v1/sectors", headers=FORWARDED).status_code == 200
        assert proxy.get("/v1/sectors", headers=FORWARDED).status_code == 429
        other = proxy.get("/v1/sectors", headers={"X-Forwarded-For": "198.51.100.78"})
        assert other.status_code == (200 if believed else 429)


def test_address_that_a_client_writes_before_the_proxy_s_is_not_believed(sqlite_settings: Settings) -> None:
    with served(sqlite_settings, **ONCE) as at:
        found = [
            at("127.0.0.1").get("/v1/sectors", headers={"X-Forwarded-For": f"192.0.2.{n}, 198.51.100.77"}).status_code
            for n in range(3)
        ]
        assert found == [200, 429, 429]


def test_https_of_a_trusted_proxy_makes_cookies_and_answers_strict(sqlite_settings: Settings) -> None:
    forwarded = {"X-Forwarded-Proto": "https"}
    with served(sqlite_settings) as at:
        for peer, secure in (("127.0.0.1", True), ("203.0.113.5", False)):
            page = at(peer).get("/?lang=ru", headers=forwarded)
            cookie = page.headers["set-cookie"]
            assert cookie.startswith(f"__Host-{LANGUAGE_COOKIE}=ru" if secure else f"{LANGUAGE_COOKIE}=ru")
            assert ("Secure" in cookie) is secure
            assert "Path=/" in cookie
            assert "Domain" not in cookie
            for path in ("/", "/v1/sectors", "/docs"):
                strict = at(peer).get(path, headers=forwarded).headers.get("strict-transport-security")
                assert strict == ("max-age=31536000" if secure else None)


def test_sites_that_are_listed_may_ask_the_api_and_no_page(sqlite_settings: Settings) -> None:
    preflight = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization, if-match"}
    with served(sqlite_settings, cors_origins=f"{PORTAL}, http://localhost:3000", rate_limits=True) as at:
        answer = at().options("/v1/companies/x", headers=preflight | {"Origin": PORTAL})
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == PORTAL
        assert "PUT" in answer.headers["access-control-allow-methods"]
        assert {"Authorization", "If-Match"} <= set(answer.headers["access-control-allow-headers"].split(", "))
        assert answer.headers["vary"] == "Origin"
        for path, status in (("/v1/sectors", 200), ("/v1/companies", 401), ("/v1/nothing", 404)):
            told = at().get(path, headers={"Origin": PORTAL})
            assert (told.status_code, told.headers["access-control-allow-origin"]) == (status, PORTAL)
            assert "Retry-After" in told.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in told.headers
        for origin in ("https://evil.example", "https://portal.example.evil.example", "http://portal.example", "null"):
            refused = at().get("/v1/sectors", headers={"Origin": origin})
            assert "access-control-allow-origin" not in refused.headers
            assert refused.headers["vary"] == "Origin"
            asked = at().options("/v1/sectors", headers=preflight | {"Origin": origin})
            assert not [name for name in asked.headers if name.startswith("access-control")]
        assert at().get("/v1/sectors").headers["vary"] == "Origin"
        for path in ("/", "/sign-in", "/console"):
            page = at().get(path, headers={"Origin": PORTAL})
            assert not [name for name in page.headers if name.startswith("access-control")]
            assert at().options(path, headers=preflight | {"Origin": PORTAL}).status_code == 405


def test_no_site_may_ask_by_default(sqlite_settings: Settings) -> None:
    with served(sqlite_settings) as at:
        answer = at().get("/v1/sectors", headers={"Origin": PORTAL})
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("trusted_proxies", "*", "Write addresses and networks"),
        ("trusted_proxies", "10.0.0.1/8", "not 10.0.0.1/8"),
        ("allowed_hosts", "https://caravan.example", "without scheme and port"),
        ("cors_origins", "*", "Write whole origins"),
        ("cors_origins", "https://portal.example/", "without a path"),
        ("rate_requests", "many", "Write it as 30/hour"),
        ("rate_searches", "0/hour", "Write it as 30/hour"),
        ("rate_rankings", "5/week", "Write it as 30/hour"),
    ],
)
def test_settings_that_mean_nothing_say_how_to_write_them(name: str, value: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Settings.model_validate({name: value})


def test_settings_are_read_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARAVAN_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1")
    monkeypatch.setenv("CARAVAN_RATE_FORMS", "5 / second")
    monkeypatch.setenv("CARAVAN_ALLOWED_HOSTS", "*")
    settings = Settings(public_url="https://caravan.example")
    assert settings.trusted_proxies == ("10.0.0.0/8", "2001:db8::1")
    assert settings.rate_forms == Rate(5, 1)
    assert settings.hosts == ()
