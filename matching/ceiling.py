"""How probable a match can be at most, told from little: what kind of firm it is and how relevant its listings are.

Log-odds add up, so the sum of both sides' is at most that of the firm without its listings, and for each direction in
which listings meet, what a relevance of so much adds. Both are read off the features themselves. As the logarithm of
the logistic function is concave, σ(a) · σ(b) ≤ σ((a + b) / 2)², so a bound on the sum is one on the probability.
"""

from dataclasses import dataclass, replace
from math import inf, log, sqrt

import numpy as np
import numpy.typing as npt

from matching.features import FEATURES, Asked, Crowd, Meeting
from matching.features.meeting import FITTING, NONE, Fits
from matching.features.shares_a_field import overlap
from matching.index.kernel import Floats, Ints, Weights
from matching.index.segment import TERMS, Segment, build
from matching.profile import SECTORS, Profile, Side
from matching.relevance import Relevance
from matching.scoring import DECIMALS, Model, score

DIRECTIONS = ("supplied", "demanded", "alike", "fed", "feeding")
STEPS = 1024
Tables = npt.NDArray[np.float32]
SLACK = 1e-3
"""More than single precision can be wrong in a sum of log-odds."""
NEARLY_FITTING = FITTING - 1e-4
"""Relevance in single precision from which a pair may fit."""


def least_sum(probability: float) -> float:
    """The least sum of log-odds, less ``SLACK``, with which a pair can be that probable after rounding."""
    unrounded = probability - 10.0**-DECIMALS
    if unrounded <= 0.0:
        return -inf
    side = sqrt(unrounded)
    return inf if side >= 1.0 else 2.0 * log(side / (1.0 - side)) - SLACK


@dataclass(frozen=True, slots=True)
class Classes:
    """Firms that are alike in everything but their listings, one a class.

    Attributes:
        base: sum of both sides' log-odds where no listings meet.
        probability: of a match where no listings meet.
        overlap: of the sectors, in [0, 1]; so much of the field is common without listings.
    """

    base: Weights
    probability: Floats
    overlap: Weights


def classes_of(asked: Asked, segment: Segment, examples: Ints, model: Model) -> Classes:
    """What kind of firms a segment holds, as the asker sees them."""
    crowd = Crowd.of([(segment, examples)], listings=False)
    meeting = _meeting(asked, crowd, {})
    scores = score(meeting, model)
    return Classes(
        (scores.our_log_odds + scores.their_log_odds).astype(np.float32),
        scores.probability,
        overlap(meeting).astype(np.float32),
    )


def tables_of(model: Model, relevance: Relevance) -> Tables:
    """2 × directions × (``STEPS`` + 1): what a relevance, by its place among the steps, adds to the sum at most.

    The first table is for firms whose sectors overlap wholly. The second is what relevance adds on top of it where they
    do not overlap at all, by making a field common; that counts once, for the direction in which it is most. Weights
    below 0 only ever take away, so here they count nothing.
    """
    steps = np.linspace(0.0, 1.0, STEPS + 1)
    anybody = Profile("", "", "", frozenset(SECTORS), "verified")
    asked = Asked.of(build([anybody], relevance), 0, relevance)
    crowd = Crowd.of([(asked.crowd.origins[0][0], np.zeros(len(steps), dtype=np.int64))])
    hopeful = replace(model, weights={name: max(0.0, weight) for name, weight in model.weights.items()})

    def added(some: Crowd, direction: str) -> Floats:
        scores = score(_meeting(asked, some, {direction: steps}), hopeful)
        total = scores.our_log_odds + scores.their_log_odds
        return np.maximum.accumulate(total - total[0])

    whole = np.array([added(crowd, direction) for direction in DIRECTIONS])
    nowhere = replace(crowd, sectors=np.zeros_like(crowd.sectors))
    field = np.array([added(nowhere, direction) for direction in DIRECTIONS]) - whole
    return np.array([whole, np.maximum.accumulate(field, axis=1)], dtype=np.float32)


def bonuses_of(asked: Asked, model: Model, day: int) -> npt.NDArray[np.float32]:
    """Directions of needs (supplied, demanded) × terms: what a term of a fitting pair can add, where we tell of it."""
    found = np.zeros((2, len(TERMS)), dtype=np.float32)
    sides: tuple[Side, ...] = ("need", "offer")
    for at, side in enumerate(sides):
        ours = asked.listings(side, day)
        for place, (term, tells) in enumerate(TERMS.items()):
            if tells(asked.crowd)[ours].any():
                found[at, place] = 2 * sum(max(0.0, model.weights[one.name]) for one in FEATURES if one.term == term)
    return found


def _meeting(asked: Asked, crowd: Crowd, relevance: dict[str, Floats]) -> Meeting:
    """A meeting in which listings are as relevant as told, and no pair's terms are known."""
    size = len(crowd)
    nobody = np.full(size, NONE, dtype=np.int32)
    pairs = np.zeros(0, dtype=np.int32)

    def fits(direction: str) -> Fits:
        value = relevance.get(direction, np.zeros(size))
        return Fits(value, value, nobody, nobody, (pairs, pairs))

    return Meeting(
        asked,
        crowd,
        supplied=fits("supplied"),
        demanded=fits("demanded"),
        alike=fits("alike"),
        fed=fits("fed"),
        feeding=fits("feeding"),
        relevance=np.zeros((0, 0)),
        fits=np.zeros((0, 0)),
        our_valid=np.zeros(0, dtype=np.bool_),
        their_valid=np.zeros(0, dtype=np.bool_),
    )
