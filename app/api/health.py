"""Whether the service is alive and ready."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from app.api.deps import LanguageDep, knows_metrics_token
from app.api.problems import MEDIA_TYPE, URN
from app.api.rules import RuledRoute
from app.errors import NotReady as Failed
from app.texts import translate
from app.watch.requests import request_id
from app.web.service import ServiceDep
from app.web.unavailable import RETRY_SECONDS
from schemas.health import Alive, CheckOut, NotReady, Ready

router = APIRouter(tags=["health"], route_class=RuledRoute)
UNREADY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "It cannot serve now",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


@router.get("/healthz", summary="Is the process alive?", operation_id="check_life")
async def healthz() -> Alive:  # async: it must not wait for a thread
    """Answers as long as the process runs."""
    return Alive()


@router.get(
    "/readyz",
    summary="Can it serve?",
    operation_id="check_readiness",
    response_model=Ready,
    response_model_exclude_none=True,
    responses=UNREADY,
)
def readyz(
    request: Request,
    parts: ServiceDep,
    language: LanguageDep,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Ready | Response:
    """Answers 200 when the database answers in time and is migrated, the register is fresh and nothing else is wrong.

    With the token of the metrics it tells what was looked at; anybody else learns only whether it is ready.
    """
    report = parts.readiness.look()
    checks = None
    if knows_metrics_token(parts.settings, authorization):
        checks = [CheckOut(name=check.name, ok=check.ok, why=check.why) for check in report.checks]
    if report.ready:
        return Ready(companies=report.companies, as_of_change=report.change, checks=checks)
    failed = Failed("The service cannot answer now. Whoever runs it learns why from: caravan doctor")
    document = NotReady(
        type=URN + failed.code,
        title=translate(failed.title, language),
        status=failed.status,
        detail=translate(failed.detail, language),
        instance=request.url.path,
        request_id=request_id(),
        companies=report.companies,
        as_of_change=report.change,
        checks=checks,
    )
    return Response(
        document.model_dump_json(exclude_none=True),
        status_code=failed.status,
        media_type=MEDIA_TYPE,
        headers={"Retry-After": RETRY_SECONDS},
    )
