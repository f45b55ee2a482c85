"""The figures of the service, for those who know the token of the settings."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.api.deps import knows_metrics_token
from app.api.rules import RuledRoute
from app.checks import ServiceFigures
from app.errors import CredentialsInvalid, NotFound
from app.watch.figures import CONTENT_TYPE, exposed
from app.web.service import ServiceDep

router = APIRouter(route_class=RuledRoute)


@router.get("/metrics", include_in_schema=False, operation_id="read_metrics")
def metrics(parts: ServiceDep, authorization: Annotated[str | None, Header()] = None) -> Response:
    """In the text form of Prometheus; without the setting there is nothing here."""
    if parts.settings.metrics_token is None:
        raise NotFound("There is nothing at this address.")
    if not knows_metrics_token(parts.settings, authorization):
        raise CredentialsInvalid("This token is not known, or the company was removed.")
    parts.sampler.sample()
    return Response(exposed(ServiceFigures(parts.database, parts.settings)), media_type=CONTENT_TYPE)
