"""Certificates that a need requires and an offer holds."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import Fits, Meeting
from matching.index.kernel import Floats
from matching.index.segment import Masks, Side, certificate_masks


def holds_required_certificates(meeting: Meeting) -> tuple[Floats, Floats]:
    """The seller holds the certificates that the buyer requires, in the pair of fitting listings where it does best."""
    return (
        _held(meeting, meeting.supplied, meeting.segment.offers, ours_needs=True),
        _held(meeting, meeting.demanded, meeting.segment.needs, ours_needs=False),
    )


def _held(meeting: Meeting, fits: Fits, side: Side, *, ours_needs: bool) -> Floats:
    """The part of the required certificates that are held; NaN when none is required or none is named."""
    value = np.full(meeting.size, np.nan)
    listed, rows = fits.fitting
    if len(rows):
        masks, counts = certificate_masks(meeting.asker.listings, meeting.segment.certificates)
        ours = masks[listed], counts[listed]
        theirs = side.certificates[rows], side.certificate_counts[rows]
        required, held = (ours, theirs) if ours_needs else (theirs, ours)
        known = (required[1] > 0) & (held[1] > 0)
        shares = _common(required[0][known], held[0][known]) / required[1][known]
        np.fmax.at(value, side.firms[rows[known]], shares)
    return value


def _common(one: Masks, other: Masks) -> Floats:
    common: Floats = np.bitwise_count(one & other).sum(axis=1).astype(np.float64)
    return common


def _missing_certificates(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if pair.supplied is None:
        return
    need, offer = pair.supplied
    if pair.ours.listings[need].certificates and not pair.theirs.listings[offer].certificates:
        yield "theirs", f"/listings/{offer}/certificates", "Say which certificates you hold."


CERTIFICATES = Feature(holds_required_certificates, _missing_certificates)
