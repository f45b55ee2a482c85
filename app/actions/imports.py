"""Importing companies from rows, a batch a transaction, and writing down what was refused."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from app.actions.companies import merge_company, would_change
from app.actions.registration import Ground, Newcomer, add_companies
from app.db.audit import COMMAND_LINE, REGISTER, By, record_act
from app.db.companies import Company
from app.db.profiles import WITH_ALL
from app.db.staff import Token
from app.errors import Failure, FieldError
from app.files import Row
from app.queries.merges import holders_of
from app.settings import Basis
from matching import COUNTRIES, Status, normal_name
from schemas.companies import CompanyIn
from schemas.problems import MESSAGES, pointer, sentence

BATCH = 500
"""Rows in one transaction: other writers wait as long as it takes, some tenths of a second."""

Key = tuple[str, str, str]
"""Country, what a firm is found by, and its value."""
T = TypeVar("T")
KEYED_BY = {"number": "numbers", "name": "names"}
COLUMNS = {"number": Company.registration_number, "name": Company.normal_name}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was refused, and why."""

    row: Row
    errors: tuple[FieldError, ...]

    @property
    def line(self) -> int:
        """Where it stood in the file."""
        return self.row.line

    @property
    def source(self) -> str:
        """The row as it stood in the file."""
        return self.row.source

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in English."""
        return tuple(_reason(error) for error in self.errors)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that could be read; ``again`` if its firm had an earlier one in the file."""

    row: Row
    data: CompanyIn
    key: Key
    again: bool

    def newcomer(self, *, verified: bool, basis: Basis) -> Newcomer:
        """The firm as one that is new."""
        return Newcomer(self.data, _status(self.data, verified=verified), ground=Ground(basis, "import"))

    def added(self, failure: Exception | None) -> str | Rejected:
        """What came of adding it."""
        return "added" if failure is None else Rejected(self.row, (_as_error(failure),))


