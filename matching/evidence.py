"""What the engine answers: matches, with everything that led to them."""

from dataclasses import dataclass
from math import isnan
from typing import Literal, NamedTuple, get_args

import numpy as np

from matching.features import FEATURES, Gap, Meeting, Pair, Perspective
from matching.features.meeting import NONE, Fits
from matching.index.kernel import common_terms, pairs_above
from matching.profile import SIDES, Listing, Profile, Side
from matching.relevance import Relevance, Row, Vectors
from matching.scoring import BIAS, FEATURE_NAMES, Band, Model, Scores, band_of

Direction = Literal["they_supply", "we_supply", "same_trade", "they_feed_our_trade", "we_feed_their_trade"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
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
SAYS, NEEDS, USES = range(3)
QUERIES_OF: dict[Direction, int] = {
    "they_supply": SAYS,
    "we_supply": SAYS,
    "same_trade": SAYS,
    "they_feed_our_trade": NEEDS,
    "we_feed_their_trade": USES,
}
"""Whether our listing stands for what it says, implies as needs, or as uses."""
_WAYS = np.array([[*map(SIDES.index, SIDES_OF[one]), QUERIES_OF[one]] for one in DIRECTIONS])
_LEAST = np.array([LEAST_RELEVANCE[one] for one in DIRECTIONS])
CLEARLY_ALIKE = 0.5
"""Relevance from which two offers are shown as the same trade, even where one trade also uses the other."""
OTHER: dict[Perspective, Perspective] = {"ours": "theirs", "theirs": "ours"}
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
    our_values, their_values = scores.ours[:, at].tolist(), scores.theirs[:, at].tolist()
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
        coverage=float(scores.coverage[at]),
        our_willingness=Willingness(float(scores.our_log_odds[at]), float(scores.our_willingness[at])),
        their_willingness=Willingness(float(scores.their_log_odds[at]), float(scores.their_willingness[at])),
        components=_components(our_values, their_values, model),
        gaps=_gaps(pair, our_values, their_values),
        evidence=_evidence(meeting, theirs, at, relevance),
        model=model.version,
    )


def _components(ours: list[float], theirs: list[float], model: Model) -> tuple[Component, ...]:
    parts: list[Component] = []
    sides: tuple[tuple[Perspective, list[float]], ...] = (("ours", ours), ("theirs", theirs))
    for side, values in sides:
        parts.append(Component(side, BIAS, 1.0, model.weights[BIAS]))
        parts += [
            Component(side, name, None, 0.0) if isnan(value) else Component(side, name, value, weight * value)
            for name, weight, value in zip(
                FEATURE_NAMES, map(model.weights.__getitem__, FEATURE_NAMES), values, strict=True
            )
        ]
    return tuple(parts)


def _best_pair(meeting: Meeting, fits: Fits, at: int) -> tuple[int, int] | None:
    if fits.ours[at] == NONE:
        return None
    return int(fits.ours[at]), int(fits.rows[at] - meeting.crowd.starts[at])


def _gaps(pair: Pair, ours: list[float], theirs: list[float]) -> tuple[Gap, ...]:
    found: dict[tuple[Perspective, str], Gap] = {}
    turned = pair.turned()
    for feature, name, our, their in zip(FEATURES, FEATURE_NAMES, ours, theirs, strict=True):
        if isnan(our):
            for side, pointer, message in feature.missing(pair):
                found.setdefault((side, message), Gap(side, name, pointer, message))
        if isnan(their):
            for side, pointer, message in feature.missing(turned):
                found.setdefault((OTHER[side], message), Gap(OTHER[side], name, pointer, message))
    return tuple(found.values())


def _evidence(meeting: Meeting, theirs: Profile, at: int, relevance: Relevance) -> tuple[Evidence, ...]:
    """The pairs of listings that carry the match, at most three of a direction: needs met first, then offers.

    A pair of offers stands once, as the same trade or as a link of the value chain, whichever is clearer.
    """
    asked = meeting.asked
    rows = asked.vectors, asked.implied_needs, asked.implied_uses
    found: dict[tuple[int, int], Evidence] = {}
    for direction, pairs in _pairs(meeting, at).items():
        for fit, our, their in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:MOST_PAIRS]:
            known = found.get((our, their))
            if known is None or known.relevance < min(fit, CLEARLY_ALIKE):
                found[our, their] = Evidence(
                    direction,
                    asked.profile.listings[our],
                    theirs.listings[their],
                    min(fit, 1.0),
                    _shares(_row(rows[QUERIES_OF[direction]], our), meeting.crowd.vector(at, their), relevance),
                    relevance.shared_words(asked.profile.listings[our], theirs.listings[their])[:MOST_WORDS],
                )
    return tuple(sorted(found.values(), key=lambda one: ("need" not in SIDES_OF[one.direction], -one.relevance)))


def _pairs(meeting: Meeting, at: int) -> dict[Direction, list[tuple[float, int, int]]]:
    """Pairs of valid listings that are relevant enough, by direction: relevance, place of ours, place of theirs."""
    ours, crowd = meeting.asked.crowd, meeting.crowd
    places, values = pairs_above(
        meeting.relevance,
        meeting.fits,
        ours.sides,
        meeting.our_valid,
        crowd.sides,
        meeting.their_valid,
        crowd.kinds,
        crowd.starts[at],
        crowd.starts[at + 1],
        _WAYS,
        _LEAST,
    )
    found: dict[Direction, list[tuple[float, int, int]]] = {}
    for (way, our, their), value in zip(places.tolist(), values.tolist(), strict=True):
        found.setdefault(DIRECTIONS[way], []).append((value, our, their))
    return found


def _row(vectors: Vectors, at: int) -> Row:
    span = slice(vectors.indptr[at], vectors.indptr[at + 1])
    return vectors.indices[span], vectors.data[span]


def _shares(ours: Row, theirs: Row, relevance: Relevance) -> tuple[tuple[str, float], ...]:
    """The concepts that a pair of rows shares, largest first, with their parts of the whole product."""
    columns, products = common_terms(ours[0], ours[1].astype(np.float64), theirs[0], theirs[1])
    whole = float(products.sum())
    shared = relevance.shared_concepts(columns, products)[:MOST_CONCEPTS]
    return tuple((code, added / whole) for code, added in shared if added / whole >= LEAST_CONCEPT_SHARE)
