"""Whether the quantity offered covers the quantity needed."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import Fits, Meeting
from matching.index.kernel import Floats
from matching.index.segment import Side
from matching.profile import Listing
from matching.volumes import yearly

UNKNOWN_MEASURE = -2


def volume_fits(meeting: Meeting) -> tuple[Floats, Floats]:
    """The quantity offered covers the quantity needed, in the pair of fitting listings where it does so best."""
    return (
        _covers(meeting, meeting.supplied, meeting.segment.offers, ours_needs=True),
        _covers(meeting, meeting.demanded, meeting.segment.needs, ours_needs=False),
    )


def _covers(meeting: Meeting, fits: Fits, side: Side, *, ours_needs: bool) -> Floats:
    value = np.full(meeting.size, np.nan)
    listed, rows = fits.fitting
    if len(rows):
        ours = np.array([_yearly(listing, meeting.segment.measures) for listing in meeting.asker.listings])
        our_measures, our_amounts = ours[listed].T
        same = (our_measures == side.measures[rows]) & (our_amounts > 0) & (side.amounts[rows] > 0)
        need, offer = (our_amounts, side.amounts[rows]) if ours_needs else (side.amounts[rows], our_amounts)
        np.fmax.at(value, side.firms[rows[same]], np.minimum(1.0, offer[same] / need[same]))
    return value


def _yearly(listing: Listing, measures: dict[str, int]) -> tuple[float, float]:
    if listing.volume is None:
        return float(UNKNOWN_MEASURE), 0.0
    measure, amount = yearly(listing.volume)
    return float(measures.get(measure, UNKNOWN_MEASURE)), amount


def _missing_volumes(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if pair.supplied is None:
        return
    need, offer = pair.supplied
    if pair.ours.listings[need].kind == "goods":
        if pair.ours.listings[need].volume is None:
            yield "ours", f"/listings/{need}/volume", "Say how much you need a month."
        if pair.theirs.listings[offer].volume is None:
            yield "theirs", f"/listings/{offer}/volume", "Say how much you can supply a month."


VOLUME = Feature(volume_fits, _missing_volumes)
