"""The parts of the running service, as named dependencies."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.actions.registration import Registrations
from app.checks import Readiness, Sampler
from app.db import Database
from app.live import LiveRegister
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of the running service that routes use."""

    settings: Settings
    database: Database
    live: LiveRegister
    registrations: Registrations
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


def _writing(parts: ServiceDep) -> Iterator[Session]:
    with parts.database.writing() as session:
        yield session


async def _today() -> date:
    return datetime.now(UTC).date()


ReadSession = Annotated[Session, Depends(_reading, scope="function")]
WriteSession = Annotated[Session, Depends(_writing, scope="function")]
Today = Annotated[date, Depends(_today)]
