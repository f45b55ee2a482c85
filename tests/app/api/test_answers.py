import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.responses import Response
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app.api.answers import OVERHEAD, Answers
from app.db import Database, base
from app.settings import Settings
from tests.app.db.test_moments import commit, commit_in_another_process
from tests.conftest import Registered, bearer
from tests.factories import kazakh_mill, nigerian_trader

KEPT = re.compile("/kept/[^/]+")
LARGE = 1_000_000


class Counted:
    """Answers the n-th request with n and the tag of n."""

    def __init__(self, status: int = 200, *, tagged: bool = True, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.times = 0
        self._status = status
        self._tagged = tagged
        self._meanwhile = meanwhile

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.times += 1
        self._meanwhile()
        headers = {"ETag": f'"{self.times}"'} if self._tagged else {}
        await Response(str(self.times), self._status, headers, "text/plain")(scope, receive, send)


def asking(app: Counted, database: Database, most: int = LARGE) -> TestClient:
    return TestClient(Answers(app, database, KEPT, most))


def test_answer_is_given_again(database: Database) -> None:
    client = asking(Counted(), database)
    first, second = client.get("/kept/1"), client.get("/kept/1")
    assert (first.text, first.status_code) == ("1", 200)
    assert (second.text, second.status_code, second.headers) == (first.text, 200, first.headers)


def test_every_part_of_the_question_counts(database: Database) -> None:
    client = asking(Counted(), database)
    found = [
        client.get("/kept/1").text,
        client.get("/kept/2").text,
        client.get("/kept/1?limit=1").text,
        client.get("/kept/1", headers=bearer("a")).text,
        client.get("/kept/1", headers=bearer("b")).text,
        client.get("/kept/1", headers={"Accept-Language": "ru"}).text,
        client.get("/kept/1", headers={"Accept-Language": "kk"}).text,
        client.get("/kept/1", headers=bearer("a") | {"Accept-Language": "kk"}).text,
    ]
    assert found == [str(at) for at in range(1, 9)]


def test_other_addresses_and_methods_are_passed_on(database: Database) -> None:
    client = asking(Counted(), database)
    found = [client.get("/other").text, client.get("/other").text, client.post("/kept/1").text]
    assert [*found, client.post("/kept/1").text, client.get("/kept/1").text] == ["1", "2", "3", "4", "5"]
    assert client.get("/other", headers={"If-None-Match": '"6"'}).status_code == 200


@pytest.mark.parametrize("elsewhere", ["connection", "process"])
def test_commit_ends_every_answer(database: Database, settings: Settings, elsewhere: str) -> None:
    client = asking(Counted(), database)
    assert [client.get("/kept/1").text, client.get("/kept/2").text, client.get("/kept/1").text] == ["1", "2", "1"]
    if elsewhere == "connection":
        commit(database)
    else:
        commit_in_another_process(database, settings)
    unchanged = client.get("/kept/1", headers={"If-None-Match": '"1"'})
    assert (unchanged.status_code, unchanged.text) == (200, "3")
    assert [client.get("/kept/2").text, client.get("/kept/1").text] == ["4", "3"]


def test_answer_that_a_commit_overtook_is_not_kept(database: Database) -> None:
    client = asking(Counted(meanwhile=lambda: commit(database)), database)
    assert [client.get("/kept/1").text, client.get("/kept/1").text] == ["1", "2"]


def test_answer_lasts_until_midnight(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    day = 1
    monkeypatch.setattr(base, "time_ns", lambda: int(datetime(2027, 1, day, tzinfo=UTC).timestamp()) * 10**9)
    client = asking(Counted(), database)
    assert [client.get("/kept/1").text, client.get("/kept/1").text] == ["1", "1"]
    day = 2
    assert client.get("/kept/1").text == "2"


def test_memory_is_bounded_and_what_was_not_asked_for_longest_goes(database: Database) -> None:
    client = asking(Counted(), database, most=int(2.9 * OVERHEAD))
    assert [client.get(f"/kept/{name}").text for name in "abacab"] == ["1", "2", "1", "3", "1", "4"]
    client = asking(Counted(), database, most=OVERHEAD)
    assert [client.get("/kept/1").text, client.get("/kept/1").text] == ["1", "2"]


@pytest.mark.parametrize("header", ['"1"', 'W/"1"', '"0", "1"', '"0",W/"1" , "2"', "*"])
@pytest.mark.parametrize("kept", [True, False])
def test_304_for_the_right_tag(database: Database, header: str, kept: bool) -> None:  # noqa: FBT001  # a parameter
    app = Counted()
    client = asking(app, database)
    if kept:
        client.get("/kept/1")
    answer = client.get("/kept/1", headers={"If-None-Match": header})
    assert (answer.status_code, answer.content, dict(answer.headers)) == (304, b"", {"etag": '"1"'})
    assert (client.get("/kept/1").text, app.times) == ("1", 1)


@pytest.mark.parametrize("header", ['"2"', "1", '"11"', "", '"1', '"0", "2"'])
def test_whole_answer_for_any_other_tag(database: Database, header: str) -> None:
    client = asking(Counted(), database)
    assert [client.get("/kept/1", headers={"If-None-Match": header}).text for _ in range(2)] == ["1", "1"]


@pytest.mark.parametrize("status", [201, 401, 404, 422, 500, 503])
def test_only_200_is_kept(database: Database, status: int) -> None:
    client = asking(Counted(status), database)
    found = [client.get("/kept/1", headers={"If-None-Match": "*"}) for _ in range(2)]
    assert [(answer.text, answer.status_code) for answer in found] == [("1", status), ("2", status)]


def test_answer_without_a_tag_is_not_kept(database: Database) -> None:
    client = asking(Counted(tagged=False), database)
    assert [client.get("/kept/1").text, client.get("/kept/1").text] == ["1", "2"]


def test_failure_is_passed_on_and_not_kept(database: Database) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    client = asking(Counted(meanwhile=fail), database)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            client.get("/kept/1")


def test_nothing_is_kept_while_the_database_does_not_answer() -> None:
    database = Database(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing"))
    client = asking(Counted(), database)
    assert [client.get("/kept/1").text, client.get("/kept/1").text] == ["1", "2"]


def test_ranking_is_computed_once_until_a_commit(client: TestClient, register: Registered) -> None:
    mill = register(kazakh_mill())
    trader = register(nigerian_trader())

    def computed_at() -> str:
        items = client.get(f"/v1/companies/{mill['id']}/matches", headers=mill["headers"]).json()["items"]
        return str(items[0]["computed_at"])

    first = computed_at()
    assert computed_at() == first
    register(nigerian_trader())
    assert computed_at() != first
    client.delete(f"/v1/companies/{mill['id']}", headers=mill["headers"])
    gone = client.get(f"/v1/companies/{mill['id']}/matches", headers=mill["headers"])
    assert gone.status_code == 401
    other = client.get(f"/v1/companies/{trader['id']}/matches", headers=trader["headers"])
    assert other.json()["items"] == []
