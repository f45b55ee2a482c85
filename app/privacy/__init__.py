"""What firms consent to: texts in three languages, a folder a version. A version that was published never changes."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.texts import translate
from matching import LANGUAGES, Language

HERE = Path(__file__).parent
VERSIONS = tuple(sorted(folder.name for folder in HERE.iterdir() if (folder / "en.json").is_file()))
"""All versions, oldest first: the year and month from which each holds."""
CURRENT = VERSIONS[-1]
"""The version that firms are asked for."""
NOBODY = "The business council that runs this register"
NOWHERE = "the council"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the text."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentText:
    """A version of the text in a language; ``agree`` is the sentence that a firm ticks."""

    version: str
    language: Language
    title: str
    agree: str
    sections: tuple[Section, ...]


@lru_cache(maxsize=len(VERSIONS) * len(LANGUAGES) * 4)
def consent_text(version: str, language: Language, controller: str | None, contact: str | None) -> ConsentText:
    """A version of the text, naming who holds the data.

    Raises:
        KeyError: there is no such version.
    """
    if version not in VERSIONS:
        raise KeyError(version)
    written = json.loads((HERE / version / f"{language}.json").read_text(encoding="utf-8"))
    named = {
        "controller": controller or translate(NOBODY, language),
        "contact": contact or translate(NOWHERE, language),
    }
    return ConsentText(
        version,
        language,
        written["title"],
        written["agree"],
        tuple(
            Section(part["heading"], tuple(one.format(**named) for one in part["text"])) for part in written["sections"]
        ),
    )
