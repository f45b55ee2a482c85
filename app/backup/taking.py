"""Database to file: one moment of it, read while others go on writing."""

import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import mkstemp
from typing import IO

import msgspec
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table

from app.backup.container import FORMAT, BackupUnusable, Column, Manifest, Part, Progress, Writing
from app.backup.tables import bytes_at_once, columns_of, own_tables, plain, sequence_of
from app.db import Database
from app.db.base import now
from app.db.changes import Change

AT_ONCE = 1000
LAST = "last-backup.json"
_encode = msgspec.json.Encoder().encode


class LastBackup(msgspec.Struct, frozen=True):
    """The last backup that was taken from here, as the data directory remembers it."""

    taken_at: datetime
    file: str


def take_backup(
    database: Database,
    file: Path,
    *,
    expect: Progress = lambda _: None,
    progress: Progress = lambda _: None,
) -> Manifest:
    """Writes all tables as they are at one moment; ``expect`` is told the number of rows first.

    A file that is there already is replaced when the new one is whole, and stays when anything fails.

    Raises:
        BackupUnusable: the file cannot be written, or there is nothing to write.
    """
    try:
        with _replacing(file) as out, Writing(out) as writing, _one_moment(database) as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision is None:
                raise BackupUnusable("There is no register in this database yet: nothing was written.")
            manifest = Manifest(
                format=FORMAT,
                program=version("caravan"),
                revision=revision,
                database=connection.dialect.name,
                taken_at=now(),
                change=_change(connection),
                parts=_parts(connection, writing, expect, progress),
            )
            writing.finish(manifest)
    except OSError as failed:
        raise BackupUnusable(
            "{file} cannot be written: {why}. What was there before is still there.",
            file=str(file),
            why=(failed.strerror or type(failed).__name__).lower(),
        ) from failed
    return manifest


def note_backup(data_dir: Path, manifest: Manifest, file: Path) -> None:
    """Remembers that a backup was taken; it is not part of the register, so it stands beside it."""
    with suppress(OSError):
        data_dir.mkdir(parents=True, exist_ok=True)
        note = LastBackup(manifest.taken_at, str(file.absolute()))
        (data_dir / LAST).write_bytes(msgspec.json.encode(note))


def last_backup(data_dir: Path) -> LastBackup | None:
    """The last backup that was taken from here, if any is known of."""
    try:
        return msgspec.json.decode((data_dir / LAST).read_bytes(), type=LastBackup)
    except (OSError, msgspec.MsgspecError):
        return None


@contextmanager
def _replacing(file: Path) -> Iterator[IO[bytes]]:
    handle, name = mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)  # readable by its owner alone
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    """A connection whose transaction sees one moment; SQLite's does by itself, in WAL mode, from its first read."""
    engine = database.engine
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        yield connection
        connection.rollback()


def _change(connection: Connection) -> int:
    return connection.execute(sa.select(sa.func.max(Change.__table__.c.number))).scalar() or 0


def _parts(connection: Connection, writing: Writing, expect: Progress, progress: Progress) -> list[Part]:
    tables = own_tables(connection)
    counts = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables]
    expect(sum(counts))
    found = []
    for table in tables:
        columns = columns_of(table)
        sequence = sequence_of(connection, table)
        with closing(_lines(connection, table, columns, progress)) as lines:
            found.append(writing.part(str(table.name), columns, lines, sequence))
    return found


def _lines(connection: Connection, table: Table, columns: list[Column], progress: Progress) -> Generator[bytes]:
    source = plain(table.name, columns)
    shown = [sa.cast(source.c[one.name], sa.Text) if one.kind == "json" else source.c[one.name] for one in columns]
    key = [source.c[column.name] for column in table.primary_key.columns]
    at_once = 1 if bytes_at_once(columns) else AT_ONCE
    with connection.execution_options(yield_per=at_once).execute(sa.select(*shown).order_by(*key)) as result:
        for rows in result.partitions():
            for row in rows:
                yield _encode(tuple(row)) + b"\n"
            progress(len(rows))
