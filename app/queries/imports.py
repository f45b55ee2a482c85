"""Reading imports and their refused rows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from app.db.imports import Import, ImportRejection
from app.errors import NotFound
from app.files import Layout, mendable_csv, mendable_workbook
from app.queries.catalogue import LABELS
from app.texts import translate
from matching import Language

SHOWN = 50
SECTOR_NAMES: dict[str, str] = {str(code): label for code, label in LABELS.items()}


def recent_imports(session: Session) -> Sequence[Import]:
    """The latest imports, newest first."""
    return session.scalars(select(Import).order_by(Import.created_at.desc(), Import.id).limit(SHOWN)).all()


def import_by_id(session: Session, import_id: str, *, lock: bool = False) -> Import:
    """One import; with ``lock`` nobody else changes it until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    query = select(Import).where(Import.id == import_id).options(undefer(Import.preview))
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no such import.")
    return found


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row was refused: the officer's heading and cell, and a sentence with its values.

    ``contact`` tells that the cell is part of a contact.
    """

    heading: str
    cell: str
    message: str
    params: dict[str, str]
    contact: bool


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A refused row as it is shown."""

    line: int
    firm: str
    reasons: list[Reason]


def refused_rows(
    session: Session, kept: Import, language: Language, *, after: int = 0, limit: int = 200
) -> list[RefusedRow]:
    """Refused rows of an import in the order of the list, from a line on."""
    layout = Layout.of_json(kept.layout)
    return [
        RefusedRow(row.line, _cell(row, layout, "legal_name"), _reasons(row, layout, language))
        for row in rejections(session, kept.id, after=after, limit=limit)
    ]


def _reasons(row: ImportRejection, layout: Layout, language: Language) -> list[Reason]:
    return [_reason(row, layout, language, error) for error in row.errors]


def _reason(row: ImportRejection, layout: Layout, language: Language, error: dict[str, Any]) -> Reason:
    column, params = error["column"], error["params"]
    heading = layout.headings[layout.targets.index(column)] if column in layout.targets else ""
    if "expected" in params:  # Pydantic joins the codes with an English word
        codes = re.findall(r"'(\w+)'", params["expected"])
        names = [translate(SECTOR_NAMES[code], language) if code in SECTOR_NAMES else code for code in codes]
        params = params | {"expected": ", ".join(names)}
    return Reason(heading, _cell(row, layout, column), error["message"], params, column.startswith("contact"))


def _cell(row: ImportRejection, layout: Layout, column: str) -> str:
    at = layout.targets.index(column) if column in layout.targets else len(row.cells)
    return row.cells[at].strip() if at < len(row.cells) else ""


def rejections(session: Session, import_id: str, *, after: int = 0, limit: int = 200) -> Sequence[ImportRejection]:
    """Refused rows in the order of the list, from a line on."""
    return session.scalars(
        select(ImportRejection)
        .where(ImportRejection.import_id == import_id, ImportRejection.line > after)
        .order_by(ImportRejection.line)
        .limit(limit)
    ).all()


def rows_to_mend(session: Session, import_id: str, *, workbook: bool, language: Language) -> bytes:
    """The refused rows as a list with the officer's own columns and one more that says why.

    Raises:
        NotFound: there is no such import.
    """
    layout = Layout.of_json(import_by_id(session, import_id).layout)
    headings = [*layout.headings, translate("Why it was refused", language)]
    rows = _mendable(session, import_id, layout, language)
    if workbook:
        return mendable_workbook(headings, rows)
    return mendable_csv(headings, rows, delimiter="," if language == "en" else ";")


def count_rejections(session: Session, import_id: str) -> int:
    """How many rows of an import were refused."""
    found = select(func.count()).select_from(ImportRejection).where(ImportRejection.import_id == import_id)
    return session.scalar(found) or 0


def _mendable(session: Session, import_id: str, layout: Layout, language: Language) -> Iterator[list[str]]:
    width = len(layout.headings)
    query = select(ImportRejection).where(ImportRejection.import_id == import_id).order_by(ImportRejection.line)
    for row in session.scalars(query.execution_options(yield_per=500)):
        cells = [*row.cells, *[""] * width]
        kept = [*cells[: width - 1], " ".join(row.cells[width - 1 :])] if len(row.cells) > width else cells[:width]
        yield [*kept, "\n".join(_said(reason, language) for reason in _reasons(row, layout, language))]


def _said(reason: Reason, language: Language) -> str:
    told = translate(reason.message, language, reason.params)
    return f"{reason.heading}: {told}" if reason.heading else told
