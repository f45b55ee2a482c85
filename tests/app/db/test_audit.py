"""The audit log: written with what it records, never changed, and what happens behind its back is found."""

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.db import Database
from app.db.audit import COMMAND_LINE, NO_ROW, NOBODY, AuditRow, AuditSubject, By, head, record_act
from app.queries.audit import AuditFilter, Broken, audit_rows, every_audit_row, verify_log
from app.settings import Settings

OFFICER = By("aigul@council.example", "reviewer", token="0" * 32, request="r-1")
TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


def write(database: Database, count: int = 6) -> None:
    for number in range(1, count + 1):
        with database.writing() as session:
            record_act(session, OFFICER, "contact.seen", f"company:{number:032}", where="company", count=number)


def verified(database: Database, *expected: str) -> Broken | None:
    with database.reading() as session:
        return verify_log(session, expected).broken


def behind_its_back(database: Database, *statements: str) -> None:
    """Runs statements as somebody would who holds the database."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for (name,) in connection.execute(text(TRIGGERS)).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))


def rows(session: Session) -> list[AuditRow]:
    return list(every_audit_row(session, AuditFilter()))


def test_rows_hang_together_and_tell_who_what_and_when(database: Database) -> None:
    assert verified(database) is None
    write(database, 3)
    with database.reading() as session:
        first, second, third = rows(session)
        assert (first.number, first.previous) == NO_ROW._replace(number=1)
        assert (second.previous, third.previous) == (first.hash, second.hash)
        assert (third.by, third.role, third.request) == ("aigul@council.example", "reviewer", "r-1")
        assert third.details == f'{{"count":3,"token":"{"0" * 32}","where":"company"}}'
        assert head(session) == (3, third.hash)
        (found,) = audit_rows(session, AuditFilter(subject=f"{2:032}"), limit=5)
        assert found.number == 2
    assert verified(database, first.hash, third.hash) is None


def test_hash_is_of_the_canonical_form(database: Database) -> None:
    """As docs/audit.md says it, so that anybody can check it without this program."""
    write(database, 1)
    with database.reading() as session:
        (row,) = rows(session)
    written = (
        f'{{"act":"contact.seen","at":"{row.at:%Y-%m-%dT%H:%M:%S.%f}Z","by":"aigul@council.example",'
        f'"details":"{{\\"count\\":1,\\"token\\":\\"{"0" * 32}\\",\\"where\\":\\"company\\"}}","number":1,'
        f'"previous":"{"0" * 64}","request":"r-1","role":"reviewer","subject":"company:{1:032}"}}'
    )
    assert row.hash == sha256(written.encode()).hexdigest()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET act = 'sign_in' WHERE number = 2",
        "DELETE FROM audit WHERE number = 3",
        "UPDATE audit_subjects SET subject = 'company:x'",
        "DELETE FROM audit_subjects",
    ],
)
def test_database_refuses_to_change_or_forget(database: Database, statement: str) -> None:
    write(database, 3)
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(text(statement))
    assert verified(database) is None


def test_database_refuses_other_ways_to_forget(database: Database) -> None:
    write(database, 3)
    ways = {
        "sqlite": "INSERT OR REPLACE INTO audit SELECT 2, at, by, role, act, subject, details, request, previous, 'x'"
        " FROM audit WHERE number = 1",
        "postgresql": "TRUNCATE audit",
    }
    with pytest.raises(DBAPIError, match=r"append-only|at its end only"), database.engine.begin() as connection:
        connection.execute(text(ways[connection.dialect.name]))


def test_action_that_fails_leaves_no_row(database: Database) -> None:
    def fail(session: Session) -> None:
        record_act(session, OFFICER, "sign_out")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.writing() as session:
        fail(session)
    with database.reading() as session:
        assert rows(session) == []


def test_savepoint_that_is_rolled_back_leaves_no_row(database: Database) -> None:
    with database.writing() as session:
        record_act(session, OFFICER, "code.on")
        outer = session.begin_nested()
        with session.begin_nested():
            record_act(session, OFFICER, "code.off")
        outer.rollback()
        with session.begin_nested():
            record_act(session, OFFICER, "sign_out")
    with database.reading() as session:
        assert [row.act for row in rows(session)] == ["code.on", "sign_out"]


def test_details_take_no_words_of_people(database: Database) -> None:
    for words in ("a@firm.example", "two words", "Мука", "a" * 81):
        with pytest.raises(ValueError, match="codes and numbers"), database.writing() as session:
            record_act(session, OFFICER, "sign_out", way=words)


def test_writers_at_once_make_one_chain(database: Database) -> None:
    def one() -> None:
        for _ in range(5):
            write(database, 1)

    writers = [Thread(target=one) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert verified(database) is None
    with database.reading() as session:
        assert [row.number for row in rows(session)] == list(range(1, 21))


SHIFT = "UPDATE audit SET number = -number WHERE number >= 3", "UPDATE audit SET number = 1 - number WHERE number < 0"
BREAKS: dict[str, tuple[tuple[str, ...], Broken]] = {
    "changed": (("UPDATE audit SET by = 'another@council.example' WHERE number = 4",), Broken(4, "changed")),
    "deleted": (("DELETE FROM audit WHERE number = 3",), Broken(3, "missing")),
    "first deleted": (("DELETE FROM audit WHERE number = 1",), Broken(1, "missing")),
    "inserted": (
        (
            *SHIFT,
            "INSERT INTO audit SELECT 3, at, by, role, act, '', '', '', hash, 'x' FROM audit WHERE number = 2",
        ),
        Broken(3, "changed"),
    ),
    "reordered": (
        (
            "UPDATE audit SET number = 99 WHERE number = 3",
            "UPDATE audit SET number = 3 WHERE number = 4",
            "UPDATE audit SET number = 4 WHERE number = 99",
        ),
        Broken(3, "out of order"),
    ),
    "deleted and closed up": (
        ("DELETE FROM audit WHERE number = 2", "UPDATE audit SET number = number - 1 WHERE number > 2"),
        Broken(2, "changed"),
    ),
    "hidden from the firm": (
        ("DELETE FROM audit_subjects WHERE number = 5",),
        Broken(5, "not found by its subjects"),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_was_done_behind_its_back_is_found(database: Database, name: str) -> None:
    write(database)
    statements, broken = BREAKS[name]
    behind_its_back(database, *statements)
    assert verified(database) == broken


def test_removal_from_the_end_is_found_by_a_head_that_was_noted(database: Database) -> None:
    write(database)
    with database.reading() as session:
        noted = head(session).hash
    write(database, 2)
    assert verified(database, noted) is None
    behind_its_back(database, "DELETE FROM audit WHERE number > 5", "DELETE FROM audit_subjects WHERE number > 5")
    assert verified(database) is None
    assert verified(database, noted) == Broken(6, "not the expected one")


CHANGES: dict[str, Callable[[Any, str], Any]] = {
    "number": lambda _, typed: 1000 + len(typed),
    "at": lambda held, typed: held + timedelta(microseconds=1 + len(typed)),
    **dict.fromkeys(
        ("by", "role", "act", "subject", "details", "request", "previous", "hash"),
        lambda held, typed: (held or "") + typed,
    ),
}
TYPED = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)


def test_any_change_of_any_field_is_found(sqlite_settings: Settings) -> None:
    database = Database(sqlite_settings)
    write(database, 8)
    with database.writing() as session:
        record_act(session, NOBODY, "sign_in.failed", count=1)
        record_act(session, COMMAND_LINE, "database.migrated")
    behind_its_back(database)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(1, 10), st.sampled_from(sorted(CHANGES)), TYPED)
    def changed(number: int, name: str, typed: str) -> None:
        with database.writing() as session:
            row = session.get_one(AuditRow, number)
            setattr(row, name, CHANGES[name](getattr(row, name), typed))
            session.flush()
            broken = verify_log(session).broken
            session.rollback()
        assert broken is not None
        assert broken.number <= number

    changed()
    assert verified(database) is None
    database.dispose()


def test_long_log_is_read_some_rows_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.queries.audit.AT_ONCE", 4)
    write(database, 10)
    told: list[int] = []
    with database.reading() as session:
        assert verify_log(session, progress=told.append).rows == 10
        assert len(rows(session)) == 10
    assert told == [4, 8, 10]


def test_every_subject_stands_in_the_table_it_is_found_by(database: Database) -> None:
    with database.writing() as session:
        record_act(session, OFFICER, "match.approved", f"match:{'a' * 32}.{'b' * 32}", reason=None)
    with database.reading() as session:
        found = {one.subject for one in session.query(AuditSubject)}
    assert {re.sub(r"(.)\1+", r"\1", one) for one in found} == {"match:a.b", "company:a", "company:b"}
