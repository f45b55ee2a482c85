"""Certificates that a need requires and an offer holds."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import NONE, Fits, Meeting
from matching.index.segment import Floats


def held(required: tuple[str, ...], certificates: tuple[str, ...]) -> float:
    """The part of the required certificates that are held; NaN when none is required or none is named."""
    if not required or not certificates:
        return np.nan
    names = {_key(name) for name in certificates}
    return sum(_key(name) in names for name in required) / len(required)


def _key(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def holds_required_certificates(meeting: Meeting) -> tuple[Floats, Floats]:
    """The seller holds the certificates that the buyer requires, in the pair of listings that fits best."""
    return _held(meeting, meeting.supplied, ours_needs=True), _held(meeting, meeting.demanded, ours_needs=False)


def _held(meeting: Meeting, fits: Fits, *, ours_needs: bool) -> Floats:
    value = np.full(meeting.size, np.nan)
    for firm in np.flatnonzero(fits.ours != NONE):
        ours = meeting.asker.listings[fits.ours[firm]].certificates
        place = int(fits.theirs[firm] - meeting.segment.starts[firm])
        theirs = meeting.segment.profiles[firm].listings[place].certificates
        value[firm] = held(ours, theirs) if ours_needs else held(theirs, ours)
    return value


def _missing_certificates(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if pair.supplied is None:
        return
    need, offer = pair.supplied
    if pair.ours.listings[need].certificates and not pair.theirs.listings[offer].certificates:
        yield "theirs", f"/listings/{offer}/certificates", "Say which certificates you hold."


CERTIFICATES = Feature(holds_required_certificates, _missing_certificates)
