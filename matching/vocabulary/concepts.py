"""Concepts: what they are and where their data comes from.

Codes are ``hs:`` with 2 (chapter), 4 (heading) or 6 (subheading) digits of HS 2022, or ``isic:`` with 2 (division),
3 (group) or 4 (class) digits of ISIC Rev. 4; a skill finer than a class is ``isic:7110-drone-survey``.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, get_args

from matching.languages import LANGUAGES, Language, Names
from matching.profile import SECTORS, Sector

DATA = Path(__file__).parent
LinkKind = Literal["input_of", "equipment_for", "service_for", "substitute_for"]
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)
Scheme = Literal["hs", "isic"]


class VocabularyInvalid(ValueError):
    """A data file of the vocabulary breaks a rule; the message names file and code."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One entry of the vocabulary: ``labels`` to show, ``names`` to be found by."""

    code: str
    labels: Names
    names: Mapping[Language, tuple[str, ...]]
    parent: str | None

    @property
    def scheme(self) -> Scheme:
        """Goods (``hs``) or services and skills (``isic``)."""
        return "hs" if self.code.startswith("hs:") else "isic"

    @property
    def level(self) -> int:
        """Digits of the code; a skill counts as one more than its class."""
        digits, _, skill = self.code.partition(":")[2].partition("-")
        return len(digits) + bool(skill)


@dataclass(frozen=True, slots=True)
class Link:
    """A value-chain link: ``source`` serves ``target`` as ``kind`` says, ``strength`` in (0, 1]."""

    source: str
    target: str
    kind: LinkKind
    strength: float


@dataclass(frozen=True)
class Vocabulary:
    """All concepts in the order of their codes, their links, and what belongs to each sector."""

    concepts: tuple[Concept, ...]
    links: tuple[Link, ...]
    sector_codes: Mapping[Sector, tuple[str, ...]]

    @cached_property
    def places(self) -> dict[str, int]:
        """Code to the concept's place in ``concepts``."""
        return {concept.code: place for place, concept in enumerate(self.concepts)}

    def __contains__(self, code: str) -> bool:
        return code in self.places

    def __getitem__(self, code: str) -> Concept:
        return self.concepts[self.places[code]]

    def nearest(self, scheme: Scheme, digits: str) -> Concept | None:
        """The finest concept that a declared code falls under, or None when its heading or division is unknown."""
        for length in range(min(len(digits), 6), 1, -1):
            code = f"{scheme}:{digits[:length]}"
            if code in self:
                return self[code]
        return None

    def knows(self, scheme: Scheme, digits: str) -> bool:
        """Whether a declared code exists: an HS code by its heading, an ISIC code by itself or its group."""
        needed = 4 if scheme == "hs" else min(len(digits), 3)
        found = self.nearest(scheme, digits)
        return found is not None and found.level >= min(needed, len(digits))


@lru_cache(maxsize=1)
def trade_vocabulary() -> Vocabulary:
    """The vocabulary of the package, read once.

    Raises:
        VocabularyInvalid: a code twice, a missing label or parent, a link to nowhere.
    """
    concepts = tuple(sorted((*_concepts("hs", "goods.csv"), *_concepts("isic", "services.csv")), key=lambda c: c.code))
    codes = {concept.code for concept in concepts}
    if len(codes) < len(concepts):
        raise VocabularyInvalid("A code stands twice in goods.csv or services.csv.")
    for concept in concepts:
        if concept.parent is not None and concept.parent not in codes:
            raise VocabularyInvalid(f"{concept.code}: its parent {concept.parent} is missing.")
    return Vocabulary(concepts, tuple(_links(codes)), _sector_codes(codes))


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def _concepts(scheme: Scheme, file_name: str) -> Iterator[Concept]:
    known: set[str] = set()
    for row in _rows(file_name):
        digits = row["code"]
        labels: Names = {language: row[language] for language in LANGUAGES}
        if not all(labels.values()):
            raise VocabularyInvalid(f"{file_name}: {digits} lacks a label.")
        known.add(digits)
        yield Concept(
            code=f"{scheme}:{digits}",
            labels=labels,
            names={
                language: tuple(name for name in row[f"{language}_names"].split("|") if name) for language in LANGUAGES
            },
            parent=next((f"{scheme}:{above}" for above in _above(scheme, digits) if above in known), None),
        )


def _above(scheme: Scheme, digits: str) -> Iterator[str]:
    code, _, skill = digits.partition("-")
    if skill:
        yield code
    step = 2 if scheme == "hs" else 1
    yield from (code[:length] for length in range(len(code) - step, 1, -step))


def _links(codes: set[str]) -> Iterator[Link]:
    for row in _rows("links.csv"):
        kind = next((kind for kind in LINK_KINDS if kind == row["kind"]), None)
        link = Link(row["from"], row["to"], kind or "input_of", float(row["strength"]))
        if kind is None or link.source not in codes or link.target not in codes or not 0 < link.strength <= 1:
            raise VocabularyInvalid(f"links.csv: {row} has an unknown code or kind, or a strength outside (0, 1].")
        yield link


def _sector_codes(codes: set[str]) -> dict[Sector, tuple[str, ...]]:
    listed: dict[Sector, list[str]] = {sector: [] for sector in SECTORS}
    for row in _rows("sectors.csv"):
        sector = next((sector for sector in SECTORS if sector == row["sector"]), None)
        if sector is None or row["code"] not in codes:
            raise VocabularyInvalid(f"sectors.csv: {row} names an unknown sector or concept.")
        listed[sector].append(row["code"])
    return {sector: tuple(found) for sector, found in listed.items()}
