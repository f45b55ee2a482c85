"""What firms need, and whether an offer from the other country meets it.

A need or an offer is *live* while its listing has not ended, its last valid day is not past and its firm is not
suspended. A live need is *met* while a live offer stands with it in the evidence of a stored pair, unless the council
found the pair irrelevant; otherwise it waits.
A firm may have several sectors: it and its needs count in each of them, so sums over sectors are larger than totals.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from sqlalchemy import ColumnElement, Label, Row, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.db.companies import Company, CompanySector, ListingCode, ListingRow
from app.db.matches import Pair, PairEvidence
from matching import COUNTRIES, SECTORS, Kind, Sector, Status, trade_linker, trade_vocabulary

IN_THE_REGISTER: tuple[Status, ...] = ("verified", "submitted", "unclaimed")
HEADING, GROUP = 4, 3
"""Digits of an HS heading and of an ISIC group: what unmet needs are counted by."""
TEXTS_REMEMBERED = 50_000
EXAMPLES = 3

Cell = tuple[Sector, Sector]


@dataclass(frozen=True, slots=True)
class Supply:
    """How the offers of one country meet the needs of another.

    Attributes:
        needing: the country whose firms need.
        offering: the country whose firms offer.
        cells: needs that an offer meets, by a sector of the needing firm and one of the offering firm.
        needs: all live needs by sector of the needing firm.
        met: those of them that an offer of any sector meets.
    """

    needing: str
    offering: str
    cells: Mapping[Cell, int]
    needs: Mapping[Sector, int]
    met: Mapping[Sector, int]


@dataclass(frozen=True, slots=True)
class UnmetNeed:
    """Live needs of one kind and concept that no offer meets.

    Attributes:
        kind: goods, service, ...
        concept: code of an HS heading, an ISIC group or, where the firm said no more, a chapter or division; None
            for what nobody could read.
        by_country: how many, by the needing firm's country.
        titles: some of them as the firms wrote them, for staff only.
    """

    kind: Kind
    concept: str | None
    by_country: Mapping[str, int]
    titles: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many, of both countries."""
        return sum(self.by_country.values())


@dataclass(slots=True)
class _Group:
    by_country: Counter[str] = field(default_factory=Counter)
    titles: list[str] = field(default_factory=list)


def waiting_needs(session: Session, today: date, statuses: tuple[Status, ...] = IN_THE_REGISTER) -> dict[str, int]:
    """How many live needs of firms of these statuses no offer of such firms meets, by country; one statement."""
    rows = session.execute(
        select(Company.country, func.count())
        .join(ListingRow, ListingRow.company_id == Company.id)
        .where(ListingRow.side == "need", Company.status.in_(statuses), _valid(ListingRow, today))
        .where(~_is_met(today, statuses))
        .group_by(Company.country)
    )
    return dict(rows.all())


def supplies(session: Session, today: date) -> tuple[Supply, ...]:
    """Who meets whose needs, a direction for each ordered pair of countries; two statements."""
    cells: dict[tuple[str, str], dict[Cell, int]] = defaultdict(dict)
    for needing, offering, need_sector, offer_sector, count in _cells(session, today):
        cells[needing, offering][need_sector, offer_sector] = count
    needs: dict[str, dict[Sector, int]] = defaultdict(dict)
    met: dict[str, dict[Sector, int]] = defaultdict(dict)
    for country, sector, count, count_met in _totals(session, today):
        needs[country][sector], met[country][sector] = count, count_met
    return tuple(
        Supply(needing, offering, cells[needing, offering], needs[needing], met[needing])
        for needing in COUNTRIES
        for offering in COUNTRIES
        if offering != needing
    )


def unmet_needs(session: Session, today: date) -> tuple[UnmetNeed, ...]:
    """The live needs that no offer meets, counted by kind and concept, most first; two statements.

    A need belongs to the first code it declares (of goods an HS heading, of all else an ISIC group, if it has one) or,
    without any, to the concept that its text speaks of first.
    """
    codes = _first_codes(session, today)
    groups: dict[tuple[Kind, str | None], _Group] = defaultdict(_Group)
    for listing_id, country, kind, title, text in _waiting(session, today):
        group = groups[kind, codes.get(listing_id) or _understood(f"{title}\n{text}" if text else title)]
        group.by_country[country] += 1
        if len(group.titles) < EXAMPLES and title not in group.titles:
            group.titles.append(title)
    found = [
        UnmetNeed(kind, concept, dict(group.by_country), tuple(group.titles))
        for (kind, concept), group in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.concept is None, one.concept or "", one.kind)))


def _valid(listing: type[ListingRow], today: date) -> ColumnElement[bool]:
    return and_(listing.ended_at.is_(None), or_(listing.valid_until.is_(None), listing.valid_until >= today))


def _is_relevant() -> ColumnElement[bool]:
    irrelevant = select(Pair.id).where(Pair.status == "rejected", Pair.reason == "not_relevant")
    return PairEvidence.pair_id.not_in(irrelevant)


