"""The bundled sample and the translated profiles as the engine reads them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import app.sample
from matching import LANGUAGES, Language, Listing, Matcher, Profile, Volume
from tests.factories import profile

SAMPLE = Path(app.sample.__file__).parent / "companies.jsonl"
TRANSLATIONS = Path(__file__).parent / "translations.jsonl"
TODAY = date(2026, 7, 1)
EVERYBODY = 1_000
COUNTRIES_APART = ("KZ", "NG")


@lru_cache(maxsize=1)
def sample_profiles() -> tuple[Profile, ...]:
    return tuple(_profile(f"sample-{number:03d}", document) for number, document in enumerate(_documents(SAMPLE)))


def firms_of(country: str) -> tuple[Profile, ...]:
    return tuple(firm for firm in sample_profiles() if firm.country == country)


def matcher_of(firms: Iterable[Profile]) -> Matcher:
    matcher = Matcher()
    matcher.change(put=list(firms))
    return matcher


def probabilities(matcher: Matcher, firm: Profile) -> dict[str, float]:
    ranking = matcher.rank(firm.id, today=TODAY, limit=EVERYBODY)
    return {match.theirs.id: match.probability for match in ranking.matches}


def with_listings(firm: Profile, listings: Iterable[Listing]) -> Profile:
    return replace(firm, listings=tuple(listings))


@dataclass(frozen=True, slots=True)
class Translated:
    """A firm in the language it registered in, and the same firm in each language."""

    written: Language
    versions: dict[Language, Profile]

    @property
    def original(self) -> Profile:
        return self.versions[self.written]

    def into(self, language: Language) -> Profile:
        """The firm in ``language``; one that wrote Russian counts in English where Russian is asked for."""
        return self.versions["en" if language == self.written else language]


@lru_cache(maxsize=1)
def translated_firms() -> tuple[Translated, ...]:
    return tuple(
        Translated(
            document["written"],
            {
                language: _profile(document["id"], document | {"listings": listings})
                for language in LANGUAGES
                if len(listings := list(_in_language(document, language))) == len(document["listings"])
            },
        )
        for document in _documents(TRANSLATIONS)
    )


def _in_language(document: dict[str, Any], language: Language) -> Iterator[dict[str, Any]]:
    for listing in document["listings"]:
        if language in listing:
            yield {"side": listing["side"], "kind": listing["kind"]} | listing[language]


def _documents(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _profile(name: str, document: dict[str, Any]) -> Profile:
    return profile(
        name,
        document["country"],
        *(_listing(f"{name}-{place}", listing) for place, listing in enumerate(document["listings"])),
        sectors=frozenset(document["sectors"]),
        size=document.get("size"),
        languages=frozenset(document.get("languages", ())),
    )


def _listing(name: str, document: dict[str, Any]) -> Listing:
    volume = document.get("volume")
    return Listing(
        id=name,
        side=document["side"],
        kind=document["kind"],
        title=document["title"],
        text=document.get("text", ""),
        hs_codes=tuple(document.get("hs_codes", ())),
        isic_codes=tuple(document.get("isic_codes", ())),
        volume=volume and Volume(volume["amount"], volume["unit"], volume.get("per")),
        certificates=tuple(document.get("certificates", ())),
    )
