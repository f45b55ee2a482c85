"""What there is to choose from: sectors and concepts."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import LanguageDep
from app.api.problems import responses
from app.api.rules import RuledRoute
from app.queries import catalogue as queries
from schemas.catalogue import ConceptList, SectorList
from schemas.understanding import TextIn, UnderstandingOut

router = APIRouter(prefix="/v1", tags=["catalogue"], route_class=RuledRoute)


@router.get("/sectors", summary="List the sectors", operation_id="list_sectors")
def sectors(language: LanguageDep) -> SectorList:
    """The five sectors with their labels."""
    return queries.sectors(language)


@router.get("/concepts", responses=responses(), summary="Find concepts while typing", operation_id="find_concepts")
def concepts(
    language: LanguageDep,
    q: Annotated[str, Query(min_length=1, max_length=200, description="The beginning of a name, or a code.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> ConceptList:
    """Goods (HS) and services (ISIC) with a name in any of the three languages that begins as typed."""
    return queries.concepts(q, language, limit=limit)


@router.post(
    "/understand",
    responses=responses(),
    summary="Understand a text while it is typed",
    operation_id="understand_text",
)
def understand(data: TextIn, language: LanguageDep) -> UnderstandingOut:
    """What the engine makes of a text: its language, the concepts with the words that led there, fitting HS codes."""
    return queries.understanding(data, language)
