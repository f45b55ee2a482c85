"""Finding companies by words, in whatever letters they are typed."""

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import Session

from app.db.cipher import Cipher, cipher_of
from app.db.companies import Company, CompanySector, ListingCode, ListingRow
from app.db.profiles import WITH_ALL
from app.db.search import SearchText, marks_of
from matching import COUNTRIES, RegistrationNumberInvalid, latin_words

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])

MOST_WORDS = 12
"""Of a query; more tell nothing new."""
SHORTEST_NUMBER = 4
BEGINS, NAMED, MENTIONED = range(3)
"""How well a company is found: a name begins so, all words are of its names, or some are of its listings."""


@dataclass(frozen=True, slots=True)
class CompanyFilter:
    """What a search of the register asks for; None asks for nothing. ``names_only`` is for who may not see contacts."""

    country: str | None = None
    sector: str | None = None
    region: str | None = None
    hs: str | None = None
    status: str | None = None
    words: str | None = None
    names_only: bool = False


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of what was found, the best first, and how many there are altogether."""

    companies: list[Company]
    total: int


def filtered(query: Query, wanted: CompanyFilter, cipher: Cipher | None = None) -> Query:
    """A query of companies, with only those that meet the filter; ``cipher`` is the one of the database."""
    for column, value in (
        (Company.country, wanted.country),
        (Company.region, wanted.region),
        (Company.status, wanted.status),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.sector is not None:
        query = query.where(
            exists().where(CompanySector.company_id == Company.id, CompanySector.sector == wanted.sector)
        )
    if wanted.hs is not None:
        declared = exists().where(
            ListingRow.company_id == Company.id,
            ListingRow.ended_at.is_(None),
            ListingCode.listing_id == ListingRow.id,
            ListingCode.scheme == "hs",
            ListingCode.code.startswith(wanted.hs, autoescape=True),
        )
        query = query.where(declared)
    if wanted.words is not None and wanted.words.strip():
        query = query.join(SearchText, SearchText.company_id == Company.id).where(
            says(wanted.words, cipher, names_only=wanted.names_only)
        )
    return query


def says(words: str, cipher: Cipher | None = None, *, names_only: bool = False) -> ColumnElement[bool]:
    """Whether each of the words begins a word of the company's names and numbers, or its contacts and listings.

    A number may be written with spaces or the country's name for it. Words of punctuation alone find nothing.
    """
    typed = latin_words(words)[:MOST_WORDS]
    if not typed:
        return ~true()
    numbers = _numbers(words)
    if names_only:
        return or_(
            and_(*(_begins(SearchText.names, word) for word in typed)),
            *(_begins(SearchText.names, one) for one in numbers),
        )
    return or_(and_(*(_anywhere(word, cipher) for word in typed)), *(_anywhere(one, cipher) for one in numbers))


def search(session: Session, wanted: CompanyFilter, *, limit: int, offset: int = 0) -> FoundPage:
    """Companies by how well they are found, then by name."""
    typed = latin_words(wanted.words or "")[:MOST_WORDS]
    order = [Company.normal_name, Company.id]
    total = func.count().over().label("total")
    cipher = cipher_of(session)
    query = filtered(select(Company, total).options(*WITH_ALL), wanted, cipher)
    if typed:
        begins = SearchText.names.contains(f"\n {' '.join(typed)}", autoescape=True)
        named = and_(*(_begins(SearchText.names, word) for word in typed))
        query = query.order_by(case((begins, BEGINS), (named, NAMED), else_=MENTIONED))
    rows = session.execute(query.order_by(*order).limit(limit).offset(offset)).all()
    if not rows and offset:
        return FoundPage([], session.scalar(filtered(select(func.count()).select_from(Company), wanted, cipher)) or 0)
    return FoundPage([row[0] for row in rows], rows[0].total if rows else 0)


def _anywhere(word: str, cipher: Cipher | None) -> ColumnElement[bool]:
    marks = [] if cipher is None else marks_of(word, cipher)
    said = (_begins(SearchText.words, one) for one in (word, *marks))
    return or_(_begins(SearchText.names, word), *said)


def _begins(column: ColumnElement[str] | Any, word: str) -> ColumnElement[bool]:  # noqa: ANN401  # a mapped column
    found: ColumnElement[bool] = column.contains(f" {word}", autoescape=True)
    return found


def _numbers(words: str) -> set[str]:
    """A query as registration and telephone numbers are kept, if it may be one."""
    found = set()
    together = "".join(latin_words(words))
    if re.fullmatch(rf"[a-z]{{0,2}}\d{{{SHORTEST_NUMBER},}}", together):
        found.add(together)
    for country in COUNTRIES.values():
        try:
            found.add("".join(latin_words(country.registration_number(words))))
        except RegistrationNumberInvalid:
            continue
    return found
