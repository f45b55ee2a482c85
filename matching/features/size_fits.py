"""Firms of like size."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import Meeting
from matching.index.columns import UNKNOWN
from matching.index.kernel import Floats
from matching.profile import SIZES


def size_fits(meeting: Meeting) -> tuple[Floats, Floats]:
    """The firms are of like size, so that neither is lost in the other's orders."""
    if meeting.asker.size is None:
        value = np.full(meeting.size, np.nan)
    else:
        apart = np.abs(meeting.crowd.sizes - SIZES.index(meeting.asker.size))
        value = np.where(meeting.crowd.sizes == UNKNOWN, np.nan, 1.0 - apart / (len(SIZES) - 1))
    return value, value


def _missing_size(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if pair.ours.size is None:
        yield "ours", "/size", "Say how large your firm is."
    if pair.theirs.size is None:
        yield "theirs", "/size", "Say how large your firm is."


SIZE = Feature(size_fits, _missing_size)
