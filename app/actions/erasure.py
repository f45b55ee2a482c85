"""What is erased of a firm beside the rows that the database takes away with it, and what is kept as counts."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from sqlalchemy import Text, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session, undefer

from app.actions.attempts import forget_attempts, key_of
from app.actions.jobs import hurry_job
from app.actions.queue import forget_pending
from app.db.base import now
from app.db.companies import Company, ListingRow
from app.db.consents import ErasedCompany
from app.db.imports import Import, ImportRejection
from app.db.jobs import TIDY, Job
from app.db.matches import Pair
from app.db.merges import Merge
from app.db.statistics import WordStatistics
from matching import Statistics, fold

ERASED = "A firm in this list had its data erased, so the list is not kept. Upload it again without that firm."
SHORTEST = 5
"""Letters and digits of what a firm is found by within a cell; something shorter must be the whole cell."""
CHUNK = 1 << 20
ENCODINGS = ("utf-8", "utf-16-le", "cp1251")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a firm is found by in lists: numbers, names and e-mail addresses that it has or had."""

    texts: frozenset[str]

    def within(self, held: object) -> bool:
        """Whether any text inside a document, or a cell, names the firm."""
        return any(self._names(text) for text in _texts(held))

    def _names(self, text: str) -> bool:
        squeezed = _squeezed(text)
        return any(
            mark == squeezed or (len(mark) >= SHORTEST and mark in squeezed)
            for mark in map(_squeezed, self.texts)
            if mark
        )

    def in_file(self, content: bytes) -> bool:
        """Whether an uploaded file, a workbook too, holds one of the texts as it is written."""
        marks = {text.encode(code, "ignore") for text in self.texts for code in ENCODINGS}
        marks |= {text.replace("&", "&amp;").encode() for text in self.texts}
        wanted = {mark for mark in marks if len(mark) >= SHORTEST}
        overlap = max(map(len, wanted), default=1)
        return any(mark in piece for piece in _pieces(content, overlap) for mark in wanted)


def erase_traces(session: Session, company: Company) -> None:
    """Keeps a firm's counts and erases what would stay of it: notes, merges, mails, lists, words it alone used."""
    _keep_counts(session, company)
    lineage, merges = _lineage(session, company.id)
    marks = _marks(company, merges)
    for one in lineage:
        forget_pending(session, one, notes=True)
        session.execute(delete(Job).where(Job.key.contains(one)))
        forget_attempts(session, key_of("mail", one))
    if company.contact_email:
        forget_attempts(session, key_of("confirm", company.contact_email.strip().lower()))
    session.execute(delete(Merge).where(Merge.id.in_([merge.id for merge in merges])))
    _forget_in_imports(session, marks)
    _forget_words(session, company.id)
    hurry_job(session, TIDY, "all")


def forget_people(session: Session, company_id: str, *, keep_address: bool) -> None:
    """Erases the contact persons of a firm from what merges kept, perhaps but for the e-mail address."""
    for merge in _lineage(session, company_id)[1]:
        for name in ("kept_before", "kept_after", "merged"):
            document = getattr(merge, name)
            if document is not None:
                email = (document.get("contact") or {}).get("email") if keep_address else None
                setattr(merge, name, document | {"contact": {"email": email} if email else None})
        if merge.rows is not None:
            firms = [_without_people(row, keep_address=keep_address) for row in merge.rows.get("companies", [])]
            merge.rows = merge.rows | {"companies": firms}
    session.flush()


def _without_people(row: dict[str, Any], *, keep_address: bool) -> dict[str, Any]:
    kept = {"contact_email"} if keep_address else set()
    return {name: None if name.startswith("contact_") and name not in kept else value for name, value in row.items()}


def _keep_counts(session: Session, company: Company) -> None:
    found: Counter[str] = Counter()
    decisions: Counter[str] = Counter()
    decided = or_(Pair.first_id == company.id, Pair.second_id == company.id), Pair.status != "pending"
    for moment, status in session.execute(select(Pair.found_at, Pair.status).where(*decided)):
        found[_month(moment).isoformat()] += 1
        decisions[status] += 1
    sides = Counter(row.side for row in company.listing_rows if row.ended_at is None)
    session.add(
        ErasedCompany(
            country=company.country,
            region=company.region,
            size=company.size,
            sectors=[row.sector for row in company.sector_rows],
            verified=company.status == "verified",
            offers=sides["offer"],
            needs=sides["need"],
            found=dict(found),
            decisions=dict(decisions),
            registered_in=_month(company.created_at),
            erased_in=_month(now()),
        )
    )


