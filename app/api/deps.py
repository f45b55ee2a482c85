"""What routes depend on, as named types."""

from typing import Annotated

from fastapi import Depends, Header

from app.auth import SIGN_IN, Caller, authenticate
from app.errors import CredentialsMissing, VersionMissing, VersionStale
from app.texts import language_asked_for
from app.web.service import ServiceDep
from matching import Language


def _caller(parts: ServiceDep, authorization: Annotated[str | None, Header(include_in_schema=False)] = None) -> Caller:
    with parts.database.reading() as session:
        caller = authenticate(session, authorization)
    if caller.anonymous:  # before anything is said of the body
        raise CredentialsMissing(SIGN_IN)
    return caller


async def _language(accept_language: Annotated[str | None, Header()] = None) -> Language:
    return language_asked_for(accept_language)


CallerDep = Annotated[Caller, Depends(_caller)]
LanguageDep = Annotated[Language, Depends(_language)]
IfMatch = Annotated[str | None, Header(description="The ETag that you read.")]


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