def _is_met(today: date, statuses: tuple[Status, ...] = IN_THE_REGISTER) -> ColumnElement[bool]:
    offer, firm = aliased(ListingRow), aliased(Company)
    return exists(
        select(PairEvidence.pair_id)
        .join(offer, offer.id == PairEvidence.offer_listing_id)
        .join(firm, firm.id == offer.company_id)
        .where(PairEvidence.need_listing_id == ListingRow.id, _is_relevant())
        .where(_valid(offer, today), firm.status.in_(statuses))
        .correlate(ListingRow)
    )


def _cells(session: Session, today: date) -> Iterator[tuple[str, str, Sector, Sector, int]]:
    """Counts by both countries and both sectors.

    A need is first brought down to one row that says which sectors offer it: counting distinct needs for each pair of
    sectors takes three times as long.
    """
    live_offer = (
        select(
            ListingRow.id, Company.country, *_flags(lambda sector: case((CompanySector.sector == sector, 1), else_=0))
        )
        .join(Company, Company.id == ListingRow.company_id)
        .join(CompanySector, CompanySector.company_id == Company.id)
        .where(ListingRow.side == "offer", _valid(ListingRow, today), Company.status != "suspended")
        .group_by(ListingRow.id, Company.country)
        .cte()
    )
    offered = (
        select(PairEvidence.need_listing_id, live_offer.c.country, *_flags(live_offer.c.__getitem__))
        .join(live_offer, live_offer.c.id == PairEvidence.offer_listing_id)
        .where(_is_relevant())
        .group_by(PairEvidence.need_listing_id, live_offer.c.country)
        .cte()
    )
    by = (Company.country, offered.c.country, CompanySector.sector)
    query = (
        select(*by, *(func.sum(offered.c[sector]) for sector in SECTORS))
        .select_from(offered)
        .join(ListingRow, ListingRow.id == offered.c.need_listing_id)
        .join(Company, Company.id == ListingRow.company_id)
        .join(CompanySector, CompanySector.company_id == Company.id)
        .where(_valid(ListingRow, today), Company.status != "suspended")
        .group_by(*by)
    )
    for needing, offering, need_sector, *counts in session.execute(query):
        for offer_sector, count in zip(SECTORS, counts, strict=True):
            if count:
                yield needing, offering, need_sector, offer_sector, count


def _flags(of: Callable[[Sector], ColumnElement[int]]) -> list[Label[int]]:
    return [func.max(of(sector)).label(sector) for sector in SECTORS]


def _totals(session: Session, today: date) -> list[Row[str, Sector, int, int]]:
    live = (
        select(ListingRow.company_id, case((_is_met(today), 1), else_=0).label("met"))
        .where(ListingRow.side == "need", _valid(ListingRow, today))
        .subquery()
    )
    query = (
        select(Company.country, CompanySector.sector, func.count(), func.sum(live.c.met))
        .join(live, live.c.company_id == Company.id)
        .join(CompanySector, CompanySector.company_id == Company.id)
        .where(Company.status != "suspended")
        .group_by(Company.country, CompanySector.sector)
    )
    return list(session.execute(query))


def _waiting(session: Session, today: date) -> list[Row[str, str, Kind, str, str | None]]:
    query = (
        select(ListingRow.id, Company.country, ListingRow.kind, ListingRow.title, ListingRow.text)
        .join(Company, Company.id == ListingRow.company_id)
        .where(ListingRow.side == "need", _valid(ListingRow, today), Company.status != "suspended", ~_is_met(today))
        .order_by(Company.created_at, Company.id, ListingRow.position)
    )
    return list(session.execute(query))


def _first_codes(session: Session, today: date) -> dict[str, str]:
    """Of each waiting need the concept that its first code falls under, in the scheme of its kind if it has one."""
    query = (
        select(ListingRow.id, ListingRow.kind, ListingCode.scheme, ListingCode.code)
        .join(ListingCode, ListingCode.listing_id == ListingRow.id)
        .where(ListingRow.side == "need", _valid(ListingRow, today), ListingCode.position == 0, ~_is_met(today))
    )
    found: dict[str, str] = {}
    for listing_id, kind, scheme, code in session.execute(query):
        concept = _counted_by(f"{scheme}:{code}")
        own = scheme == ("hs" if kind == "goods" else "isic")
        if concept is not None and (own or listing_id not in found):
            found[listing_id] = concept
    return found


@lru_cache(maxsize=TEXTS_REMEMBERED)
def _understood(text: str) -> str | None:
    found = trade_linker().find(text)
    return _counted_by(found[0].code) if found else None


def _counted_by(code: str) -> str | None:
    """The heading or group above a code; the code's own concept where it is coarser; None where none is known."""
    words = trade_vocabulary()
    scheme, _, digits = code.partition(":")
    known = words.nearest("hs" if scheme == "hs" else "isic", digits.partition("-")[0])
    if known is None:
        return None
    digits = known.code.partition(":")[2]
    length = HEADING if scheme == "hs" else GROUP
    shorter = f"{scheme}:{digits[:length]}"
    return shorter if shorter in words else known.code
