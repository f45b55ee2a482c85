"""The parts of the running service, as named dependencies."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.actions.registration import Registrations
from app.actions.tokens import TokenUses
from app.checks import Readiness, Sampler
from app.db import Database
from app.db.base import now
from app.live import LiveRegister
from app.settings import Settings
from app.web.keyed import KEYED, Keyed


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of the running service that routes use."""

    settings: Settings
    database: Database
    live: LiveRegister
    registrations: Registrations
    token_uses: TokenUses
    catch_up: Callable[[], None]
    readiness: Readiness
    sampler: Sampler


async def service(request: Request) -> Service:  # async: these few need no thread
    """The running service."""
    found: Service = request.app.state.service
    return found


ServiceDep = Annotated[Service, Depends(service)]


def _reading(parts: ServiceDep) -> Iterator[Session]:
    with parts.database.reading() as session:
        yield session


def keyed(request: Request) -> Keyed | None:
    """The work on a request that has an ``Idempotency-Key``; None for any other."""
    found: Keyed | None = request.scope.get(KEYED)
    return found


def _writing(parts: ServiceDep, request: Request) -> Iterator[Session]:
    work = keyed(request)
    with parts.database.writing() if work is None else work.writing() as session:
        yield session


async def _today() -> date:
    return now().date()


def request_id(request: Request) -> str | None:
    """The id that a layer outside gave the request, if one did."""
    found = getattr(request.state, "request_id", None)
    return None if found is None else str(found)


ReadSession = Annotated[Session, Depends(_reading, scope="function")]
WriteSession = Annotated[Session, Depends(_writing, scope="function")]
Today = Annotated[date, Depends(_today)]
