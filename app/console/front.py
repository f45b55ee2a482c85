"""The front page."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.console.visit import VisitDep

router = APIRouter()


@router.get("/")
def front(visit: VisitDep) -> HTMLResponse:
    """What this is, with figures of the register."""
    return visit.page("front.html")
