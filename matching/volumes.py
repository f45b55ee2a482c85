"""Quantities as people write them, made comparable."""

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
