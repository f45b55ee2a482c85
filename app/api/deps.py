"""What routes depend on, as named types."""

from secrets import compare_digest
from typing import Annotated

from fastapi import Depends, Header, Request

from app.auth import Caller
from app.db.base import IfVersion
from app.errors import VersionStale
from app.settings import Settings
from app.texts import language_asked_for
from matching import Language


async def _caller(request: Request) -> Caller:
    found: Caller = request.state.caller  # the route's rule let it pass
    return found


async def _language(accept_language: Annotated[str | None, Header()] = None) -> Language:
    return language_asked_for(accept_language)


CallerDep = Annotated[Caller, Depends(_caller)]
LanguageDep = Annotated[Language, Depends(_language)]
IfMatch = Annotated[str | None, Header(description="The ETag that you read; * for whatever it is now.")]


def knows_metrics_token(settings: Settings, authorization: str | None) -> bool:
    """Whether a header brings the token of the settings with which programs watch over the service."""
    if settings.metrics_token is None or authorization is None:
        return False
    scheme, _, token = authorization.partition(" ")
    known = settings.metrics_token.get_secret_value().encode()
    return scheme.lower() == "bearer" and compare_digest(token.strip().encode(), known)


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def expected_version(if_match: str | None) -> IfVersion:
    """The version that ``If-Match`` names; None without the header.

    Raises:
        VersionStale: it is not one of our tags.
    """
    if if_match is None:
        return None
    tag = if_match.strip()
    if tag == "*":
        return "*"
    tag = tag.strip('"')
    if not (tag.isascii() and tag.isdecimal()) or len(tag) > len("2147483647"):
        raise VersionStale("If-Match names no version of this. Send the ETag that you read.")
    return int(tag)
