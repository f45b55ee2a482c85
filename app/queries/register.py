"""What an officer sees of the register: a list of what was found, and one company with all that is known of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from sqlalchemy.orm import Session

from app.db.companies import Company, ListingRow, StatusChange
from app.db.consents import Consent
from app.db.matches import Review
from app.db.merges import Merge
from app.queries.companies import company_by_id, document, status_history, warnings_of
from app.queries.consents import consents_of
from app.queries.duplicates import Pairing, duplicates_of
from app.queries.matches import QueueFilter
from app.queries.merges import merges_into, reviews_of
from app.queries.review import Line, queue_page
from app.queries.search import CompanyFilter, search
from matching import Language, latin_words, trade_linker, trade_vocabulary

AROUND = 60
"""Letters of a listing's text that are shown before and after a word that was found."""
MATCHES = 20
UNDERSTOOD = 4
"""Concepts of a listing's words that are shown; those after them tell little."""
LEAST_SHARE = 0.4
"""Of the strongest concept's weight."""


Place = Literal["offer", "need", "summary", "contact", "website", "city"]


class Piece(NamedTuple):
    """A part of a text; ``found`` tells that it is what was searched for."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A company in a list, its names and what was found, with the words marked.

    ``excerpt`` is of the first text that has one of the words, beside the names; ``place`` says what that is. Of a
    contact nothing is shown but that it was found there.
    """

    company: Company
    legal_name: list[Piece]
    trading_name: list[Piece]
    place: Place
    excerpt: list[Piece]


@dataclass(frozen=True, slots=True)
class FoundList:
    """A page of what was found, and how many there are."""

    lines: list[Found]
    total: int


@dataclass(frozen=True, slots=True)
class ListingView:
    """A listing, and what the engine reads in it: labels with codes, of its codes and of its words."""

    row: ListingRow
    declared: list[tuple[str, str]]
    understood: list[tuple[str, str]]
    warning: str | None
    expired: bool


@dataclass(frozen=True, slots=True)
class CompanyView:
    """A company with all that an officer may see of it."""

    company: Company
    listings: list[ListingView]
    history: list[StatusChange]
    consents: list[Consent]
    duplicates: list[Pairing]
    merges: list[Merge]
    former_decisions: list[Review]
    matches: tuple[Line, ...]


def found_list(session: Session, wanted: CompanyFilter, *, limit: int, offset: int) -> FoundList:
    """A page of the companies that meet a filter, the best first."""
    page = search(session, wanted, limit=limit, offset=offset)
    typed = latin_words(wanted.words or "")
    return FoundList([_found(company, typed) for company in page.companies], page.total)


def company_view(session: Session, company_id: str, *, today: date, language: Language) -> CompanyView:
    """A company with all that an officer may see of it.

    Raises:
        NotFound: there is no such company.
    """
    company = company_by_id(session, company_id)
    rows = [row for row in company.listing_rows if row.ended_at is None]
    warnings = {warned.pointer: warned.message for warned in warnings_of(document(company)["listings"], language)}
    merges = merges_into(session, company_id)
    former = [merge.merged_id for merge in merges]
    return CompanyView(
        company,
        [_listing(row, language, warnings.get(f"/listings/{at}"), today) for at, row in enumerate(rows)],
        status_history(session, company_id),
        consents_of(session, company_id),
        duplicates_of(session, company_id),
        merges,
        reviews_of(session, former) if former else [],
        queue_page(session, QueueFilter(company=company_id), limit=MATCHES).lines,
    )


def marked(text: str, typed: Sequence[str]) -> list[Piece]:
    """A text in pieces that make it up again, those marked of which a word begins as typed."""
    pieces: list[Piece] = []
    end = 0
    for word in re.finditer(r"\w+", text):
        if any(one.startswith(beginning) for one in latin_words(word[0]) for beginning in typed):
            if word.start() > end:
                pieces.append(Piece(text[end : word.start()], found=False))
            pieces.append(Piece(word[0], found=True))
            end = word.end()
    if end < len(text):
        pieces.append(Piece(text[end:], found=False))
    return pieces


def _found(company: Company, typed: Sequence[str]) -> Found:
    place, excerpt = _hit(company, typed)
    return Found(company, marked(company.legal_name, typed), marked(company.trading_name or "", typed), place, excerpt)


def _hit(company: Company, typed: Sequence[str]) -> tuple[Place, list[Piece]]:
    texts: list[tuple[Place, str | None]] = [
        (row.side, text) for row in company.listing_rows for text in (row.title, row.text)
    ]
    texts += [("summary", company.summary), ("city", company.city), ("website", company.website)]
    for place, text in texts:
        excerpt = _excerpt(text or "", typed)
        if excerpt:
            return place, excerpt
    if any(_excerpt(text or "", typed) for text in (company.contact_name, company.contact_email)):
        return "contact", []
    return "summary", []


def _excerpt(text: str, typed: Sequence[str]) -> list[Piece]:
    """The part of a text around the first word that begins as typed; nothing if none does."""
    pieces = marked(text, typed)
    at = next((at for at, piece in enumerate(pieces) if piece.found), None)
    if at is None:
        return []
    before = "".join(piece.text for piece in pieces[:at])
    rest = pieces[at:]
    shown = [Piece(f"…{before[-AROUND:]}" if len(before) > AROUND else before, found=False)] if before else []
    length = 0
    for piece in rest:
        left = 2 * AROUND - length
        if left <= 0:
            break
        shown.append(Piece(piece.text if len(piece.text) <= left else f"{piece.text[:left]}…", piece.found))
        length += len(piece.text)
    return shown


def _listing(row: ListingRow, language: Language, warning: str | None, today: date) -> ListingView:
    vocabulary = trade_vocabulary()
    declared = [
        (code.code, vocabulary.nearest("hs" if code.scheme == "hs" else "isic", code.code)) for code in row.code_rows
    ]
    found = trade_linker().find(row.title) or trade_linker().find(row.text or "")
    strong = [one for one in found if one.weight >= LEAST_SHARE * found[0].weight][:UNDERSTOOD]
    return ListingView(
        row,
        [(code, concept.labels[language] if concept else "") for code, concept in declared],
        [(one.code.partition(":")[2], vocabulary[one.code].labels[language]) for one in strong],
        warning,
        row.valid_until is not None and row.valid_until < today,
    )
