"""What routes depend on, as named types."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session

from app.actions.registration import Registrations
from app.auth import Caller, authenticate
from app.db import Database
from app.errors import VersionMissing, VersionStale
from app.live import LiveRegister
from app.texts import language_asked_for, translate
from matching import Language


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of the running service that routes use."""

    database: Database
    live: LiveRegister
    registrations: Registrations
    catch_up: Callable[[], None]


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


def _caller(parts: ServiceDep, authorization: Annotated[str | None, Header(include_in_schema=False)] = None) -> Caller:
    with parts.database.reading() as session:
        return authenticate(session, authorization)


async def _language(accept_language: Annotated[str | None, Header()] = None) -> Language:
    return language_asked_for(accept_language)


async def _today() -> date:
    return datetime.now(UTC).date()


ReadSession = Annotated[Session, Depends(_reading, scope="function")]
WriteSession = Annotated[Session, Depends(_writing, scope="function")]
CallerDep = Annotated[Caller, Depends(_caller)]
LanguageDep = Annotated[Language, Depends(_language)]
Today = Annotated[date, Depends(_today)]
IfMatch = Annotated[str | None, Header(description="The ETag that you read.")]


def translator(language: Language) -> Callable[[str], str]:
    """Translates whole sentences into one language."""
    return lambda message: translate(message, language)


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def required_version(if_match: str | None) -> int:
    """The version that ``If-Match`` names.

    Raises:
        VersionMissing: there is no such header.
        VersionStale: it is not one of our tags.
    """
    if if_match is None:
        raise VersionMissing("Send the ETag that you read as If-Match, so that nobody's change is overwritten.")
    version = optional_version(if_match)
    if version is None:
        raise VersionStale("If-Match names no version of this. Send the ETag that you read.")
    return version


def optional_version(if_match: str | None) -> int | None:
    """The version that ``If-Match`` names, or None without the header.

    Raises:
        VersionStale: it is not one of our tags.
    """
    if if_match is None:
        return None
    tag = if_match.strip().strip('"')
    if not tag.isdecimal() or len(tag) > len("2147483647"):
        raise VersionStale("If-Match names no version of this. Send the ETag that you read.")
    return int(tag)
