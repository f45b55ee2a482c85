"""Reading the audit log, and finding out whether it is as it was written."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeVar

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from app.db.audit import NO_ROW, REGISTER, AuditRow, AuditSubject, Head, hash_of, keys_of
from app.db.companies import Company
from app.db.imports import Import
from app.db.staff import StaffMember

AT_ONCE = 1000
Row = Mapping[str, Any]
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])
What = Literal["changed", "missing", "out of order", "not found by its subjects", "not the expected one"]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that is wrong, and how."""

    number: int
    what: What


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found: how many rows are right from the beginning on, the last of them, and what is wrong, if so."""

    rows: int
    head: Head
    broken: Broken | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows are asked for; None asks for nothing. ``subject`` is an id, with its kind before it or without."""

    since: date | None = None
    until: date | None = None
    by: str | None = None
    act: str | None = None
    subject: str | None = None
    before: int | None = None

    @property
    def narrowed(self) -> list[str]:
        """The names of what is asked for."""
        return [name for name in ("since", "until", "by", "act", "subject") if getattr(self, name) is not None]


def verify_log(
    session: Session, expected: Collection[str] = (), progress: Callable[[int], None] = lambda _: None
) -> Verified:
    """Reads the whole log, some rows at a time, up to the first that is wrong.

    Args:
        session: to read with.
        expected: hashes that were noted of earlier heads: each must still be there.
        progress: is told how many rows were read.
    """
    last, rows, missing = NO_ROW, 0, set(expected)
    for batch in _batches(session):
        found_by = _subjects(session, last.number, batch[-1]["number"])
        for row in batch:
            what = _wrong(session, row, last, found_by)
            if what is not None:
                number = last.number + 1 if what == "missing" else row["number"]
                return Verified(rows, last, Broken(number, what))
            last, rows = Head(row["number"], row["hash"]), rows + 1
            missing.discard(row["hash"])
        progress(rows)
    return Verified(rows, last, Broken(last.number + 1, "not the expected one") if missing else None)


def audit_rows(session: Session, wanted: AuditFilter, *, limit: int) -> Sequence[AuditRow]:
    """The rows that meet a filter, newest first."""
    return session.scalars(_wanted(select(AuditRow), wanted).order_by(AuditRow.number.desc()).limit(limit)).all()


def every_audit_row(session: Session, wanted: AuditFilter) -> Iterator[AuditRow]:
    """The rows that meet a filter, oldest first, read some at a time."""
    after = 0
    while page := session.scalars(
        _wanted(select(AuditRow), wanted).where(AuditRow.number > after).order_by(AuditRow.number).limit(AT_ONCE)
    ).all():
        yield from page
        after = page[-1].number
        session.expunge_all()


def rows_of_log(session: Session) -> int:
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(AuditRow)) or 0


def officers_in_log(session: Session) -> list[str]:
    """Who stands in the log, apart from firms."""
    found = session.scalars(select(AuditRow.by).where(~AuditRow.by.startswith("company:")).distinct())
    return sorted(found)


def names_of(session: Session, subjects: Collection[str]) -> dict[str, str]:
    """What subjects are called that still exist: companies, officers, imports."""
    found: dict[str, str] = {}
    for kind, key, name in (
        ("company", Company.id, Company.legal_name),
        ("staff", StaffMember.id, StaffMember.email),
        ("import", Import.id, Import.name),
    ):
        ids = [one.partition(":")[2] for one in subjects if one.startswith(f"{kind}:")]
        if ids:
            rows = session.execute(select(key, name).where(key.in_(ids)))
            found |= {f"{kind}:{row_id}": called for row_id, called in rows}
    return found


def contact_views(session: Session, company: Company, *, limit: int | None = None) -> Sequence[AuditRow]:
    """When somebody of the council saw a company's contact or took it along in a file, newest first."""
    subjects = select(AuditSubject.number).where(AuditSubject.subject.in_([f"company:{company.id}", REGISTER]))
    query = select(AuditRow).where(
        AuditRow.number.in_(subjects),
        AuditRow.act.in_(["contact.seen", "export.made"]),
        AuditRow.at >= company.created_at,
    )
    return session.scalars(query.order_by(AuditRow.number.desc()).limit(limit)).all()


def _batches(session: Session) -> Iterator[Sequence[Row]]:
    columns = AuditRow.__table__.columns
    after: int | None = None
    while True:
        query = select(*columns).order_by(AuditRow.number).limit(AT_ONCE)
        batch = session.execute(query if after is None else query.where(AuditRow.number > after)).mappings().all()
        if not batch:
            return
        yield [dict(row) for row in batch]
        after = batch[-1]["number"]


def _subjects(session: Session, after: int, until: int) -> Mapping[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    rows = select(AuditSubject.number, AuditSubject.subject)
    for number, subject in session.execute(rows.where(AuditSubject.number > after, AuditSubject.number <= until)):
        found[number].add(subject)
    return found


def _wrong(session: Session, row: Row, last: Head, found_by: Mapping[int, set[str]]) -> What | None:
    number = row["number"]
    if number != last.number + 1:
        return "missing" if number > last.number else "out of order"
    if row["previous"] != last.hash:
        moved = hash_of(row) == row["hash"] or _is_there(session, row["previous"])
        return "out of order" if moved else "changed"
    if hash_of(row) != row["hash"]:
        return "changed"
    return None if found_by.get(number, set()) == keys_of(row["subject"]) else "not found by its subjects"


def _is_there(session: Session, wanted: str) -> bool:
    return session.scalar(select(exists().where(AuditRow.hash == wanted))) or False


def _wanted(query: Query, wanted: AuditFilter) -> Query:
    for column, value in ((AuditRow.by, wanted.by), (AuditRow.act, wanted.act)):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(AuditRow.at >= _midnight(wanted.since))
    if wanted.until is not None:
        query = query.where(AuditRow.at < _midnight(wanted.until + timedelta(days=1)))
    if wanted.before is not None:
        query = query.where(AuditRow.number < wanted.before)
    if wanted.subject is not None:
        numbers = select(AuditSubject.number).where(AuditSubject.subject.in_(_named(wanted.subject)))
        query = query.where(AuditRow.number.in_(numbers))
    return query


def _named(subject: str) -> list[str]:
    """A subject's name, or the names that an id could have."""
    if ":" in subject or subject == REGISTER:
        return [subject]
    kinds = ("company", "match", "merge", "import", "staff", "token", "session")
    return [f"{kind}:{subject}" for kind in kinds]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
