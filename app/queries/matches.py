"""Reading matches: the live ranking and the review queue."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.db.base import ID_LENGTH
from app.db.cipher import cipher_of
from app.db.companies import Company, CompanySector
from app.db.matches import Pair, Step
from app.db.search import SearchText
from app.errors import NotFound
from app.live import Fresh
from app.queries.cursors import cursor, place_of
from app.queries.search import says
from app.texts import translator
from matching import Language, Match, Sector, Status, Wanted, latin_words
from schemas.matches import PENDING, Picture, QueuedMatchOut, ReviewOut

SEEN_BY_COMPANIES: tuple[Status, ...] = ("verified",)
SEEN_BY_STAFF: tuple[Status, ...] = ("verified", "submitted", "unclaimed")


class _Step(Protocol):
    @property
    def decision(self) -> Step: ...


Stepping = TypeVar("Stepping", bound=_Step)
"""Anything that says which step was taken on a match."""


@dataclass(frozen=True, slots=True)
class RankingFilter:
    """What a live ranking is asked for."""

    sector: Sector | None = None
    min_probability: float = 0.0
    cursor: str | None = None
    for_staff: bool = False


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the review queue is asked for; None asks for nothing."""

    status: str | None = None
    sector: str | None = None
    min_probability: float | None = None
    max_probability: float | None = None
    company: str | None = None
    words: str | None = None
    cursor: str | None = None


def live_ranking(
    fresh: Fresh, company_id: str, wanted: RankingFilter, *, limit: int, today: date
) -> tuple[dict[int, Match], str | None]:
    """The best counterparts of a company by rank, and the cursor of the next page.

    Raises:
        NotFound: there is no such company.
        CursorInvalid: the cursor is not one of this list.
    """
    place = place_of(wanted.cursor, float, str, int)
    probability, after, rank = (None, None, 0) if place is None else place
    try:
        ranking = fresh.matcher.rank(
            company_id,
            today=today,
            limit=limit,
            wanted=Wanted(
                statuses=SEEN_BY_STAFF if wanted.for_staff else SEEN_BY_COMPANIES,
                sector=wanted.sector,
                least=wanted.min_probability,
                after=None if place is None else (float(str(probability)), str(after)),
            ),
        )
    except KeyError:
        raise NotFound("There is no such company.") from None
    first = int(str(rank)) + 1
    ranked = dict(enumerate(ranking.matches, first))
    return ranked, cursor(*ranking.next, max(ranked)) if ranking.next else None


def decided(session: Session, pair_ids: Iterable[str]) -> dict[str, Pair]:
    """The stored pairs among the given ids."""
    return {pair.id: pair for pair in session.scalars(select(Pair).where(Pair.id.in_(list(pair_ids))))}


def review_queue(session: Session, wanted: QueueFilter, *, limit: int) -> tuple[list[Pair], str | None]:
    """A page of the queue, most probable first, ties by id, and the cursor of the next page."""
    query = select(Pair).order_by(Pair.probability.desc(), Pair.id).limit(limit + 1)
    if wanted.status is not None:
        query = query.where(Pair.status == wanted.status)
    if wanted.min_probability is not None:
        query = query.where(Pair.probability >= wanted.min_probability)
    if wanted.max_probability is not None:
        query = query.where(Pair.probability <= wanted.max_probability)
    if wanted.company is not None:
        query = query.where(or_(Pair.first_id == wanted.company, Pair.second_id == wanted.company))
    if wanted.sector is not None:
        either = or_(CompanySector.company_id == Pair.first_id, CompanySector.company_id == Pair.second_id)
        query = query.where(exists().where(either, CompanySector.sector == wanted.sector))
    for word in latin_words(wanted.words or ""):
        either = or_(SearchText.company_id == Pair.first_id, SearchText.company_id == Pair.second_id)
        query = query.where(exists().where(either, says(word, cipher_of(session))))
    place = place_of(wanted.cursor, float, str)
    if place is not None:
        probability, pair_id = place
        query = query.where(
            or_(Pair.probability < probability, (Pair.probability == probability) & (Pair.id > pair_id))
        )
    found = list(session.scalars(query))
    page = found[:limit]
    return page, cursor(page[-1].probability, page[-1].id) if len(found) > limit else None


def decisions_standing(steps: Iterable[Stepping]) -> list[Stepping]:
    """Of the steps taken on one match, oldest first, the decisions that were not taken back; the last one holds."""
    standing: list[Stepping] = []
    for step in steps:
        if step.decision != "withdrawn":
            standing.append(step)
        elif standing:
            standing.pop()
    return standing


def company_versions(session: Session, ids: Iterable[str]) -> dict[str, int]:
    """The present version of each company."""
    rows = session.execute(select(Company.id, Company.version).where(Company.id.in_(set(ids))))
    return dict(rows.all())


def pairs_of(match_ids: Iterable[str], fresh: Fresh, *, today: date) -> list[Match]:
    """The matches that ids name, each once, without those that are none any more."""
    found: dict[str, Match] = {}
    for match_id in match_ids:
        with suppress(NotFound):
            found[match_id] = pair_of(match_id, fresh, today=today)
    return list(found.values())


def review_of(pair: Pair | None, *, for_staff: bool) -> ReviewOut:
    """What the council decided on a pair; a company learns the decision only."""
    if pair is None:
        return PENDING
    if not for_staff:
        return ReviewOut(status=pair.status)
    return ReviewOut(status=pair.status, reason=pair.reason, note=pair.note, by=pair.decided_by, at=pair.decided_at)


def queued(pair: Pair, versions: dict[str, int], language: Language, *, for_staff: bool = True) -> QueuedMatchOut:
    """A stored pair as the council sees it; ``versions`` are the companies' present ones."""
    picture = Picture.model_validate(pair.picture)
    then = {company.id: picture.versions[side] for side, company in picture.companies.items()}
    return QueuedMatchOut(
        **pair.picture,
        review=review_of(pair, for_staff=for_staff),
        changed_since=any(versions.get(company_id) != version for company_id, version in then.items()),
        computed_at=pair.computed_at,
    ).localised(language, translator(language))


def pair_of(match_id: str, fresh: Fresh, *, today: date) -> Match:
    """The match of the two companies that an id names, computed now.

    Raises:
        NotFound: the id names no two companies of different countries.
    """
    first, separator, second = match_id.partition(".")
    if not separator or len(first) != ID_LENGTH or len(second) != ID_LENGTH:
        raise NotFound("There is no such match.")
    try:
        match = fresh.matcher.pair(first, second, today=today)
    except KeyError:
        raise NotFound("There is no such match.") from None
    if match.id != match_id or match.ours.country == match.theirs.country:
        raise NotFound("There is no such match.")
    return match
