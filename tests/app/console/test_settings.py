import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.console.visit import SESSION_COOKIE
from app.console.words import FEATURE_NAMES, MEANINGS
from app.db import Database
from app.db.jobs import Job
from app.db.staff import StaffMember, Token
from matching import BIAS, FEATURES
from tests.app.console.conftest import NewBrowser, SignIn, sign_in

HOME = "/console/settings"


@pytest.fixture
def admin(signed_in: SignIn) -> TestClient:
    return signed_in("admin")


def member(database: Database, email: str) -> StaffMember:
    with database.reading() as session:
        return session.scalars(select(StaffMember).where(StaffMember.email == email)).one()


def post(browser: TestClient, address: str, **fields: str) -> tuple[int, str]:
    answer = browser.post(address, data=fields)
    return answer.status_code, answer.headers.get("location", answer.text)


class TestStaff:
    def test_invited_officer_gets_a_link_by_mail(self, admin: TestClient, database: Database) -> None:
        assert post(admin, f"{HOME}/staff", email="New@Council.example", role="viewer") == (303, f"{HOME}?done=invited")
        new = member(database, "new@council.example")
        assert (new.role, new.added_by, new.password_hash) == ("viewer", "admin@council.example", None)
        with database.reading() as session:
            assert session.scalars(select(Job)).one().payload["staff_id"] == new.id
        page = admin.get(f"{HOME}?done=invited").text
        assert "on its way" in page
        assert "new@council.example" in page
        assert "No password yet." in page

    @pytest.mark.parametrize(
        ("email", "role", "said"),
        [
            ("nobody", "viewer", "is not an e-mail address"),
            ("a@b.example, c@d.example", "viewer", "is not an e-mail address"),
            ("a\0@b.example", "viewer", "is not an e-mail address"),
            ("x" * 300 + "@b.example", "viewer", "is not an e-mail address"),
            ("Admin@council.example", "viewer", "is in the list already"),
            ("new@council.example", "king", "Choose a role."),
        ],
    )
    def test_wrong_invitations_lose_nothing_typed(
        self, admin: TestClient, database: Database, email: str, role: str, said: str
    ) -> None:
        status, page = post(admin, f"{HOME}/staff", email=email, role=role)
        assert status == 422
        assert said in page
        assert f'value="{email}"' in page or "\0" in email
        with database.reading() as session:
            assert len(session.scalars(select(StaffMember)).all()) == 1
        assert member(database, "admin@council.example").role == "admin"

    def test_role_counts_at_once(self, admin: TestClient, signed_in: SignIn, database: Database) -> None:
        other = signed_in("viewer")
        assert other.get(HOME).status_code == 403
        found = member(database, "viewer@council.example")
        assert post(admin, f"{HOME}/staff/{found.id}/role", role="admin")[0] == 303
        assert other.get(HOME).status_code == 200

    def test_the_last_administrator_stays(self, admin: TestClient, database: Database) -> None:
        own = member(database, "admin@council.example")
        for address, fields in (("role", {"role": "viewer"}), ("keep-out", {})):
            status, page = post(admin, f"{HOME}/staff/{own.id}/{address}", **fields)
            assert status == 422
            assert "last administrator" in page
        assert admin.get(HOME).status_code == 200

    def test_kept_out_and_let_in_again(
        self, admin: TestClient, signed_in: SignIn, browser: NewBrowser, database: Database
    ) -> None:
        other = signed_in("reviewer")
        found = member(database, "reviewer@council.example")
        assert post(admin, f"{HOME}/staff/{found.id}/keep-out") == (303, f"{HOME}?done=out")
        assert other.get("/console/account").status_code == 303
        assert sign_in(browser(), found.email) == 422
        page = admin.get(HOME).text
        assert "Kept out by admin@council.example on" in page
        assert post(admin, f"{HOME}/staff/{found.id}/let-in") == (303, f"{HOME}?done=in")
        assert sign_in(browser("198.51.100.1"), found.email) == 303

    def test_new_link_and_lost_phone(self, admin: TestClient, signed_in: SignIn, database: Database) -> None:
        signed_in("reviewer")
        found = member(database, "reviewer@council.example")
        with database.writing() as session:
            session.get_one(StaffMember, found.id).totp_secret = "A" * 32
        assert "Phone lost" in admin.get(HOME).text
        assert post(admin, f"{HOME}/staff/{found.id}/forget-code") == (303, f"{HOME}?done=code")
        assert member(database, found.email).totp_secret is None
        assert "Phone lost" not in admin.get(HOME).text
        assert post(admin, f"{HOME}/staff/{found.id}/link") == (303, f"{HOME}?done=invited")
        with database.reading() as session:
            assert session.scalars(select(Job)).one().key == f"staff:{found.id}"

    @pytest.mark.parametrize("action", ["role", "keep-out", "let-in", "forget-code"])
    @pytest.mark.parametrize("unknown", ["0" * 32, "%00"])
    def test_nobody_is_not_found(self, admin: TestClient, action: str, unknown: str) -> None:
        assert post(admin, f"{HOME}/staff/{unknown}/{action}", role="viewer")[0] in {404, 422}

    def test_nothing_secret_stands_on_the_page(self, admin: TestClient, database: Database) -> None:
        own = member(database, "admin@council.example")
        page = admin.get(HOME).text
        assert own.password_hash
        assert own.password_hash not in page
        assert "argon2" not in page


