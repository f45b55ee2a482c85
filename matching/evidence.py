"""What the engine answers: matches, with everything that led to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from matching.features import FEATURES, Asked, Gap, Meeting, Pair, Perspective
from matching.features.meeting import NONE, Fits
from matching.index.kernel import dot_products
from matching.index.segment import Side as IndexSide
from matching.profile import KINDS, Listing, Profile, Side
from matching.relevance import KIND_FIT, Relevance, Row, Vectors
from matching.scoring import BIAS, Band, Model, Scores, band_of, sigmoid

Direction = Literal["they_supply", "we_supply", "same_trade", "they_feed_our_trade", "we_feed_their_trade"]
LEAST_RELEVANCE: dict[Direction, float] = {
    "they_supply": 0.25,
    "we_supply": 0.25,
    "same_trade": 0.25,
    "they_feed_our_trade": 0.15,
    "we_feed_their_trade": 0.15,
}
SIDES_OF: dict[Direction, tuple[Side, Side]] = {
    "they_supply": ("need", "offer"),
    "we_supply": ("offer", "need"),
    "same_trade": ("offer", "offer"),
    "they_feed_our_trade": ("offer", "offer"),
    "we_feed_their_trade": ("offer", "offer"),
}
"""The sides of our and their listing in each direction."""
CLEARLY_ALIKE = 0.5
"""Relevance from which two offers are shown as the same trade, even where one trade also uses the other."""
MOST_PAIRS = 3
MOST_CONCEPTS = 3
LEAST_CONCEPT_SHARE = 0.05
MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Component:
    """One feature's part in one side's log-odds; ``value`` is None when it was unknown."""

    side: Perspective
    feature: str
    value: float | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Willingness:
    """How willing one side is."""

    log_odds: float
    probability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A pair of listings that meet, and why: shares of the relevance by concept, and common words."""

    direction: Direction
    ours: Listing
    theirs: Listing
    relevance: float
    concepts: tuple[tuple[str, float], ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A pair of firms, as the asker (``ours``) sees it."""

    ours: Profile
    theirs: Profile
    probability: float
    coverage: float
    our_willingness: Willingness
    their_willingness: Willingness
    components: tuple[Component, ...]
    gaps: tuple[Gap, ...]
    evidence: tuple[Evidence, ...]
    model: str

    @property
    def id(self) -> str:
        """The pair's id, the same from both sides."""
        return match_id(self.ours, self.theirs)

    @property
    def band(self) -> Band:
        """The word for the probability."""
        return band_of(self.probability)


def match_id(one: Profile, other: Profile) -> str:
    """The id of a pair: both companies' ids in the order of their countries' codes."""
    first, second = sorted((one, other), key=lambda profile: profile.country)
    return f"{first.id}.{second.id}"


def explain(meeting: Meeting, scores: Scores, at: int, *, asked: Asked, rules: tuple[Model, Relevance]) -> Match:
    """The match of the asker with the firm at place ``at``."""
    model, relevance = rules
    theirs = meeting.segment.profiles[at]
    components = _components(scores, at, model)
    pair = Pair(
        meeting.asker,
        theirs,
        _best_pair(meeting.supplied, meeting.segment.offers, at),
        _best_pair(meeting.demanded, meeting.segment.needs, at),
    )
    ours_log_odds = sum(part.contribution for part in components if part.side == "ours")
    theirs_log_odds = sum(part.contribution for part in components if part.side == "theirs")
    return Match(
        ours=meeting.asker,
        theirs=theirs,
        probability=float(scores.probability[at]),
        coverage=_coverage(components, model.weights),
        our_willingness=Willingness(ours_log_odds, float(sigmoid(np.array(ours_log_odds)))),
        their_willingness=Willingness(theirs_log_odds, float(sigmoid(np.array(theirs_log_odds)))),
        components=components,
        gaps=_gaps(pair, components),
        evidence=_evidence(meeting, asked, at, relevance),
        model=model.version,
    )


def _components(scores: Scores, at: int, model: Model) -> tuple[Component, ...]:
    parts: list[Component] = []
    sides: tuple[tuple[Perspective, np.ndarray[tuple[int, ...], np.dtype[np.float64]]], ...] = (
        ("ours", scores.ours[:, at]),
        ("theirs", scores.theirs[:, at]),
    )
    for side, values in sides:
        parts.append(Component(side, BIAS, 1.0, model.weights[BIAS]))
        for feature, value in zip(FEATURES, values.tolist(), strict=True):
            known = not np.isnan(value)
            parts.append(
                Component(
                    side, feature.name, value if known else None, model.weights[feature.name] * value if known else 0.0
                )
            )
    return tuple(parts)


def _coverage(components: tuple[Component, ...], weights: Mapping[str, float]) -> float:
    """The part of the features' weight, over both sides, that was known."""
    weighed = [(abs(weights[part.feature]), part.value is not None) for part in components if part.feature != BIAS]
    return sum(weight for weight, known in weighed if known) / sum(weight for weight, _ in weighed)


def _best_pair(fits: Fits, side: IndexSide, at: int) -> tuple[int, int] | None:
    if fits.ours[at] == NONE:
        return None
    return int(fits.ours[at]), int(side.places[fits.rows[at]])


def _gaps(pair: Pair, components: tuple[Component, ...]) -> tuple[Gap, ...]:
    unknown = {(part.side, part.feature) for part in components if part.value is None}
    found: dict[tuple[Perspective, str], Gap] = {}
    other: dict[Perspective, Perspective] = {"ours": "theirs", "theirs": "ours"}
    for feature in FEATURES:
        if ("ours", feature.name) in unknown:
            for side, pointer, message in feature.missing(pair):
                found.setdefault((side, message), Gap(side, feature.name, pointer, message))
        if ("theirs", feature.name) in unknown:
            for side, pointer, message in feature.missing(pair.turned()):
                found.setdefault((other[side], message), Gap(other[side], feature.name, pointer, message))
    return tuple(found.values())


def _evidence(meeting: Meeting, asked: Asked, at: int, relevance: Relevance) -> tuple[Evidence, ...]:
    """The pairs of listings that carry the match, at most three of a direction: needs met first, then offers.

    A pair of offers stands once, as the same trade or as a link of the value chain, whichever is clearer.
    """
    theirs = meeting.segment.profiles[at].listings
    start = int(meeting.segment.starts[at])
    queries: dict[Direction, Vectors] = {
        "they_supply": asked.vectors,
        "we_supply": asked.vectors,
        "same_trade": asked.vectors,
        "they_feed_our_trade": asked.implied_needs,
        "we_feed_their_trade": asked.implied_uses,
    }
    found: dict[tuple[int, int], Evidence] = {}
    for direction, rows in queries.items():
        for fit, our, their in _pairs(meeting, direction, rows, at)[:MOST_PAIRS]:
            known = found.get((our, their))
            if known is None or known.relevance < min(fit, CLEARLY_ALIKE):
                found[our, their] = Evidence(
                    direction,
                    meeting.asker.listings[our],
                    theirs[their],
                    min(fit, 1.0),
                    _shares(_row(rows, our), _row(meeting.segment.vectors, start + their), relevance),
                    relevance.shared_words(meeting.asker.listings[our], theirs[their])[:MOST_WORDS],
                )
    return tuple(sorted(found.values(), key=lambda one: ("need" not in SIDES_OF[one.direction], -one.relevance)))


def _pairs(meeting: Meeting, direction: Direction, queries: Vectors, at: int) -> list[tuple[float, int, int]]:
    """Pairs of valid listings in a direction that are relevant enough, best first: relevance, place, place."""
    ours_on, theirs_on = SIDES_OF[direction]
    ours = [place for place, one in enumerate(meeting.asker.listings) if one.side == ours_on and meeting.is_valid(one)]
    listings = meeting.segment.profiles[at].listings
    theirs = [place for place, one in enumerate(listings) if one.side == theirs_on and meeting.is_valid(one)]
    if not ours or not theirs:
        return []
    vectors = meeting.segment.vectors
    rows = meeting.segment.rows_of(at)
    products = dot_products(
        queries.indptr,
        queries.indices,
        queries.data,
        vectors.indptr[rows.start : rows.stop + 1],
        vectors.indices,
        vectors.data,
    )
    found = []
    for our in ours:
        for their in theirs:
            kinds = KINDS.index(meeting.asker.listings[our].kind), KINDS.index(listings[their].kind)
            fit = float(products[our, their] * KIND_FIT[kinds])
            if fit >= LEAST_RELEVANCE[direction]:
                found.append((fit, our, their))
    return sorted(found, key=lambda pair: (-pair[0], pair[1], pair[2]))


def _row(vectors: Vectors, at: int) -> Row:
    span = slice(vectors.indptr[at], vectors.indptr[at + 1])
    return vectors.indices[span], vectors.data[span]


def _shares(ours: Row, theirs: Row, relevance: Relevance) -> tuple[tuple[str, float], ...]:
    """The concepts that a pair of rows shares, largest first, with their parts of the whole product."""
    whole, shared = relevance.shared_concepts(ours, theirs)
    return tuple(
        (code, added / whole) for code, added in shared[:MOST_CONCEPTS] if added / whole >= LEAST_CONCEPT_SHARE
    )
