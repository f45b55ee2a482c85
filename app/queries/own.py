"""What a firm sees of its own: matches, sessions, tokens, and all that is kept about it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from app.db.base import now
from app.db.companies import Company, ListingRow
from app.db.matches import Pair, ReviewStatus
from app.db.sessions import BrowserSession
from app.db.staff import Token
from app.live import Fresh
from app.queries.audit import contact_views
from app.queries.companies import company_by_id, document, listing_document
from app.queries.matches import SEEN_BY_COMPANIES, RankingFilter, decided, live_ranking, review_of
from app.queries.review import Meeting, meetings_of
from matching import Gap, Language, Match, Status


@dataclass(frozen=True, slots=True)
class Card:
    """A counterpart as the firm sees it; gaps are those of both profiles."""

    rank: int
    match: Match
    meetings: tuple[Meeting, ...]
    review: ReviewStatus
    our_gaps: tuple[Gap, ...]
    their_gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class OwnMatches:
    """A page of a firm's ranking."""

    status: Status
    listings: int
    cards: tuple[Card, ...]
    next_cursor: str | None


def own_matches(  # noqa: PLR0913  # who asks, for what, when, in which language
    session: Session,
    fresh: Fresh,
    company_id: str,
    wanted: RankingFilter,
    *,
    limit: int,
    today: date,
    language: Language,
) -> OwnMatches:
    """The best counterparts of a firm, with all that it may know of them.

    Raises:
        NotFound: there is no such company.
        CursorInvalid: the cursor is not one of this list.
    """
    company = company_by_id(session, company_id)
    ranked, following = live_ranking(fresh, company_id, wanted, limit=limit, today=today)
    known = decided(session, [match.id for match in ranked.values()])
    cards = tuple(
        Card(
            rank,
            match,
            meetings_of(match, language),
            review_of(known.get(match.id), for_staff=False).status,
            tuple(gap for gap in match.gaps if gap.side == "ours"),
            tuple(gap for gap in match.gaps if gap.side == "theirs"),
        )
        for rank, match in ranked.items()
    )
    return OwnMatches(company.status, len(company.listing_rows), cards, following)


def open_sessions(session: Session, company_id: str) -> list[BrowserSession]:
    """The browsers that are signed in as a company, the latest first."""
    return list(
        session.scalars(
            select(BrowserSession)
            .where(BrowserSession.company_id == company_id, BrowserSession.expires_at > now())
            .order_by(BrowserSession.created_at.desc(), BrowserSession.id)
        )
    )


def tokens_of(session: Session, company_id: str) -> list[Token]:
    """A company's tokens, the latest first."""
    return list(
        session.scalars(select(Token).where(Token.company_id == company_id).order_by(Token.created_at.desc(), Token.id))
    )


def all_data_of(session: Session, company_id: str) -> dict[str, Any]:
    """All that is kept about a company, for itself; of the council's decisions what the company may know of them.

    Raises:
        NotFound: there is no such company.
    """
    company = company_by_id(session, company_id)
    ended = session.scalars(
        select(ListingRow)
        .where(ListingRow.company_id == company_id, ListingRow.ended_at.is_not(None))
        .options(selectinload(ListingRow.code_rows))
        .order_by(ListingRow.ended_at, ListingRow.id)
    )
    return {
        "id": company.id,
        "status": company.status,
        "version": company.version,
        "created_at": company.created_at.isoformat(),
        "changed_at": company.changed_at.isoformat(),
        "profile": document(company),
        "ended_listings": [
            listing_document(row) | {"ended_at": row.ended_at.isoformat() if row.ended_at else None} for row in ended
        ],
        "decisions": _decisions(session, company_id),
        "sessions": [
            {
                "browser": one.browser,
                "created_at": one.created_at.isoformat(),
                "expires_at": one.expires_at.isoformat(),
            }
            for one in open_sessions(session, company_id)
        ],
        "contact_seen": [
            {"number": one.number, "at": one.at.isoformat(), "role": one.role, "act": one.act}
            for one in contact_views(session, company)
        ],
        "tokens": [{"created_at": one.created_at.isoformat()} for one in tokens_of(session, company_id)],
    }


def _decisions(session: Session, company_id: str) -> list[dict[str, str]]:
    """Of counterparts that the company may see, and nothing but the decision."""
    pairs = session.execute(
        select(Pair.id, Pair.status, Company)
        .join(Company, Company.id.in_([Pair.first_id, Pair.second_id]) & (Company.id != company_id))
        .where(
            or_(Pair.first_id == company_id, Pair.second_id == company_id),
            Pair.status != "pending",
            Company.status.in_(SEEN_BY_COMPANIES),
        )
        .order_by(Pair.id)
    ).all()
    return [
        {"match": pair_id, "counterpart": company.trading_name or company.legal_name, "status": status}
        for pair_id, status, company in pairs
    ]
