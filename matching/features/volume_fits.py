"""Whether the quantity offered covers the quantity needed."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import NONE, Fits, Meeting
from matching.index.segment import Floats
from matching.profile import Volume

_MASS, _LENGTH, _VOLUME, _PIECES, _ENERGY = "mass", "length", "volume", "pieces", "energy"
UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("t", "mt", "ton", "tons", "tonne", "tonnes", "тонн", "тонна", "тонны", "т", "тн"), (_MASS, 1.0)),
    **dict.fromkeys(("kg", "кг"), (_MASS, 0.001)),
    **dict.fromkeys(("g", "г", "gr", "гр"), (_MASS, 1e-6)),
    **dict.fromkeys(("q", "ц", "центнер"), (_MASS, 0.1)),
    **dict.fromkeys(("m3", "m³", "м3", "м³", "cbm"), (_VOLUME, 1.0)),
    **dict.fromkeys(("l", "л", "litre", "litres", "liter", "liters"), (_VOLUME, 0.001)),
    **dict.fromkeys(("bbl", "barrel", "barrels", "баррель"), (_VOLUME, 0.158987)),
    **dict.fromkeys(("m", "м"), (_LENGTH, 1.0)),
    **dict.fromkeys(("km", "км"), (_LENGTH, 1000.0)),
    **dict.fromkeys(
        ("pcs", "pc", "pieces", "piece", "unit", "units", "шт", "дана", "ед", "head", "голов"), (_PIECES, 1.0)
    ),
    **dict.fromkeys(("mwh", "мвтч"), (_ENERGY, 1.0)),
    **dict.fromkeys(("gwh", "гвтч"), (_ENERGY, 1000.0)),
}
"""Units as people write them: what they measure and how many of that measure's base unit they are."""
TIMES_A_YEAR = {"day": 365.0, "week": 52.0, "month": 12.0, "quarter": 4.0, "year": 1.0}


def yearly(volume: Volume) -> tuple[str, float]:
    """What a volume measures and how much a year (or once) in the measure's base unit."""
    unit = volume.unit.casefold().strip(" .")
    measure, size = UNITS.get(unit, (unit, 1.0))
    return measure, volume.amount * size * TIMES_A_YEAR.get(volume.per or "year", 1.0)


def cover(need: Volume | None, offer: Volume | None) -> float:
    """The part of the need that the offer covers, in [0, 1]; NaN when it cannot be told."""
    if need is None or offer is None:
        return np.nan
    (needed_as, needed), (offered_as, offered) = yearly(need), yearly(offer)
    if needed_as != offered_as or needed <= 0:
        return np.nan
    return min(1.0, offered / needed)


def volume_fits(meeting: Meeting) -> tuple[Floats, Floats]:
    """The quantity offered covers the quantity needed, in the pair of listings that fits best."""
    return _covers(meeting, meeting.supplied, ours_needs=True), _covers(meeting, meeting.demanded, ours_needs=False)


def _covers(meeting: Meeting, fits: Fits, *, ours_needs: bool) -> Floats:
    value = np.full(meeting.size, np.nan)
    for firm in np.flatnonzero(fits.ours != NONE):
        ours = meeting.asker.listings[fits.ours[firm]].volume
        place = int(fits.theirs[firm] - meeting.segment.starts[firm])
        theirs = meeting.segment.profiles[firm].listings[place].volume
        value[firm] = cover(ours, theirs) if ours_needs else cover(theirs, ours)
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


VOLUME = Feature(volume_fits, _missing_volumes)
