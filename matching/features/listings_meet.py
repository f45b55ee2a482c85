"""Needs that meet offers, each way, and offers of the same trade."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import Meeting
from matching.index.kernel import Floats

SAME_THING = 0.7
"""The relevance that the same thing reaches in two languages, where only concepts and grades can meet."""


def clear(relevance: Floats) -> Floats:
    """Smoothstep 3x² - 2x³ of the relevance over ``SAME_THING``: presses weak likenesses down, lifts clear ones."""
    part = np.minimum(relevance / SAME_THING, 1.0)
    return part * part * (3.0 - 2.0 * part)


def supplies_what_is_needed(meeting: Meeting) -> tuple[Floats, Floats]:
    """The other firm offers what this firm needs."""
    return clear(meeting.supplied.value), clear(meeting.demanded.value)


def needs_what_is_offered(meeting: Meeting) -> tuple[Floats, Floats]:
    """The other firm needs what this firm offers."""
    return clear(meeting.demanded.value), clear(meeting.supplied.value)


def works_in_the_same_trade(meeting: Meeting) -> tuple[Floats, Floats]:
    """Both firms offer the same kind of thing: partners or subcontractors, even where neither named a need."""
    value = clear(meeting.alike.best)
    value[np.isnan(meeting.alike.value)] = np.nan
    return value, value


def _missing_needs(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if not pair.ours.on("need"):
        yield "ours", "/listings", "Say what you need."
    if not pair.theirs.on("offer"):
        yield "theirs", "/listings", "Say what you offer."


def _missing_offers(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if not pair.ours.on("offer"):
        yield "ours", "/listings", "Say what you offer."
    if not pair.theirs.on("need"):
        yield "theirs", "/listings", "Say what you need."


SUPPLIES = Feature(supplies_what_is_needed, _missing_needs)
DEMANDS = Feature(needs_what_is_offered, _missing_offers)
SAME_TRADE = Feature(works_in_the_same_trade)
