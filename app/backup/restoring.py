"""File to database: all or nothing, in one transaction."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, cast

import msgspec
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.sql.ddl import DropTable

from app.backup.container import (
    BackupUnusable,
    Column,
    Kind,
    Manifest,
    Part,
    Progress,
    Reading,
    check_backup,
    manifest_of,
    opened,
)
from app.backup.tables import REVISIONS, columns_of, counted_column, own_tables, plain, sequence_of, set_sequence
from app.db import Database
from app.db.base import new_id
from app.db.changes import ALL_COMPANIES
from app.db.engine import WRITES, alembic_config
from app.errors import Failure

AT_ONCE = 1000
AT_ONCE_BYTES = 4 * 1024 * 1024
CHANGES = "changes"
TELLING = ("companies", "staff", "reviews")
"""Tables without whose rows nobody would miss a database."""
ENDED = ("sessions", "sign_in_links")
"""What may have been ended since the backup was taken, and is quickly made anew."""
LOCK_SECONDS = 30

READ: dict[Kind, Callable[[Any], Any]] = {
    "moment": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": b64decode,
}
_decode = msgspec.json.Decoder(list[Any]).decode


class NotEmpty(Failure):
    """A database that holds something already."""

    code = "not-empty"


def held(database: Database) -> dict[str, int]:
    """How many rows the database's tables have."""
    with database.engine.connect() as connection:
        return _held(connection)


def restore_backup(
    database: Database,
    path: Path,
    *,
    replace: bool = False,
    expect: Progress = lambda _: None,
    progress: Progress = lambda _: None,
) -> Manifest:
    """Puts a backup into an empty database, or in the place of what a database holds.

    The whole file is checked before anything is touched. Sessions of browsers and sign-in links are left out. Servers
    that are running read everything anew, because one more change is recorded than they can know of.

    Raises:
        BackupUnusable: the file is not whole, or of a newer program.
        NotEmpty: the database holds something and ``replace`` is not wanted.
    """
    manifest = manifest_of(path)
    _known(manifest, path)
    expect(2 * manifest.rows)
    check_backup(path, progress)
    with opened(path) as backup, _rewriting(database) as connection:
        if not replace and any(_held(connection).get(table) for table in TELLING):
            raise NotEmpty(
                "This database holds a register already. Restore into an empty one, or put --replace to lose what it"
                " holds."
            )
        newest = _emptied(connection)
        command.upgrade(alembic_config(connection), backup.manifest.revision)
        _load_or_tell(connection, backup, path, progress)
        command.upgrade(alembic_config(connection), "head")
        _end_sessions(connection)
        _tell_everyone(
            connection, max(newest, *(part.sequence or 0 for part in manifest.parts if part.table == CHANGES))
        )
        _whole(connection, path)
    return manifest


def _known(manifest: Manifest, path: Path) -> None:
    try:
        known = ScriptDirectory.from_config(alembic_config()).get_revision(manifest.revision)
    except CommandError:
        known = None
    if known is None or known.revision != manifest.revision:
        raise BackupUnusable(
            "{path} was written by Caravan {program}, whose tables this program does not know yet. Update it first.",
            path=str(path),
            program=manifest.program,
        )


def _held(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in own_tables(connection)
    }


@contextmanager
def _rewriting(database: Database) -> Iterator[Connection]:
    """A transaction in which no foreign key stands in the way and nobody else writes."""
    with database.engine.connect().execution_options(**{WRITES: True}) as connection:
        connection.detach()  # it ends with this, and with it what is set here
        if connection.dialect.name == "sqlite":
            driver = connection.connection.dbapi_connection
            cast("Any", driver).execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            yield connection


def _emptied(connection: Connection) -> int:
    """Drops our tables; the largest change number that anybody can know of from them."""
    tables = own_tables(connection)
    newest = max((sequence_of(connection, table) or 0 for table in tables if table.name == CHANGES), default=0)
    for table in reversed(tables):
        connection.execute(DropTable(table))
    connection.execute(DropTable(sa.Table(REVISIONS, MetaData()), if_exists=True))
    return newest


def _load_or_tell(connection: Connection, backup: Reading, path: Path, progress: Progress) -> None:
    driver = connection.dialect.loaded_dbapi
    try:
        _load(connection, backup, progress)
    except (DataError, IntegrityError, driver.DataError, driver.IntegrityError) as refused:
        why = refused.orig if isinstance(refused, DBAPIError) else refused
        raise BackupUnusable(
            "{path} does not fit into this database ({why}). Nothing was changed.",
            path=str(path),
            why=str(why).partition("\n")[0],
        ) from refused


def _load(connection: Connection, backup: Reading, progress: Progress) -> None:
    there = {table.name: table for table in own_tables(connection)}
    for part in backup.manifest.parts:
        table = there.get(part.table)
        if table is None or {one.name for one in part.columns} != {one.name for one in columns_of(table)}:
            raise BackupUnusable(
                "The backup's table {table} is not one of its revision {revision}. Nothing was changed.",
                table=part.table,
                revision=backup.manifest.revision,
            )
        load = _copy if connection.dialect.name == "postgresql" else _insert
        load(connection, part, _batches(backup, part, progress))
        key = counted_column(table)
        if key is not None and part.sequence is not None:
            set_sequence(connection, part.table, key, part.sequence)


Batch = list[list[Any]]


def _batches(backup: Reading, part: Part, progress: Progress) -> Iterator[Batch]:
    readers = [(at, READ[column.kind]) for at, column in enumerate(part.columns) if column.kind in READ]
    batch: Batch = []
    size = 0
    for line in backup.lines(part):
        values = _decode(line)
        for at, read in readers:
            if values[at] is not None:
                values[at] = read(values[at])
        batch.append(values)
        size += len(line)
        if len(batch) >= AT_ONCE or size >= AT_ONCE_BYTES:
            yield batch
            progress(len(batch))
            batch, size = [], 0
    yield batch
    progress(len(batch))


def _insert(connection: Connection, part: Part, batches: Iterator[Batch]) -> None:
    statement = sa.insert(plain(part.table, part.columns))
    names = [column.name for column in part.columns]
    for batch in batches:
        if batch:
            connection.execute(statement, [dict(zip(names, values, strict=True)) for values in batch])


def _copy(connection: Connection, part: Part, batches: Iterator[Batch]) -> None:
    """COPY takes rows several times as fast as INSERT."""
    quoted = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quoted(column.name) for column in part.columns)
    driver = cast("Any", connection.connection.dbapi_connection)
    with driver.cursor() as cursor, cursor.copy(f"COPY {quoted(part.table)} ({columns}) FROM STDIN") as copy:
        for values in chain.from_iterable(batches):
            copy.write_row(values)


def _end_sessions(connection: Connection) -> None:
    for table in own_tables(connection):
        if table.name in ENDED:
            connection.execute(sa.delete(table))


def _tell_everyone(connection: Connection, newest: int) -> None:
    columns = [Column("number", "integer"), Column("company_id", "text"), Column("mark", "text")]
    row = {"number": newest + 1, "company_id": ALL_COMPANIES, "mark": new_id()}
    connection.execute(sa.insert(plain(CHANGES, columns)), row)
    set_sequence(connection, CHANGES, "number", newest + 1)


def _whole(connection: Connection, path: Path) -> None:
    """SQLite looks at foreign keys here, PostgreSQL at each row."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise BackupUnusable("{path} has rows that point to nothing. Nothing was changed.", path=str(path))
