"""Whether the service is alive and ready."""

from fastapi import APIRouter

from app.api.rules import RuledRoute
from app.web.service import ReadSession, ServiceDep
from schemas.health import Alive, Ready

router = APIRouter(tags=["health"], route_class=RuledRoute)


@router.get("/healthz", summary="Is the process alive?", operation_id="check_life")
async def healthz() -> Alive:  # async: it must not wait for a thread
    """Answers as long as the process runs."""
    return Alive()


@router.get("/readyz", summary="Can it serve?", operation_id="check_readiness")
def readyz(session: ReadSession, parts: ServiceDep) -> Ready:
    """Answers 200 when the database answers, its tables are up to date and the register is loaded."""
    parts.database.require_migrated()
    fresh = parts.live.fresh(session)
    return Ready(companies=len(fresh.matcher), as_of_change=fresh.change)
