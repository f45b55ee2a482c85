"""Importing companies from rows, a batch a transaction, and writing down what was refused."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.actions.companies import add_company, merge_company
from app.db.companies import Company
from app.db.profiles import WITH_ALL
from app.db.staff import Token
from app.errors import Failure
from app.files import Row
from matching import COUNTRIES, Status, normal_name
from schemas.companies import CompanyIn
from schemas.problems import pointer, sentence

BATCH = 100

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was refused, and why."""

    line: int
    reasons: tuple[str, ...]
    source: str


@dataclass(slots=True)
class Report:
    """What came of an import."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)


def import_companies(
    writing: Callable[[], AbstractContextManager[Session]],
    rows: Iterable[Row],
    *,
    verified: bool = False,
    at_once: int = BATCH,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Adds or completes companies; each batch is one transaction, so an interrupted import can just be repeated.

    A firm is found again by country and registration number or, without one, by country and name. The first
    row of a firm sets its fields, later rows of the same file add listings and fill what is still blank.

    Args:
        writing: opens a session that is committed at its end.
        rows: the file's rows.
        at_once: rows in one transaction.
        verified: new firms are the council's own and appear to counterparts at once.
        progress: is told the line number that was reached.
    """
    report = Report()
    seen: set[Key] = set()
    for batch in _batches(rows, at_once):
        with writing() as session:
            outcomes = [_import_row(session, row, seen, verified=verified) for row in batch]
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                report.rejected.append(outcome)
            else:
                report.counts[outcome] += 1
        progress(batch[-1].line)
    return report


def write_rejected(report: Report, path: Path) -> Path:
    """Writes the refused rows, one JSON object a line: line, reasons, row."""
    with path.open("w", encoding="utf-8") as file:
        for row in report.rejected:
            line = {"line": row.line, "reasons": list(row.reasons), "row": row.source}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def _batches(rows: Iterable[Row], at_once: int) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, at_once)):
        yield batch


def _import_row(session: Session, row: Row, seen: set[Key], *, verified: bool) -> str | Rejected:
    if row.document is None:
        return Rejected(row.line, (row.problem or "",), row.source)
    try:
        data = CompanyIn.model_validate(row.document)
    except ValidationError as invalid:
        reasons = []
        for error in invalid.errors(include_url=False, include_input=False):
            message, params = sentence(error)
            reasons.append(f"{pointer(error['loc']) or '/'}: {message.format(**params)}")
        return Rejected(row.line, tuple(reasons), row.source)
    for listing in data.listings:
        listing.id = None
    key = _key(data)
    again = key in seen
    seen.add(key)
    try:
        with session.begin_nested():
            company = _find(session, key)
            if company is None:
                add_company(session, data, status=_status(data, verified=verified))
                return "added"
            keep = again or _registered_itself(session, company)
            return "changed" if merge_company(session, company, data, only_blanks=keep) else "unchanged"
    except (Failure, ValidationError) as failed:
        return Rejected(row.line, (str(failed),), row.source)


def _key(data: CompanyIn) -> Key:
    if data.registration_number is not None:
        return data.country, "number", data.registration_number
    return data.country, "name", normal_name(data.legal_name, COUNTRIES[data.country])


def _find(session: Session, key: Key) -> Company | None:
    country, kind, value = key
    query = select(Company).where(Company.country == country).options(*WITH_ALL)
    if kind == "number":
        return session.scalar(query.where(Company.registration_number == value))
    return session.scalar(query.where(Company.registration_number.is_(None), Company.normal_name == value))


def _registered_itself(session: Session, company: Company) -> bool:
    """Whether the firm keeps its own profile: a list then only fills what it left blank."""
    return session.scalar(select(exists().where(Token.company_id == company.id))) or False


def _status(data: CompanyIn, *, verified: bool) -> Status:
    if verified:
        return "verified"
    reachable = data.contact is not None and data.contact.email is not None
    return "submitted" if data.registration_number is not None and reachable else "unclaimed"
