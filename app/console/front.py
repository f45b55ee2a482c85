"""The front page."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.console.reader import Reader
from app.console.visit import VisitDep
from app.queries.overview import front_page
from app.web.service import ReadSession, Today
from matching import COUNTRIES, SECTORS

router = APIRouter()


@router.get("/")
def front(visit: VisitDep, session: ReadSession, today: Today) -> HTMLResponse:
    """What this is, with figures of the register."""
    return visit.page(
        "front.html",
        figures=front_page(session, today),
        reader=Reader(visit.language),
        countries=list(COUNTRIES),
        sectors=SECTORS,
    )
