"""What a firm sees of its own: matches, sessions and tokens."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.base import now
from app.db.matches import ReviewStatus
from app.db.sessions import BrowserSession
from app.db.staff import Token
from app.live import Fresh
from app.queries.companies import company_by_id
from app.queries.matches import RankingFilter, decided, live_ranking, review_of
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
