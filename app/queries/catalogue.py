"""What there is to choose from, and what the engine makes of a text."""

from typing import Literal

from app.texts import translate
from matching import (
    SECTORS,
    Language,
    Sector,
    language_of,
    search_concepts,
    suggested_headings,
    trade_linker,
    trade_vocabulary,
)
from schemas.catalogue import ConceptList, ConceptOut, SectorList, SectorOut
from schemas.understanding import SuggestedCode, TextIn, UnderstandingOut, UnderstoodConcept

DECIMALS = 4

LABELS: dict[Sector, str] = {
    "mining": "Mining",
    "it": "Information technology",
    "energy": "Energy",
    "agriculture": "Agriculture",
    "logistics": "Transport and logistics",
}


def sectors(language: Language) -> SectorList:
    """The five sectors with their labels."""
    return SectorList(items=[SectorOut(code=sector, label=translate(LABELS[sector], language)) for sector in SECTORS])


def concepts(typed: str, language: Language, *, limit: int) -> ConceptList:
    """Goods and services with a name in any of the three languages that begins as typed."""
    return ConceptList(
        items=[
            ConceptOut(
                code=concept.code,
                scheme=concept.scheme,
                label=concept.labels[language],
                labels={str(code): label for code, label in concept.labels.items()},
                name=name,
                parent=concept.parent,
            )
            for concept, name in search_concepts(typed, limit)
        ]
    )


def understanding(data: TextIn, language: Language) -> UnderstandingOut:
    """What the engine makes of a text."""
    reading = trade_linker().read(data.text)
    words = trade_vocabulary()
    return UnderstandingOut(
        language=language_of(data.text),
        confidence=round(reading.confidence, DECIMALS),
        concepts=[
            UnderstoodConcept(
                code=found.code,
                scheme=words[found.code].scheme,
                label=words[found.code].labels[language],
                weight=round(found.weight, DECIMALS),
                words=list(found.words),
            )
            for found in reading.found
        ],
        hs_codes=[
            SuggestedCode(
                code=concept.code.partition(":")[2], label=concept.labels[language], weight=round(weight, DECIMALS)
            )
            for concept, weight in suggested_headings(reading)
        ]
        if data.kind in {None, "goods", "technology"}
        else [],
    )


def code_label(scheme: Literal["hs", "isic"], digits: str, language: Language) -> str | None:
    """What a declared code stands for; None for one that is not known."""
    words = trade_vocabulary()
    concept = words.nearest(scheme, digits) if words.knows(scheme, digits) else None
    return None if concept is None else concept.labels[language]
