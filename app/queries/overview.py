"""The register and the council's work in figures. Numbers only: no name, contact or text of a firm is read.

Suspended firms count among the statuses and nowhere else. A firm with several sectors counts in each of them.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Literal

from sqlalchemy import ColumnElement, Select, case, func, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db.companies import Company, CompanySector, ListingRow
from app.db.consents import ErasedCompany
from app.db.matches import Decision, Pair, Review, ReviewStatus
from app.queries.matches import decisions_standing
from app.queries.needs import Supply, UnmetNeed, supplies, unmet_needs, waiting_needs
from matching import Sector, Side, Status

StageName = Literal["registered", "verified", "matched", "reviewed", "approved"]
MONTHS = 12
DECIDED: tuple[ReviewStatus, ...] = ("approved", "rejected", "deferred")
PUBLIC: tuple[Status, ...] = ("verified",)


@dataclass(frozen=True, slots=True)
class RegisterFigures:
    """What the register holds, by country and status, sector, or side of live listings."""

    by_status: Mapping[tuple[str, Status], int]
    by_sector: Mapping[tuple[str, Sector], int]
    listings: Mapping[tuple[str, Side], int]


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What everyone may see: verified firms by country and by sector, and their needs that wait for an offer."""

    firms: Mapping[str, int]
    by_sector: Mapping[tuple[str, Sector], int]
    waiting: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage on the way to a deal: the firms that came this far, by country, and their pairs where there are any."""

    name: StageName
    firms: Mapping[str, int]
    pairs: int | None = None

    @property
    def count(self) -> int:
        """Firms of all countries."""
        return sum(self.firms.values())


@dataclass(frozen=True, slots=True)
class Month:
    """A month, named by its first day (UTC): pairs that were stored first in it, and decisions taken in it.

    A pair that fell out of the queue undecided is not counted any more; one that was decided on is, also of a firm that
    was erased. A decision that was changed counts again, one
    that was taken back does not.
    """

    first_day: date
    found: int
    decisions: Mapping[Decision, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """All figures of the overview."""

    register: RegisterFigures
    supplies: tuple[Supply, ...]
    unmet: tuple[UnmetNeed, ...]
    funnel: tuple[Stage, ...]
    months: tuple[Month, ...]
    regions: Mapping[str, Mapping[str | None, int]]


def overview(session: Session, today: date) -> Overview:
    """The whole overview; eighteen statements."""
    return Overview(
        register_figures(session, today),
        supplies(session, today),
        unmet_needs(session, today),
        funnel(session),
        months(session, today),
        firms_by_region(session),
    )


def register_figures(session: Session, today: date) -> RegisterFigures:
    """How many firms and listings there are; three statements."""
    by_status = session.execute(
        select(Company.country, Company.status, func.count()).group_by(Company.country, Company.status)
    )
    listings = session.execute(
        select(Company.country, ListingRow.side, func.count())
        .join(ListingRow, ListingRow.company_id == Company.id)
        .where(Company.status != "suspended", ListingRow.ended_at.is_(None))
        .where(or_(ListingRow.valid_until.is_(None), ListingRow.valid_until >= today))
        .group_by(Company.country, ListingRow.side)
    )
    return RegisterFigures(
        by_status={(country, status): count for country, status, count in by_status},
        by_sector=_by_sector(session, Company.status != "suspended"),
        listings={(country, side): count for country, side, count in listings},
    )


def front_page(session: Session, today: date) -> FrontPage:
    """The figures that stand on the public front page; three statements."""
    return FrontPage(
        firms=_firms(session, Company.status.in_(PUBLIC)),
        by_sector=_by_sector(session, Company.status.in_(PUBLIC)),
        waiting=waiting_needs(session, today, PUBLIC),
    )


def funnel(session: Session) -> tuple[Stage, ...]:
    """How far firms came, each stage a part of the one before; six statements.

    Registered are all firms but suspended ones. The later stages count verified firms: with a stored pair, with a pair
    that the council decided on, with one that it approved.
    """
    verified = Company.status == "verified"
    decided, approved = Pair.status.in_(DECIDED), Pair.status == "approved"
    pairs: dict[ReviewStatus, int] = dict(
        session.execute(select(Pair.status, func.count()).group_by(Pair.status)).all()
    )
    reviewed = sum(pairs.get(status, 0) for status in DECIDED)
    return (
        Stage("registered", _firms(session, Company.status != "suspended")),
        Stage("verified", _firms(session, verified)),
        Stage("matched", _firms(session, verified, _in_a_pair()), sum(pairs.values())),
        Stage("reviewed", _firms(session, verified, _in_a_pair(decided)), reviewed),
        Stage("approved", _firms(session, verified, _in_a_pair(approved)), pairs.get("approved", 0)),
    )


def months(session: Session, today: date, count: int = MONTHS) -> tuple[Month, ...]:
    """The last months up to this one, oldest first; four statements."""
    starts = _month_starts(today, count)
    month = _month_of(Pair.found_at, starts)
    found = dict(
        session.execute(select(month, func.count()).where(Pair.found_at >= _midnight(starts[0])).group_by(month)).all()
    )
    places = {start.isoformat(): at for at, start in enumerate(starts)}
    for erased in session.scalars(select(ErasedCompany.found)):
        for first_day, number in erased.items():
            if first_day in places:
                found[places[first_day]] = found.get(places[first_day], 0) + number
    decisions = _plain_decisions(session, starts)
    for moment, decision in _contested_decisions(session):
        if moment >= _midnight(starts[0]):
            decisions[_place(moment, starts)][decision] += 1
    return tuple(Month(start, found.get(at, 0), dict(decisions[at])) for at, start in enumerate(starts))


def firms_by_region(session: Session) -> dict[str, dict[str | None, int]]:
    """Firms of each country by region; None for those that name none. One statement."""
    found: dict[str, dict[str | None, int]] = defaultdict(dict)
    for country, region, count in session.execute(
        select(Company.country, Company.region, func.count())
        .where(Company.status != "suspended")
        .group_by(Company.country, Company.region)
    ):
        found[country][region] = count
    return dict(found)


def _by_sector(session: Session, which: ColumnElement[bool]) -> dict[tuple[str, Sector], int]:
    rows = session.execute(
        select(Company.country, CompanySector.sector, func.count())
        .join(CompanySector, CompanySector.company_id == Company.id)
        .where(which)
        .group_by(Company.country, CompanySector.sector)
    )
    return {(country, sector): count for country, sector, count in rows}


def _firms(session: Session, *which: ColumnElement[bool]) -> dict[str, int]:
    rows = session.execute(select(Company.country, func.count()).where(*which).group_by(Company.country))
    return dict(rows.all())


def _in_a_pair(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    return Company.id.in_(union(select(Pair.first_id).where(*which), select(Pair.second_id).where(*which)))


def _plain_decisions(session: Session, starts: Sequence[date]) -> dict[int, Counter[Decision]]:
    """Decisions by the place of their month, of the pairs that none was ever taken back of."""
    month = _month_of(Review.decided_at, starts)
    rows = session.execute(
        select(month, Review.decision, func.count())
        .where(Review.decided_at >= _midnight(starts[0]), Review.pair_id.not_in(_contested()))
        .group_by(month, Review.decision)
    )
    found: dict[int, Counter[Decision]] = defaultdict(Counter)
    for at, decision, number in rows:
        if decision != "withdrawn":
            found[at][decision] = number
    return found


def _contested_decisions(session: Session) -> list[tuple[datetime, Decision]]:
    """The decisions that stand of the pairs that one was taken back of."""
    steps = session.execute(
        select(Review.pair_id, Review.decided_at, Review.decision)
        .where(Review.pair_id.in_(_contested()))
        .order_by(Review.pair_id, Review.decided_at, Review.id)
    ).all()
    return [
        (moment, decision)
        for _, taken in groupby(steps, key=lambda step: step.pair_id)
        for _, moment, decision in decisions_standing(taken)
        if decision != "withdrawn"  # never among those that stand; the types do not know it
    ]


def _contested() -> Select[str]:
    return select(Review.pair_id).where(Review.decision == "withdrawn")


def _place(moment: datetime, starts: Sequence[date]) -> int:
    return sum(moment >= _midnight(start) for start in starts[1:])


def _month_starts(today: date, count: int) -> list[date]:
    last = today.year * 12 + today.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last - count + 1, last + 1)]


def _month_of(moment: InstrumentedAttribute[datetime], starts: Sequence[date]) -> ColumnElement[int]:
    """The place among ``starts`` of the month that a moment lies in, if it is not before the first."""
    return case(*((moment < _midnight(start), at) for at, start in enumerate(starts[1:])), else_=len(starts) - 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
