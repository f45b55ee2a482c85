"""Certificates that a need requires and an offer holds."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import Fits, Meeting
from matching.index.kernel import Floats, common


def holds_required_certificates(meeting: Meeting) -> tuple[Floats, Floats]:
    """The seller holds the certificates that the buyer requires, in the pair of fitting listings where it does best."""
    return _held(meeting, meeting.supplied, ours_needs=True), _held(meeting, meeting.demanded, ours_needs=False)


def _held(meeting: Meeting, fits: Fits, *, ours_needs: bool) -> Floats:
    """The part of the required certificates that are held; NaN when none is required or none is named."""
    value = np.full(meeting.size, np.nan)
    listed, rows = fits.fitting
    if len(rows):
        ours, theirs = meeting.asked.crowd, meeting.crowd
        our_counts, their_counts = np.diff(ours.certificate_starts)[listed], np.diff(theirs.certificate_starts)[rows]
        known = (our_counts > 0) & (their_counts > 0)
        if known.any():
            held = common(
                ours.certificate_starts,
                ours.certificates,
                listed[known],
                theirs.certificate_starts,
                theirs.certificates,
                rows[known],
            )
            required = (our_counts if ours_needs else their_counts)[known]
            np.fmax.at(value, meeting.firms_of(rows[known]), held / required)
    return value


def _missing_certificates(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if pair.supplied is None:
        return
    need, offer = pair.supplied
    if pair.ours.listings[need].certificates and not pair.theirs.listings[offer].certificates:
        yield "theirs", f"/listings/{offer}/certificates", "Say which certificates you hold."


CERTIFICATES = Feature(holds_required_certificates, _missing_certificates, term="certificates")
