"""The tables as they are in a database, whatever revision it has, and as they stand in a backup."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.types import TypeEngine

from app.backup.container import Column, Kind, Part
from app.db.base import Base, UtcDateTime

FORMER: frozenset[str] = frozenset()
"""Tables that earlier revisions had and that are no more: a backup of such a revision holds them too."""
REVISIONS = "alembic_version"

KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (sa.Boolean, "boolean"),
    (sa.DateTime, "moment"),
    (sa.Date, "date"),
    (sa.JSON, "json"),
    (sa.Integer, "integer"),
    (sa.Numeric, "real"),
    (sa.Float, "real"),
    (sa.LargeBinary, "bytes"),
    (sa.String, "text"),
)
TYPES: dict[Kind, TypeEngine[Any]] = {
    "boolean": sa.Boolean(),
    "moment": UtcDateTime(),
    "date": sa.Date(),
    "json": sa.Text(),
    "integer": sa.BigInteger(),
    "real": sa.Float(),
    "bytes": sa.LargeBinary(),
    "text": sa.Text(),
}


def own_tables(connection: Connection) -> list[Table]:
    """Our tables as they are, those that others point to first; a database may hold tables of others too."""
    ours = {*Base.metadata.tables, *FORMER}
    present = ours & set(sa.inspect(connection).get_table_names())
    found = MetaData()
    found.reflect(connection, only=sorted(present), resolve_fks=False)
    return found.sorted_tables


def columns_of(table: Table) -> list[Column]:
    """A table's columns as a backup names them."""
    return [Column(str(column.name), _kind(column)) for column in table.columns]


def _kind(column: sa.Column[Any]) -> Kind:
    for of, kind in KINDS:
        if isinstance(column.type, of):
            return kind
    raise TypeError(f"{column} has a type that backups do not know: {column.type!r}")


def plain(table: str, columns: list[Column]) -> sa.TableClause:
    """A table for reading and writing raw values."""
    return sa.table(table, *(sa.column(column.name, TYPES[column.kind]) for column in columns))


def counted_column(table: Table) -> str | None:
    """The key that the database counts up by itself."""
    keys = list(table.primary_key.columns)
    return keys[0].name if len(keys) == 1 and isinstance(keys[0].type, sa.Integer) else None


def sequence_of(connection: Connection, table: Table) -> int | None:
    """The largest number that was ever given out for a counted key, also to rows that are gone."""
    key = counted_column(table)
    if key is None:
        return None
    if connection.dialect.name == "sqlite":
        given = connection.execute(
            sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
        ).scalar()
    else:
        sequence = connection.execute(sa.func.pg_get_serial_sequence(table.name, key).select()).scalar_one()
        if sequence is None:  # we count this one ourselves
            return None
        given = connection.exec_driver_sql(
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608  # its own name
        ).scalar_one()
    return None if given is None else int(given)


def set_sequence(connection: Connection, table: str, key: str, number: int) -> None:
    """Lets a counted key go on after a number."""
    if connection.dialect.name == "sqlite":
        name = {"name": table, "number": number}
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), name)
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), name)
    else:
        sequence = sa.func.pg_get_serial_sequence(table, key)
        connection.execute(sa.func.setval(sequence, max(number, 1), number > 0).select())


def bytes_at_once(part: Part | list[Column]) -> bool:
    """Whether rows can be so large that one is read at a time."""
    columns = part.columns if isinstance(part, Part) else part
    return any(column.kind == "bytes" for column in columns)
