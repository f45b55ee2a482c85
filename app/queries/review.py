"""What an officer sees: the queue as lines, and one match with both firms beside one another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db.companies import Company, ListingRow
from app.db.matches import Pair, Review
from app.db.profiles import WITH_ALL
from app.errors import NotFound
from app.live import Fresh
from app.queries.companies import document, warnings_of
from app.queries.duplicates import Pairing, duplicates_of
from app.queries.matches import QueueFilter, pair_of, review_queue
from matching import (
    Band,
    Component,
    Direction,
    Evidence,
    Gap,
    Language,
    Listing,
    Match,
    Piece,
    Willingness,
    band_of,
    highlighted,
    trade_vocabulary,
)
from schemas.companies import Warned


@dataclass(frozen=True, slots=True)
class Line:
    """A match in the queue. ``firms`` are names, in the order of the pair; ``meeting`` is what carries it.

    ``unconfirmed`` tells of a firm that has not confirmed its e-mail address, though it was asked to.
    """

    pair: Pair
    firms: tuple[str, str]
    verified: tuple[bool, bool]
    unconfirmed: bool
    meeting: tuple[str, str] | None
    changed_since: bool

    @property
    def band(self) -> Band:
        """The word for its probability."""
        return band_of(self.pair.probability)


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue, where it goes on, and how many stand in each status."""

    lines: tuple[Line, ...]
    next_cursor: str | None
    counts: dict[str, int]


def queue_page(session: Session, wanted: QueueFilter, *, limit: int) -> Queue:
    """A page of the review queue, most probable first."""
    pairs, following = review_queue(session, wanted, limit=limit)
    states = _states(session, [one for pair in pairs for one in (pair.first_id, pair.second_id)])
    counts = session.execute(select(Pair.status, func.count()).group_by(Pair.status)).all()
    return Queue(tuple(_line(pair, states) for pair in pairs), following, dict(counts))


class _State(NamedTuple):
    version: int
    verified: bool
    unconfirmed: bool


GONE = _State(0, verified=False, unconfirmed=False)


def _states(session: Session, ids: Iterable[str]) -> dict[str, _State]:
    """Each company as it is at present."""
    columns = Company.id, Company.version, Company.status, Company.email_asked_at, Company.email_confirmed_at
    rows = session.execute(select(*columns).where(Company.id.in_(set(ids))))
    return {
        company_id: _State(version, status == "verified", asked is not None and confirmed is None)
        for company_id, version, status, asked, confirmed in rows
    }


def _line(pair: Pair, states: dict[str, _State]) -> Line:
    sides = sorted(pair.picture["companies"])
    firms = [pair.picture["companies"][side] for side in sides]
    meeting = next(iter(pair.picture["evidence"]), None)
    present = [states.get(firm["id"], GONE) for firm in firms]
    return Line(
        pair,
        (firms[0]["name"], firms[1]["name"]),
        (present[0].verified, present[1].verified),
        any(one.unconfirmed for one in present),
        None if meeting is None else (meeting[sides[0]]["title"], meeting[sides[1]]["title"]),
        any(one.version != pair.picture["versions"][side] for side, one in zip(sides, present, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class Words:
    """A listing's texts in pieces, with the shared concepts and words marked."""

    listing: Listing
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """A pair of listings that carries the score. ``concepts`` are labels with their shares of the relevance."""

    direction: Direction
    relevance: float
    first: Words
    second: Words
    concepts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class SideView:
    """One firm of a match: itself, how willing it is and why, what it left unsaid, what looks wrong."""

    company: Company
    willingness: Willingness
    components: tuple[Component, ...]
    gaps: tuple[Gap, ...]
    warnings: tuple[Warned, ...]
    expired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchView:
    """A match as it is now, and what was decided on it. ``version`` is that of the decision.

    ``elsewhere`` are other entries of the register with the same name or number as either firm.
    """

    match: Match
    sides: tuple[SideView, SideView]
    meetings: tuple[Meeting, ...]
    pair: Pair | None
    steps: tuple[Review, ...]
    elsewhere: tuple[Pairing, ...]

    @property
    def version(self) -> int:
        """Grows with each decision; 0 while the pair stands in no queue."""
        return self.pair.version if self.pair else 0


def match_view(session: Session, fresh: Fresh, match_id: str, *, today: date, language: Language) -> MatchView:
    """A match with all that an officer needs to decide.

    Raises:
        NotFound: the id names no two companies of different countries.
    """
    match = pair_of(match_id, fresh, today=today)
    ids = [match.ours.id, match.theirs.id]
    companies = {row.id: row for row in session.scalars(select(Company).where(Company.id.in_(ids)).options(*WITH_ALL))}
    if len(companies) < len(ids):
        raise NotFound("There is no such match.")
    steps = session.scalars(
        select(Review).where(Review.pair_id == match_id).order_by(Review.decided_at, Review.id)
    ).all()
    return MatchView(
        match,
        (
            _side(match, "ours", companies[match.ours.id], today, language),
            _side(match, "theirs", companies[match.theirs.id], today, language),
        ),
        meetings_of(match, language),
        session.get(Pair, match_id),
        tuple(steps),
        tuple(one for firm in ids for one in duplicates_of(session, firm) if one.same_name_or_number),
    )


def meetings_of(match: Match, language: Language) -> tuple[Meeting, ...]:
    """The pairs of listings that carry a match, best first, with their shared concepts marked."""
    labels = trade_vocabulary()
    return tuple(
        Meeting(
            one.direction,
            one.relevance,
            _words(one.ours, one),
            _words(one.theirs, one),
            tuple((labels[code].labels[language], share) for code, share in one.concepts),
        )
        for one in match.evidence
    )


def _words(listing: Listing, evidence: Evidence) -> Words:
    codes = [code for code, _ in evidence.concepts]
    return Words(
        listing,
        highlighted(listing.title, codes, evidence.words),
        highlighted(listing.text, codes, evidence.words) if listing.text else (),
    )


def _side(match: Match, side: str, company: Company, today: date, language: Language) -> SideView:
    listings: Iterable[ListingRow] = (row for row in company.listing_rows if row.ended_at is None)
    components = [part for part in match.components if part.side == side]
    return SideView(
        company,
        match.our_willingness if side == "ours" else match.their_willingness,
        tuple(sorted(components, key=lambda part: (part.feature != "bias", -abs(part.contribution)))),
        tuple(gap for gap in match.gaps if gap.side == side),
        tuple(warnings_of(document(company)["listings"], language)),
        tuple(row.title for row in listings if row.valid_until is not None and row.valid_until < today),
    )
