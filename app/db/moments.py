"""Moments of the database: whether anything was committed since."""

import asyncio
from typing import cast

from sqlalchemy import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

STATEMENTS = {
    # changes with every commit of another connection, in this process or not; nothing is written on this one
    "sqlite": "PRAGMA data_version",
    # the set of visible transactions; only on a primary, since a replica counts them otherwise
    "postgresql": "SELECT pg_current_snapshot()::text",
}

Moment = tuple[int, object]
"""Equal to an earlier one of the same process only if nothing was committed in between."""


class Moments:
    """Tells the present moment, on a connection of its own; one event loop asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._statement = STATEMENTS[engine.dialect.name]
        self._connection: DBAPIConnection | None = None
        self._opened = 0
        self._turn = asyncio.Lock()
        self._following: asyncio.Task[Moment | None] | None = None

    async def now(self) -> Moment | None:
        """The present moment; None when the database does not answer."""
        if self._engine.dialect.name == "sqlite":
            return self._now()  # microseconds: less than a thread would take to wake
        if self._following is None:
            self._following = asyncio.create_task(self._follow())
        return await asyncio.shield(self._following)

    def close(self) -> None:
        """Ends the connection; the next question opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _follow(self) -> Moment | None:
        """One question for all who came while the one before it was out, whose answer may be too old for them."""
        async with self._turn:
            self._following = None
            return await asyncio.to_thread(self._now)

    def _now(self) -> Moment | None:
        try:
            cursor = (self._connection or self._open()).cursor()
            cursor.execute(self._statement)
            return self._opened, cursor.fetchone()
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
            self.close()
            return None

    def _open(self) -> DBAPIConnection:
        self._opened += 1  # what one connection says cannot be compared with what another one said
        pooled = self._engine.raw_connection()
        pooled.detach()
        connection = cast("DBAPIConnection", pooled.dbapi_connection)
        self._engine.dialect.set_isolation_level(connection, "AUTOCOMMIT")
        self._connection = connection
        return connection