def _month(moment: datetime) -> date:
    return date(moment.year, moment.month, 1)


def _lineage(session: Session, company_id: str) -> tuple[list[str], list[Merge]]:
    """The firm and those that became part of it, and what the merges kept of them."""
    lineage, ids = [company_id], {company_id}
    merges: dict[str, Merge] = {}
    while ids:
        found = session.scalars(select(Merge).where(or_(Merge.kept_id.in_(ids), Merge.merged_id.in_(ids)))).all()
        following = {one.merged_id for one in found if one.kept_id in ids and one.undone_at is None}
        merges |= {one.id: one for one in found}
        ids = following - set(lineage)
        lineage += sorted(ids)
    return lineage, list(merges.values())


def _marks(company: Company, merges: Iterable[Merge]) -> Marks:
    texts = {company.legal_name, company.registration_number, company.contact_email}
    for merge in merges:
        texts |= {merge.registration_number}
        for document in (merge.kept_before, merge.kept_after, merge.merged):
            if document is not None:
                contact = document.get("contact") or {}
                texts |= {document["legal_name"], document["registration_number"], contact.get("email")}
    return Marks(frozenset(text.strip() for text in texts if text and text.strip()))


def _forget_in_imports(session: Session, marks: Marks) -> None:
    """Erases a firm's rows from what lists left: previews, samples, refused rows, and files that still wait."""
    written = [
        cast(ImportRejection.cells, Text).contains(json.dumps(one)[1:-1], autoescape=True) for one in marks.texts
    ]
    if written:
        session.execute(delete(ImportRejection).where(or_(*written)).execution_options(synchronize_session=False))
    for kept in session.scalars(select(Import).options(undefer(Import.preview))).all():
        samples = [cells for cells in kept.layout.get("samples", []) if not marks.within(cells)]
        if len(samples) != len(kept.layout.get("samples", [])):
            kept.layout = kept.layout | {"samples": samples}
        preview = [one for one in kept.preview if not marks.within(one)]
        if len(preview) != len(kept.preview):
            kept.preview = preview
    waiting = select(Import.id).where(Import.content.is_not(None))
    for import_id in session.scalars(waiting).all():
        content = session.scalar(select(Import.content).where(Import.id == import_id))
        if content is not None and marks.in_file(content):
            forget_file(session, import_id, ERASED)
    session.flush()


def forget_file(session: Session, import_id: str, why: str) -> None:
    """Erases an uploaded file that was not imported to its end; ``why`` is told to whoever opens the import."""
    session.execute(delete(Job).where(Job.key == import_id))
    session.execute(
        update(Import)
        .where(Import.id == import_id)
        .values(content=None, preview=[], state="failed", failure={"message": why, "params": {}})
    )


def _forget_words(session: Session, company_id: str) -> None:
    """Takes the words that only this firm used out of the statistics.

    Processes that run have them in memory until the next refresh; they weigh words there that nobody uses any more.
    """
    newest = session.scalar(select(func.max(WordStatistics.number)))
    if newest is None:
        return
    session.execute(delete(WordStatistics).where(WordStatistics.number < newest))
    rows = session.execute(select(ListingRow.title, ListingRow.text).where(ListingRow.company_id == company_id))
    own = Statistics.of("own", (f"{title}\n{text or ''}" for title, text in rows)).used_by
    kept = session.get_one(WordStatistics, newest)
    alone = {word for word, count in own.items() if 0 < kept.used_by.get(word, 0) <= count}
    if alone:
        kept.used_by = {word: count for word, count in kept.used_by.items() if word not in alone}


def _texts(held: object) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, dict):
        for value in held.values():
            yield from _texts(value)
    elif isinstance(held, list):
        for value in held:
            yield from _texts(value)


def _squeezed(text: str) -> str:
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _pieces(content: bytes, overlap: int) -> Iterator[bytes]:
    """A file's bytes, of a workbook those of its parts, some at a time; each begins with the end of the one before."""
    try:
        with ZipFile(BytesIO(content)) as book:
            for name in book.namelist():
                with book.open(name) as part:
                    tail = b""
                    while piece := part.read(CHUNK):
                        yield tail + piece
                        tail = piece[-overlap:]
    except BadZipFile:
        yield content
