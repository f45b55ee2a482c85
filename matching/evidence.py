"""What the engine answers: matches, with everything that led to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from matching.features import FEATURES, Gap, Meeting, Pair, Perspective
from matching.features.meeting import NONE, Fits
from matching.profile import KINDS, Listing, Profile
from matching.relevance import KIND_FIT, Relevance, Vectors
from matching.scoring import BIAS, Band, Model, Scores, band_of, sigmoid

Direction = Literal["they_supply", "we_supply", "same_trade"]
LEAST_RELEVANCE: dict[Direction, float] = {"they_supply": 0.2, "we_supply": 0.2, "same_trade": 0.45}
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


def explain(meeting: Meeting, scores: Scores, at: int, *, vectors: Vectors, rules: tuple[Model, Relevance]) -> Match:
    """The match of the asker (its listings' vectors in ``vectors``) with the firm at place ``at``."""
    model, relevance = rules
    theirs = meeting.segment.profiles[at]
    components = _components(scores, at, model)
    pair = Pair(meeting.asker, theirs, _best_pair(meeting, meeting.supplied, at), None)
    demanded = _best_pair(meeting, meeting.demanded, at)
    pair = Pair(pair.ours, pair.theirs, pair.supplied, demanded)
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
        evidence=_evidence(meeting, vectors, at, relevance),
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


def _best_pair(meeting: Meeting, fits: Fits, at: int) -> tuple[int, int] | None:
    if fits.ours[at] == NONE:
        return None
    return int(fits.ours[at]), int(fits.theirs[at] - meeting.segment.starts[at])


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


def _evidence(meeting: Meeting, vectors: Vectors, at: int, relevance: Relevance) -> tuple[Evidence, ...]:
    asker, segment = meeting.asker, meeting.segment
    rows = segment.rows_of(at)
    theirs = segment.profiles[at].listings
    if not theirs or not asker.listings:
        return ()
    products = (vectors @ segment.vectors[rows].T).toarray()
    kept: dict[Direction, int] = {}
    found: list[Evidence] = []
    for place in np.argsort(-products, axis=None, kind="stable").tolist():
        our_place, their_place = divmod(place, len(theirs))
        our, their = asker.listings[our_place], theirs[their_place]
        direction = direction_of(our, their)
        fit = float(products[our_place, their_place]) * float(KIND_FIT[KINDS.index(our.kind), KINDS.index(their.kind)])
        if direction is None or fit < LEAST_RELEVANCE[direction] or kept.get(direction, 0) >= MOST_PAIRS:
            continue
        if not (meeting.is_valid(our) and meeting.is_valid(their)):
            continue
        kept[direction] = kept.get(direction, 0) + 1
        found.append(
            Evidence(
                direction,
                our,
                their,
                min(fit, 1.0),
                _shares(vectors[[our_place]], segment.vectors[[rows.start + their_place]], relevance),
                relevance.shared_words(our, their)[:MOST_WORDS],
            )
        )
    order: tuple[Direction, ...] = ("they_supply", "we_supply", "same_trade")
    return tuple(sorted(found, key=lambda one: (order.index(one.direction) == len(order) - 1, -one.relevance)))


def direction_of(ours: Listing, theirs: Listing) -> Direction | None:
    """Which way a pair of listings points; None for two needs."""
    if ours.side == "need":
        return "they_supply" if theirs.side == "offer" else None
    return "we_supply" if theirs.side == "need" else "same_trade"


def _shares(ours: Vectors, theirs: Vectors, relevance: Relevance) -> tuple[tuple[str, float], ...]:
    whole = float((ours @ theirs.T).toarray()[0, 0])
    shared = relevance.shared_concepts(ours, theirs)[:MOST_CONCEPTS]
    return tuple((code, added / whole) for code, added in shared if added / whole >= LEAST_CONCEPT_SHARE)
