"""Whether the service is alive and ready."""

from fastapi import APIRouter

from app.web.service import ReadSession, ServiceDep
from schemas.health import Alive, Ready

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:  # async: it must not wait for a thread
    """Answers as long as the process runs."""
    return Alive()


@router.get("/readyz", summary="Can it serve?")
def readyz(session: ReadSession, parts: ServiceDep) -> Ready:
    """Answers 200 when the database answers, its tables are up to date and the register is loaded."""
    parts.database.require_migrated()
    fresh = parts.live.fresh(session)
    return Ready(companies=len(fresh.matcher), as_of_change=fresh.change)
