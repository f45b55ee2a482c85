"""All that is held on a company, for itself: by right it may see it and take it along."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from app.db.base import Base
from app.db.companies import Company, ListingRow, StatusChange
from app.db.consents import Consent
from app.db.imports import Import
from app.db.jobs import Job
from app.db.matches import Pair
from app.db.merges import Merge
from app.db.search import LikenessKey, NotDuplicate, SearchText
from app.db.sessions import BrowserSession, SignInLink
from app.db.staff import Token
from app.queries.audit import contact_views
from app.queries.companies import company_by_id, document, listing_document
from app.queries.matches import SEEN_BY_COMPANIES

Document = dict[str, Any]

EXPORTED = {
    "companies": "profile, status and what is known of the address",
    "company_sectors": "profile.sectors",
    "listings": "profile.listings and ended_listings",
    "listing_codes": "with each listing",
    "search_texts": "search",
    "likeness_keys": "search",
    "not_duplicates": "found_different",
    "status_changes": "status_changes",
    "consents": "consents",
    "pairs": "matches: with counterparts that the company may see",
    "pair_evidence": "matches.evidence",
    "sessions": "sessions",
    "tokens": "tokens",
    "sign_in_links": "links",
    "jobs": "waiting_mails, and whether a ranking waits",
    "merges": "merges",
    "audit": "contact_seen: when and in which role the council saw its contact; its other acts are the council's own",
    "audit_subjects": "by what contact_seen is found",
    "imports": "imported: that the council entered it, when, and from which list perhaps; lists name no firm",
}
"""Each table that holds something of a company, and where in the answer that stands."""

LEFT_OUT = {
    "answered_requests": "Answers kept for a day for a request that comes again; its sender's key alone opens them.",
    "changes": "Numbers that tell processes to read a company again; they say nothing of it.",
    "reviews": "The council's decisions with its notes; what a company may know of them stands with each match.",
    "import_rejections": "Rows that were refused: nobody knows whose they are; found by number or name at an erasure.",
}
"""Tables that name a company and are not given out, and why.

Left out of the others: who of the council did something, and the reasons of status changes, in which officers may speak
of other firms; digests of secrets.
"""

NOT_OF_COMPANIES = {
    "attempts": "Counts by a fingerprint of what was tried.",
    "erased_companies": "Counts that lead back to nobody.",
    "secret_keys": "Which keys contacts are encrypted with, by their ids.",
    "staff": "Officers.",
    "word_statistics": "Counts of words of all listings together.",
}
"""Tables in which nothing names a company, and what they are."""


def all_data_of(session: Session, company_id: str) -> Document:
    """All that is kept about a company, for itself; of the council's decisions what the company may know of them.

    Raises:
        NotFound: there is no such company.
    """
    company = company_by_id(session, company_id)
    matches = _matches(session, company_id)
    return {
        "id": company.id,
        "status": company.status,
        "version": company.version,
        "created_at": company.created_at.isoformat(),
        "changed_at": company.changed_at.isoformat(),
        "email": _columns(company, ("email_asked_at", "email_warned_at", "email_confirmed_at")),
        "profile": document(company),
        "ended_listings": _ended(session, company_id),
        "status_changes": _rows(session, StatusChange, ("before", "after", "at"), company_id),
        "consents": _rows(session, Consent, ("basis", "version", "language", "way", "at", "withdrawn_at"), company_id),
        "imported": _imported(session, company_id),
        "matches": matches,
        "decisions": [
            {"match": one["match"], "counterpart": one["counterpart"], "status": one["council"]}
            for one in matches
            if one["council"] != "pending"
        ],
        "merges": _merges(session, company_id),
        "found_different": _found_different(session, company_id),
        "search": {
            "words": _rows(session, SearchText, ("names", "words"), company_id),
            "keys": [row["key"] for row in _rows(session, LikenessKey, ("key",), company_id)],
        },
        "sessions": _rows(session, BrowserSession, ("browser", "created_at", "expires_at"), company_id),
        "tokens": _rows(session, Token, ("label", "created_at", "expires_at", "last_used_at"), company_id),
        "links": _rows(session, SignInLink, ("confirms", "expires_at"), company_id),
        "waiting_mails": _jobs(session, company_id),
        "contact_seen": [
            {"number": one.number, "at": one.at.isoformat(), "role": one.role, "act": one.act}
            for one in contact_views(session, company)
        ],
    }


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever a column holds
    return value.isoformat() if isinstance(value, date | datetime) else value


def _columns(row: Base, names: Sequence[str]) -> Document:
    return {name: _plain(getattr(row, name)) for name in names}


def _rows(session: Session, table: type[Base], names: Sequence[str], company_id: str) -> list[Document]:
    """The columns of a company's rows, in the order of their keys."""
    columns = table.__table__.c
    query = select(table).where(columns.company_id == company_id).order_by(*table.__table__.primary_key)
    return [_columns(row, names) for row in session.scalars(query)]


