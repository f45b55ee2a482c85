import asyncio
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import OperationalError as SqliteError
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session

from app.actions.registration import Registrations
from app.application import create_app
from app.db import Database
from app.db.changes import lock_changes
from app.db.companies import Company
from app.db.faults import no_room, passes, summary, undone
from app.settings import Settings
from schemas.companies import CompanyIn
from tests.factories import kazakh_mill, listing

SHORT = {"busy_seconds": 0.2, "connection_seconds": 0.3, "statement_seconds": 0.5}
FORM = {"Origin": "http://testserver"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=SHORT)


@pytest.fixture
def inner(client: TestClient) -> Database:
    """The service's own database."""
    found: Database = client.app.state.service.database  # type: ignore[attr-defined]  # it is ours
    return found


def assert_unavailable(client: TestClient, code: str = "database-unavailable") -> None:
    refused = client.post("/v1/companies", json=kazakh_mill())
    assert (refused.status_code, refused.json()["type"]) == (503, f"urn:caravan:problem:{code}")
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) > 0
    page = client.post("/sign-in/token", data={"token": "x"}, headers=FORM)
    assert (page.status_code, page.headers["retry-after"]) == (503, "2")
    assert "<h1" in page.text


def assert_works(client: TestClient) -> None:
    assert client.post("/v1/companies", json=kazakh_mill()).status_code == 201
    assert client.post("/sign-in/token", data={"token": "x"}, headers=FORM).status_code != 503


@contextmanager
def stuck(database: Database) -> Iterator[None]:
    """Another process holds what every write needs."""
    with database.writing() as session:
        lock_changes(session)
        session.execute(text("DELETE FROM attempts"))
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE"))
        yield


def test_lock_that_is_held_too_long_is_answered_503(client: TestClient, database: Database) -> None:
    with stuck(database):
        assert_unavailable(client)
        assert client.get("/v1/concepts", params={"q": "flour"}).status_code == 200
    assert_works(client)


def test_no_free_connection_is_answered_503(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"database_connections": 1}))) as client:
        database: Database = client.app.state.service.database  # type: ignore[attr-defined]  # it is ours
        with database.engine.connect():
            assert_unavailable(client)
        assert_works(client)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_full_disk_is_answered_503_and_leaves_nothing_by_half(client: TestClient, inner: Database) -> None:
    def limit(connection: Any, _: object, __: object) -> None:  # noqa: ANN401  # of any driver
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages if full else 2**30}")

    full = True
    event.listen(inner.engine, "checkout", limit)
    large = kazakh_mill(listings=[listing("offer", f"Flour {at}", text="flour " * 300) for at in range(100)])
    refused = client.post("/v1/companies", json=large)
    assert (refused.status_code, refused.headers.get("retry-after")) == (503, "2")
    with inner.reading() as session:
        assert session.scalars(select(Company.id)).all() == []
        assert session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
    full = False
    assert client.post("/v1/companies", json=large).status_code == 201


def cut_all(database: Database) -> None:
    """Ends every other connection."""
    with database.engine.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.exec_driver_sql(f"{others} AND datname = current_database()")
    database.engine.dispose()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_connections_that_were_cut_are_not_used_again(client: TestClient, staff: dict[str, str]) -> None:
    database = Database(client.app.state.service.settings)  # type: ignore[attr-defined]  # it is ours
    firm = client.post("/v1/companies", json=kazakh_mill()).json()
    ranking = f"/v1/companies/{firm['id']}/matches"
    for _ in range(2):
        assert client.get(ranking, headers=staff).status_code == 200
        cut_all(database)
        assert client.get(ranking, headers=staff).status_code == 200
        assert_works(client)
        cut_all(database)
        assert_works(client)
    database.dispose()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_connection_lost_in_a_commit_leaves_the_outcome_open(
    client: TestClient, inner: Database, database: Database
) -> None:
    losing = True

    def lose(_: object) -> None:
        nonlocal losing
        if losing:
            losing = False
            cut_all(database)

    event.listen(inner.engine, "commit", lose)
    answer = client.post("/v1/companies", json=kazakh_mill())
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:caravan:problem:outcome-unknown")
    assert "not known" in answer.json()["detail"]
    assert_works(client)


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_statement_that_takes_too_long_is_ended(database: Database) -> None:
    with pytest.raises(OperationalError, match="statement timeout") as slow, database.reading() as session:
        session.execute(text("SELECT pg_sleep(5)"))
    assert passes(slow.value)


class Lost(Exception):
    sqlstate = "40P01"


def test_transaction_that_lost_a_deadlock_is_run_again(database: Database) -> None:
    losses = 2

    @contextmanager
    def writing() -> Iterator[Session]:
        nonlocal losses
        with database.writing() as session:
            yield session
            session.flush()
            if losses:
                losses -= 1
                raise OperationalError("COMMIT", {}, Lost())

    asyncio.run(Registrations(writing).register(CompanyIn.model_validate(kazakh_mill())))
    with database.reading() as session:
        assert len(session.scalars(select(Company.id)).all()) == 1


def coded(code: int) -> SqliteError:
    failed = SqliteError("it failed")
    failed.sqlite_errorcode = code
    return failed


class State(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (OperationalError("", {}, coded(5)), True),
        (OperationalError("", {}, coded(8 | 1 << 8)), True),
        (OperationalError("", {}, coded(13)), True),
        (OperationalError("", {}, coded(1)), False),
        (OperationalError("", {}, State("53100")), True),
        (OperationalError("", {}, State("57P01")), True),
        (OperationalError("", {}, State("54000")), False),
        (DBAPIError("", {}, State("25006")), True),
        (DBAPIError("", {}, State("XX000")), False),
        (DBAPIError("", {}, State(""), connection_invalidated=True), True),
        (PoolExhausted(), True),
        (IntegrityError("", {}, State("23505")), False),
        (ProgrammingError("", {}, State("42P01")), False),
        (RuntimeError(), False),
    ],
)
def test_only_what_will_work_later_passes(failed: Exception, *, expected: bool) -> None:
    assert passes(failed) is expected


def test_what_a_failure_says_holds_no_values() -> None:
    failed = OperationalError("INSERT", {"email": "secret@firm.example"}, coded(13))
    assert summary(failed) == "OperationalError: it failed"
    assert undone(OperationalError("", {}, State("40001")))
    assert no_room(OSError(errno.ENOSPC, "full"))
    assert not no_room(OSError(errno.ENOENT, "missing"))
