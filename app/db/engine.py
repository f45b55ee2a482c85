"""Engine, sessions and migrations, for the embedded SQLite and for PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session, sessionmaker

import migrations
from app.db.audit import write_acts
from app.db.base import Base
from app.db.cipher import Cipher, give_cipher, keys_in
from app.db.faults import OutcomeUnknown
from app.db.moments import Moment, Moments
from app.errors import DatabaseBehind, Failure
from app.settings import Settings
from app.watch.figures import CONNECTIONS

WRITES = "caravan_writes"
KEPT_OPEN = 5
"""Connections that a process keeps; more of them end with the request that they were opened for."""
DEAD_AFTER = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}
"""Seconds and tries after which PostgreSQL gives up a client whose machine is gone, and the locks that it held."""


class Database:
    """An engine with its two kinds of sessions: for reading, and for writing (SQLite locks at once).

    With ``writes_plain`` what was encrypted is read, and nothing is encrypted any more.
    """

    def __init__(self, settings: Settings, *, writes_plain: bool = False) -> None:
        self.engine = _engine(settings)
        self.claim = timedelta(seconds=settings.claim_seconds)
        """How long a job is its worker's before another one may take it."""
        keys = keys_in(settings.contact_keys.get_secret_value()) if settings.contact_keys else []
        self.cipher = Cipher(keys, writes_plain=writes_plain) if keys else None
        give_cipher(self.engine.dialect, self.cipher)
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
        """A session that is committed at the end with the acts it recorded, or rolled back when anything fails.

        Raises:
            OutcomeUnknown: the connection was lost while it was committed.
        """
        with self._writes() as session:
            yield session
            session.flush()
            write_acts(session)
            try:
                session.commit()
            except DBAPIError as failed:
                if failed.connection_invalidated:
                    raise OutcomeUnknown("The connection was lost during a commit.") from failed
                raise

    async def moment(self) -> Moment | None:
        """Equal to an earlier moment only if nothing was committed since, by anyone; None when it cannot be told."""
        return await self._moments.now()

    def migrate(self) -> None:
        """Brings the tables up to date.

        Raises:
            DatabaseBehind: never; the opposite of ``require_migrated``.
        """
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # building an index may take its time
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            command.upgrade(alembic_config(connection), "head")

    def require_migrated(self) -> None:
        """Refuses a database whose tables are older than this program.

        Raises:
            DatabaseBehind: with the command to run.
        """
        if self._revisions() != _heads():
            raise DatabaseBehind("The database is not up to date. Run: caravan migrate")

    def wipe(self) -> None:
        """Empties SQLite's log of what was written, which still holds what was erased since; elsewhere it does nothing.

        A reader that has been at it for long keeps some of it; the next time takes that too.
        """
        if self.engine.dialect.name == "sqlite":
            connection = self.engine.raw_connection()
            connection.detach()  # its short patience is for this alone: nobody else shall wait for long readers
            try:
                cursor = connection.cursor()
                cursor.execute("PRAGMA busy_timeout = 200")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.close()
            finally:
                connection.close()

    def revision(self) -> str:
        """The migration that the tables stand at."""
        return "+".join(sorted(self._revisions()))

    def _revisions(self) -> set[str]:
        with self.engine.connect() as connection:
            return set(MigrationContext.configure(connection).get_current_heads())

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
        _make(settings.data_dir)
    try:
        url = make_url(settings.url)
        if url.drivername in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(
            url,
            hide_parameters=True,  # they are what firms wrote, and would stand in logs
            pool_pre_ping=url.get_backend_name() != "sqlite",
            **_options(settings, url),
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


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as refused:
        raise Failure(
            "The data directory {folder} cannot be made ({why}). Set CARAVAN_DATA_DIR to one that can be written.",
            folder=str(folder),
            why=(refused.strerror or str(refused)).lower(),
        ) from refused


def _options(settings: Settings, url: URL) -> dict[str, Any]:
    kept = min(KEPT_OPEN, settings.database_connections)
    pool = {
        "pool_size": kept,
        "max_overflow": settings.database_connections - kept,
        "pool_timeout": settings.connection_seconds,
    }
    if url.get_backend_name() == "sqlite":
        return pool | {"connect_args": {"timeout": settings.busy_seconds}}
    return pool | {"connect_args": _limits(settings, url)}


def _limits(settings: Settings, url: URL) -> dict[str, Any]:
    """How long PostgreSQL is waited for; what the URL itself says holds."""
    limits = {
        "lock_timeout": round(settings.busy_seconds * 1000),
        "statement_timeout": round(settings.statement_seconds * 1000),
    }
    said = url.query.get("options", "")
    given = said if isinstance(said, str) else " ".join(said)
    options = " ".join(f"-c {name}={value}" for name, value in (limits | DEAD_AFTER).items())
    wanted = {
        "connect_timeout": max(2, round(settings.connection_seconds)),
        "keepalives_idle": DEAD_AFTER["tcp_keepalives_idle"],
        "tcp_user_timeout": round(settings.statement_seconds * 1000) + 5000,
    }
    return {name: value for name, value in wanted.items() if name not in url.query} | {"options": f"{options} {given}"}


def _prepare_sqlite(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below is the only one
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(
        "PRAGMA secure_delete = ON"
    )  # what is deleted is overwritten: erased data must not stay in free pages
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
