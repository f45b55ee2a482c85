"""Texts of the pages in the reader's language: catalogues beside, numbers and dates through Babel."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.texts import translate
from matching import Language

HERE = Path(__file__).parent
LOCALES = HERE / "locales"
TEMPLATES = HERE / "templates"
NAMES: dict[Language, str] = {"en": "English", "ru": "Русский", "kk": "Қазақша"}
SOURCE: Language = "en"


@lru_cache(maxsize=len(NAMES))
def translations(language: Language) -> Translations:
    """The pages' catalogue of a language, compiled in memory."""
    if language == SOURCE:
        return Translations()
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


@lru_cache(maxsize=len(NAMES))
def environment(language: Language) -> Environment:
    """The templates, speaking one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    locale = Locale(language)  # read once: by its name it would be looked up for each number
    filters: dict[str, Callable[..., str]] = {
        "number": partial(format_decimal, locale=locale),
        "signed": partial(format_decimal, format="+0.00;−0.00", locale=locale),
        "language": partial(_language_name, language=language),
        "percent": partial(format_percent, locale=locale),
        "day": partial(_day, locale=locale),
        "moment": partial(format_datetime, format="d MMM y, HH:mm", locale=locale),
        "said": partial(_said, language=language),
    }
    made.filters |= filters
    return made


def _language_name(code: str, *, language: Language) -> str:
    return str(Locale(language).languages.get(code, code))


def _said(sentence: str, params: dict[str, str] | None = None, *, language: Language) -> str:
    return translate(sentence, language, params)


def _day(value: date | datetime | str, locale: Locale) -> str:
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return format_date(day, "d MMM y", locale=locale)


def text(language: Language, message: str, **values: Any) -> str:  # noqa: ANN401  # whatever stands in the sentence
    """A sentence of the pages' catalogue."""
    found = translations(language).gettext(message)
    return found.format(**values) if values else found
