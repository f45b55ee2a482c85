"""Engine, sessions and migrations, for the embedded SQLite and for PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

import migrations
from app.db.base import Base
from app.db.moments import Moment, Moments
from app.errors import DatabaseBehind, Failure
from app.settings import Settings
from app.watch.figures import CONNECTIONS

WRITES = "caravan_writes"


class Database:
    """An engine with its two kinds of sessions: for reading, and for writing (SQLite locks at once)."""

    def __init__(self, settings: Settings) -> None:
        self.engine = _engine(settings)
        self._reads = sessionmaker(self.engine, expire_on_commit=False)
        self._writes = sessionmaker(self.engine.execution_options(**{WRITES: True}), expire_on_commit=False)
        self._moments = Moments(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads."""
        with self._reads() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back when anything fails."""
        with self._writes.begin() as session:
            yield session

    async def moment(self) -> Moment | None:
        """Equal to an earlier moment only if nothing was committed since, by anyone; None when it cannot be told."""
        return await self._moments.now()

    def migrate(self) -> None:
        """Brings the tables up to date.

        Raises:
            DatabaseBehind: never; the opposite of ``require_migrated``.
        """
        with self.engine.begin() as connection:
            command.upgrade(alembic_config(connection), "head")

    def require_migrated(self) -> None:
        """Refuses a database whose tables are older than this program.

        Raises:
            DatabaseBehind: with the command to run.
        """
        with self.engine.connect() as connection:
            current = set(MigrationContext.configure(connection).get_current_heads())
        if current != _heads():
            raise DatabaseBehind("The database is not up to date. Run: caravan migrate")

    def dispose(self) -> None:
        """Closes all connections."""
        self._moments.close()
        self.engine.dispose()


def alembic_config(connection: Connection | None = None) -> Config:
    """The migrations' configuration, on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    config.attributes["target_metadata"] = Base.metadata
    return config


@cache
def _heads() -> set[str]:
    """The newest revision of this program."""
    return set(ScriptDirectory.from_config(alembic_config()).get_heads())


def _engine(settings: Settings) -> Engine:
    if settings.embedded:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        url = make_url(settings.url)
        if url.drivername in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(
            url,
            pool_pre_ping=url.get_backend_name() != "sqlite",
            hide_parameters=True,  # they are what firms wrote, and would stand in logs
            **_options(settings),
        )
    except (ArgumentError, ModuleNotFoundError) as wrong:
        raise Failure(
            "CARAVAN_DATABASE_URL cannot be used ({why}). For PostgreSQL it looks like"
            " postgresql://user:password@host/name and needs the extra: caravan[postgres].",
            why=str(wrong),
        ) from wrong
    event.listen(engine, "checkout", lambda *_: CONNECTIONS.inc())
    event.listen(engine, "checkin", lambda *_: CONNECTIONS.dec())
    event.listen(engine, "detach", lambda *_: CONNECTIONS.dec())
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _options(settings: Settings) -> dict[str, Any]:
    if settings.url.startswith("sqlite"):
        return {"connect_args": {"timeout": settings.busy_seconds}}
    return {}


def _prepare_sqlite(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below is the only one
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
