import re

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.actions.accounts import MOST_WRONG
from app.actions.links import new_link
from app.db import Database
from app.db.staff import StaffMember
from tests.app.console.conftest import PASSWORD, NewBrowser, SignIn, sign_in

HOME = "/console/account"
EMAIL = "viewer@council.example"
NEW = "another horse battery"


@pytest.fixture
def me(signed_in: SignIn) -> TestClient:
    return signed_in("viewer")


def change(me: TestClient, present: str, password: str) -> tuple[int, str]:
    answer = me.post(f"{HOME}/password", data={"present": present, "password": password})
    return answer.status_code, answer.headers.get("location", answer.text)


class TestPassword:
    def test_other_sessions_and_links_end(self, me: TestClient, browser: NewBrowser, database: Database) -> None:
        sign_in(other := browser(), EMAIL)
        with database.writing() as session:
            link = new_link(session, staff_id=session.scalars(select(StaffMember)).one().id)
        assert change(me, PASSWORD, NEW) == (303, f"{HOME}?done=password")
        assert me.get(HOME).status_code == 200
        assert other.get(HOME).status_code == 303
        assert browser().post(f"/console/password/{link}", data={"password": "a third horse"}).status_code == 410
        assert sign_in(browser(), EMAIL) == 422
        assert sign_in(browser(), EMAIL, NEW) == 303

    @pytest.mark.parametrize(
        ("present", "password", "said"),
        [
            ("wrong", NEW, "This is not your present password."),
            (PASSWORD, "short", "Use at least 12 characters"),
            (PASSWORD, "the viewer's horse", "Leave your e-mail address out"),
            (PASSWORD, PASSWORD, "Choose another password"),
        ],
    )
    def test_what_is_wrong_is_said_at_the_field(
        self, me: TestClient, browser: NewBrowser, present: str, password: str, said: str
    ) -> None:
        status, page = change(me, present, password)
        assert status == 422
        assert said in page
        assert page.count('aria-invalid="true"') == 1
        assert PASSWORD not in page
        assert sign_in(browser(), EMAIL) == 303

    def test_it_cannot_be_guessed_at_somebody_s_desk(self, me: TestClient) -> None:
        statuses = [change(me, f"guess {number}", NEW)[0] for number in range(MOST_WRONG)]
        assert statuses == [422] * MOST_WRONG
        assert change(me, PASSWORD, NEW)[0] == 429
        assert me.post(f"{HOME}/code/off", data={"present": PASSWORD}).status_code == 429


class TestCode:
    def test_it_is_switched_on_by_the_first_right_code_and_off_by_the_password(
        self, me: TestClient, browser: NewBrowser
    ) -> None:
        page = me.get(f"{HOME}/code").text
        (secret,) = re.findall('name="secret" value="(.*?)"', page)
        assert " ".join(re.findall(".{4}", secret)) in page
        assert "<svg" in page
        assert not re.search(r"<svg.*?\bstyle=.*?</svg>", page, re.DOTALL)
        wrong = me.post(f"{HOME}/code", data={"secret": secret, "code": "000000"})
        assert wrong.status_code == 422
        assert f'value="{secret}"' in wrong.text
        assert sign_in(browser(), EMAIL) == 303
        right = me.post(f"{HOME}/code", data={"secret": secret, "code": pyotp.TOTP(secret).now()})
        assert right.headers["location"] == f"{HOME}?done=on"
        assert sign_in(browser(), EMAIL) == 422
        assert sign_in(browser(), EMAIL, code=pyotp.TOTP(secret).now()) == 422, "it was used to switch it on"
        assert secret not in me.get(HOME).text
        assert me.post(f"{HOME}/code/off", data={"present": "wrong"}).status_code == 422
        assert me.post(f"{HOME}/code/off", data={"present": PASSWORD}).headers["location"] == f"{HOME}?done=off"
        assert sign_in(browser(), EMAIL) == 303

    @pytest.mark.parametrize("secret", ["", "short", "a" * 32, "<script>", "A" * 31 + "1"])
    def test_secret_that_is_none_of_ours_is_not_taken(self, me: TestClient, secret: str) -> None:
        answer = me.post(f"{HOME}/code", data={"secret": secret, "code": "000000"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/code")


def test_own_sessions_end_and_others_do_not(me: TestClient, signed_in: SignIn, browser: NewBrowser) -> None:
    sign_in(phone := browser(**{"User-Agent": "Phone <1>"}), EMAIL)
    stranger = signed_in("reviewer")
    page = me.get(HOME).text
    found = re.search(r"Phone &lt;1&gt;.*?sessions/(\w+)/end", page, re.DOTALL)
    assert found
    assert "reviewer@council.example" not in page
    assert stranger.post(f"{HOME}/sessions/{found[1]}/end").status_code == 303
    assert phone.get(HOME).status_code == 200
    assert me.post(f"{HOME}/sessions/{found[1]}/end").headers["location"] == f"{HOME}?done=ended"
    assert phone.get(HOME).status_code == 303
    assert me.get(HOME).status_code == 200