def _ended(session: Session, company_id: str) -> list[Document]:
    ended = session.scalars(
        select(ListingRow)
        .where(ListingRow.company_id == company_id, ListingRow.ended_at.is_not(None))
        .options(selectinload(ListingRow.code_rows))
        .order_by(ListingRow.ended_at, ListingRow.id)
    )
    return [listing_document(row) | {"ended_at": _plain(row.ended_at)} for row in ended]


def _imported(session: Session, company_id: str) -> list[Document]:
    """When the council entered the company, with the lists that were imported at about that time."""
    grounds = session.scalars(
        select(Consent.at).where(Consent.company_id == company_id, Consent.way == "import").order_by(Consent.at)
    ).all()
    found = []
    for moment in grounds:
        around = Import.created_at <= moment, Import.changed_at >= moment
        names = session.scalars(select(Import.name).where(*around).order_by(Import.created_at)).all()
        found.append({"at": moment.isoformat(), "perhaps_from": list(names)})
    return found


def _matches(session: Session, company_id: str) -> list[Document]:
    """Stored pairs with counterparts that the company may see, as it may see them."""
    pairs = session.execute(
        select(Pair, Company)
        .join(Company, Company.id.in_([Pair.first_id, Pair.second_id]) & (Company.id != company_id))
        .where(or_(Pair.first_id == company_id, Pair.second_id == company_id), Company.status.in_(SEEN_BY_COMPANIES))
        .order_by(Pair.id)
    ).all()
    return [
        {
            "match": pair.id,
            "counterpart": company.trading_name or company.legal_name,
            "council": pair.status,
            "found_at": pair.found_at.isoformat(),
            "computed_at": pair.computed_at.isoformat(),
            "probability": pair.probability,
            "evidence": _own_evidence(pair, company_id),
        }
        for pair, company in pairs
    ]


def _own_evidence(pair: Pair, company_id: str) -> list[Document]:
    """What met in the stored picture: of the counterpart's listings, which may have changed, nothing is told."""
    sides = [side for side, firm in pair.picture["companies"].items() if firm["id"] == company_id]
    return [
        {"direction": one["direction"], "relevance": one["relevance"], "listing": one[side]}
        for one in pair.picture["evidence"]
        for side in sides
    ]


def _merges(session: Session, company_id: str) -> list[Document]:
    """Entries that became part of the company, with what is kept of them to part them again."""
    kept = session.scalars(select(Merge).where(Merge.kept_id == company_id).order_by(Merge.at, Merge.id))
    names = ("merged_name", "at", "undone_at", "kept_before", "merged", "kept_after")
    return [_columns(merge, names) for merge in kept]


def _found_different(session: Session, company_id: str) -> list[Document]:
    """When staff found that it is not the same firm as another entry, which is not named."""
    either = or_(NotDuplicate.first_id == company_id, NotDuplicate.second_id == company_id)
    return [{"at": _plain(moment)} for moment in session.scalars(select(NotDuplicate.at).where(either))]


def _jobs(session: Session, company_id: str) -> list[Document]:
    waiting = select(Job).where(Job.key.contains(company_id)).order_by(Job.id)
    return [_columns(job, ("kind", "payload", "created_at")) for job in session.scalars(waiting)]