class TestTokens:
    def test_token_is_shown_once_and_ends(self, admin: TestClient, client: TestClient, database: Database) -> None:
        own = member(database, "admin@council.example")
        answer = admin.post(f"{HOME}/tokens", data={"owner": own.id, "label": " <Portal> "})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        (token,) = re.findall(r"caravan_[\w-]+", answer.text)
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/v1/matches", headers=headers).status_code == 200
        page = admin.get(f"{HOME}/tokens").text
        assert token not in page
        assert "&lt;Portal&gt;" in page
        with database.reading() as session:
            kept = session.scalars(select(Token)).one()
        assert (kept.label, kept.issued_by) == ("<Portal>", "admin@council.example")
        assert post(admin, f"{HOME}/tokens/{kept.id}/end") == (303, f"{HOME}/tokens?done=ended")
        assert client.get("/v1/matches", headers=headers).status_code == 401

    def test_token_of_an_integration_is_exchanged_and_shows_its_dates(
        self, admin: TestClient, client: TestClient
    ) -> None:
        page = admin.get(f"{HOME}/tokens").text
        assert 'value="integration"' in page
        fields = {"owner": "integration", "label": "Portal", "days": "30", "scope": "admin"}
        shown = admin.post(f"{HOME}/tokens", data=fields).text
        (first,) = re.findall(r"caravan_\w+", shown)
        assert "reads without contacts" in shown
        assert f"…{first[-4:]}" in shown
        assert "not yet" in shown
        headers = {"Authorization": f"Bearer {first}"}
        assert client.get("/v1/companies", headers=headers).status_code == 200
        assert client.post("/v1/tokens", json={}, headers=headers).status_code == 403
        (address,) = re.findall(r'action="(/console/settings/tokens/\w+/exchange)"', shown)
        (second,) = re.findall(r"caravan_\w+", admin.post(address).text)
        for token in (first, second):
            answer = client.get("/v1/companies", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"owner": "integration"}, "Say which program the token is for."),
            ({"owner": "integration", "label": "Portal", "days": "0"}, "A token lives for 1 to 1095 days."),
            ({"owner": "integration", "label": "Portal", "days": "²"}, "A token lives for 1 to 1095 days."),
            ({"owner": "integration", "label": "Portal", "days": "9" * 30}, "A token lives for 1 to 1095 days."),
        ],
    )
    def test_wrong_tokens_are_not_issued(self, admin: TestClient, fields: dict[str, str], said: str) -> None:
        status, page = post(admin, f"{HOME}/tokens", **fields)
        assert status == 422
        assert said in page
        assert "caravan_" not in page

    @pytest.mark.parametrize("owner", ["", "0" * 32])
    def test_token_needs_an_owner(self, admin: TestClient, owner: str) -> None:
        status, page = post(admin, f"{HOME}/tokens", owner=owner, label="Portal")
        assert status == 422
        assert "Choose whose token it is to be." in page
        assert 'value="Portal"' in page


def test_sessions_of_others_are_seen_and_ended(admin: TestClient, signed_in: SignIn) -> None:
    other = signed_in("viewer")
    page = admin.get(f"{HOME}/sessions").text
    assert page.count("this one") == 1
    assert admin.cookies[SESSION_COOKIE] not in page
    found = re.search(r"viewer@council\.example.*?sessions/(\w+)/end", page, re.DOTALL)
    assert found
    assert post(admin, f"{HOME}/sessions/{found[1]}/end") == (303, f"{HOME}/sessions?done=ended")
    assert other.get("/console/account").status_code == 303
    assert admin.get("/console/account").status_code == 200


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_weights_say_what_each_feature_means(admin: TestClient, language: str) -> None:
    page = admin.get(f"{HOME}/weights?lang={language}").text
    assert "expert-1" in page
    for feature in FEATURES:
        assert feature.name in page
    assert ("The council has verified the other firm." in page) == (language == "en")
    assert (">1.65 " in page) == (language == "en")


def test_words_on_features_are_the_engine_s() -> None:
    assert {feature.name: feature.meaning for feature in FEATURES} == MEANINGS
    assert set(FEATURE_NAMES) == {BIAS, *MEANINGS}
