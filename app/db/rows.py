"""All rows that belong to a company, as a document that can be kept and put back."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Date, Table, insert, or_, select
from sqlalchemy.orm import Session

from app.db.base import Base, UtcDateTime
from app.db.companies import Company

Rows = dict[str, list[dict[str, Any]]]
COMPANIES = Company.__tablename__


def rows_of_company(session: Session, company_id: str) -> Rows:
    """The company's row and every row that would go with it, by table, whatever tables there are."""
    found: Rows = {}
    for table in Base.metadata.sorted_tables:
        if table.name == COMPANIES:
            condition = table.c.id == company_id
        else:
            links = [column.in_(ids) for column, ids in _links(table, found)]
            if not links:
                continue
            condition = or_(*links)
        rows = session.execute(select(table).where(condition).order_by(*table.primary_key)).mappings()
        found[table.name] = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return found


def put_back(session: Session, rows: Rows) -> None:
    """Inserts rows that were read with ``rows_of_company``, but those that point to something that is gone."""
    for table in Base.metadata.sorted_tables:
        columns = {column.name: column for column in table.columns}
        held = [{name: _value(columns[name], value) for name, value in row.items()} for row in rows.get(table.name, [])]
        for key in table.foreign_keys:
            held = _whole(session, held, key.parent.name, key.column)
        if held:
            session.connection().execute(insert(table), held)


def _whole(session: Session, rows: list[dict[str, Any]], name: str, parent: Column[Any]) -> list[dict[str, Any]]:
    wanted = {row[name] for row in rows} - {None}
    present = {None, *session.scalars(select(parent).where(parent.in_(wanted)))} if wanted else {None}
    return [row for row in rows if row[name] in present]


def _links(table: Table, found: Rows) -> Iterator[tuple[Column[Any], list[Any]]]:
    """The columns by which rows of a table belong to rows that were found, and the values that they have there."""
    for key in table.foreign_keys:
        parent = key.column.table.name
        if found.get(parent):
            yield key.parent, [row[key.column.name] for row in found[parent]]


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever a column holds
    return value.isoformat() if isinstance(value, date | datetime) else value


def _value(column: Column[Any], value: Any) -> Any:  # noqa: ANN401  # whatever a column holds
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column.type, Date) else value
