"""Offers that one trade makes and another uses: materials, equipment, services along the value chain."""

import numpy as np

from matching.features.feature import Feature
from matching.features.meeting import Fits, Meeting
from matching.index.kernel import Floats


def supplies_our_trade(meeting: Meeting) -> tuple[Floats, Floats]:
    """The other firm offers what firms of this firm's trade use: materials, equipment or services."""
    return _best(meeting.fed), _best(meeting.feeding)


def uses_what_we_supply(meeting: Meeting) -> tuple[Floats, Floats]:
    """The other firm's trade uses what this firm offers."""
    return _best(meeting.feeding), _best(meeting.fed)


CLEAR_USE = 0.5
"""The product of a main use's link with two listings that name its ends outright and little else."""


def used(fits: Fits) -> Floats:
    """How clearly one trade uses the other, in [0, 1]."""
    return np.minimum(fits.best / CLEAR_USE, 1.0)


def _best(fits: Fits) -> Floats:
    value = used(fits)
    value[np.isnan(fits.value)] = np.nan
    return value


SUPPLIES_TRADE = Feature(supplies_our_trade)
USES_SUPPLY = Feature(uses_what_we_supply)
