"""Maps of equal tiles: where each region lies, about, and a name short enough for its tile.

Tiles show Lagos as well as Borno, and a city as well as the region around it, which outlines on paper do not.
"""

from collections.abc import Mapping

from matching import COUNTRIES, Language, Names

NONE = "."

LAYOUTS = {
    "KZ": """
        .  .  39 59 55 .
        27 15 11 71 10 63
        23 43 62 35 33 .
        47 .  61 31 19 .
        .  .  79 .  75 .
    """,
    "NG": """
        SO ZA KT KN JI YO BO
        KE NI KD BA GO AD .
        KW FC NA PL TA .  .
        OY OS EK KO BE .  .
        OG ON ED AN EN EB CR
        LA .  DE IM AB .  .
        .  .  BY RI AK .  .
    """,
}

SHORT: Mapping[str, Names] = {
    "KZ-10": {"en": "Abai", "ru": "Абай", "kk": "Абай"},
    "KZ-11": {"en": "Aqmola", "ru": "Акмола", "kk": "Ақмола"},
    "KZ-15": {"en": "Aqtobe", "ru": "Актобе", "kk": "Ақтөбе"},
    "KZ-19": {"en": "Almaty Region", "ru": "Алматы обл.", "kk": "Алматы обл."},
    "KZ-23": {"en": "Atyrau", "ru": "Атырау", "kk": "Атырау"},
    "KZ-27": {"en": "West", "ru": "ЗКО", "kk": "БҚО"},
    "KZ-31": {"en": "Zhambyl", "ru": "Жамбыл", "kk": "Жамбыл"},
    "KZ-33": {"en": "Zhetisu", "ru": "Жетісу", "kk": "Жетісу"},
    "KZ-35": {"en": "Qaraghandy", "ru": "Караганда", "kk": "Қарағанды"},
    "KZ-39": {"en": "Qostanay", "ru": "Костанай", "kk": "Қостанай"},
    "KZ-43": {"en": "Qyzylorda", "ru": "Кызылорда", "kk": "Қызылорда"},
    "KZ-47": {"en": "Mangystau", "ru": "Мангистау", "kk": "Маңғыстау"},
    "KZ-55": {"en": "Pavlodar", "ru": "Павлодар", "kk": "Павлодар"},
    "KZ-59": {"en": "North", "ru": "СКО", "kk": "СҚО"},
    "KZ-61": {"en": "Turkistan", "ru": "Туркестан", "kk": "Түркістан"},
    "KZ-62": {"en": "Ulytau", "ru": "Ұлытау", "kk": "Ұлытау"},
    "KZ-63": {"en": "East", "ru": "ВКО", "kk": "ШҚО"},
    "NG-FC": {"en": "Abuja", "ru": "Абуджа", "kk": "Абуджа"},
    "NG-NI": {"en": "Niger", "ru": "Нигер", "kk": "Нигер"},
}
"""Where the full name is too long for a tile and not just followed by “states”."""

PLACES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    country: {
        f"{country}-{part}": (column, row)
        for row, line in enumerate(layout.strip().splitlines())
        for column, part in enumerate(line.split())
        if part != NONE
    }
    for country, layout in LAYOUTS.items()
}
"""Column and row of each region's tile, by country."""


def short_name(region: str, language: Language) -> str:
    """A region's name as it stands in its tile."""
    if region in SHORT:
        return SHORT[region][language]
    names = COUNTRIES[region.partition("-")[0]].regions[region]
    return names["ru" if language == "kk" and region.startswith("NG") else language]
