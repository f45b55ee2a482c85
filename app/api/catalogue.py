"""What there is to choose from: sectors and concepts."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import LanguageDep
from app.api.problems import responses
from app.texts import translate
from matching import SECTORS, Sector, language_of, search_concepts, suggested_headings, trade_linker, trade_vocabulary
from schemas.catalogue import ConceptList, ConceptOut, SectorList, SectorOut
from schemas.understanding import SuggestedCode, TextIn, UnderstandingOut, UnderstoodConcept

router = APIRouter(prefix="/v1", tags=["catalogue"])

DECIMALS = 4

LABELS: dict[Sector, str] = {
    "mining": "Mining",
    "it": "Information technology",
    "energy": "Energy",
    "agriculture": "Agriculture",
    "logistics": "Transport and logistics",
}


@router.get("/sectors", summary="List the sectors")
def sectors(language: LanguageDep) -> SectorList:
    """The five sectors with their labels."""
    return SectorList(items=[SectorOut(code=sector, label=translate(LABELS[sector], language)) for sector in SECTORS])


@router.get("/concepts", responses=responses(), summary="Find concepts while typing")
def concepts(
    language: LanguageDep,
    q: Annotated[str, Query(min_length=1, max_length=200, description="The beginning of a name, or a code.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> ConceptList:
    """Goods (HS) and services (ISIC) with a name in any of the three languages that begins as typed."""
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
            for concept, name in search_concepts(q, limit)
        ]
    )


@router.post("/understand", responses=responses(), summary="Understand a text while it is typed")
def understand(data: TextIn, language: LanguageDep) -> UnderstandingOut:
    """What the engine makes of a text: its language, the concepts with the words that led there, fitting HS codes."""
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
