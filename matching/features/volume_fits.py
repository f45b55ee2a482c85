"""Whether the quantity offered covers the quantity needed."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import Fits, Meeting
from matching.index.kernel import Floats


def volume_fits(meeting: Meeting) -> tuple[Floats, Floats]:
    """The quantity offered covers the quantity needed, in the pair of fitting listings where it does so best."""
    return (
        _covers(meeting, meeting.supplied, ours_needs=True),
        _covers(meeting, meeting.demanded, ours_needs=False),
    )


def _covers(meeting: Meeting, fits: Fits, *, ours_needs: bool) -> Floats:
    value = np.full(meeting.size, np.nan)
    listed, rows = fits.fitting
    if len(rows):
        ours, theirs = meeting.asked.crowd, meeting.crowd
        our_amounts, their_amounts = ours.amounts[listed], theirs.amounts[rows]
        same = (ours.measures[listed] == theirs.measures[rows]) & (our_amounts > 0) & (their_amounts > 0)
        need, offer = (our_amounts, their_amounts) if ours_needs else (their_amounts, our_amounts)
        np.fmax.at(value, meeting.firms_of(rows[same]), np.minimum(1.0, offer[same] / need[same]))
    return value


def _missing_volumes(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if pair.supplied is None:
        return
    need, offer = pair.supplied
    if pair.ours.listings[need].kind == "goods":
        if pair.ours.listings[need].volume is None:
            yield "ours", f"/listings/{need}/volume", "Say how much you need a month."
        if pair.theirs.listings[offer].volume is None:
            yield "theirs", f"/listings/{offer}/volume", "Say how much you can supply a month."


VOLUME = Feature(volume_fits, _missing_volumes, term="volume")
