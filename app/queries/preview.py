"""What a firm is shown before it registers. Anyone may ask, so no counterpart is named."""

from dataclasses import dataclass
from datetime import date

from app.live import Fresh
from app.queries.matches import SEEN_BY_COMPANIES
from matching import Band, Direction, Language, Match, Profile, Sector, Wanted, trade_vocabulary

SHOWN = 5
COUNTED = 50
WEAK: Band = "weak"


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A counterpart without its name, and in which concepts its listings meet the firm's."""

    rank: int
    country: str
    region: str | None
    sectors: tuple[Sector, ...]
    probability: float
    band: Band
    meetings: tuple[tuple[Direction, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """The first matches, and how many there are with more than a weak chance; ``more``: at least so many."""

    first: tuple[Glimpse, ...]
    promising: int
    more: bool


def first_matches(fresh: Fresh, profile: Profile, *, today: date, language: Language) -> Preview:
    """The matches that a firm would see once it is registered, the first few."""
    wanted = Wanted(statuses=SEEN_BY_COMPANIES)
    ranking = fresh.matcher.rank_newcomer(profile, today=today, limit=COUNTED, wanted=wanted)
    promising = sum(match.band != WEAK for match in ranking.matches)
    first = tuple(_glimpse(rank, match, language) for rank, match in enumerate(ranking.matches[:SHOWN], 1))
    return Preview(first, promising, promising == COUNTED and ranking.next is not None)


def _glimpse(rank: int, match: Match, language: Language) -> Glimpse:
    labels = trade_vocabulary()
    meetings: dict[Direction, list[str]] = {}
    for one in match.evidence:
        meetings.setdefault(one.direction, []).extend(labels[code].labels[language] for code, _ in one.concepts)
    return Glimpse(
        rank,
        match.theirs.country,
        match.theirs.region,
        tuple(sorted(match.theirs.sectors)),
        match.probability,
        match.band,
        tuple((direction, tuple(dict.fromkeys(said))) for direction, said in meetings.items()),
    )
