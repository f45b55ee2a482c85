"""The API's interactive documentation, with its assets from this package."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from app.api.rules import RuledRoute

router = APIRouter(include_in_schema=False, route_class=RuledRoute)

STATIC = StaticFiles(directory=Path(__file__).parent / "static")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Caravan API</title>
<link rel="stylesheet" href="/static/swagger-ui/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/static/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/static/swagger-ui/start.js"></script>
</body>
</html>
"""


@router.get("/docs", operation_id="read_documentation")
def docs() -> HTMLResponse:
    """The documentation page."""
    return HTMLResponse(PAGE)
