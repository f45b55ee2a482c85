"""What the engine answers: matches, with everything that led to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Literal, NamedTuple

import numpy as np

from matching.features import FEATURES, Asked, Gap, Meeting, Pair, Perspective
from matching.features.meeting import NONE, Fits
from matching.index.kernel import common_terms, pairs_above
from matching.profile import Listing, Profile, Side
from matching.relevance import Relevance, Row, Vectors
from matching.scoring import BIAS, Band, Model, Scores, band_of

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
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
MOST_PAIRS = 3
MOST_CONCEPTS = 3
LEAST_CONCEPT_SHARE = 0.05
MOST_WORDS = 6


class Component(NamedTuple):
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


def explain(meeting: Meeting, scores: Scores, at: int, *, model: Model, relevance: Relevance) -> Match:
    """The match of the asker with the firm at place ``at``."""
    theirs = meeting.crowd.profile(at)
    components = _components(scores, at, model)
    pair = Pair(
        meeting.asker,
        theirs,
        _best_pair(meeting, meeting.supplied, at),
        _best_pair(meeting, meeting.demanded, at),
    )
    return Match(
        ours=meeting.asker,
        theirs=theirs,
        probability=float(scores.probability[at]),
        coverage=_coverage(components, model.weights),
        our_willingness=Willingness(float(scores.our_log_odds[at]), float(scores.our_willingness[at])),
        their_willingness=Willingness(float(scores.their_log_odds[at]), float(scores.their_willingness[at])),
        components=components,
        gaps=_gaps(pair, components),
        evidence=_evidence(meeting, theirs, at, relevance),
        model=model.version,
    )


def _components(scores: Scores, at: int, model: Model) -> tuple[Component, ...]:
    parts: list[Component] = []
    sides: tuple[tuple[Perspective, list[float]], ...] = (
        ("ours", scores.ours[:, at].tolist()),
        ("theirs", scores.theirs[:, at].tolist()),
    )
    for side, values in sides:
        parts.append(Component(side, BIAS, 1.0, model.weights[BIAS]))
        for name, value in zip(FEATURE_NAMES, values, strict=True):
            if isnan(value):
                parts.append(Component(side, name, None, 0.0))
            else:
                parts.append(Component(side, name, value, model.weights[name] * value))
    return tuple(parts)


def _coverage(components: tuple[Component, ...], weights: Mapping[str, float]) -> float:
    """The part of the features' weight, over both sides, that was known."""
    weighed = [(abs(weights[part.feature]), part.value is not None) for part in components if part.feature != BIAS]
    whole = sum(weight for weight, _ in weighed)
    return sum(weight for weight, known in weighed if known) / whole if whole else 1.0


def _best_pair(meeting: Meeting, fits: Fits, at: int) -> tuple[int, int] | None:
    if fits.ours[at] == NONE:
        return None
    return int(fits.ours[at]), int(fits.rows[at] - meeting.crowd.starts[at])


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


def _evidence(meeting: Meeting, theirs: Profile, at: int, relevance: Relevance) -> tuple[Evidence, ...]:
    """The pairs of listings that carry the match, at most three of a direction: needs met first, then offers.

    A pair of offers stands once, as the same trade or as a link of the value chain, whichever is clearer.
    """
    asked = meeting.asked
    found: dict[tuple[int, int], Evidence] = {}
    for direction, (first, rows) in _queries(asked).items():
        for fit, our, their in _pairs(meeting, direction, first, at)[:MOST_PAIRS]:
            known = found.get((our, their))
            if known is None or known.relevance < min(fit, CLEARLY_ALIKE):
                found[our, their] = Evidence(
                    direction,
                    asked.profile.listings[our],
                    theirs.listings[their],
                    min(fit, 1.0),
                    _shares(_row(rows, our), meeting.crowd.vector(at, their), relevance),
                    relevance.shared_words(asked.profile.listings[our], theirs.listings[their])[:MOST_WORDS],
                )
    return tuple(sorted(found.values(), key=lambda one: ("need" not in SIDES_OF[one.direction], -one.relevance)))


def _queries(asked: Asked) -> dict[Direction, tuple[int, Vectors]]:
    """For each direction, our listings as queries, and the first one's place in ``Meeting.relevance``."""
    count = asked.vectors.shape[0]
    return {
        "they_supply": (0, asked.vectors),
        "we_supply": (0, asked.vectors),
        "same_trade": (0, asked.vectors),
        "they_feed_our_trade": (count, asked.implied_needs),
        "we_feed_their_trade": (2 * count, asked.implied_uses),
    }


def _pairs(meeting: Meeting, direction: Direction, first: int, at: int) -> list[tuple[float, int, int]]:
    """Pairs of valid listings in a direction that are relevant enough, best first: relevance, place, place."""
    ours_on, theirs_on = SIDES_OF[direction]
    crowd = meeting.crowd
    found = pairs_above(
        meeting.relevance,
        first,
        meeting.fits,
        meeting.ours[ours_on],
        crowd.kinds,
        meeting.theirs[theirs_on],
        crowd.starts[at],
        crowd.starts[at + 1],
        LEAST_RELEVANCE[direction],
    )
    pairs = zip(*(part.tolist() for part in found), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))


def _row(vectors: Vectors, at: int) -> Row:
    span = slice(vectors.indptr[at], vectors.indptr[at + 1])
    return vectors.indices[span], vectors.data[span]


def _shares(ours: Row, theirs: Row, relevance: Relevance) -> tuple[tuple[str, float], ...]:
    """The concepts that a pair of rows shares, largest first, with their parts of the whole product."""
    columns, products = common_terms(ours[0], ours[1].astype(np.float64), theirs[0], theirs[1])
    whole = float(products.sum())
    shared = relevance.shared_concepts(columns, products)[:MOST_CONCEPTS]
    return tuple((code, added / whole) for code, added in shared if added / whole >= LEAST_CONCEPT_SHARE)
