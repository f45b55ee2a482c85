"""Willingness: from features to log-odds, from both sides' log-odds to one probability."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from matching.features import FEATURES, Meeting
from matching.index.kernel import Floats

Band = Literal["strong", "likely", "possible", "weak"]
BANDS: tuple[Band, ...] = get_args(Band)
LOWEST: dict[Band, float] = {"strong": 0.6, "likely": 0.35, "possible": 0.15, "weak": 0.0}
"""The least probability of each band."""
BIAS = "bias"
FEATURE_NAMES = tuple(feature.name for feature in FEATURES)
DECIMALS = 12


class ModelUnknown(ValueError):
    """A model's features are not the ones of this code."""


@dataclass(frozen=True, slots=True)
class Prior:
    """An expert's weight of a feature, and how unsure it is (standard deviation)."""

    mean: float
    spread: float


EXPERT_PRIORS: Mapping[str, Prior] = {
    BIAS: Prior(-2.7, 0.5),
    "supplies_what_is_needed": Prior(1.65, 0.5),
    "needs_what_is_offered": Prior(1.65, 0.5),
    "works_in_the_same_trade": Prior(0.5, 0.4),
    "supplies_our_trade": Prior(0.9, 0.4),
    "uses_what_we_supply": Prior(0.9, 0.4),
    "shares_a_field": Prior(1.45, 0.4),
    "volume_fits": Prior(0.25, 0.3),
    "holds_required_certificates": Prior(0.3, 0.3),
    "speaks_our_language": Prior(0.15, 0.2),
    "size_fits": Prior(0.15, 0.2),
    "profile_is_complete": Prior(0.15, 0.2),
    "firm_is_verified": Prior(0.15, 0.2),
}


@dataclass(frozen=True)
class Model:
    """A named set of weights, one a feature, and the bias.

    Raises:
        ModelUnknown: when the weights' names differ from the features of this code.
    """

    version: str
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        expected = {BIAS, *(feature.name for feature in FEATURES)}
        if set(self.weights) != expected:
            raise ModelUnknown(f"Model {self.version} is for other features: {sorted(expected ^ set(self.weights))}.")


EXPERT = Model("expert-1", {name: prior.mean for name, prior in EXPERT_PRIORS.items()})
"""The model before anything was learned."""


@dataclass(frozen=True, slots=True)
class Scores:
    """All firms of a segment, scored for one asker. Rows are features in their order, columns firms.

    Attributes:
        ours: values from our side, NaN where unknown.
        theirs: values from their side.
        our_log_odds: one a firm.
        their_log_odds: one a firm.
        our_willingness: its probability, one a firm.
        their_willingness: its probability, one a firm.
        probability: one a firm.
        coverage: the part of the features' weight, over both sides, that was known; one a firm.
    """

    ours: Floats
    theirs: Floats
    our_log_odds: Floats
    their_log_odds: Floats
    our_willingness: Floats
    their_willingness: Floats
    probability: Floats
    coverage: Floats


def score(meeting: Meeting, model: Model) -> Scores:
    """Measures every feature and adds up the willingness of both sides."""
    measured = [feature.measure(meeting) for feature in FEATURES]
    values = np.array([*(ours for ours, _ in measured), *(theirs for _, theirs in measured)])
    ours, theirs = values[: len(FEATURES)], values[len(FEATURES) :]
    known = ~np.isnan(values)
    added = np.where(known, values, 0.0)
    weights = [model.weights[name] for name in FEATURE_NAMES]
    our_log_odds = _added_up(added[: len(FEATURES)], weights, model)
    their_log_odds = _added_up(added[len(FEATURES) :], weights, model)
    our_willingness, their_willingness = sigmoid(our_log_odds), sigmoid(their_log_odds)
    # Rounded, so that the same pair has the same probability whoever is scored beside it.
    probability = np.round(our_willingness * their_willingness, DECIMALS)
    shares = np.abs(weights * 2)
    whole = shares.sum()
    coverage = shares @ known / whole if whole else np.ones(meeting.size)
    return Scores(ours, theirs, our_log_odds, their_log_odds, our_willingness, their_willingness, probability, coverage)


def _added_up(values: Floats, weights: list[float], model: Model) -> Floats:
    """One feature after another, so that a firm's sum does not depend on who is scored beside it."""
    total = np.full(values.shape[1], model.weights[BIAS])
    for row, weight in zip(values, weights, strict=True):
        total += weight * row
    return total


def sigmoid(log_odds: Floats) -> Floats:
    """Log-odds to probability."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def band_of(probability: float) -> Band:
    """The word for a probability."""
    return next(band for band in BANDS if probability >= LOWEST[band])
