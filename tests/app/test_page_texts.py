"""Every text of the pages stands in both catalogues, translated, with the same values to fill in."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.console.language import HERE, LOCALES

METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "text": (2,), "N_": None}
OPTIONS = {"templates/**.html": {"trimmed": "true"}}
VALUES = re.compile(r"%\((\w+)\)s|\{(\w*)\}")


def written() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(HERE, METHODS, OPTIONS, keywords=KEYWORDS)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def values(text: str) -> set[tuple[str, ...]]:
    return set(VALUES.findall(text))


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_catalogue_has_every_text_and_no_other(language: str) -> None:
    messages: list[Message] = [message for message in catalogue(language) if message.id]
    kept = {message.id if isinstance(message.id, str) else tuple(message.id) for message in messages}
    assert sorted(map(str, written() - kept)) == [], "Run: just texts, and translate the new ones"
    assert sorted(map(str, kept - written())) == [], "Run: just texts"


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_text_is_translated_with_its_values(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        translated = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert all(translated), f"not translated: {sources[0]}"
        assert not message.fuzzy, f"fuzzy: {sources[0]}"
        for text in translated:
            assert values(text) <= values(sources[-1]), text
        if len(sources) == 1:
            assert values(translated[0]) == values(sources[0]), translated[0]


def test_catalogues_lie_beside_the_pages() -> None:
    assert {path.name for path in Path(LOCALES).iterdir()} == {"ru.po", "kk.po"}
