"""The keys that contacts are encrypted with: whether all are given, and moving everything to another one."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Column, Table, bindparam, delete, exists, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session

from app.actions.companies import write_search
from app.db import Base, Database
from app.db.base import now
from app.db.cipher import Cipher, SecretBytes, SecretJson, SecretText, cipher_of, locked
from app.db.companies import Company
from app.db.imports import Import
from app.db.keys import SecretKey
from app.db.profiles import WITH_ALL
from app.db.search import LikenessKey, SearchText
from app.db.staff import StaffMember
from app.queries.companies import document
from schemas.companies import CompanyIn

log = logging.getLogger("caravan.keys")

AT_ONCE = 200
SECRETS = (SecretText, SecretJson, SecretBytes)


@dataclass(frozen=True, slots=True)
class _Holder:
    """A table with columns that are encrypted."""

    table: Table
    keys: Sequence[Column[Any]]
    secrets: Sequence[Column[Any]]

    @property
    def at_once(self) -> int:
        """Rows in one transaction; files are large."""
        return 1 if any(isinstance(column.type, SecretBytes) for column in self.secrets) else AT_ONCE


def require_keys(database: Database) -> None:
    """Refuses a database whose secrets are encrypted with a key that is not given; notes the first of those given.

    Raises:
        ContactsLocked: with what to set.
    """
    cipher = database.cipher
    given = cipher.ids if cipher is not None else []
    with database.reading() as session:
        used = {key.id: key for key in session.scalars(select(SecretKey))}
        missing = sorted(set(used) - set(given))
        if missing:
            raise locked(missing[0])
        if cipher is None or cipher.writes_plain:
            return
        fresh = cipher.ids[0] not in used
        empty = fresh and not session.scalar(
            select(exists(select(Company.id)) | exists(select(Import.id)) | exists(select(StaffMember.id)))
        )
    if fresh:
        with database.writing() as session:
            _note_key(session, cipher, rotated=empty)
    if not empty and (fresh or used[cipher.ids[0]].rotated_at is None):
        log.warning("Not everything is encrypted with the first key yet. Run: caravan keys rotate")


def secrets_in(database: Database) -> int:
    """How many rows hold something that is encrypted where there is a key."""
    with database.reading() as session:
        return sum(session.scalar(select(func.count()).select_from(one.table)) or 0 for one in _holders())


def rotate_keys(database: Database, progress: Callable[[int], None] = lambda _: None) -> int:
    """Writes everything with the first key, or plain if the database writes so; how many rows.

    Each batch is a transaction that notes its place, so that it goes on there if it was interrupted.
    """
    cipher = database.cipher
    if cipher is None:
        return 0
    with database.writing() as session:
        _note_key(session, cipher, rotated=False)
        place = _place(session, cipher)
    done = 0
    for holder in _holders():
        if place is not None and place[0] != holder.table.name:
            continue  # it was done before
        after, place = (None if place is None else place[1]), None
        for count in _rotated(database, holder, after):
            done += count
            progress(done)
    with database.writing() as session:
        _finish(session, cipher)
    return done


def clean_up(database: Database) -> None:
    """Lets the database give up the space in which older versions of rows still stand."""
    pooled = database.engine.raw_connection()
    pooled.detach()
    connection = cast("DBAPIConnection", pooled.dbapi_connection)
    try:
        database.engine.dialect.set_isolation_level(connection, "AUTOCOMMIT")
        cursor = connection.cursor()
        if database.engine.dialect.name == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            names = {holder.table.name for holder in _holders()}
            for name in sorted(names | {SearchText.__tablename__, LikenessKey.__tablename__}):
                cursor.execute(f"VACUUM FULL {name}")
        cursor.close()
    finally:
        connection.close()


def _holders() -> list[_Holder]:
    found = []
    for table in Base.metadata.sorted_tables:
        secrets = [column for column in table.columns if isinstance(column.type, SECRETS)]
        if secrets:
            found.append(_Holder(table, list(table.primary_key.columns), secrets))
    return found


def _rotated(database: Database, holder: _Holder, after: list[Any] | None) -> Iterator[int]:
    while True:
        with database.writing() as session:
            rows = _next_rows(session, holder, after)
            if not rows:
                return
            _rewrite(session, holder, rows)
            after = [rows[-1][key.name] for key in holder.keys]
            _note_place(session, [holder.table.name, after])
        yield len(rows)


def _next_rows(session: Session, holder: _Holder, after: list[Any] | None) -> list[dict[str, Any]]:
    query = select(*holder.keys, *holder.secrets).order_by(*holder.keys).limit(holder.at_once).with_for_update()
    if after is not None:
        query = query.where(tuple_(*holder.keys) > tuple_(*after))
    return [dict(row) for row in session.execute(query).mappings()]


def _rewrite(session: Session, holder: _Holder, rows: list[dict[str, Any]]) -> None:
    values: dict[str, Any] = {
        column.name: bindparam(f"new_{column.name}", type_=column.type) for column in holder.secrets
    }
    values |= {column.name: column for column in holder.table.columns if column.onupdate is not None}
    statement = update(holder.table).where(*(key == bindparam(f"old_{key.name}") for key in holder.keys))
    session.connection().execute(
        statement.values(values),
        [
            {f"new_{column.name}": row[column.name] for column in holder.secrets}
            | {f"old_{key.name}": row[key.name] for key in holder.keys}
            for row in rows
        ],
    )
    if holder.table is Company.__table__:
        ids = [row["id"] for row in rows]
        for company in session.scalars(select(Company).where(Company.id.in_(ids)).options(*WITH_ALL)):
            write_search(session, company.id, CompanyIn.model_validate(document(company)))


def _note_key(session: Session, cipher: Cipher, *, rotated: bool) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"id": cipher.ids[0], "added_at": now(), "rotated_at": now() if rotated else None}
    session.execute(insert(SecretKey).values(values).on_conflict_do_nothing())


def _place(session: Session, cipher: Cipher) -> list[Any] | None:
    """Where a rotation of the same kind was interrupted."""
    noted = session.scalar(select(SecretKey.rotated_to).where(SecretKey.id == cipher.ids[0]))
    way, *place = json.loads(noted) if noted else [None]
    return place if way == _way(cipher) and place else None


def _note_place(session: Session, place: list[Any]) -> None:
    cipher = cipher_of(session)
    if cipher is not None:
        noted = json.dumps([_way(cipher), *place])
        session.execute(
            update(SecretKey).where(SecretKey.id == cipher.ids[0]).values(rotated_to=noted, rotated_at=None)
        )


def _finish(session: Session, cipher: Cipher) -> None:
    if cipher.writes_plain:
        session.execute(delete(SecretKey))
        return
    session.execute(delete(SecretKey).where(SecretKey.id != cipher.ids[0]))
    session.execute(update(SecretKey).values(rotated_to=None, rotated_at=now()))


def _way(cipher: Cipher) -> str:
    return "off" if cipher.writes_plain else "on"
