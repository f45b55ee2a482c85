"""What there is to choose from: sectors and concepts."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import LanguageDep
from app.api.problems import responses
from app.texts import translate
from matching import SECTORS, Sector, search_concepts
from schemas.catalogue import ConceptList, ConceptOut, SectorList, SectorOut

router = APIRouter(prefix="/v1", tags=["catalogue"])

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
