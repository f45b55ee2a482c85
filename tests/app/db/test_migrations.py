from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, make_url, select, text

from app.actions.tokens import TOKEN_PREFIX, digest_of, new_secret
from app.auth import authenticate
from app.db import Base, Database
from app.db.engine import alembic_config
from app.db.search import LikenessKey
from app.errors import DatabaseBehind
from app.queries.search import CompanyFilter, search
from app.settings import Settings

BEFORE_SEARCH = "20261125_name_tokens"
BEFORE_LIMITS = "20261125_keep_imports"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        database = Database(Settings(data_dir=tmp_path))
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgres_url")
    with _Created(server) as url:
        database = Database(Settings(data_dir=tmp_path, database_url=url))
        yield database
        database.dispose()


class _Created:
    """A PostgreSQL database that lives for one test."""

    def __init__(self, server: str) -> None:
        self._admin = Database(Settings(database_url=server))
        self._name = "caravan_empty"
        self._url = make_url(server).set(database=self._name).render_as_string(hide_password=False)

    def __enter__(self) -> str:
        self._run(f"DROP DATABASE IF EXISTS {self._name}")
        self._run(f"CREATE DATABASE {self._name}")
        return self._url

    def __exit__(self, *_: object) -> None:
        self._run(f"DROP DATABASE {self._name} WITH (FORCE)")
        self._admin.dispose()

    def _run(self, statement: str) -> None:
        with self._admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))


def test_migrations_make_what_the_models_say(empty: Database) -> None:
    empty.migrate()
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_migration_can_be_taken_back_and_applied_again(empty: Database) -> None:
    empty.migrate()
    with empty.engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    empty.migrate()
    empty.require_migrated()


def test_database_that_is_behind_is_refused_with_the_command(empty: Database) -> None:
    with pytest.raises(DatabaseBehind, match="caravan migrate"):
        empty.require_migrated()


def test_migrations_are_one_line() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_companies_of_before_are_found_by_their_words_afterwards(empty: Database) -> None:
    with empty.engine.begin() as connection:
        command.upgrade(alembic_config(connection), BEFORE_SEARCH)
        connection.execute(
            text(
                "INSERT INTO companies (id, version, status, country, legal_name, normal_name, registration_number,"
                " languages, contact_email, search_text, created_at, changed_at) VALUES ('a', 1, 'verified', 'KZ',"
                " 'ТОО «Қостанай»', 'қостанай', '100140000003', '[]', 'a@firm.example', '', :at, :at)"
            ),
            {"at": datetime(2026, 11, 25, tzinfo=UTC)},
        )
        connection.execute(
            text(
                "INSERT INTO listings (id, company_id, position, side, kind, title, text, partnership, incoterms,"
                " certificates) VALUES ('l', 'a', 0, 'offer', 'goods', 'Мука', 'вагоны', '[]', '[]', '[]')"
            )
        )
    empty.migrate()
    with empty.reading() as session:
        for words in ("kostanay", "muka vagony", "1001 4000 0003", "a@firm.example"):
            assert search(session, CompanyFilter(words=words), limit=2).total == 1
        assert session.scalar(text("SELECT count(*) FROM listings")) == 1
        assert "KZ:number:100140000003" in session.scalars(select(LikenessKey.key)).all()


def test_tokens_of_before_work_on_and_end_some_day(empty: Database) -> None:
    firm, program = TOKEN_PREFIX + new_secret(), TOKEN_PREFIX + new_secret()
    moment = {"at": datetime(2020, 1, 1, tzinfo=UTC)}
    with empty.engine.begin() as connection:
        command.upgrade(alembic_config(connection), BEFORE_LIMITS)
        connection.execute(
            text(
                "INSERT INTO companies (id, version, status, country, legal_name, normal_name, languages, created_at,"
                " changed_at) VALUES ('a', 1, 'verified', 'KZ', 'A', 'a', '[]', :at, :at)"
            ),
            moment,
        )
        connection.execute(
            text("INSERT INTO staff (id, email, role, created_at) VALUES ('s', 's@c.example', 'admin', :at)"), moment
        )
        for token, owner in ((firm, "company_id"), (program, "staff_id")):
            connection.execute(
                text(f"INSERT INTO tokens (id, digest, {owner}, created_at) VALUES (:id, :digest, :owner, :at)"),  # noqa: S608  # two names of ours
                moment | {"id": owner, "digest": digest_of(token), "owner": owner[0].replace("c", "a")},
            )
    empty.migrate()
    with empty.reading() as session:
        for token, role, days in ((firm, None, 365), (program, "admin", 90)):
            caller = authenticate(session, f"Bearer {token}")
            assert caller.role == role
            assert caller.token
            assert days - 1 < (caller.token.expires_at - datetime.now(UTC)).total_seconds() / 86400 <= days
        assert session.scalar(text("SELECT count(*) FROM companies")) == 1
    with empty.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO tokens (id, digest, scope, days, created_at, expires_at)"
                " VALUES ('i', 'i', 'integration', 1, :at, :at)"
            ),
            moment,
        )
        command.downgrade(alembic_config(connection), BEFORE_LIMITS)
        assert set(connection.scalars(text("SELECT id FROM tokens"))) == {"company_id", "staff_id"}
