"""Sentences for people in their language: English in the code, Russian and Kazakh in ``locales/*.po``."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

from matching import LANGUAGES, Language

LOCALES = Path(__file__).parent / "locales"
DEFAULT: Language = "en"


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: Language) -> dict[str, str]:
    if language == DEFAULT:
        return {}
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}


def translate(message: str, language: Language, params: dict[str, str] | None = None) -> str:
    """A sentence in the language asked for; in English where the catalogue lacks it."""
    sentence = _catalogue(language).get(message, message)
    return sentence.format(**params) if params else sentence


def translator(language: Language) -> Callable[[str], str]:
    """Translates whole sentences into one language."""
    return lambda message: translate(message, language)


def language_asked_for(header: str | None) -> Language:
    """The best of our languages by an ``Accept-Language`` header (RFC 9110, 12.5.4); English by default."""
    best: tuple[float, Language] = (0.0, DEFAULT)
    for part in (header or "").split(","):
        tag, _, quality = part.partition(";")
        language = next((one for one in LANGUAGES if one == tag.strip().lower().partition("-")[0]), None)
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality.strip() else 1.0
        except ValueError:
            continue
        if language is not None and weight > best[0]:
            best = (weight, language)
    return best[1]
