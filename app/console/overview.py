"""The overview: pictures of the register and of the council's work, with their numbers."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from app.actions.exports import take_along
from app.console.csv_tables import csv_bytes
from app.console.pictures import headlines, pictures
from app.console.reader import Reader
from app.console.visit import Officer
from app.errors import NotFound
from app.queries import overview as queries
from app.web.service import ReadSession, ServiceDep, Today

router = APIRouter(prefix="/console/overview")

MOST_ROWS = 100
"""Rows of a table on the page."""


@router.get("")
def page(visit: Officer, session: ReadSession, today: Today) -> HTMLResponse:
    """All pictures, each with its table."""
    figures = queries.overview(session, today)
    reader = Reader(visit.language)
    return visit.page(
        "overview/page.html",
        headlines=headlines(figures, reader),
        pictures=list(pictures(figures, reader)),
        most_rows=MOST_ROWS,
        today=today,
    )


@router.get("/{name}.csv")
def table(name: str, visit: Officer, session: ReadSession, parts: ServiceDep, today: Today) -> Response:
    """The numbers of a picture, for a spreadsheet."""
    figures = queries.overview(session, today)
    for picture in pictures(figures, Reader(visit.language)):
        if picture.name == name:
            headers = {
                "Content-Disposition": f'attachment; filename="caravan-{name}-{today.isoformat()}.csv"',
                "Content-Language": visit.language,
            }
            take_along(parts.database, visit.caller.by, "overview", count=len(picture.rows))
            body = csv_bytes(picture.head, picture.rows, visit.language)
            return Response(body, media_type="text/csv; charset=utf-8", headers=headers)
    raise NotFound("There is nothing at this address.")