@dataclass(slots=True)
class Report:
    """What came of an import."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)


def import_companies(  # noqa: PLR0913  # the list, how it is taken, and who is told
    writing: Callable[[], AbstractContextManager[Session]],
    rows: Iterable[Row],
    *,
    verified: bool = False,
    basis: Basis = "legitimate_interest",
    at_once: int = BATCH,
    progress: Callable[[int], None] = lambda _: None,
    by: By = COMMAND_LINE,
    sha256: str | None = None,
) -> Report:
    """Adds or completes companies; each batch is one transaction, so an interrupted import can just be repeated.

    A firm is found again by country and registration number or, without one, by country and name, also by those of a
    company that was merged into it; such a row fills blanks only. The first
    row of a firm sets its fields, later rows of the same file add listings and fill what is still blank.

    Args:
        writing: opens a session that is committed at its end.
        rows: the file's rows.
        at_once: rows in one transaction.
        verified: new firms are the council's own and appear to counterparts at once.
        basis: by what the council holds the data of new firms.
        progress: is told the line number that was reached.
        by: who imports.
        sha256: the file's, for the audit log, which names it before its first row is written.
    """
    with writing() as session:
        record_act(session, by, "import.started", REGISTER, sha256=sha256, verified=verified)
    report = Report()
    seen: set[Key] = set()
    for batch in batches(rows, at_once):
        read = [read_entry(row, seen) for row in batch]
        with writing() as session:
            outcomes = import_batch(session, read, verified=verified, basis=basis)
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                report.rejected.append(outcome)
            else:
                report.counts[outcome] += 1
        progress(batch[-1].line)
    with writing() as session:
        counts = report.counts | Counter(rejected=len(report.rejected))
        record_act(session, by, "import.run", REGISTER, sha256=sha256, **counts)
    return report


def write_rejected(report: Report, path: Path) -> Path:
    """Writes the refused rows, one JSON object a line: line, reasons, row."""
    with path.open("w", encoding="utf-8") as file:
        for row in report.rejected:
            line = {"line": row.line, "reasons": list(row.reasons), "row": row.source}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def batches(rows: Iterable[Row], at_once: int = BATCH) -> Iterator[list[Row]]:
    """The rows, some at a time."""
    iterator = iter(rows)
    while batch := list(islice(iterator, at_once)):
        yield batch


def read_entry(row: Row, seen: set[Key]) -> Entry | Rejected:
    """A row as a company, or what is wrong with it; its firm is noted among those seen."""
    if row.document is None:
        return Rejected(row, (row.problem,) if row.problem else ())
    try:
        data = CompanyIn.model_validate(row.document)
    except ValidationError as invalid:
        return Rejected(row, field_errors(invalid))
    for listing in data.listings:
        listing.id = None
    key = _key(data)
    again = key in seen
    seen.add(key)
    return Entry(row, data, key, again)


def field_errors(invalid: ValidationError) -> tuple[FieldError, ...]:
    """What is wrong with a document."""
    errors = []
    for error in invalid.errors(include_url=False, include_input=False):
        message, params = sentence(error)
        errors.append(FieldError(pointer(error["loc"]), str(error["type"]), message, params))
    return tuple(errors)


def _as_error(failure: Exception) -> FieldError:
    if isinstance(failure, Failure):
        return FieldError("", failure.code, failure.detail, failure.params)
    return FieldError("", "failure", str(failure))


def _reason(error: FieldError) -> str:
    message = error.message.format(**error.params) if error.params else error.message
    return f"{error.pointer or '/'}: {message}" if error.code in MESSAGES or error.pointer else message


def import_batch(
    session: Session, read: Sequence[Entry | Rejected], *, verified: bool, basis: Basis
) -> list[str | Rejected]:
    """What came of each row: the new firms are added together, then the other rows are merged in their order."""
    entries = [entry for entry in read if isinstance(entry, Entry)]
    known = _known(session, {entry.key for entry in entries})
    first: dict[Key, Entry] = {}
    for entry in entries:
        if entry.key not in known:
            first.setdefault(entry.key, entry)
    failures = add_companies(session, [entry.newcomer(verified=verified, basis=basis) for entry in first.values()])
    failure_of = dict(zip(first, failures, strict=True))

    def outcome(entry: Entry | Rejected) -> str | Rejected:
        if isinstance(entry, Rejected):
            return entry
        if first.get(entry.key) is not entry:
            return _merge(session, entry, verified=verified, basis=basis)
        return entry.added(failure_of[entry.key])

    return [outcome(entry) for entry in read]


def foretell_batch(session: Session, read: Sequence[Entry | Rejected]) -> list[str | Rejected]:
    """What would come of each row, told by reading alone; ``further`` is another row of a firm of the list."""
    entries = [entry for entry in read if isinstance(entry, Entry)]
    known = _known_companies(session, {entry.key for entry in entries if not entry.again})

    def outcome(entry: Entry | Rejected) -> str | Rejected:
        if isinstance(entry, Rejected):
            return entry
        company = known.get(entry.key)
        if entry.again or company is None:
            return "further" if entry.again else "added"
        try:
            changes = would_change(company, entry.data, only_blanks=_only_blanks(session, company, entry))
        except ValidationError as invalid:
            return Rejected(entry.row, field_errors(invalid))
        return "changed" if changes else "unchanged"

    return [outcome(entry) for entry in read]


def _known_companies(session: Session, keys: set[Key]) -> dict[Key, Company]:
    found: dict[Key, Company] = {}
    for (country, kind), values in _grouped(keys).items():
        holders = holders_of(session, country, **{KEYED_BY[kind]: values})
        held = session.scalars(select(Company).options(*WITH_ALL).where(Company.id.in_(holders.values())))
        by_id = {company.id: company for company in held}
        found |= {(country, kind, value): by_id[one] for value, one in holders.items() if one in by_id}
        present = session.scalars(_keyed(select(Company).options(*WITH_ALL), country, kind, values))
        found |= {(country, kind, getattr(company, COLUMNS[kind].key)): company for company in present}
    return found


def _merge(session: Session, entry: Entry, *, verified: bool, basis: Basis) -> str | Rejected:
    company = _find(session, entry.key)
    if company is None:  # removed by another writer since the batch was looked up
        return entry.added(add_companies(session, [entry.newcomer(verified=verified, basis=basis)])[0])
    try:
        with session.begin_nested():
            only_blanks = _only_blanks(session, company, entry)
            return "changed" if merge_company(session, company, entry.data, only_blanks=only_blanks) else "unchanged"
    except ValidationError as invalid:
        return Rejected(entry.row, field_errors(invalid))
    except Failure as failed:
        return entry.added(failed)


def _key(data: CompanyIn) -> Key:
    if data.registration_number is not None:
        return data.country, "number", data.registration_number
    return data.country, "name", normal_name(data.legal_name, COUNTRIES[data.country])


def _known(session: Session, keys: set[Key]) -> set[Key]:
    """Those of the keys that a company has already; one statement for each country and kind."""
    groups = _grouped(keys)
    present = {
        (country, kind, value)
        for (country, kind), values in groups.items()
        for value in session.scalars(_keyed(select(COLUMNS[kind]), country, kind, values))
        if value is not None
    }
    return present | {
        (country, kind, value)
        for (country, kind), values in groups.items()
        for value in holders_of(session, country, **{KEYED_BY[kind]: values})
    }


def _grouped(keys: set[Key]) -> dict[tuple[str, str], list[str]]:
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for country, kind, value in keys:
        groups[country, kind].append(value)
    return groups


def _find(session: Session, key: Key) -> Company | None:
    country, kind, value = key
    found = session.scalar(_keyed(select(Company).options(*WITH_ALL), country, kind, [value]))
    if found is None:
        holder = holders_of(session, country, **{KEYED_BY[kind]: [value]}).get(value)
        found = session.scalar(select(Company).options(*WITH_ALL).where(Company.id == holder)) if holder else None
    return found


def _key_of(company: Company) -> Key:
    """What a list finds a company by; another key is that of a company that was merged into it."""
    if company.registration_number is not None:
        return company.country, "number", company.registration_number
    return company.country, "name", company.normal_name


def _keyed(query: Select[T], country: str, kind: str, values: list[str]) -> Select[T]:
    query = query.where(Company.country == country, COLUMNS[kind].in_(values))
    return query if kind == "number" else query.where(Company.registration_number.is_(None))


def _only_blanks(session: Session, company: Company, entry: Entry) -> bool:
    """Whether a row fills only what its company left blank."""
    return entry.again or _key_of(company) != entry.key or _registered_itself(session, company)


def _registered_itself(session: Session, company: Company) -> bool:
    """Whether the firm keeps its own profile: a list then only fills what it left blank."""
    return session.scalar(select(exists().where(Token.company_id == company.id))) or False


def _status(data: CompanyIn, *, verified: bool) -> Status:
    if verified:
        return "verified"
    reachable = data.contact is not None and data.contact.email is not None
    return "submitted" if data.registration_number is not None and reachable else "unclaimed"
