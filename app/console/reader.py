"""How numbers, months and names are written for a reader."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from app.console.language import text
from app.console.words import KINDS, SECTORS
from matching import COUNTRIES, Kind, Language, Names, Sector

SHORT_SECTORS: dict[Sector, Names] = {
    "mining": {"en": "Mining", "ru": "Добыча", "kk": "Тау-кен"},
    "it": {"en": "IT", "ru": "ИТ", "kk": "АТ"},
    "energy": {"en": "Energy", "ru": "Энергетика", "kk": "Энергетика"},
    "agriculture": {"en": "Agriculture", "ru": "АПК", "kk": "АӨК"},
    "logistics": {"en": "Logistics", "ru": "Логистика", "kk": "Логистика"},
}
"""Names that fit beside a cell of a chart."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Someone who reads a page in a language."""

    language: Language

    def say(self, message: str, **values: Any) -> str:  # noqa: ANN401  # whatever stands in the sentence
        """A sentence of the pages' catalogue."""
        return text(self.language, message, **values)

    def number(self, value: int) -> str:
        """A whole number."""
        return format_decimal(value, locale=self.language)

    def share(self, part: int, whole: int) -> str:
        """A part of a whole in per cent; empty where there is no whole."""
        return format_percent(part / whole, locale=self.language) if whole else ""

    def month(self, day: date) -> str:
        """The month of a day, with its year."""
        return format_date(day, "LLLL y", locale=self.language)

    def short_month(self, day: date) -> str:
        """The month of a day, cut short."""
        return format_date(day, "LLL", locale=self.language)

    def country(self, code: str) -> str:
        """A country's name."""
        return COUNTRIES[code].names[self.language]

    def countries(self) -> list[str]:
        """All countries' names."""
        return [self.country(code) for code in COUNTRIES]

    def sector(self, sector: Sector) -> str:
        """A sector's name."""
        return self.say(SECTORS[sector])

    def short(self, sector: Sector) -> str:
        """A sector's name, cut short."""
        return SHORT_SECTORS[sector][self.language]

    def kind(self, kind: Kind) -> str:
        """What a kind of listing is called."""
        return self.say(KINDS[kind])
