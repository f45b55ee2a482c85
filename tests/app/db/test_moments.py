import asyncio
import subprocess
import sys

from sqlalchemy import select, text

from app.db import Database
from app.db.jobs import Job
from app.db.moments import Moment
from app.settings import Settings
from tests.programs import environment

COMMIT = "INSERT INTO changes (company_id) VALUES ('x')"
ELSEWHERE = """
import sys, sqlalchemy
with sqlalchemy.create_engine(sys.argv[1]).begin() as connection:
    connection.execute(sqlalchemy.text(sys.argv[2]))
"""


def moment(database: Database) -> Moment | None:
    return asyncio.run(database.moment())


def commit(database: Database) -> None:
    with database.writing() as session:
        session.execute(text(COMMIT))


def commit_in_another_process(database: Database, settings: Settings) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", ELSEWHERE, url, COMMIT], env=environment(settings.data_dir), check=True)


def test_moment_stays_while_nothing_is_committed(database: Database) -> None:
    before = moment(database)
    assert before is not None
    with database.reading() as session:
        session.execute(text("SELECT count(*) FROM companies"))
    with database.writing() as session:  # as the queue does when there is nothing to do
        session.scalars(select(Job).with_for_update(skip_locked=True)).all()
    assert moment(database) == before


def test_every_commit_ends_a_moment(database: Database, settings: Settings) -> None:
    other = Database(settings)
    moments = [moment(database)]
    for write in (commit, commit):
        write(database)
        moments.append(moment(database))
    commit(other)
    moments.append(moment(database))
    commit_in_another_process(database, settings)
    moments.append(moment(database))
    assert len(set(moments)) == len(moments)
    assert None not in moments
    other.dispose()


def test_commit_of_an_earlier_transaction_ends_a_moment(database: Database, settings: Settings) -> None:
    with database.writing() as session:
        session.execute(text(COMMIT))
        before = moment(database)
        assert moment(database) == before
    assert moment(database) != before


def test_long_transaction_that_commits_after_a_younger_one(postgres_settings: Settings) -> None:
    database = Database(postgres_settings)
    with database.writing() as session:
        session.execute(text(COMMIT))
        commit(database)
        before = moment(database)
    assert moment(database) != before
    database.dispose()


def test_moment_of_a_new_connection_is_another_one(database: Database) -> None:
    before = moment(database)
    database.dispose()
    assert moment(database) not in {before, None}
    database.dispose()


def test_broken_connection_is_told_once_and_replaced(postgres_settings: Settings) -> None:
    database = Database(postgres_settings)
    before = moment(database)
    with database.engine.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_current_snapshot%'"
        connection.execute(text(others))
    assert moment(database) is None
    assert moment(database) not in {before, None}
    database.dispose()


def test_no_moment_without_a_database() -> None:
    database = Database(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing"))
    assert moment(database) is None


def test_moment_is_told_to_many_at_once(database: Database) -> None:
    async def many() -> list[Moment | None]:
        return await asyncio.gather(*(database.moment() for _ in range(300)))

    assert len(set(asyncio.run(many()))) == 1
